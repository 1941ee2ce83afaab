#include "common/base/log.h"

#include <fcntl.h>
#include <spdlog/details/os.h>
#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <ctime>
#include <memory>
#include <mutex>
#include <utility>

#include "common/base/unique_fd.h"

namespace rha::log {
namespace {

constexpr char kTextPattern[] = "%Y-%m-%dT%H:%M:%S.%e%z %^%-5l%$ %v";

// A file that is opened anew once its name leads elsewhere, as after a rotation: looked at once a
// second at most, when a line is written. While that cannot be opened, the old file goes on.
class FileSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(const std::string& path) : path_(path) {
    if (!Open()) spdlog::throw_spdlog_ex("Failed opening file " + path + " for writing", errno);
  }

 private:
  bool Open() {
    UniqueFd fd(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
    if (!fd.valid() || ::fstat(fd.get(), &opened_) != 0) return false;
    fd_ = std::move(fd);
    return true;
  }
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (const std::time_t now = std::time(nullptr); now != looked_at_) {
      looked_at_ = now;
      struct stat found {};
      const bool same = ::stat(path_.c_str(), &found) == 0 && found.st_ino == opened_.st_ino &&
                        found.st_dev == opened_.st_dev;
      if (!same) (void)Open();
    }
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (::write(fd_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      spdlog::throw_spdlog_ex("Failed writing to file " + path_, errno);
    }
  }
  void flush_() override {}

  const std::string path_;
  UniqueFd fd_;
  struct stat opened_ {};  // of fd_
  std::time_t looked_at_ = 0;
};

// spdlog's patterns do not escape the message, so JSON has a formatter of its own.
class JsonFormatter final : public spdlog::formatter {
 public:
  explicit JsonFormatter(std::string program) : program_(std::move(program)) {}

  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    using std::chrono::duration_cast;
    const auto since_epoch = msg.time.time_since_epoch();
    const std::time_t seconds = duration_cast<std::chrono::seconds>(since_epoch).count();
    const auto millis = duration_cast<Millis>(since_epoch).count() % 1000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char stamp[32];
    std::strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    const std::string line =
        fmt::format(R"({{"time":"{}.{:03}Z","level":"{}","program":{},"message":{}}})"
                    "\n",
                    stamp, millis, LevelName(msg.level), JsonQuote(program_),
                    JsonQuote({msg.payload.data(), msg.payload.size()}));
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>(program_);
  }

 private:
  using Millis = std::chrono::milliseconds;
  static const char* LevelName(spdlog::level::level_enum level) {
    switch (level) {
      case spdlog::level::debug:
        return "debug";
      case spdlog::level::warn:
        return "warn";
      case spdlog::level::err:
        return "error";
      default:
        return "info";
    }
  }
  std::string program_;
};

std::atomic<char> role = 'M';

class RoleLetter final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t& out) override {
    out.push_back(role);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<RoleLetter>();
  }
};

class LevelSign final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& msg, const std::tm&,
              spdlog::memory_buf_t& out) override {
    out.push_back(msg.level >= spdlog::level::warn   ? '#'
                  : msg.level == spdlog::level::info ? '*'
                                                     : '.');
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<LevelSign>();
  }
};

std::unique_ptr<spdlog::formatter> RedisFormatter() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<RoleLetter>('q').add_flag<LevelSign>('*');
  formatter->set_pattern("%P:%q %d %b %Y %H:%M:%S.%e %* %v");
  return formatter;
}

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::shared_ptr<spdlog::logger>& Logger() {
  static std::shared_ptr<spdlog::logger> logger = [] {
    auto made =
        std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern(kTextPattern);
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return logger;
}

// Length of the well-formed UTF-8 sequence at text[i], or 0.
size_t Utf8Length(std::string_view text, size_t i) {
  const auto at = [&](size_t k) { return static_cast<unsigned char>(text[i + k]); };
  const auto tail = [&](size_t k) { return i + k < text.size() && (at(k) & 0xC0) == 0x80; };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead < 0xF0) {
    if (!tail(1) || !tail(2)) return 0;
    if ((lead == 0xE0 && at(1) < 0xA0) || (lead == 0xED && at(1) >= 0xA0)) return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead < 0xF5) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if ((lead == 0xF0 && at(1) < 0x90) || (lead == 0xF4 && at(1) >= 0x90)) return 0;
    return 4;
  }
  return 0;
}

}  // namespace

std::string JsonQuote(std::string_view text) {
  std::string out = "\"";
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    const size_t length = Utf8Length(text, i);
    if (length == 0) {
      out += "\\ufffd";
      ++i;
    } else if (length > 1) {
      out.append(text.substr(i, length));
      i += length;
    } else {
      if (c == '"' || c == '\\') {
        out += '\\';
        out += c;
      } else if (c == '\n') {
        out += "\\n";
      } else if (c == '\t') {
        out += "\\t";
      } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
      } else {
        out += c;
      }
      ++i;
    }
  }
  return out + '"';
}

Status Init(const Options& options) {
  spdlog::sink_ptr sink;
  if (options.file.empty() && options.to_stdout) {
    sink = std::make_shared<spdlog::sinks::stdout_sink_mt>();
  } else if (options.file.empty()) {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  } else {
    try {
      sink = std::make_shared<FileSink>(options.file);
    } catch (const spdlog::spdlog_ex& error) {
      return Status(Code::kIo, fmt::format("open log file {}: {}", options.file, error.what()));
    }
  }
  auto logger = std::make_shared<spdlog::logger>(options.program, std::move(sink));
  if (options.format == Format::kJson) {
    logger->set_formatter(std::make_unique<JsonFormatter>(options.program));
  } else if (options.format == Format::kRedis) {
    logger->set_formatter(RedisFormatter());
  } else {
    logger->set_pattern(kTextPattern);
  }
  logger->set_level(ToSpdlog(options.level));
  logger->flush_on(spdlog::level::debug);
  Logger() = std::move(logger);
  return {};
}

Result<Level> ParseLevel(std::string_view name) {
  if (name == "debug" || name == "verbose") return Level::kDebug;
  if (name == "info" || name == "notice") return Level::kInfo;
  if (name == "warn" || name == "warning") return Level::kWarn;
  if (name == "error") return Level::kError;
  return Status(Code::kInvalid,
                fmt::format("log level '{}' is none of debug, info, warn, error", name));
}

Result<Format> ParseFormat(std::string_view name) {
  if (name == "text") return Format::kText;
  if (name == "json") return Format::kJson;
  if (name == "redis") return Format::kRedis;
  return Status(Code::kInvalid, fmt::format("log format '{}' is none of text, json, redis", name));
}

void SetRole(char letter) { role = letter; }
void SetLevel(Level level) { Logger()->set_level(ToSpdlog(level)); }
bool Enabled(Level level) { return Logger()->should_log(ToSpdlog(level)); }
void Write(Level level, std::string_view message) {
  Logger()->log(ToSpdlog(level), spdlog::string_view_t(message.data(), message.size()));
}
void Flush() { Logger()->flush(); }

}  // namespace rha::log
