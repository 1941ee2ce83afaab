// Logging over spdlog, as text for people, one JSON object a line for collectors, or as Redis does
// ("123:X 29 Nov 2026 10:00:00.123 # +sdown ...") for what parses that.
//
//   log::Init({.program = "redisha-node", .format = log::Format::kJson});
//   log::Info("replica {} caught up at offset {}", address, offset);
//
// Lines go to stderr unless a file is named. Any thread. Before Init, lines go to stderr as text.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rha::log {

enum class Level { kDebug, kInfo, kWarn, kError };
enum class Format { kText, kJson, kRedis };

struct Options {
  std::string program;
  Level level = Level::kInfo;
  Format format = Format::kText;
  std::string file;  // empty: stderr, or stdout if the next says so
  bool to_stdout = false;
};

Status Init(const Options& options);
// "debug" | "info" | "warn" | "error", and Redis' own "verbose", "notice", "warning".
Result<Level> ParseLevel(std::string_view name);
Result<Format> ParseFormat(std::string_view name);
void SetLevel(Level level);
// The letter behind the process id in Redis' lines: M a primary, S a replica, X a sentinel.
void SetRole(char letter);
bool Enabled(Level level);
void Write(Level level, std::string_view message);
// Waits until everything logged so far has been handed to the operating system.
void Flush();

template <typename... Args>
void Log(Level level, fmt::format_string<Args...> format, Args&&... args) {
  if (Enabled(level)) Write(level, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void Debug(fmt::format_string<Args...> f, Args&&... a) {
  Log(Level::kDebug, f, std::forward<Args>(a)...);
}
template <typename... Args>
void Info(fmt::format_string<Args...> f, Args&&... a) {
  Log(Level::kInfo, f, std::forward<Args>(a)...);
}
template <typename... Args>
void Warn(fmt::format_string<Args...> f, Args&&... a) {
  Log(Level::kWarn, f, std::forward<Args>(a)...);
}
template <typename... Args>
void Error(fmt::format_string<Args...> f, Args&&... a) {
  Log(Level::kError, f, std::forward<Args>(a)...);
}

// The JSON string literal of `text`, quotes included; bytes that are not UTF-8 become U+FFFD.
std::string JsonQuote(std::string_view text);

}  // namespace rha::log
