#include "node/app/app.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <csignal>
#include <fstream>

#include "common/base/log.h"
#include "common/base/random_id.h"
#include "common/env/service_manager.h"
#include "common/net/socket.h"
#include "node/app/crash_report.h"
#include "node/app/limits.h"
#include "node/app/memory.h"
#include "node/app/shutdown_signal.h"
#include "node/app/title.h"
#include "node/commands/all.h"
#include "node/dispatch/gates.h"

namespace rha::node::app {
namespace {

constexpr Millis kCronInterval(100);
// The sweep takes at most a quarter of the time: a slice in each cron, and while much has expired
// more of them.
constexpr int64_t kSweepSliceUs = 500;
constexpr Millis kSweepAgainAfter{2};
constexpr int64_t kSnapshotSliceUs = 250;
constexpr Millis kWriterPollInterval{50};
constexpr int64_t kReclaimSliceUs = 250;
constexpr size_t kReclaimedBetweenClockLooks = 64;

repl::ReplConfig ToReplConfig(const Config& config) {
  repl::ReplConfig out;
  out.listening_port =
      static_cast<uint16_t>(config.announce_port != 0 ? config.announce_port : config.port);
  out.announce_ip = config.announce_ip;
  out.source_ip = config.source_ip;
  out.announced = config.announced;
  out.priority = static_cast<int>(config.replica_priority);
  out.primary_user = config.primary_user;
  out.primary_password = config.primary_auth;
  out.timeout_s = config.replication_timeout_s;
  out.ping_period_s = config.replication_ping_period_s;
  out.backlog_bytes = static_cast<uint64_t>(config.backlog_bytes);
  out.backlog_ttl_s = config.backlog_ttl_s;
  out.min_replicas_max_lag_s = config.min_replicas_max_lag_s;
  out.disable_nodelay = config.disable_tcp_nodelay;
  const OutputLimit& limit = config.output_limits[static_cast<size_t>(OutputClass::kReplica)];
  out.output_hard_bytes = limit.hard_bytes;
  out.output_soft_bytes = limit.soft_bytes;
  out.output_soft_s = limit.soft_seconds;
  out.packed = config.stream_compression == "lz4";
  out.brake_percent_max = config.brake_percent_max;
  out.directory = config.dir;
  out.compress = config.rdb_compression;
  out.checksum = config.rdb_checksum;
  out.load_aside = config.diskless_load == "swapdb";
  out.key_save_delay_us = config.key_save_delay_us;
  out.key_load_delay_us = config.key_load_delay_us;
  out.snapshot_delay_s = config.diskless_sync ? config.diskless_sync_delay_s : 0;
  out.snapshot_replicas = static_cast<size_t>(config.diskless_sync_replicas);
  out.managed = config.managed;
  out.goes_on_after_errors = config.propagation_errors == "ignore";
  return out;
}

// See Membership::announced_address.
std::string AnnouncedAddress(const Config& config) {
  if (!net::IsNumericIp(config.announce_ip)) return "";
  const int64_t port = config.announce_port != 0 ? config.announce_port : config.port;
  return net::Plain({config.announce_ip, static_cast<uint16_t>(port)}).ToString();
}

bool OomScoreDiffers(const Config& one, const Config& other) {
  return one.oom_score_mode != other.oom_score_mode ||
         one.oom_score_values != other.oom_score_values;
}

keyspace::EvictionPolicy ToEvictionPolicy(const Config& config) {
  using Policy = keyspace::EvictionPolicy;
  Policy policy{.samples = std::min(static_cast<size_t>(config.eviction_samples), kSamplesMost),
                .lfu_log_factor = config.lfu_log_factor,
                .lfu_decay_minutes = config.lfu_decay_minutes};
  const std::string& name = config.memory_policy;
  policy.from = name.starts_with("allkeys-")    ? Policy::From::kAll
                : name.starts_with("volatile-") ? Policy::From::kVolatile
                                                : Policy::From::kNothing;
  policy.first = name.ends_with("-lfu")      ? Policy::First::kLeastFrequent
                 : name.ends_with("-ttl")    ? Policy::First::kSoonestExpiry
                 : name.ends_with("-random") ? Policy::First::kRandom
                                             : Policy::First::kLeastRecent;
  return policy;
}

}  // namespace

App::App(Config config, env::ProcessTitle* title)
    : config_(std::move(config)),
      title_(title),
      repl_config_(ToReplConfig(config_)),
      resolver_(reactor_),
      keyspace_(static_cast<int>(config_.databases), RandomSeed(), structs::HashSecret::Fresh()),
      engine_(keyspace_, state_, clock_, commands::AllCommands()),
      snapshots_(keyspace_),
      server_(reactor_, engine_, config_),
      replication_({.reactor = reactor_,
                    .resolver = resolver_,
                    .engine = engine_,
                    .snapshots = snapshots_,
                    .config = repl_config_,
                    .on_role_changed = [this] { AdjustOomScore(); },
                    .on_deposed = [this] { server_.DropUncommitted(); },
                    .offer_file = [this](int fd) { append_only_.OfferBase(fd); }}),
      append_only_({.reactor = reactor_,
                    .engine = engine_,
                    .snapshots = snapshots_,
                    .config = config_,
                    .describe = [this] { return replication_.DescribeDataset(); },
                    .place = [this] { return replication_.Place(); },
                    .may_save = [this] { return persistence_.MaySave(); },
                    .dataset_replaced = [this] { replication_.ForgetHistory(); },
                    .on_durable =
                        [this] {
                          server_.ReleaseHeld();
                          replication_.OnSettled();
                        },
                    .on_failed =
                        [this] {
                          server_.DropHeld();
                          if (append_only_.policy() == persist::FsyncPolicy::kAlways) {
                            server_.DropAnswered();
                          }
                        }}),
      persistence_({.reactor = reactor_,
                    .engine = engine_,
                    .snapshots = snapshots_,
                    .config = config_,
                    .log = append_only_,
                    .describe = [this] { return replication_.DescribeDataset(); },
                    .dataset_replaced = [this] { replication_.ForgetHistory(); },
                    .may_drop_expired =
                        [this](const persist::RdbInfo& info, int db, std::string_view key) {
                          return replication_.DropAtLoad(info, db, key);
                        }}),
      config_service_(
          config_,
          [this](const Config& old, std::string* culprit) { return ApplyConfig(old, culprit); },
          [this](Config* shown) { ShowRole(shown); },
          [this](Config* shown) {
            shown->user_lines.clear();
            if (!shown->acl_file.empty()) return;  // which has them
            shown->user_lines = acl::LinesOf(engine_.permissions().users());
          }),
      process_({.reactor = reactor_,
                .engine = engine_,
                .server = server_,
                .persistence = persistence_,
                .replication = replication_,
                .migrator = migrator_,
                .config = config_}),
      secrets_(config_) {
  config_.password_named = false;
  server_.set_log(append_only_);
  snapshots_.set_wake([this] { snapshot_.Wake(); });
  keyspace_.reclaimer().set_wake([this] { reclaim_.Wake(); });
  engine_.memory_guard().set_wake([this] { evict_.Wake(); });
  FollowAllocations(&state_.memory);
  keyspace_.set_libraries(&scripts_.libraries());
  engine_.set_services({.replication = &replication_,
                        .persistence = &persistence_,
                        .config = &config_service_,
                        .server = &process_,
                        .scripts = &scripts_,
                        .migration = &migrator_});
  process_.NoteStartupMemory();
}

App::~App() { keyspace_.reclaimer().set_wake(nullptr); }

Status App::Start() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);   // as Redis; a log file that was rotated is noticed
  std::signal(SIGXFSZ, SIG_IGN);  // a limit of a file's size is a full disk, no death
  for (const int signal_number : {SIGTERM, SIGINT}) {
    RHA_RETURN_IF_ERROR(reactor_.OnSignal(signal_number, [this, signal_number] {
      const bool term = signal_number == SIGTERM;
      log::Info("Received {} scheduling shutdown...", term ? "SIGTERM" : "SIGINT");
      const auto request =
          ShutdownBySignal(term ? config_.shutdown_on_sigterm : config_.shutdown_on_sigint);
      if (!request.ok()) return log::Error("{}", request.status().message());
      process_.EndBySignal(signal_number, *request);
    }));
  }
  for (const auto& [name, called] : config_.renamed_commands) {
    RHA_RETURN_IF_ERROR(engine_.table().Rename(name, called).Context("rename-command " + name));
  }
  ShowTitle();
  RHA_RETURN_IF_ERROR(EnterDirectory());
  RHA_RETURN_IF_ERROR(RaiseDescriptorLimit());
  PublishConfig();
  RHA_RETURN_IF_ERROR(acl::LoadUsers({.password = config_.password,
                                      .password_fixed = !config_.password_file.empty(),
                                      .lines = config_.user_lines,
                                      .file = config_.acl_file},
                                     engine_.permissions().users()));
  RHA_RETURN_IF_ERROR(JoinCluster());
  if (config_.managed) replication_.StartUndecided();
  AdjustOomScore();
  persistence_.RemoveLeftovers();
  RHA_RETURN_IF_ERROR(server_.Listen());
  RHA_RETURN_IF_ERROR(WritePidFile());
  reactor_.AddTurnHook([this] { EndTurn(); });
  reactor_.Every(kCronInterval, [this] { Cron(); });
  log::Info("RedisHA node {} started, PID: {}, port {}", RHA_VERSION, ::getpid(), config_.port);
  log::Info("Server initialized");
  const bool as_primary = config_.primary_host.empty() && !config_.managed;
  const auto load_file = [this, as_primary](AppendOnly::OnLoaded done) {
    persistence_.LoadAtStart(as_primary, std::move(done));
  };
  const auto loaded = [this](const Status& status, const persist::RdbInfo& info) {
    OnLoaded(status, info);
  };
  const bool unwanted = append_only_.HasUnwantedSet();
  if (unwanted && !config_.managed) {
    log::Warn("there is an append-only file, which is not loaded: appendonly is no");
  }
  config_.append_only || (unwanted && config_.managed) ? append_only_.LoadAtStart(load_file, loaded)
                                                       : load_file(loaded);
  return {};
}

