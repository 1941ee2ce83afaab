// INFO of the sidecar: Redis' sections of a Sentinel, as far as they mean something here.
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <initializer_list>
#include <set>
#include <type_traits>

#include "sidecar/shell/client.h"
#include "sidecar/shell/command.h"
#include "sidecar/shell/driver.h"
#include "sidecar/shell/limits.h"
#include "sidecar/shell/options.h"
#include "sidecar/shell/render.h"
#include "sidecar/shell/server.h"

namespace rha::sidecar::shell {
namespace {

// Lines of "name:value".
class Section {
 public:
  explicit Section(const char* title) : text_(std::string("# ") + title + "\r\n") {}
  Section& Add(const char* name, const std::string& value) {
    text_.append(name).append(":").append(value).append("\r\n");
    return *this;
  }
  template <typename T>
  requires std::is_arithmetic_v<T> Section& Add(const char* name, T value) {
    return Add(name, std::to_string(value));
  }
  // Fields of a data server: always nothing here, but tools look for them.
  Section& Zeroes(std::initializer_list<const char*> names) {
    for (const char* name : names) Add(name, "0");
    return *this;
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string PathOfProgram() {
  char path[4096];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<size_t>(length)) : "";
}

std::string ServerSection(Server& server) {
  using std::chrono::duration_cast;
  utsname system{};
  ::uname(&system);
  const auto uptime =
      duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - server.started())
          .count();
  const auto wall =
      duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  const std::string compiler = __VERSION__;
  return Section("Server")
      .Add("redis_version", kRedisVersion)
      .Add("redisha_version", RHA_VERSION)
      .Add("redis_git_sha1", "00000000")
      .Add("redis_git_dirty", "0")
      .Add("redis_build_id", "0")
      .Add("redis_mode", "sentinel")
      .Add("os", std::string(system.sysname) + " " + system.release + " " + system.machine)
      .Add("arch_bits", sizeof(void*) * 8)
      .Add("monotonic_clock", "POSIX clock_gettime")
      .Add("multiplexing_api", "epoll")
      .Add("atomicvar_api", "c11-builtin")
      .Add("gcc_version", compiler.substr(0, compiler.find(' ')))
      .Add("process_id", ::getpid())
      .Add("process_supervised", server.options().supervised)
      .Add("run_id", server.run_id())
      .Add("tcp_port", server.options().port)
      .Add("server_time_usec", wall)
      .Add("uptime_in_seconds", uptime)
      .Add("uptime_in_days", uptime / 86400)
      .Add("hz", 10)
      .Add("configured_hz", 10)
      .Add("lru_clock", (wall / 1000000) & 0xffffff)
      .Add("executable", PathOfProgram())
      .Add("config_file", server.options().config_path)
      .Add("io_threads_active", 0)
      .Take();
}

std::string ClientsSection(Server& server) {
  return Section("Clients")
      .Add("connected_clients", server.clients().size())
      .Add("cluster_connections", 0)
      .Add("maxclients", server.clients_max())
      .Zeroes({"client_recent_max_input_buffer", "client_recent_max_output_buffer",
               "blocked_clients", "tracking_clients", "clients_in_timeout_table"})
      .Take();
}

std::string Seconds(const timeval& time) {
  char text[64];
  std::snprintf(text, sizeof text, "%ld.%06ld", static_cast<long>(time.tv_sec),
                static_cast<long>(time.tv_usec));
  return text;
}

std::string CpuSection() {
  rusage own{}, children{}, thread{};
  ::getrusage(RUSAGE_SELF, &own);
  ::getrusage(RUSAGE_CHILDREN, &children);
  ::getrusage(RUSAGE_THREAD, &thread);
  return Section("CPU")
      .Add("used_cpu_sys", Seconds(own.ru_stime))
      .Add("used_cpu_user", Seconds(own.ru_utime))
      .Add("used_cpu_sys_children", Seconds(children.ru_stime))
      .Add("used_cpu_user_children", Seconds(children.ru_utime))
      .Add("used_cpu_sys_main_thread", Seconds(thread.ru_stime))
      .Add("used_cpu_user_main_thread", Seconds(thread.ru_utime))
      .Take();
}

std::string TwoDigits(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

std::string StatsSection(Server& server) {
  const ServerStats& stats = server.stats();
  std::set<std::string_view> channels;
  std::set<std::string_view> patterns;
  for (const auto& [id, client] : server.clients()) {
    channels.insert(client->channels.begin(), client->channels.end());
    patterns.insert(client->patterns.begin(), client->patterns.end());
  }
  return Section("Stats")
      .Add("total_connections_received", stats.connections)
      .Add("total_commands_processed", stats.commands)
      .Add("instantaneous_ops_per_sec", static_cast<int64_t>(stats.commands_rate.PerSecond()))
      .Add("total_net_input_bytes", stats.traffic.read_bytes)
      .Add("total_net_output_bytes", stats.traffic.written_bytes)
      .Zeroes({"total_net_repl_input_bytes", "total_net_repl_output_bytes"})
      .Add("instantaneous_input_kbps", TwoDigits(stats.read_rate.PerSecond() / 1024))
      .Add("instantaneous_output_kbps", TwoDigits(stats.write_rate.PerSecond() / 1024))
      .Add("instantaneous_input_repl_kbps", TwoDigits(0))
      .Add("instantaneous_output_repl_kbps", TwoDigits(0))
      .Add("rejected_connections", stats.rejected_connections)
      .Zeroes({"sync_full", "sync_partial_ok", "sync_partial_err", "expired_keys"})
      .Add("expired_stale_perc", TwoDigits(0))
      .Zeroes({"expired_time_cap_reached_count", "expire_cycle_cpu_milliseconds", "evicted_keys",
               "evicted_clients", "total_eviction_exceeded_time", "current_eviction_exceeded_time",
               "keyspace_hits", "keyspace_misses"})
      .Add("pubsub_channels", channels.size())
      .Add("pubsub_patterns", patterns.size())
      .Zeroes({"pubsubshard_channels", "latest_fork_usec", "total_forks", "migrate_cached_sockets",
               "slave_expires_tracked_keys", "active_defrag_hits", "active_defrag_misses",
               "active_defrag_key_hits", "active_defrag_key_misses", "total_active_defrag_time",
               "current_active_defrag_time", "tracking_total_keys", "tracking_total_items",
               "tracking_total_prefixes", "unexpected_error_replies"})
      .Add("total_error_replies", stats.error_replies)
      .Zeroes({"dump_payload_sanitizations"})
      .Add("total_reads_processed", stats.traffic.reads)
      .Add("total_writes_processed", stats.traffic.writes)
      .Zeroes({"io_threaded_reads_processed", "io_threaded_writes_processed",
               "reply_buffer_shrinks", "reply_buffer_expands"})
      .Take();
}

}  // namespace

std::string InfoText(Server& server, resp::Args sections) {
  const auto wanted = [&](std::string_view name) {
    return sections.empty() || std::ranges::any_of(sections, [&](std::string_view section) {
             return SameWord(section, name) || SameWord(section, "default") ||
                    SameWord(section, "all") || SameWord(section, "everything");
           });
  };
  std::string text;
  const auto add = [&](const char* name, const auto& make) {
    if (!wanted(name)) return;
    if (!text.empty()) text += "\r\n";
    text += make();
  };
  add("server", [&] { return ServerSection(server); });
  add("clients", [&] { return ClientsSection(server); });
  add("stats", [&] { return StatsSection(server); });
  add("cpu", [] { return CpuSection(); });
  add("sentinel", [&] {
    const Driver& driver = server.driver();
    return SentinelInfo({driver.machine(), driver.now()}, driver.scripts().running(),
                        driver.scripts().jobs().size());
  });
  return text;
}

}  // namespace rha::sidecar::shell
