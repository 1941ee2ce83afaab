// When a signal ends the process, the log says which and where (crash-log-enabled): the frames, for
// addr2line. Nothing of the data or the configuration is in it.
// Thread rule: SetCrashReport() by the loop's thread; the report by whoever crashes.
#pragma once

namespace rha::node::app {

struct CrashReport {
  bool on;  // crash-log-enabled
  // use-exit-on-panic: a broken invariant ends with exit(1), and leaves no core.
  bool exit_on_broken;
};
void SetCrashReport(CrashReport how);

}  // namespace rha::node::app