void App::OnLoaded(const Status& status, const persist::RdbInfo& info) {
  if (!status.ok()) {
    log::Error("Fatal error loading the DB, check server logs. Exiting: {}", status.message());
    exit_code_ = 1;
    reactor_.Stop();
    return;
  }
  replication_.RestoreHistory(info);
  TakeRole();
  if (append_only_.retiring()) (void)persistence_.BackgroundSave(true);
  log::Info("Ready to accept connections");
  if (env::Supervised(config_.supervised))
    env::TellServiceManager("STATUS=Ready to accept connections\nREADY=1\n");
}

void App::ShowRole(Config* shown) const {
  if (!role_taken_) return;  // still loading: what the file says will be
  const auto& primary = replication_.replica_side().target();
  shown->primary_host = primary ? primary->host : "";
  shown->primary_port = primary ? primary->port : 0;
}

// What the peers' key proves, and the file that remembers the role.
Status App::JoinCluster() {
  if (config_.managed && config_.propagation_errors == "ignore") {
    return Status(Code::kInvalid,
                  "propagation-error-behavior ignore is for replicas that may differ from their "
                  "primary: a member of a RedisHA may not");
  }
  if (config_.peer_key_file.empty()) {
    if (!config_.managed) return {};
    return Status(Code::kInvalid,
                  "redisha-managed yes needs redisha-peer-key-file: only members that prove "
                  "themselves say what a managed node is");
  }
  for (const auto& [directive, word] : {std::pair("redisha-cluster-uid", &config_.cluster_uid),
                                        std::pair("redisha-node-name", &config_.node_name)}) {
    if (trust::IsName(*word)) continue;
    return Status(Code::kInvalid, std::string("redisha-peer-key-file needs ") + directive +
                                      ", one word of printable ASCII");
  }
  RHA_RETURN_IF_ERROR(secrets_.ReadKeys(reactor_.Now()));
  engine_.options().membership.self = {config_.cluster_uid, config_.node_name};
  PublishSecrets();
  return replication_.JoinCluster(config_.dir + "/" + kRoleFileName, config_.cluster_uid);
}

