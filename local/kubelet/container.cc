#include "local/kubelet/container.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "local/kubelet/container_init.h"
#include "local/kubelet/path_map.h"
#include "local/object/json.h"
#include "local/object/times.h"

namespace rha::local::kubelet {

using object::Find;
using object::Json;
using object::Str;

Container::Container(const ContainerOptions& options, Json spec, bool init)
    : options_(options),
      spec_(std::move(spec)),
      name_(Str(spec_, {"name"})),
      init_(init),
      waiting_reason_(init ? "PodInitializing" : "ContainerCreating"),
      backoff_(options.backoff_max_ms),
      exit_watch_([](void* self, uint32_t) { static_cast<Container*>(self)->OnExit(); }, this),
      status_watch_([](void* self, uint32_t) { static_cast<Container*>(self)->OnStatusPipe(); },
                    this) {}

Container::~Container() {
  options_.reactor.Cancel(kill_timer_);
  if (alive()) {
    Signal(child_, SIGKILL);
    Reap(child_);
  }
}

void Container::Restore(const Json& stored) {
  restarts_ = object::Int(stored, {"restartCount"});
  if (const Json* ended = Find(stored, {"state", "terminated"})) {
    state_ = State::kEnded;
    ended_ = *ended;
    exit_.code = static_cast<int>(object::Int(*ended, {"exitCode"}));
    return;
  }
  if (const Json* last = Find(stored, {"lastState", "terminated"})) last_ended_ = *last;
  const Json* running = Find(stored, {"state", "running"});
  if (running == nullptr) return;
  // It ended with the kubelet that ran it.
  last_ended_ = {{"exitCode", 137},
                 {"reason", "Error"},
                 {"message", "the local cluster was stopped"},
                 {"startedAt", Str(*running, {"startedAt"})},
                 {"finishedAt", object::Timestamp(options_.clock.UnixMillis())}};
  ++restarts_;
}

std::string Container::LogPath() const {
  return options_.log_folder + "/" + name_ + "." + std::to_string(restarts_) + ".log";
}

std::string Container::LogTail() const {
  const UniqueFd file(::open(LogPath().c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about {};
  if (!file.valid() || ::fstat(file.get(), &about) != 0) return {};
  std::string tail(kLogTailBytesMax, '\0');
  const off_t from = std::max<off_t>(0, about.st_size - static_cast<off_t>(tail.size()));
  const ssize_t count = ::pread(file.get(), tail.data(), tail.size(), from);
  tail.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return tail;
}

ContainerView Container::View() const {
  ContainerView view{name_, Str(spec_, {"image"}), init_, ready_, started_, restarts_, 0, {}, {}};
  view.last_state = last_ended_.is_null() ? Json::object() : Json{{"terminated", last_ended_}};
  if (state_ == State::kRunning) {
    view.pid = child_.pid;
    view.state = {{"running", {{"startedAt", object::Timestamp(started_ms_)}}}};
  } else if (state_ == State::kEnded) {
    view.state = {{"terminated", ended_}};
  } else {
    view.state = {{"waiting", {{"reason", waiting_reason_}}}};
    if (!waiting_message_.empty()) view.state["waiting"]["message"] = waiting_message_;
  }
  if (init_) view.ready = state_ == State::kEnded && exit_.code == 0;
  return view;
}

void Container::SetWaiting(const std::string& reason, const std::string& message) {
  if (state_ == State::kEnded) last_ended_ = ended_;
  state_ = State::kWaiting;
  waiting_reason_ = reason;
  waiting_message_ = message;
}

void Container::Start(const Json& run_spec, const std::string& pod_ip) {
  if (state_ == State::kEnded) last_ended_ = ended_;
  if (ever_ran_) ++restarts_;
  ever_ran_ = true;
  pod_ip_ = pod_ip;
  run_spec_ = run_spec;
  start_error_.clear();
  started_ms_ = options_.clock.UnixMillis();
  state_ = State::kStarting;
  std::error_code error;
  std::filesystem::create_directories(options_.log_folder, error);
  const UniqueFd log(::open(LogPath().c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644));
  auto child = Spawn({options_.program, kContainerInitVerb, run_spec_, log.get(),
                      object::Bool(run_spec_, {"isolated"})});
  Status watched = child.status();
  if (child.ok()) {
    child_ = *std::move(child);
    watched = options_.reactor.Attach(exit_watch_, child_.pid_fd.get(), EPOLLIN);
    if (watched.ok()) {
      watched = options_.reactor.Attach(status_watch_, child_.status_fd.get(), EPOLLIN);
    }
  }
  if (!watched.ok()) {
    exit_ = {kInitFailedCode, 0};
    options_.owner.OnEvent(true, "Failed", "Error: " + watched.message());
    Ended("StartError", watched.message());
  }
}

// One line: why it could not start. The end without a line: it runs.
void Container::OnStatusPipe() {
  char chunk[512];
  const ssize_t count = ::read(child_.status_fd.get(), chunk, sizeof chunk);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count > 0) {
    if (start_error_.size() < kInitMessageBytesMax) {
      start_error_.append(chunk, static_cast<size_t>(count));
    }
    return;
  }
  options_.reactor.Detach(status_watch_);
  child_.status_fd.Reset();
  while (start_error_.ends_with('\n')) start_error_.pop_back();
  if (start_error_.empty()) BecomeRunning();
}

void Container::BecomeRunning() {
  state_ = State::kRunning;
  options_.owner.OnEvent(false, "Started", "Started container " + name_);
  if (!init_) StartProbes();
  options_.owner.OnChanged(*this);
}

Json Container::ExecSpec(const Json& argv) const {
  const PathMap paths = PathMap::FromJson(object::Items(run_spec_, {"paths"}));
  Json words = Json::array();
  for (const auto& word : argv) {
    if (word.is_string()) words.push_back(paths.Replace(word.get_ref<const std::string&>()));
  }
  Json env = object::Items(run_spec_, {"env"});
  if (!paths.empty()) env.push_back("TAR_OPTIONS=" + paths.TarOptions());
  return {{"pid", child_.pid},
          {"argv", std::move(words)},
          {"env", std::move(env)},
          {"cwd", Str(run_spec_, {"cwd"}, "/")},
          {"isolated", object::Bool(run_spec_, {"isolated"})},
          {"userNamespace", NeedsUserNamespace()}};
}

void Container::AddProbe(const char* field, std::unique_ptr<Prober>& slot,
                         Prober::Callback callback) {
  const Json& probe = object::Map(spec_, {field});
  Prober::Target target{options_.reactor, options_.program, Json::object()};
  if (Find(probe, {"exec"}) != nullptr) {
    target.exec_spec = ExecSpec(object::Items(probe, {"exec", "command"}));
  }
  slot = std::make_unique<Prober>(std::move(target), MakeProbeSpec(spec_, probe, pod_ip_),
                                  std::move(callback));
}

// Until the startup probe has succeeded, the others wait.
void Container::StartProbes() {
  const Json* startup = Find(spec_, {"startupProbe"});
  if (startup == nullptr) {
    started_ = true;
    return StartReadiness();
  }
  AddProbe("startupProbe", startup_,
           [this](bool success, ProbeCounter::Verdict verdict, const std::string& message) {
             if (!success) return OnLiveness(verdict, "Startup", message);
             started_ = true;
             // This callback belongs to the prober, which must outlive it.
             const std::shared_ptr<Prober> done(std::move(startup_));
             options_.reactor.After(Millis(0), [done] {});
             StartReadiness();
             options_.owner.OnChanged(*this);
           });
}

void Container::StartReadiness() {
  using Verdict = ProbeCounter::Verdict;
  if (Find(spec_, {"livenessProbe"}) != nullptr) {
    AddProbe("livenessProbe", liveness_,
             [this](bool success, Verdict verdict, const std::string& message) {
               if (!success) OnLiveness(verdict, "Liveness", message);
             });
  }
  if (Find(spec_, {"readinessProbe"}) == nullptr) {
    ready_ = true;
    return;
  }
  AddProbe("readinessProbe", readiness_,
           [this](bool success, Verdict verdict, const std::string& message) {
             if (!success) {
               options_.owner.OnEvent(true, "Unhealthy", "Readiness probe failed: " + message);
             }
             const bool now = verdict == Verdict::kNone ? ready_ : verdict == Verdict::kGood;
             if (now == ready_) return;
             ready_ = now;
             options_.owner.OnChanged(*this);
           });
}

void Container::OnLiveness(ProbeCounter::Verdict verdict, const std::string& what,
                           const std::string& message) {
  options_.owner.OnEvent(true, "Unhealthy", what + " probe failed: " + message);
  if (verdict != ProbeCounter::Verdict::kBad || kill_timer_ != 0) return;
  std::string lower = what;
  lower[0] = static_cast<char>(tolower(lower[0]));
  options_.owner.OnEvent(false, "Killing",
                         "Container " + name_ + " failed " + lower + " probe, will be restarted");
  const char* field = what == "Startup" ? "startupProbe" : "livenessProbe";
  Stop(object::Int(spec_, {field, "terminationGracePeriodSeconds"}, 30) * 1000);
}

void Container::Stop(int64_t grace_ms) {
  if (!alive()) return;
  Signal(child_, SIGTERM);
  options_.reactor.Cancel(kill_timer_);
  kill_timer_ = options_.reactor.After(Millis(grace_ms), [this] { Kill(); });
}

void Container::Kill() {
  if (alive()) Signal(child_, SIGKILL);
}

void Container::OnExit() {
  // The error line may come after the exit is seen.
  if (status_watch_.attached()) {
    char chunk[512];
    ssize_t count = 0;
    while ((count = ::read(child_.status_fd.get(), chunk, sizeof chunk)) > 0 &&
           start_error_.size() < kInitMessageBytesMax) {
      start_error_.append(chunk, static_cast<size_t>(count));
    }
    options_.reactor.Detach(status_watch_);
  }
  while (start_error_.ends_with('\n')) start_error_.pop_back();
  options_.reactor.Detach(exit_watch_);
  // Whom it started end with it; a process namespace of its own would see to that.
  ::kill(-child_.pid, SIGKILL);
  exit_ = Reap(child_);
  child_ = {};
  if (start_error_.empty()) {
    if (exit_.code == 0) return Ended("Completed", "");
    const bool tells = Str(spec_, {"terminationMessagePolicy"}) == "FallbackToLogsOnError";
    return Ended("Error", tells ? LogTail() : "");
  }
  options_.owner.OnEvent(true, "Failed", "Error: " + start_error_);
  Ended("StartError", start_error_);
}

void Container::Ended(const std::string& reason, const std::string& message) {
  liveness_.reset();
  readiness_.reset();
  startup_.reset();
  options_.reactor.Cancel(kill_timer_);
  kill_timer_ = 0;
  ready_ = started_ = false;
  state_ = State::kEnded;
  ended_ = {{"exitCode", exit_.code},
            {"reason", reason},
            {"startedAt", object::Timestamp(started_ms_)},
            {"finishedAt", object::Timestamp(options_.clock.UnixMillis())}};
  if (!message.empty()) ended_["message"] = message;
  if (exit_.signal_number != 0) ended_["signal"] = exit_.signal_number;
  options_.owner.OnEnded(*this);  // may start it again
}

int64_t Container::PlanRestart() {
  return backoff_.NextDelayMillis(options_.clock.UnixMillis() - started_ms_);
}

// Drops the log's older half when it has grown too long; the process goes on appending.
void Container::TrimLog() {
  struct stat about {};
  const std::string path = LogPath();
  if (::stat(path.c_str(), &about) != 0 || static_cast<size_t>(about.st_size) < kLogBytesMax)
    return;
  const UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.valid()) return;
  std::string kept(kLogBytesMax / 2, '\0');
  const ssize_t count = ::pread(file.get(), kept.data(), kept.size(),
                                about.st_size - static_cast<off_t>(kept.size()));
  if (count <= 0 || ::ftruncate(file.get(), 0) != 0) return;
  (void)!::pwrite(file.get(), kept.data(), static_cast<size_t>(count), 0);
}

}  // namespace rha::local::kubelet
