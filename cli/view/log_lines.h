// Lines of logs of many containers, merged by time. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rha::cli {

struct LogLine {
  int64_t time_us = -1;  // -1: unknown
  std::string source;    // "demo-0/node"
  std::string text;      // without the kubelet's time where the program says its own
};

// A line as the API hands it out with timestamps=true. A program's own time is nearer to what
// happened than the kubelet's. Lines without a time have `before`, that of the line before them.
LogLine ParseLogLine(std::string_view line, const std::string& source, int64_t before);
std::vector<LogLine> ParseLog(std::string_view log, const std::string& source);
// Stable: lines of one source keep their order.
std::vector<LogLine> MergeLogs(std::vector<std::vector<LogLine>> logs);

// "2026-11-28T21:32:27.501+00:00", with Z or an offset; -1 for what is no such time.
int64_t ParseLogTime(std::string_view text);

}  // namespace rha::cli