// Who has no role yet counts as what it will be, or as one that can be done without.
bool App::StandsBack() const {
  const bool will_follow = !role_taken_ && !config_.primary_host.empty();
  return state_.is_replica || state_.undecided || will_follow;
}

void App::AdjustOomScore() {
  const Status set = oom_score_.Apply(config_, StandsBack());
  if (!set.ok()) log::Warn("oom-score-adj: {}", set.message());
}

void App::ShowTitle() {
  if (title_ == nullptr || !config_.set_title) return;
  title_->Set(
      ExpandTitle(config_.title_template, title_->program(), config_).value_or(title_->program()));
}

void App::TakeRole() {
  role_taken_ = true;
  if (replication_.holds_foreign_data()) return replication_.StartUndecided();
  if (config_.managed) {
    if (config_.primary_host.empty()) return;
    return log::Warn("replicaof is ignored: the members of its cluster say what this node is");
  }
  if (config_.primary_host.empty()) return replication_.StartAsPrimary();
  const auto port = static_cast<uint16_t>(config_.primary_port);
  if (const auto followed = replication_.ReplicaOf(config_.primary_host, port); !followed.ok()) {
    log::Error("replicaof {} {}: {}", config_.primary_host, port, followed.status().message());
  }
}

int App::Run() {
  reactor_.Run();
  snapshots_.AwaitGivenUp(kGivenUpFileWait);
  if (env::Supervised(config_.supervised)) env::TellServiceManager("STOPPING=1\n");
  if (!config_.pid_file.empty()) ::unlink(config_.pid_file.c_str());
  log::Flush();
  return exit_code_ != 0 ? exit_code_ : process_.exit_code();
}

