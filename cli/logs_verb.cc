// `redisha logs NAME`: what all containers have said, in order; with -f what they say, as it comes.
#include <unistd.h>

#include <charconv>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

#include "cli/pod/logs.h"
#include "cli/program.h"
#include "cli/subjects.h"
#include "cli/verbs.h"
#include "common/k8s/time_format.h"
#include "common/k8s/watch_lines.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

using Clock = std::chrono::steady_clock;

// Lines that come from several connections within this are put into order.
constexpr std::chrono::milliseconds kReorder(250);
// Of a connection that was there: less is an error that would come again at once.
constexpr std::chrono::seconds kSilence(60);
constexpr size_t kSourceWidth = 18;

}  // namespace

Result<int64_t> ParseSeconds(const std::string& text) {
  if (text.empty()) return 0;
  int64_t amount = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, amount);
  static const std::map<std::string, int64_t> kUnits = {
      {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
  const auto unit = kUnits.find(std::string(read.ptr, end));
  if (read.ec != std::errc() || amount <= 0 || unit == kUnits.end()) {
    return Status(Code::kInvalid, "\"" + text + "\" is no time such as 30s, 10m, 2h, 1d");
  }
  return amount * unit->second;
}

namespace {

// Prints lines, each source in a colour of its own where a person looks.
class Printer {
 public:
  Printer() : colours_(::isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr) {}

  void Print(const LogLine& line) {
    const auto [known, fresh] = colour_of_.try_emplace(line.source, colour_of_.size());
    std::string source = line.source;
    if (source.size() < kSourceWidth) source.append(kSourceWidth - source.size(), ' ');
    if (colours_) {
      std::printf("\033[%zum%s\033[0m %s\n", 31 + known->second % 6, source.c_str(),
                  line.text.c_str());
    } else {
      std::printf("%s %s\n", source.c_str(), line.text.c_str());
    }
  }

 private:
  const bool colours_;
  std::map<std::string, size_t> colour_of_;
};

// Lines from many threads, handed out in the order of their times as far as kReorder reaches.
class Merger {
 public:
  void Add(LogLine line) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(line.time_us, std::pair(Clock::now(), std::move(line)));
    changed_.notify_one();
  }
  void End() {
    const std::lock_guard lock(mutex_);
    --sources_;
    changed_.notify_one();
  }
  void Expect(size_t sources) { sources_ = sources; }

  // False: all sources have ended and nothing waits.
  bool Next(LogLine* line) {
    std::unique_lock lock(mutex_);
    while (true) {
      if (!waiting_.empty()) {
        const auto due = waiting_.begin()->second.first + kReorder;
        if (sources_ == 0 || Clock::now() >= due) {
          *line = std::move(waiting_.begin()->second.second);
          waiting_.erase(waiting_.begin());
          return true;
        }
        changed_.wait_until(lock, due);
      } else if (sources_ == 0) {
        return false;
      } else {
        changed_.wait(lock);
      }
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<int64_t, std::pair<Clock::time_point, LogLine>> waiting_;
  size_t sources_ = 0;
};

// One container, until its log ends. A log that is silent for long is asked for again: the
// connection counts as lost then.
void FollowOne(k8s::HttpTransport& transport, k8s::HttpRequest request, const std::string& source,
               Merger& merger) {
  int64_t before = -1, resumed_at = -1;
  while (true) {
    k8s::WatchLines lines;
    const auto take = [&](std::string_view line) {
      LogLine parsed = ParseLogLine(line, source, before);
      before = parsed.time_us;
      if (parsed.time_us > resumed_at) merger.Add(std::move(parsed));
      return Status::Ok();
    };
    const auto started = Clock::now();
    const auto answer = transport.Stream(
        request, [&](std::string_view chunk) { return lines.Feed(chunk, take).ok(); }, {});
    const bool silent = !answer.ok() && Clock::now() - started > kSilence;
    if (!answer.ok() && !silent) {
      std::fprintf(stderr, "redisha: %s: %s\n", source.c_str(), answer.status().message().c_str());
    }
    if (!silent) break;
    resumed_at = before;
    std::erase_if(request.query, [](const auto& entry) {
      return entry.first == "tailLines" || entry.first == "sinceSeconds" ||
             entry.first == "sinceTime";
    });
    request.query.emplace_back("sinceTime",
                               k8s::FormatTime(before >= 0 ? before : NowUnixMicros()));
  }
  merger.End();
}

void Follow(ClusterClient& client, const Subject& subject, const LogQuery& query) {
  k8s::Api api = client.api();
  Merger merger;
  merger.Expect(subject.pods.size() * query.containers.size());
  std::vector<std::jthread> threads;
  for (const Json& pod : subject.pods) {
    const std::string name = local::object::Name(pod);
    for (const std::string& container : query.containers) {
      threads.emplace_back(
          [&, source = name + "/" + container,
           request = LogRequest(local::object::Namespace(pod), name, container, query)] {
            FollowOne(api.transport(), request, source, merger);
          });
    }
  }
  Printer printer;
  LogLine line;
  while (merger.Next(&line)) {
    printer.Print(line);
    std::fflush(stdout);
  }
  std::fprintf(stderr, "redisha: all logs have ended; the pods were replaced or are gone\n");
}

Status Run(const LogsOptions& options) {
  LogQuery query{
      .tail_lines = options.tail_lines, .previous = options.previous, .follow = options.follow};
  RHA_ASSIGN_OR_RETURN(query.since_seconds, ParseSeconds(options.since));
  if (!options.container.empty()) query.containers = {options.container};
  if (query.follow && query.previous) {
    return Status(Code::kInvalid, "a process that has ended says nothing new: -f or --previous");
  }
  RHA_ASSIGN_OR_RETURN(const auto client, ClusterClient::Connect(options.access));
  RHA_ASSIGN_OR_RETURN(Subject subject, ReadSubject(*client, options.name));
  if (!options.pod.empty()) {
    std::erase_if(subject.pods,
                  [&options](const Json& pod) { return local::object::Name(pod) != options.pod; });
  }
  if (subject.pods.empty()) {
    return Status(Code::kNotFound, options.pod.empty()
                                       ? options.name + " has no pods"
                                       : options.pod + " is no pod of " + options.name);
  }
  if (query.follow) {
    Follow(*client, subject, query);
    return Status::Ok();
  }
  std::vector<std::string> problems;
  Printer printer;
  for (const LogLine& line : ReadLogs(*client, subject, query, &problems)) printer.Print(line);
  std::fflush(stdout);
  for (const std::string& problem : problems) {
    std::fprintf(stderr, "redisha: %s\n", problem.c_str());
  }
  return problems.empty() ? Status::Ok() : Status(Code::kUnavailable, "not all logs could be read");
}

}  // namespace

int ShowLogs(const LogsOptions& options) {
  const Status done = Run(options);
  return done.ok() ? kDone : Fail(done);
}

}  // namespace rha::cli
