#include "node/app/process_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "node/app/option_kinds.h"
#include "node/app/shutdown_signal.h"
#include "node/app/title.h"
#include "node/dispatch/table.h"
#include "node/structs/decimal.h"

namespace rha::node::app {
namespace {

Status Invalid(std::string message) { return Status(Code::kInvalid, std::move(message)); }

// ---- shutdown-on-sigterm, shutdown-on-sigint: words of SHUTDOWN, or "default"

Option ShutdownOption(std::string name, std::vector<std::string> Config::*field) {
  return {.name = std::move(name),
          .flags = kManyWords,
          .set =
              [field](Config& config, Words words) {
                std::vector<std::string> lower(words.begin(), words.end());
                for (std::string& word : lower) {
                  for (char& c : word) c = dispatch::ToLower(c);
                }
                RHA_RETURN_IF_ERROR(ShutdownBySignal(lower).status());
                // In Redis' order, each once.
                (config.*field).clear();
                for (const std::string_view word : kShutdownWords) {
                  if (std::find(lower.begin(), lower.end(), word) == lower.end()) continue;
                  (config.*field).emplace_back(word);
                }
                return Status();
              },
          .get = [field](const Config& config) { return JoinedWords(config.*field); },
          .lines = [field](const Config& config) { return Lines{config.*field}; }};
}

// One empty word asks for none.
Status SetLatencyPercentiles(Config& config, Words words) {
  config.latency_percentiles.clear();
  if (words.size() == 1 && words[0].empty()) return {};
  for (const std::string& word : words) {
    double percent = 0;
    const char* end = word.data() + word.size();
    const auto read = std::from_chars(word.data(), end, percent);
    if (read.ptr != end || read.ec != std::errc() || !(percent >= 0 && percent <= 100)) {
      return Invalid("must be numbers between 0 and 100");
    }
    config.latency_percentiles.push_back(fmt::format("{:.10g}", percent));
  }
  return {};
}

Lines LatencyPercentileLines(const Config& config) {
  const auto& words = config.latency_percentiles;
  return {words.empty() ? std::vector<std::string>{""} : words};
}

// ---- oom-score-adj-values: of a primary, a replica, and Redis' children

Status SetOomScores(Config& config, Words words) {
  std::array<int64_t, 3> scores{};
  if (words.size() != scores.size()) return Invalid("wrong number of arguments");
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!structs::ParseDecimal(words[i], &scores[i]) || scores[i] < -2000 || scores[i] > 2000) {
      return Invalid("Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
    }
  }
  config.oom_score_values = scores;
  return {};
}

Lines OomScoreLines(const Config& config) {
  std::vector<std::string> words;
  for (const int64_t score : config.oom_score_values) words.push_back(std::to_string(score));
  return {words};
}

// ---- proc-title-template

Status SetTitle(Config& config, Words words) {
  if (words.size() != 1) return Invalid("wrong number of arguments");
  Config complete;  // what it names may stand further down in the file
  complete.unix_socket = "socket";
  RHA_RETURN_IF_ERROR(ExpandTitle(words[0], "redisha-node", complete).status());
  config.title_template = words[0];
  return {};
}

}  // namespace

std::vector<Option> ProcessOptions() {
  return {
      BoolOption("daemonize", &Config::daemonize, kImmutable),
      TextOption("pidfile", &Config::pid_file, kImmutable),
      TextOption("dir", &Config::dir, kProtectedOption),
      TextOption("logfile", &Config::log_file, kImmutable),
      EnumOption("loglevel", &Config::log_level,
                 {"debug", "verbose", "notice", "warning", "nothing"}),
      EnumOption("log-format", &Config::log_format, {"text", "json", "redis"}, kImmutable | kOurs),
      BoolOption("crash-log-enabled", &Config::crash_log),
      BoolOption("use-exit-on-panic", &Config::exit_on_panic, kHidden),
      IntOption("watchdog-period", &Config::watchdog_period_ms, {0, INT32_MAX}, kHidden),
      IntOption("databases", &Config::databases, {1, INT32_MAX}, kImmutable),
      IntOption("hz", &Config::hz, {0, INT32_MAX}),
      IntOption("shutdown-timeout", &Config::shutdown_timeout_s, {0, INT32_MAX}),
      ShutdownOption("shutdown-on-sigterm", &Config::shutdown_on_sigterm),
      ShutdownOption("shutdown-on-sigint", &Config::shutdown_on_sigint),
      EnumOption("supervised", &Config::supervised, {"no", "systemd", "auto"}, kImmutable),
      EnumOption("enable-debug-command", &Config::enable_debug_command, {"no", "yes", "local"},
                 kImmutable),
      EnumOption("enable-module-command", &Config::enable_module_command, {"no", "yes", "local"},
                 kImmutable),
      EnumOption("enable-protected-configs", &Config::enable_protected_configs,
                 {"no", "yes", "local"}, kImmutable),
      IntOption("busy-reply-threshold", &Config::busy_after_ms, {0, INT64_MAX}, 0,
                "lua-time-limit"),
      IntOption("slowlog-log-slower-than", &Config::slowlog_threshold_us, {-1}),
      IntOption("slowlog-max-len", &Config::slowlog_entries_max, {0}),
      IntOption("latency-monitor-threshold", &Config::latency_threshold_ms, {0}),
      BoolOption("latency-tracking", &Config::latency_tracking),
      {.name = "latency-tracking-info-percentiles",
       .flags = kManyWords,
       .set = SetLatencyPercentiles,
       .get = [](const Config& c) { return JoinedWords(c.latency_percentiles); },
       .lines = LatencyPercentileLines},
      EnumOption("oom-score-adj", &Config::oom_score_mode, {"no", "yes", "relative", "absolute"}),
      {.name = "oom-score-adj-values",
       .flags = kManyWords,
       .set = SetOomScores,
       .get = [](const Config& c) { return JoinedWords(OomScoreLines(c).front()); },
       .lines = OomScoreLines},
      BoolOption("set-proc-title", &Config::set_title, kImmutable),
      {.name = "proc-title-template",
       .set = SetTitle,
       .get = [](const Config& c) { return c.title_template; }},
      BoolOption("redisha-managed", &Config::managed, kImmutable | kOurs),
      TextOption("redisha-peer-key-file", &Config::peer_key_file, kImmutable | kOurs),
      TextOption("redisha-cluster-uid", &Config::cluster_uid, kImmutable | kOurs),
      TextOption("redisha-node-name", &Config::node_name, kImmutable | kOurs),
  };
}

}  // namespace rha::node::app
