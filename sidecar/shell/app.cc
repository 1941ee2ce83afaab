#include "sidecar/shell/app.h"

#include <fmt/ranges.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "common/base/log.h"
#include "common/env/files.h"
#include "common/env/service_manager.h"
#include "common/env/watched_file.h"
#include "common/net/reactor.h"
#include "common/net/resolver.h"
#include "common/net/socket.h"
#include "sidecar/shell/access.h"
#include "sidecar/shell/driver.h"
#include "sidecar/shell/limits.h"
#include "sidecar/shell/options.h"
#include "sidecar/shell/pages.h"
#include "sidecar/shell/role_labeler.h"
#include "sidecar/shell/server.h"
#include "sidecar/shell/state_file.h"
#include "sidecar/shell/trust.h"

namespace rha::sidecar::shell {
namespace {

constexpr char kUsage[] =
    R"(Usage: redisha-sentinel CONFIG_FILE [--directive value ...]

Watches Redis-compatible servers and moves the primary role when one fails.
Speaks Redis Sentinel's protocol, to clients and to other sentinels.

The file has redis.conf's syntax and takes redis-sentinel's directives
(sentinel monitor ...) or describes a configured group (redisha-group ...).
Each directive may also follow as an option: --port 26379 --bind 10.0.0.5

  -h, --help       show this text
  -v, --version    show the version
)";

class App {
 public:
  // `overrides`: the command line's directives, for when the file is read again.
  App(Options options, std::vector<ConfigLine> overrides)
      : options_(std::move(options)),
        overrides_(std::move(overrides)),
        config_file_("the configuration", options_.config_path, env::kTextFileBytesMax) {}

  // Everything that can fail for reasons of the user's.
  Status Start();
  // Ends when this process should, or with options to start anew with: the voters have changed.
  std::optional<Options> Run() {
    reactor_.Run();
    if (!options_.pid_file.empty()) ::unlink(options_.pid_file.c_str());
    return std::move(next_);
  }

 private:
  Status LoadMachine(core::Config* config, StateStore* store);
  void StartLabeler();
  void StopAsked();
  void PollStop();
  void LookForOtherVoters();
  void TellPod();

  const Options options_;
  const std::vector<ConfigLine> overrides_;
  net::Reactor reactor_;
  std::optional<Trust> trust_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<RoleLabeler> labeler_;
  std::unique_ptr<Access> access_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Driver> driver_;
  std::unique_ptr<Pages> pages_;
  bool stopping_ = false;
  MonoTime stop_deadline_;
  core::Role role_ = core::Role::kUnknown;  // as the label should say
  env::WatchedFile config_file_;
  std::optional<Options> next_;
};

Status App::Start() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);  // as Redis; a log file that was rotated is noticed
  // Before any thread exists, so that none of them takes the signals.
  for (const int signal : {SIGTERM, SIGINT}) {
    RHA_RETURN_IF_ERROR(reactor_.OnSignal(signal, [this] { StopAsked(); }));
  }
  RHA_ASSIGN_OR_RETURN(trust_, Trust::Make(options_, reactor_.Now()));
  RHA_ASSIGN_OR_RETURN(access_, Access::Make(options_, *trust_, reactor_.Now()));
  core::Config config;
  StateStore store;
  RHA_RETURN_IF_ERROR(LoadMachine(&config, &store));
  server_ = std::make_unique<Server>(reactor_, options_, *trust_, *access_);
  RHA_RETURN_IF_ERROR(server_->Listen());
  StartLabeler();
  resolver_ = std::make_unique<net::Resolver>(reactor_);
  driver_ = std::make_unique<Driver>(
      reactor_, *resolver_, *trust_, options_, std::move(config), std::move(store),
      DriverSinks{.reply = [this](const core::Reply& reply) { server_->OnReply(reply); },
                  .publish =
                      [this](const core::PublishEvent& event) {
                        server_->Publish(event.channel, event.payload);
                        pages_->OnEvent(event.channel, event.payload);
                      },
                  .role_label =
                      [this](core::Role role) {
                        role_ = role;
                        TellPod();
                      }});
  server_->set_driver(driver_.get());
  server_->set_on_shutdown([this] { reactor_.Stop(); });
  pages_ = std::make_unique<Pages>(reactor_, *driver_, *labeler_, *trust_, options_);
  RHA_RETURN_IF_ERROR(pages_->Start());
  RHA_RETURN_IF_ERROR(driver_->Start());
  if (!options_.pid_file.empty()) {
    RHA_RETURN_IF_ERROR(WriteTextFile(options_.pid_file, std::to_string(::getpid()) + "\n"));
  }
  if (env::Supervised(options_.supervised)) {
    env::TellServiceManager("STATUS=Ready to accept connections\nREADY=1\n");
  }
  if (options_.configured()) {
    reactor_.Every(kVotersPoll, [this] {
      LookForOtherVoters();
      TellPod();
    });
  }
  if (!options_.without_effect.empty()) {
    log::Info("directives without effect on a Sentinel: {}",
              fmt::join(options_.without_effect, " "));
  }
  if (options_.groups.groups.empty() && options_.members.empty()) {
    log::Warn("nothing is watched: the file has no 'sentinel monitor' (SENTINEL MONITOR adds one)");
  }
  log::Info("redisha-sentinel {} on port {}, id {}", RHA_VERSION, options_.port,
            driver_->machine().state().my_id);
  return Status::Ok();
}

