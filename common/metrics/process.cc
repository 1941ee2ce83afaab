#include "common/metrics/process.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "common/metrics/page.h"

namespace rha::metrics {
namespace {

std::string ReadLine(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

int CountOpenFiles() {
  DIR* directory = ::opendir("/proc/self/fd");
  if (!directory) return -1;
  int count = 0;
  while (const dirent* entry = ::readdir(directory)) count += entry->d_name[0] != '.';
  ::closedir(directory);
  return count - 1;  // the directory itself
}

double BootTimeSeconds() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    if (word != "btime") continue;
    double seconds = 0;
    file >> seconds;
    return seconds;
  }
  return 0;
}

}  // namespace

std::optional<ProcessStat> ParseProcessStat(std::string_view line) {
  // pid (comm) state ppid …: comm may hold spaces and brackets, so count from its last one.
  const size_t end = line.rfind(')');
  if (end == std::string_view::npos) return std::nullopt;
  std::istringstream rest{std::string(line.substr(end + 1))};
  std::vector<std::string> fields;  // fields[0] is field 3 of proc(5)
  for (std::string field; rest >> field;) fields.push_back(std::move(field));
  const auto number = [&](size_t proc_field) { return std::stod(fields[proc_field - 3]); };
  if (fields.size() < 24 - 2) return std::nullopt;
  try {
    return ProcessStat{.cpu_ticks = number(14) + number(15),
                       .virtual_bytes = number(23),
                       .resident_pages = number(24),
                       .start_ticks = number(22),
                       .threads = static_cast<int>(number(20))};
  } catch (const std::exception&) {  // std::stod on what is not a number
    return std::nullopt;
  }
}

void CollectProcess(Page& page) {
  const auto stat = ParseProcessStat(ReadLine("/proc/self/stat"));
  if (stat) {
    const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    page.Counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
                 stat->cpu_ticks / ticks);
    page.Gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.",
               stat->virtual_bytes);
    page.Gauge("process_resident_memory_bytes", "Resident memory size in bytes.",
               stat->resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    page.Gauge("process_start_time_seconds",
               "Start time of the process since unix epoch in seconds.",
               BootTimeSeconds() + stat->start_ticks / ticks);
    page.Gauge("process_threads", "Threads of the process.", stat->threads);
  }
  if (const int open_files = CountOpenFiles(); open_files >= 0) {
    page.Gauge("process_open_fds", "Number of open file descriptors.", open_files);
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    page.Gauge("process_max_fds", "Maximum number of open file descriptors.",
               static_cast<double>(limit.rlim_cur));
  }
}

}  // namespace rha::metrics
