// When a signal ends the process, the log says which and where (crash-log-enabled): the frames, for
// addr2line. Nothing of the data or the configuration is in it.
// Thread rule: SetCrashReport() by the loop's thread; the report by whoever crashes.
#pragma once

#include <string>

namespace rha::node::app {

// Before the first; to standard output otherwise.
void SendCrashReportsTo(const std::string& log_file);
void SetCrashReport(bool on);

}  // namespace rha::node::app