Status App::LoadMachine(core::Config* config, StateStore* store) {
  std::optional<core::PersistedState> persisted;
  *store = ConfigFileStore(options_.config_path);
  if (options_.configured()) {
    const std::string& group = options_.groups.groups.begin()->first;
    RHA_ASSIGN_OR_RETURN(StateFile file, OpenStateFile(options_.state_file, group));
    persisted = std::move(file.state);
    *store = std::move(file.store);
    if (!persisted) {
      log::Info("no state in {}: first start", options_.state_file);
    } else {
      const core::PersistedGroup& last = persisted->groups.begin()->second;
      log::Info("going on from {}: epoch {}, last primary {} of epoch {}", options_.state_file,
                persisted->current_epoch,
                last.primary_member.empty() ? "none" : last.primary_member, last.config_epoch);
    }
  }
  RHA_ASSIGN_OR_RETURN(*config, MachineConfig(options_, std::move(persisted)));
  if (options_.acl_file.empty()) config->globals.users = acl::LinesOf(access_->users());
  return Status::Ok();
}

void App::StartLabeler() {
  std::unique_ptr<PodPatcher> patcher;
  if (options_.configured()) {
    std::vector<std::string> members;
    for (const core::MemberConfig& member : options_.members) members.push_back(member.name);
    auto made = MakePodPatcher(options_.kubeconfig, std::move(members));
    if (made.ok()) {
      patcher = std::move(*made);
    } else {
      log::Info("the pod's role is not labelled: {}", made.status().message());
    }
  }
  labeler_ = std::make_unique<RoleLabeler>(std::move(patcher));
}

void App::StopAsked() {
  next_.reset();  // an end is an end, also just before a new beginning
  if (env::Supervised(options_.supervised)) env::TellServiceManager("STOPPING=1\n");
  if (stopping_ || !options_.configured()) {
    log::Info("stopping");
    reactor_.Stop();
    return;
  }
  stopping_ = true;
  stop_deadline_ = reactor_.Now() + kStopMax;
  log::Info("stopping once the own node has ended and a primary is known, in {} s at most",
            kStopMax.count() / 1000);
  driver_->Feed(core::StopRequested{});
  PollStop();
}

void App::PollStop() {
  const bool safe = driver_->machine().SafeToStop(driver_->now());
  if (!safe && reactor_.Now() < stop_deadline_) {
    reactor_.After(kStopPoll, [this] { PollStop(); });
    return;
  }
  if (!safe) log::Warn("stopping although the own node or the failover has not ended");
  reactor_.Stop();
}