Status App::EnterDirectory() {
  if (::chdir(config_.dir.c_str()) != 0) return ErrnoStatus("dir '" + config_.dir + "'");
  if (::access(".", W_OK) != 0)
    return ErrnoStatus("dir '" + config_.dir + "' cannot be written to");
  char cwd[PATH_MAX];
  if (::getcwd(cwd, sizeof cwd) != nullptr) config_.dir = cwd;
  return {};
}

Status App::RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return ErrnoStatus("ask for the limit of open files");
  const int reserved =
      kReservedDescriptors + (config_.peer_key_file.empty() ? 0 : kMemberDescriptors);
  const auto wanted = static_cast<rlim_t>(config_.clients_max + reserved);
  if (limit.rlim_cur >= wanted) return {};
  rlimit raised{wanted, std::max(limit.rlim_max, wanted)};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return {};
  raised = {limit.rlim_max, limit.rlim_max};
  (void)::setrlimit(RLIMIT_NOFILE, &raised);
  if (limit.rlim_max <= static_cast<rlim_t>(reserved)) {
    return Status(Code::kExhausted,
                  "the limit of open files (ulimit -n) is too low to serve clients");
  }
  config_.clients_max = static_cast<int64_t>(limit.rlim_max) - reserved;
  log::Warn("maxclients reduced to {}: the limit of open files is {}", config_.clients_max,
            limit.rlim_max);
  return {};
}

Status App::WritePidFile() const {
  if (config_.pid_file.empty()) return {};
  std::ofstream file(config_.pid_file, std::ios::trunc);
  file << ::getpid() << '\n';
  file.flush();
  return file ? Status() : ErrnoStatus("write pidfile " + config_.pid_file);
}

