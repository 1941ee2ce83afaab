#include "cli/view/log_lines.h"

#include <algorithm>
#include <charconv>

#include "common/k8s/time_format.h"

namespace rha::cli {
namespace {

constexpr int64_t kMinuteUs = 60'000'000;

// "+02:00" in microseconds; nothing else is taken.
bool ParseOffset(std::string_view text, int64_t* offset_us) {
  int hours = 0, minutes = 0;
  if (text.size() != 6 || text[3] != ':') return false;
  const char* data = text.data();
  if (std::from_chars(data + 1, data + 3, hours).ptr != data + 3) return false;
  if (std::from_chars(data + 4, data + 6, minutes).ptr != data + 6) return false;
  *offset_us = (hours * 60 + minutes) * kMinuteUs * (text[0] == '-' ? -1 : 1);
  return true;
}

}  // namespace

int64_t ParseLogTime(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[10] != 'T') return -1;
  if (text.back() == 'Z') return k8s::ParseTime(std::string(text));
  const size_t sign = text.find_first_of("+-", 19);
  int64_t offset_us = 0;
  if (sign == std::string_view::npos || !ParseOffset(text.substr(sign), &offset_us)) return -1;
  const int64_t local = k8s::ParseTime(std::string(text.substr(0, sign)) + "Z");
  return local < 0 ? -1 : local - offset_us;
}

LogLine ParseLogLine(std::string_view line, const std::string& source, int64_t before) {
  LogLine parsed{.time_us = before, .source = source, .text = std::string(line)};
  const size_t space = line.find(' ');
  const int64_t first = ParseLogTime(line.substr(0, space));
  if (first < 0) return parsed;
  parsed.time_us = first;
  if (space == std::string_view::npos) return parsed;
  const std::string_view rest = line.substr(space + 1);
  const int64_t own = ParseLogTime(rest.substr(0, rest.find(' ')));
  if (own < 0) return parsed;
  parsed.time_us = own;
  parsed.text = std::string(rest);
  return parsed;
}

std::vector<LogLine> ParseLog(std::string_view log, const std::string& source) {
  std::vector<LogLine> lines;
  int64_t before = -1;
  while (!log.empty()) {
    const size_t end = log.find('\n');
    const std::string_view line = log.substr(0, end);
    log.remove_prefix(end == std::string_view::npos ? log.size() : end + 1);
    if (line.empty()) continue;
    lines.push_back(ParseLogLine(line, source, before));
    before = lines.back().time_us;
  }
  return lines;
}

std::vector<LogLine> MergeLogs(std::vector<std::vector<LogLine>> logs) {
  std::vector<LogLine> all;
  for (auto& log : logs) {
    std::move(log.begin(), log.end(), std::back_inserter(all));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const LogLine& a, const LogLine& b) { return a.time_us < b.time_us; });
  return all;
}

}  // namespace rha::cli
