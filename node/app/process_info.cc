// The sections of INFO that are about the process, with Redis' fields in Redis' order. A field of
// what this server does not have is there with the value Redis shows when it is not in use.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>

#include "node/app/memory.h"
#include "node/app/migrator.h"
#include "node/app/persistence.h"
#include "node/app/process.h"
#include "node/app/server.h"
#include "node/dispatch/engine.h"
#include "node/dispatch/info_line.h"
#include "node/repl/repl_shell.h"

namespace rha::node::app {
namespace {

using dispatch::Line;

std::string Human(int64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (bytes < (1LL << 10)) return fmt::format("{}B", bytes);
  if (bytes < (1LL << 20)) return fmt::format("{:.2f}K", value / (1LL << 10));
  if (bytes < (1LL << 30)) return fmt::format("{:.2f}M", value / (1LL << 20));
  return fmt::format("{:.2f}G", value / (1LL << 30));
}

double Ratio(int64_t a, int64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

int64_t Micros(MonoTime::duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

std::string ExecutablePath() {
  char path[4096];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<size_t>(length)) : "";
}

}  // namespace

void Process::AppendInfo(std::string_view section, std::string* info) {
  if (section == "server") return ServerInfo(info);
  if (section == "clients") return ClientsInfo(info);
  if (section == "memory") return MemoryInfo(info);
  if (section == "stats") return StatsInfo(info);
  if (section == "cpu") return CpuInfo(info);
}

void Process::ServerInfo(std::string* info) const {
  utsname system{};
  ::uname(&system);
  const int64_t now_us = parts_.engine.clock().UnixMicros();
  const int64_t uptime_s = (now_us / 1000 - started_ms_) / 1000;
  Line(info, "redis_version:{}", dispatch::kRedisVersion);
  Line(info, "redis_git_sha1:00000000\r\nredis_git_dirty:0\r\nredis_build_id:{}", RHA_VERSION);
  Line(info, "redis_mode:standalone");
  Line(info, "os:{} {} {}", system.sysname, system.release, system.machine);
  Line(info, "arch_bits:64\r\nmonotonic_clock:POSIX clock_gettime\r\nmultiplexing_api:epoll");
  Line(info, "atomicvar_api:c11-builtin\r\ngcc_version:{}.{}.{}", __GNUC__, __GNUC_MINOR__,
       __GNUC_PATCHLEVEL__);
  Line(info, "process_id:{}\r\nprocess_supervised:no\r\nrun_id:{}", ::getpid(), run_id_);
  Line(info, "tcp_port:{}\r\nserver_time_usec:{}", parts_.config.port, now_us);
  Line(info, "uptime_in_seconds:{}\r\nuptime_in_days:{}", uptime_s, uptime_s / 86400);
  Line(info, "hz:{0}\r\nconfigured_hz:{0}", parts_.config.hz);
  Line(info, "lru_clock:{}", (now_us / 1'000'000) & 0xFFFFFF);
  Line(info, "executable:{}\r\nconfig_file:{}", ExecutablePath(), parts_.config.config_file);
  Line(info, "io_threads_active:0");
  ListenersInfo(info);
  if (ending_) {
    const auto left = std::chrono::duration_cast<Millis>(ending_deadline_ - parts_.reactor.Now());
    Line(info, "shutdown_in_milliseconds:{}", std::max<int64_t>(0, left.count()));
  }
  Line(info, "redisha_version:{}", RHA_VERSION);
}

void Process::ListenersInfo(std::string* info) const {
  const Config& config = parts_.config;
  int listeners = 0;
  if (config.port != 0) {
    std::string addresses;
    for (const std::string& address : config.bind) addresses += ",bind=" + address;
    Line(info, "listener{}:name=tcp{},port={}", listeners++, addresses, config.port);
  }
  if (!config.unix_socket.empty()) {
    Line(info, "listener{}:name=unix,bind={}", listeners++, config.unix_socket);
  }
}

void Process::ClientsInfo(std::string* info) const {
  size_t input_max = 0, output_max = 0, clients = 0, subscribed = 0, watching = 0;
  for (const auto& [id, session] : parts_.engine.sessions().all()) {
    if (session->kind != dispatch::SessionKind::kClient) continue;
    ++clients;
    input_max = std::max(input_max, session->input_bytes() + session->argument_bytes());
    output_max = std::max(output_max, session->output_memory_bytes());
    if (session->pubsub != nullptr && !session->pubsub->empty()) ++subscribed;
    if (session->watcher.watching()) ++watching;
  }
  Line(info, "connected_clients:{}\r\ncluster_connections:0", clients);
  Line(info, "maxclients:{}", parts_.config.clients_max);
  Line(info, "client_recent_max_input_buffer:{}", input_max);
  Line(info, "client_recent_max_output_buffer:{}", output_max);
  const dispatch::Blocking& blocking = parts_.engine.blocking();
  Line(info, "blocked_clients:{}\r\ntracking_clients:{}", blocking.size(),
       parts_.engine.tracking().clients());
  Line(info, "pubsub_clients:{}\r\nwatching_clients:{}", subscribed, watching);
  Line(info, "clients_in_timeout_table:{}\r\ntotal_watched_keys:{}", blocking.timed(),
       parts_.engine.keyspace().watches().keys());
  Line(info, "total_blocking_keys:{}\r\ntotal_blocking_keys_on_nokey:{}", blocking.keys(),
       blocking.keys_needed());
}

void Process::ScriptsInfo(std::string* info) const {
  const dispatch::ScriptService* const scripts = parts_.engine.services().scripts;
  const auto used = scripts == nullptr ? dispatch::ScriptService::Usage{} : scripts->usage();
  const int64_t machines = used.interpreter_bytes + used.function_interpreter_bytes;
  const int64_t texts = used.cache_bytes + used.library_bytes;
  Line(info, "used_memory_lua:{0}\r\nused_memory_vm_eval:{0}\r\nused_memory_lua_human:{1}",
       used.interpreter_bytes, Human(used.interpreter_bytes));
  Line(info, "used_memory_scripts_eval:{}\r\nnumber_of_cached_scripts:{}\r\nnumber_of_functions:{}",
       used.cache_bytes, used.scripts, used.functions);
  Line(info, "number_of_libraries:{}\r\nused_memory_vm_functions:{}\r\nused_memory_vm_total:{}",
       used.libraries, used.function_interpreter_bytes, machines);
  Line(info, "used_memory_vm_total_human:{}\r\nused_memory_functions:{}\r\nused_memory_scripts:{}",
       Human(machines), used.library_bytes, texts);
  Line(info, "used_memory_scripts_human:{}", Human(texts));
}

dispatch::MemoryReport Process::MeasureMemory() const {
  const MemoryFigures now = ReadMemory();
  const dispatch::NodeState& state = parts_.engine.state();
  const int64_t used = state.memory.LessOthers(now.allocated);
  dispatch::MemoryReport report{.used = used,
                                .peak = std::max(peak_memory_, used),
                                .allocated = now.allocated,
                                .startup = startup_memory_,
                                .replicas = state.stream_excess_bytes,
                                .log_buffer = state.log_bytes,
                                .active = now.active,
                                .resident = now.resident,
                                .rss = now.rss};
  if (state.stream_active) report.backlog = static_cast<int64_t>(parts_.config.backlog_bytes);
  for (const auto& [id, session] : parts_.engine.sessions().all()) {
    const bool replica = session->kind == dispatch::SessionKind::kReplica;
    (replica ? report.replicas : report.clients) += static_cast<int64_t>(session->memory_bytes());
  }
  report.overhead = report.startup + report.backlog + report.replicas + report.clients +
                    report.log_buffer +
                    static_cast<int64_t>(parts_.engine.tracking().keys().bytes());
  const keyspace::Keyspace& keyspace = parts_.engine.keyspace();
  for (int i = 0; i < keyspace.databases(); ++i) {
    report.overhead += static_cast<int64_t>(keyspace.db(i).index_bytes());
  }
  return report;
}

void Process::MemoryInfo(std::string* info) const {
  const dispatch::MemoryReport now = MeasureMemory();
  const int64_t peak = now.peak, dataset = now.dataset();
  Line(info, "used_memory:{}\r\nused_memory_human:{}", now.used, Human(now.used));
  Line(info, "used_memory_rss:{}\r\nused_memory_rss_human:{}", now.rss, Human(now.rss));
  Line(info, "used_memory_peak:{}\r\nused_memory_peak_human:{}", peak, Human(peak));
  Line(info, "used_memory_peak_perc:{:.2f}%", 100 * Ratio(now.used, peak));
  Line(info, "used_memory_overhead:{}\r\nused_memory_startup:{}", now.overhead, now.startup);
  Line(info, "used_memory_dataset:{}", dataset);
  Line(info, "used_memory_dataset_perc:{:.2f}%",
       std::min(100.0, 100 * Ratio(dataset, std::max<int64_t>(1, now.used - now.startup))));
  Line(info, "allocator_allocated:{}\r\nallocator_active:{}\r\nallocator_resident:{}",
       now.allocated, now.active, now.resident);
  const int64_t system = SystemMemoryBytes();
  Line(info, "total_system_memory:{}\r\ntotal_system_memory_human:{}", system, Human(system));
  ScriptsInfo(info);
  const int64_t limit = parts_.config.memory_max_bytes;
  Line(info, "maxmemory:{}\r\nmaxmemory_human:{}\r\nmaxmemory_policy:{}", limit, Human(limit),
       parts_.config.memory_policy);
  Line(info, "allocator_frag_ratio:{:.2f}\r\nallocator_frag_bytes:{}",
       Ratio(now.active, now.allocated), now.active - now.allocated);
  Line(info, "allocator_rss_ratio:{:.2f}\r\nallocator_rss_bytes:{}",
       Ratio(now.resident, now.active), now.resident - now.active);
  Line(info, "rss_overhead_ratio:{:.2f}\r\nrss_overhead_bytes:{}", Ratio(now.rss, now.resident),
       now.rss - now.resident);
  Line(info, "mem_fragmentation_ratio:{:.2f}\r\nmem_fragmentation_bytes:{}",
       Ratio(now.rss, now.used), now.rss - now.used);
  Line(info, "mem_not_counted_for_evict:{}", parts_.engine.state().NotCountedBytes());
  const int64_t excess = parts_.engine.state().stream_excess_bytes;
  Line(info, "mem_replication_backlog:{}\r\nmem_total_replication_buffers:{}", now.backlog,
       now.backlog + excess);
  Line(info, "mem_overhead_db_hashtable_rehashing:0");  // a table grows by segments
  Line(info, "mem_clients_slaves:{}\r\nmem_clients_normal:{}", now.replicas, now.clients);
  Line(info, "mem_cluster_links:0\r\nmem_aof_buffer:{}\r\nmem_allocator:{}", now.log_buffer,
       AllocatorName());
  const keyspace::Reclaimer& reclaimer = parts_.engine.keyspace().reclaimer();
  Line(info, "active_defrag_running:0\r\nlazyfree_pending_objects:{}\r\nlazyfreed_objects:{}",
       reclaimer.pending(), reclaimer.freed());
}

void Process::StatsInfo(std::string* info) const {
  const dispatch::EngineStats& engine = parts_.engine.stats();
  const ServerStats& server = parts_.server.stats();
  const keyspace::Stats& keys = parts_.engine.keyspace().stats();
  const repl::SyncStats& sync = parts_.replication.primary_side().stats();
  using dispatch::ChannelKind;
  Line(info, "total_connections_received:{}", server.connections_received);
  Line(info, "total_commands_processed:{}", engine.commands);
  Line(info, "instantaneous_ops_per_sec:{}", static_cast<int64_t>(commands_.PerSecond()));
  Line(info, "total_net_input_bytes:{}\r\ntotal_net_output_bytes:{}",
       server.input_bytes + engine.repl_input_bytes, server.output_bytes);
  Line(info, "total_net_repl_input_bytes:{}\r\ntotal_net_repl_output_bytes:{}",
       engine.repl_input_bytes, engine.repl_output_bytes);
  Line(info, "instantaneous_input_kbps:{:.2f}\r\ninstantaneous_output_kbps:{:.2f}",
       input_.PerSecond() / 1024, output_.PerSecond() / 1024);
  Line(info, "instantaneous_input_repl_kbps:{:.2f}\r\ninstantaneous_output_repl_kbps:{:.2f}",
       repl_input_.PerSecond() / 1024, repl_output_.PerSecond() / 1024);
  Line(info, "rejected_connections:{}", server.connections_rejected);
  Line(info, "sync_full:{}\r\nsync_partial_ok:{}\r\nsync_partial_err:{}", sync.full,
       sync.partial_ok, sync.partial_err);
  Line(info, "expired_subkeys:{}\r\nexpired_keys:{}\r\nexpired_stale_perc:{:.2f}",
       keys.expired_fields, keys.expired_keys, keys.expired_stale_percent);
  Line(info, "expired_time_cap_reached_count:{}\r\nexpire_cycle_cpu_milliseconds:0",
       keys.expire_cycle_time_limit_reached);
  Line(info, "evicted_keys:{}\r\nevicted_clients:{}", keys.evicted_keys, server.evicted_clients);
  const dispatch::MemoryGuard& memory = parts_.engine.memory_guard();
  Line(info, "total_eviction_exceeded_time:{}\r\ncurrent_eviction_exceeded_time:{}",
       memory.TotalExceededMs(), memory.CurrentExceededMs());
  Line(info, "keyspace_hits:{}\r\nkeyspace_misses:{}", keys.hits, keys.misses);
  Line(info, "pubsub_channels:{}\r\npubsub_patterns:{}\r\npubsubshard_channels:{}",
       parts_.engine.pubsub().of(ChannelKind::kChannel).size(),
       parts_.engine.pubsub().of(ChannelKind::kPattern).size(),
       parts_.engine.pubsub().of(ChannelKind::kShard).size());
  // Images are taken without a fork.
  Line(info, "latest_fork_usec:0\r\ntotal_forks:{}\r\nmigrate_cached_sockets:{}",
       parts_.persistence.images(), parts_.migrator.connections());
  Line(info, "slave_expires_tracked_keys:0\r\nactive_defrag_hits:0\r\nactive_defrag_misses:0");
  Line(info,
       "active_defrag_key_hits:0\r\nactive_defrag_key_misses:0\r\ntotal_active_defrag_time:0");
  const dispatch::Tracking& tracking = parts_.engine.tracking();
  Line(info, "current_active_defrag_time:0\r\ntracking_total_keys:{}\r\ntracking_total_items:{}",
       tracking.keys().keys(), tracking.keys().items());
  Line(info, "tracking_total_prefixes:{}\r\nunexpected_error_replies:{}", tracking.prefixes(),
       engine.unexpected_error_replies);
  Line(info, "total_error_replies:{}\r\ndump_payload_sanitizations:{}", engine.error_replies,
       engine.payloads_checked);
  Line(info, "total_reads_processed:{}\r\ntotal_writes_processed:{}", server.reads, server.writes);
  Line(info, "io_threaded_reads_processed:0\r\nio_threaded_writes_processed:0");
  Line(info, "reply_buffer_shrinks:0\r\nreply_buffer_expands:0");
  Line(info,
       "client_query_buffer_limit_disconnections:{}\r\n"
       "client_output_buffer_limit_disconnections:{}",
       server.query_buffer_limit_disconnections, server.output_buffer_limit_disconnections);
  RefusalsInfo(info);
  LoopInfo(info);
}

void Process::RefusalsInfo(std::string* info) const {
  const dispatch::ScriptService* const scripts = parts_.engine.services().scripts;
  Line(info, "evicted_scripts:{}", scripts == nullptr ? 0 : scripts->usage().evicted_scripts);
  const acl::DenialLog& denials = parts_.engine.permissions().denials();
  using acl::Denied;
  Line(info, "acl_access_denied_auth:{}\r\nacl_access_denied_cmd:{}", denials.count(Denied::kAuth),
       denials.count(Denied::kCommand));
  Line(info, "acl_access_denied_key:{}\r\nacl_access_denied_channel:{}",
       denials.count(Denied::kKey), denials.count(Denied::kChannel));
}

void Process::LoopInfo(std::string* info) const {
  const net::Reactor::TurnStats& turns = parts_.reactor.turn_stats();
  Line(info, "eventloop_cycles:{}\r\neventloop_duration_sum:{}\r\neventloop_duration_max:{}",
       turns.turns, Micros(turns.total), Micros(turns.longest));
  uint64_t commands_us = 0;
  dispatch::CommandTable& table = parts_.engine.table();
  for (const dispatch::CommandSpec& spec : table.commands()) {
    commands_us += table.counters(spec).usec;
  }
  const double turns_a_second = turns_.PerSecond();
  Line(info, "eventloop_duration_cmd_sum:{}\r\ninstantaneous_eventloop_cycles_per_sec:{:.0f}",
       commands_us, turns_a_second);
  Line(info, "instantaneous_eventloop_duration_usec:{:.0f}",
       turns_a_second > 0 ? turns_us_.PerSecond() / turns_a_second : 0);
}

void Process::CpuInfo(std::string* info) const {
  rusage self{}, children{};
  ::getrusage(RUSAGE_SELF, &self);
  ::getrusage(RUSAGE_CHILDREN, &children);
  Line(info, "used_cpu_sys:{:.6f}\r\nused_cpu_user:{:.6f}", Seconds(self.ru_stime),
       Seconds(self.ru_utime));
  Line(info, "used_cpu_sys_children:{:.6f}\r\nused_cpu_user_children:{:.6f}",
       Seconds(children.ru_stime), Seconds(children.ru_utime));
  rusage thread{};
  ::getrusage(RUSAGE_THREAD, &thread);
  Line(info, "used_cpu_sys_main_thread:{:.6f}\r\nused_cpu_user_main_thread:{:.6f}",
       Seconds(thread.ru_stime), Seconds(thread.ru_utime));
}

}  // namespace rha::node::app