void App::PublishConfig() {
  SetCrashReport({.on = config_.crash_log, .exit_on_broken = config_.exit_on_panic});
  watchdog_.Set(Millis(config_.watchdog_period_ms));
  repl_config_ = ToReplConfig(config_);
  migrator_.set_source_ip(config_.source_ip);
  dispatch::EngineOptions& options = engine_.options();
  PublishSecrets();
  options.membership.announced_address = AnnouncedAddress(config_);
  const bool cut_before = options.bulk_bytes_max == dispatch::kBulkBytesMost;
  options.bulk_bytes_max = std::min(config_.bulk_bytes_max, dispatch::kBulkBytesMost);
  if (options.bulk_bytes_max < config_.bulk_bytes_max && !cut_before) {
    log::Warn("proto-max-bulk-len {}: values beyond {} bytes are refused all the same",
              config_.bulk_bytes_max, dispatch::kBulkBytesMost);
  }
  options.rdb_compression = config_.rdb_compression;
  options.debug = ToOpenTo(config_.enable_debug_command);
  options.modules = ToOpenTo(config_.enable_module_command);
  options.busy_after_ms = config_.busy_after_ms;
  options.latency_tracking = config_.latency_tracking;
  options.latency_percentiles.clear();
  for (const std::string& word : config_.latency_percentiles) {
    options.latency_percentiles.push_back(std::strtod(word.c_str(), nullptr));
  }
  options.acl_file = config_.acl_file;
  dispatch::Permissions& permissions = engine_.permissions();
  permissions.users().set_channels_open(config_.acl_pubsub_default == "allchannels");
  permissions.denials().set_entries_max(static_cast<size_t>(config_.acl_log_entries_max));
  engine_.slowlog().set_threshold_us(config_.slowlog_threshold_us);
  engine_.latency().set_threshold_ms(config_.latency_threshold_ms);
  engine_.slowlog().set_entries_max(static_cast<size_t>(config_.slowlog_entries_max));
  const auto events = static_cast<uint32_t>(config_.notify_mask);
  const bool anywhere = (events & (keyspace::kKeyspaceChannel | keyspace::kKeyeventChannel)) != 0;
  keyspace_.set_event_mask(anywhere ? events : 0);
  keyspace_.form_limits() = config_;
  keyspace_.set_eviction(ToEvictionPolicy(config_));
  engine_.memory_guard().set_tenacity(config_.eviction_tenacity);
  engine_.tracking().set_keys_max(static_cast<size_t>(config_.tracked_keys_max));
  state_.memory_max_bytes = config_.memory_max_bytes;
  scripts_.LimitMemory(config_.memory_max_bytes);
  state_.replica_read_only = config_.replica_read_only;
  state_.replica_serve_stale_data = config_.replica_serve_stale_data;
  state_.replica_ignores_maxmemory = config_.replica_ignore_maxmemory;
  state_.min_replicas_to_write = static_cast<int>(config_.min_replicas_to_write);
}

Status App::ApplyConfig(const Config& old, std::string* culprit) {
  *culprit = "requirepass";
  const bool password_named = std::exchange(config_.password_named, false);
  if (password_named) RHA_RETURN_IF_ERROR(secrets_.MaySetPassword(config_.password));
  *culprit = "dir";
  if (config_.dir != old.dir) {
    // The files that are read are of the old one.
    if (state_.loading) return Status(Code::kUnavailable, std::string(dispatch::kLoadingError));
    if (!config_.peer_key_file.empty()) {
      return Status(Code::kConflict, "the file that remembers this member's role lies in " +
                                         old.dir + ": move it there and start anew");
    }
    RHA_RETURN_IF_ERROR(EnterDirectory());
  }
  *culprit = "maxclients";
  if (const int64_t wanted = config_.clients_max; wanted > old.clients_max) {
    RHA_RETURN_IF_ERROR(RaiseDescriptorLimit());
    if (config_.clients_max < wanted) {
      return Status(Code::kExhausted,
                    "The operating system is not able to handle the specified number of clients, "
                    "try with " +
                        std::to_string(config_.clients_max));
    }
  }
  RHA_RETURN_IF_ERROR(ApplyOomScore(old, culprit));
  *culprit = config_.port != old.port ? "port" : "bind";
  if (config_.log_level != old.log_level) {
    const auto level = log::ParseLevel(config_.log_level);
    log::SetLevel(level.ok() ? *level : log::Level::kError);
  }
  if (config_.bind != old.bind || config_.port != old.port) {
    const Status listens = ListenAnew(old);
    if (!listens.ok() && OomScoreDiffers(config_, old)) (void)oom_score_.Apply(old, StandsBack());
    RHA_RETURN_IF_ERROR(listens);
  }
  ShowTitle();
  if (password_named) {
    secrets_.SetPassword(config_.password);
    engine_.permissions().users().SetDefaultPassword(config_.password, {});
  }
  PublishConfig();
  replication_.OnConfig();
  persistence_.OnConfig();
  append_only_.OnConfig();
  return {};
}

