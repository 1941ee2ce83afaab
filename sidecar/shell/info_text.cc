// INFO of the sidecar: Redis' sections of a Sentinel, as far as they mean something here.
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>

#include "sidecar/shell/command.h"
#include "sidecar/shell/driver.h"
#include "sidecar/shell/limits.h"
#include "sidecar/shell/options.h"
#include "sidecar/shell/render.h"
#include "sidecar/shell/server.h"

namespace rha::sidecar::shell {
namespace {

std::string ServerSection(Server& server) {
  utsname system{};
  ::uname(&system);
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(
                          std::chrono::steady_clock::now() - server.started())
                          .count();
  const auto line = [](const char* name, const std::string& value) {
    return std::string(name) + ":" + value + "\r\n";
  };
  return "# Server\r\n" + line("redis_version", kRedisVersion) +
         line("redisha_version", RHA_VERSION) + line("redis_mode", "sentinel") +
         line("os", std::string(system.sysname) + " " + system.release + " " + system.machine) +
         line("arch_bits", std::to_string(sizeof(void*) * 8)) + line("multiplexing_api", "epoll") +
         line("process_id", std::to_string(::getpid())) + line("run_id", server.run_id()) +
         line("tcp_port", std::to_string(server.options().port)) +
         line("uptime_in_seconds", std::to_string(uptime)) +
         line("uptime_in_days", std::to_string(uptime / 86400)) +
         line("config_file", server.options().config_path);
}

std::string ClientsSection(Server& server) {
  return "# Clients\r\nconnected_clients:" + std::to_string(server.clients().size()) +
         "\r\nmaxclients:" + std::to_string(server.clients_max()) + "\r\nblocked_clients:0\r\n";
}

std::string CpuSection() {
  rusage own{}, children{};
  ::getrusage(RUSAGE_SELF, &own);
  ::getrusage(RUSAGE_CHILDREN, &children);
  const auto line = [](const char* name, const timeval& time) {
    char text[96];
    std::snprintf(text, sizeof text, "%s:%ld.%06ld\r\n", name, static_cast<long>(time.tv_sec),
                  static_cast<long>(time.tv_usec));
    return std::string(text);
  };
  return "# CPU\r\n" + line("used_cpu_sys", own.ru_stime) + line("used_cpu_user", own.ru_utime) +
         line("used_cpu_sys_children", children.ru_stime) +
         line("used_cpu_user_children", children.ru_utime);
}

std::string StatsSection(Server& server) {
  const ServerStats& stats = server.stats();
  return "# Stats\r\ntotal_connections_received:" + std::to_string(stats.connections) +
         "\r\ntotal_commands_processed:" + std::to_string(stats.commands) +
         "\r\nrejected_connections:" + std::to_string(stats.rejected_connections) + "\r\n";
}

}  // namespace

std::string InfoText(Server& server, std::string_view section) {
  const bool all =
      SameWord(section, "default") || SameWord(section, "all") || SameWord(section, "everything");
  std::string text;
  const auto add = [&](const char* name, const std::string& part) {
    if (!all && !SameWord(section, name)) return;
    if (!text.empty()) text += "\r\n";
    text += part;
  };
  add("server", ServerSection(server));
  add("clients", ClientsSection(server));
  add("cpu", CpuSection());
  add("stats", StatsSection(server));
  add("sentinel", SentinelInfo({server.driver().machine(), server.driver().now()}));
  return text;
}

}  // namespace rha::sidecar::shell
