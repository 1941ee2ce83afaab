#include "node/app/app.h"

#include <csignal>

#include "common/base/log.h"
#include "common/base/random_id.h"
#include "node/commands/all.h"

namespace rha::node::app {
namespace {

repl::ReplConfig ReplConfigOf(const Config& config) {
  repl::ReplConfig repl;
  repl.listening_port =
      static_cast<uint16_t>(config.announce_port != 0 ? config.announce_port : config.port);
  repl.announce_ip = config.announce_ip;
  repl.priority = static_cast<int>(config.replica_priority);
  repl.primary_user = config.primary_user;
  // Nodes of one group share the password in that file.
  repl.primary_password =
      config.primary_auth.empty() && (config.managed || !config.password_file.empty())
          ? config.password
          : config.primary_auth;
  repl.timeout_s = config.replication_timeout_s;
  repl.ping_period_s = config.replication_ping_period_s;
  repl.backlog_bytes = static_cast<uint64_t>(config.backlog_bytes);
  repl.backlog_ttl_s = config.backlog_ttl_s;
  repl.min_replicas_max_lag_s = config.min_replicas_max_lag_s;
  repl.disable_nodelay = config.disable_tcp_nodelay;
  const OutputLimit& limit = config.output_limits[static_cast<size_t>(OutputClass::kReplica)];
  repl.output_hard_bytes = limit.hard_bytes;
  repl.output_soft_bytes = limit.soft_bytes;
  repl.output_soft_s = limit.soft_seconds;
  repl.directory = config.dir;
  repl.compress = config.rdb_compression;
  repl.checksum = config.rdb_checksum;
  repl.keep_history = config.managed;
  return repl;
}

}  // namespace

App::App(Config config)
    : config_(std::move(config)),
      keyspace_(static_cast<int>(config_.databases), RandomSeed()),
      engine_(keyspace_, state_, clock_, commands::AllCommands()),
      server_(reactor_, engine_, config_),
      resolver_(reactor_),
      repl_config_(ReplConfigOf(config_)),
      repl_({.reactor = reactor_,
             .resolver = resolver_,
             .engine = engine_,
             .config = repl_config_,
             .on_role_changed = [this] { OnRoleChanged(); }}),
      persistence_({.reactor = reactor_,
                    .engine = engine_,
                    .config = config_,
                    .describe = [this] { return repl_.DescribeDataset(); },
                    .dataset_replaced = [this] { repl_.ForgetHistory(); }}) {
  engine_.set_services({.replication = &repl_, .persistence = &persistence_});
}

App::~App() = default;

Status App::Start() {
  std::signal(SIGPIPE, SIG_IGN);
  for (const int signal_number : {SIGTERM, SIGINT}) {
    RHA_RETURN_IF_ERROR(reactor_.OnSignal(signal_number, [this] { reactor_.Stop(); }));
  }
  RHA_RETURN_IF_ERROR(server_.Listen());
  reactor_.AddTurnHook([this] { server_.EndTurn(); });
  reactor_.Every(Millis(100), [this] { Cron(); });
  log::Info("Server initialized");
  OnConfigChanged();
  const bool becomes_primary = config_.primary_host.empty() && !config_.managed;
  persistence_.LoadAtStart(becomes_primary, [this](const Status& status, const auto& info) {
    OnLoaded(status, info);
  });
  return {};
}

void App::OnConfigChanged() {
  repl_config_ = ReplConfigOf(config_);
  state_.replica_read_only = config_.replica_read_only;
  state_.replica_serve_stale_data = config_.replica_serve_stale_data;
  state_.replica_ignores_maxmemory = config_.replica_ignore_maxmemory;
  state_.min_replicas_to_write = static_cast<int>(config_.min_replicas_to_write);
}

void App::OnLoaded(const Status& status, const persist::RdbInfo& info) {
  if (!status.ok()) {
    // Serving an empty or partial dataset would be worse than not serving.
    log::Error("cannot start: {}", status.message());
    exit_code_ = 1;
    return reactor_.Stop();
  }
  repl_.RestoreHistory(info);
  if (config_.managed) {
    repl_.StartUndecided();
  } else if (config_.primary_host.empty()) {
    repl_.StartAsPrimary();
  } else {
    const Result<bool> following =
        repl_.ReplicaOf(config_.primary_host, static_cast<uint16_t>(config_.primary_port));
    if (!following.ok()) log::Error("replicaof: {}", following.status().message());
  }
  log::Info("Ready to accept connections");
}

// CONFIG GET and REWRITE show the primary that was assigned last.
void App::OnRoleChanged() {
  const auto& target = repl_.replica_side().target();
  config_.primary_host = target ? target->host : "";
  config_.primary_port = target ? target->port : 0;
}

int App::Run() {
  reactor_.Run();
  return exit_code_;
}

void App::Cron() {
  engine_.ExpireSlice(1000);
  server_.Cron(clock_.UnixMillis());
  persistence_.Cron();
}

}  // namespace rha::node::app
