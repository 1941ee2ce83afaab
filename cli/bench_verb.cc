// `redisha bench NAME`: writes and reads as applications do, and what they see when the primary
// moves or is lost.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>

#include "cli/pod/load.h"
#include "cli/pod/pods.h"
#include "cli/pod/ways.h"
#include "cli/program.h"
#include "cli/signals_held.h"
#include "cli/subjects.h"
#include "cli/switchover.h"
#include "cli/verbs.h"
#include "cli/view/bench_text.h"
#include "cli/view/names.h"
#include "cli/view/text.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;
using Clock = std::chrono::steady_clock;

// What is done to the group meanwhile, and what is said of it; said from two threads.
class Disturbance {
 public:
  Disturbance(ClusterClient& client, const Subject& subject, std::string what, bool quiet)
      : client_(&client), subject_(subject), what_(std::move(what)), quiet_(quiet) {}
  ~Disturbance() { Join(); }

  void Begin(Clock::time_point bench_start) {
    bench_start_ = bench_start;
    thread_ = std::thread([this] {
      const Status done = what_ == "switchover" ? Move() : DeletePrimary();
      if (!done.ok()) Say(what_ + " failed: " + done.message());
      failed_ = !done.ok();
    });
  }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }
  std::vector<BenchReport::Event> events() const { return events_; }  // after Join
  bool failed() const { return failed_; }

  void Print(const std::string& text) {
    if (quiet_) return;
    const std::lock_guard lock(mutex_);
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
  }

 private:
  void Say(const std::string& words) {
    const double at = std::chrono::duration<double>(Clock::now() - bench_start_).count();
    events_.push_back({at, words});
    Print(fmt::format("  {:>6.2f} {}\n", at, words));
  }
  Status Move() {
    return MovePrimary(*client_, subject_, "",
                       [this](int64_t, const std::string& words) { Say(words); })
        .status();
  }
  Status DeletePrimary() {
    const Json* primary = PrimaryOf(subject_);
    const k8s::ObjectRef pod{&k8s::kPods, {object::Namespace(*primary), object::Name(*primary)}};
    Say("deletes pod " + pod.key.name);
    return client_->api().Delete(pod);
  }

  ClusterClient* const client_;
  const Subject subject_;
  const std::string what_;
  const bool quiet_;
  Clock::time_point bench_start_;
  std::mutex mutex_;
  std::vector<BenchReport::Event> events_;  // of thread_
  bool failed_ = false;
  std::thread thread_;
};

// A second after a second, until the time is over or somebody has had enough.
void Measure(const BenchOptions& options, Load& load, Disturbance& disturbance,
             BenchReport* report) {
  const SignalsHeld interruption;  // so that the keys are removed
  const auto start = Clock::now();
  const auto disturb_at = start + std::chrono::milliseconds(options.seconds * 1000 / 3);
  load.Start();
  bool begun = options.during.empty(), interrupted = false;
  for (int second = 1; second <= options.seconds && !interrupted; ++second) {
    const auto end = start + std::chrono::seconds(second);
    if (!begun && disturb_at < end) {
      begun = true;
      interrupted = interruption.AwaitUntil(disturb_at);
      if (!interrupted) disturbance.Begin(start);
    }
    interrupted |= interruption.AwaitUntil(end);
    const BenchTally tally = load.Take();
    report->total.Add(tally);
    disturbance.Print(BenchSecond(second, tally));
  }
  report->seconds = std::chrono::duration<double>(Clock::now() - start).count();
  load.Stop();
  report->total.Add(load.Take());
  report->silence_seconds = load.silence_seconds();
  disturbance.Join();
  report->events = disturbance.events();
  const Load::Kept kept = load.CheckAndRemove();
  report->checked = kept.checked;
  report->missing = kept.missing;
}

Result<int> Run(const BenchOptions& options) {
  RHA_ASSIGN_OR_RETURN(const auto client, ClusterClient::Connect(options.access));
  RHA_ASSIGN_OR_RETURN(const Subject subject, ReadSubject(*client, options.name));
  const Json* primary = PrimaryOf(subject);
  if (primary == nullptr || !IsReady(*primary)) {
    return Status(Code::kUnavailable, "no primary of " + options.name +
                                          " takes writes; `redisha status " + options.name +
                                          "` says what is missing");
  }
  RHA_ASSIGN_OR_RETURN(const Passwords passwords, ReadPasswords(*client, subject, false));
  Ways ways(*client, subject, {kNodePort, kSentinelPort});
  if (ways.Addresses().empty()) {
    return Status(Code::kUnavailable, "no pod of " + options.name +
                                          " can be reached; needed: create on "
                                          "pods/portforward, and kubectl in the PATH");
  }
  BenchReport report{.clients = options.clients,
                     .value_bytes = options.value_bytes,
                     .reads_percent = options.reads_percent,
                     .forwarded = ways.forwarded(),
                     .primary_before = object::Name(*primary)};
  const bool json = options.output == "json";
  Disturbance disturbance(*client, subject, options.during, json);
  disturbance.Print(BenchHeading(report));
  Load load(ways, object::Str(subject.redisha, {"status", "endpoints", "masterName"}),
            passwords.data,
            {.clients = options.clients,
             .reads_percent = options.reads_percent,
             .value_bytes = options.value_bytes,
             .seconds = options.seconds});
  Measure(options, load, disturbance, &report);
  RHA_ASSIGN_OR_RETURN(const Subject after, ReadSubject(*client, options.name));
  if (const Json* now = PrimaryOf(after)) report.primary_after = object::Name(*now);
  std::fputs((json ? ToJson(BenchJson(report)) : BenchSummary(report)).c_str(), stdout);
  return disturbance.failed() || report.missing > 0 || report.checked == 0 ? kFailed : kDone;
}

}  // namespace

int Bench(const BenchOptions& options) {
  const auto code = Run(options);
  return code.ok() ? *code : Fail(code.status());
}

}  // namespace rha::cli