// Also when only the epoch is another: a primary that was replaced and elected again without having
// noticed must get its label back.
void App::TellPod() {
  const core::Group& group = driver_->machine().state().groups.begin()->second;
  labeler_->Set({.role = role_,
                 .epoch = role_ == core::Role::kPrimary ? group.config_epoch : 0,
                 // Without the seconds that are left, which would be another text each time.
                 .waits_for = driver_->machine().WaitsFor(group)});
}

// The machine learns of its voters at its construction only, so that no step of it can see two
// lists. It is constructed anew, from what it made durable, one member after the other: a majority
// of them runs throughout.
void App::LookForOtherVoters() {
  if (stopping_ || next_) return;
  const auto text = config_file_.Changed();
  if (!text) return;
  auto read = ReadOptions(options_.config_path, *text, overrides_);
  if (!read.ok()) {
    log::Warn("the changed configuration is not taken over: {}", read.status().message());
    return;
  }
  if (SameVoters(*read, options_)) return;
  log::Info("{} voters instead of {}: starting anew", read->members.size(),
            options_.members.size());
  next_ = std::move(*read);
  reactor_.After(kVotersStagger * OrdinalOfSelf(options_), [this] { reactor_.Stop(); });
}

Status ReadArguments(const std::vector<std::string>& args, Options* options,
                     std::vector<ConfigLine>* overrides) {
  std::string path;
  std::vector<std::string> flags = args;
  if (!flags.empty() && !flags.front().starts_with("--")) {
    path = flags.front();
    flags.erase(flags.begin());
  }
  // redis-server FILE --sentinel, as well as redis-sentinel FILE.
  if (path.empty()) {
    return {Code::kInvalid, "a configuration file is needed: redisha-sentinel CONFIG_FILE"};
  }
  RHA_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path));
  RHA_ASSIGN_OR_RETURN(*overrides, ParseFlags(flags));
  RHA_ASSIGN_OR_RETURN(*options, ReadOptions(path, text, *overrides));
  if (options->dir.empty()) return CheckScripts(*options);
  // As Redis: the folder is entered after the file was read, so later paths are relative to it.
  if (options->config_path.front() != '/') {
    char buffer[4096];
    if (!::getcwd(buffer, sizeof buffer)) return ErrnoStatus("getcwd");
    options->config_path = std::string(buffer) + "/" + options->config_path;
  }
  if (::chdir(options->dir.c_str()) != 0) return ErrnoStatus("enter dir " + options->dir);
  return CheckScripts(*options);
}

int Fail(const Status& status) {
  log::Flush();
  std::fprintf(stderr, "redisha-sentinel: %s\n", status.message().c_str());
  return 1;
}

}  // namespace

int RunSidecar(const std::vector<std::string>& args) {
  for (const std::string& arg : args) {
    if (arg == "-h" || arg == "--help") {
      std::fputs(kUsage, stdout);
      return 0;
    }
    if (arg == "-v" || arg == "--version") {
      std::printf("redisha-sentinel %s\n", RHA_VERSION);
      return 0;
    }
  }
  Options options;
  std::vector<ConfigLine> overrides;
  if (const Status read = ReadArguments(args, &options, &overrides); !read.ok()) return Fail(read);
  // As Redis: whoever supervises keeps it in the foreground. Before any thread exists.
  if (options.daemonize && !env::Supervised(options.supervised) && ::daemon(1, 0) != 0) {
    return Fail(ErrnoStatus("go to the background"));
  }
  const Status logging = log::Init({.program = "redisha-sentinel",
                                    .level = options.log_level,
                                    .format = options.log_format,
                                    .file = options.log_file});
  if (!logging.ok()) return Fail(logging);
  log::SetRole('X');
  for (std::optional<Options> next = std::move(options); next;) {
    App app(std::move(*next), overrides);
    if (const Status started = app.Start(); !started.ok()) return Fail(started);
    next = app.Run();
  }
  log::Info("bye");
  log::Flush();
  return 0;
}

}  // namespace rha::sidecar::shell