Status App::ApplyOomScore(const Config& old, std::string* culprit) {
  if (!OomScoreDiffers(config_, old)) return {};
  const auto& scores = config_.oom_score_values;
  const bool other_mode = config_.oom_score_mode != old.oom_score_mode;
  *culprit = other_mode ? "oom-score-adj" : "oom-score-adj-values";
  if (scores != old.oom_score_values && !std::is_sorted(scores.begin(), scores.end())) {
    log::Warn(
        "oom-score-adj-values {} {} {}: they do not ascend, so that a process without "
        "CAP_SYS_RESOURCE may not be able to change its role",
        scores[0], scores[1], scores[2]);
  }
  return oom_score_.Apply(config_, StandsBack());
}

Status App::ListenAnew(const Config& old) {
  server_.StopListening();
  const Status bound = server_.Listen();
  if (bound.ok()) return {};
  const bool port_changed = config_.port != old.port;
  config_.bind = old.bind;
  config_.port = old.port;
  server_.StopListening();
  RHA_RETURN_IF_ERROR(server_.Listen());
  return Status(bound.code(), std::string(port_changed ? "Unable to listen on this port"
                                                       : "Failed to bind to specified addresses") +
                                  ": " + bound.message());
}

void App::LookAtSecrets() {
  if (!secrets_.Look(reactor_.Now())) return;
  acl::Users& users = engine_.permissions().users();
  if (secrets_.password() == config_.password) {
    users.KeepReplaced(secrets_.replaced_passwords());
  } else {
    users.SetDefaultPassword(secrets_.password(), secrets_.replaced_passwords());
  }
  if (config_.primary_auth == config_.password) config_.primary_auth = secrets_.password();
  config_.password = secrets_.password();
  PublishConfig();
}

void App::PublishSecrets() { engine_.options().membership.keys = secrets_.keys(); }

void App::Cron() {
  if (process_.cron_paused()) return;
  LookAtSecrets();
  sweep_.Wake();
  server_.Cron(clock_.UnixMillis());
  persistence_.Cron();
  append_only_.Cron();
  process_.Cron();
  evict_.Wake();
}

std::optional<Millis> App::EvictionSlice() {
  if (!engine_.MakeRoomSlice()) return std::nullopt;
  return Millis(0);
}

std::optional<Millis> App::SweepSlice() {
  if (!engine_.SweepSlice(kSweepSliceUs)) return std::nullopt;
  return kSweepAgainAfter;
}

std::optional<Millis> App::SnapshotSlice() {
  switch (snapshots_.Step(clock_, kSnapshotSliceUs)) {
    case persist::SnapshotService::Next::kAtOnce:
      return Millis(0);
    case persist::SnapshotService::Next::kSoon:
      return Millis(1);
    case persist::SnapshotService::Next::kLater:
      return kWriterPollInterval;
    case persist::SnapshotService::Next::kNothing:
      break;
  }
  return std::nullopt;
}

std::optional<Millis> App::ReclaimSlice() {
  const int64_t end_us = clock_.UnixMicros() + kReclaimSliceUs;
  while (keyspace_.reclaimer().Step(kReclaimedBetweenClockLooks)) {
    if (clock_.UnixMicros() >= end_us) return Millis(0);
  }
  return std::nullopt;
}

void App::EndTurn() {
  server_.EndTurn();
  // To send a turn's changes to replicas costs as much as several requests.
  const bool dear = !replication_.primary_side().replicas().empty();
  reactor_.set_looks_per_turn(dear ? kLooksPerDearTurn : 1);
  // Something may end before the next bytes arrive: the time of one who waits, a pause.
  const auto deadline_ms = engine_.NextDeadlineMs();
  if (!deadline_ms || (deadline_timer_ != 0 && timer_at_ms_ <= *deadline_ms)) return;
  reactor_.Cancel(deadline_timer_);
  timer_at_ms_ = *deadline_ms;
  const int64_t wait_ms =
      std::clamp<int64_t>(*deadline_ms - clock_.UnixMillis(), 0, kDeadlineWaitMsMax);
  deadline_timer_ = reactor_.After(Millis(wait_ms), [this] { deadline_timer_ = 0; });
}

}  // namespace rha::node::app
