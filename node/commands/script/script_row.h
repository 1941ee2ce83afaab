// The row of a command that runs a script or function: NAME what numkeys [key ...] [arg ...].
// Any thread.
#pragma once

#include "node/commands/parse.h"

namespace rha::node::commands {

constexpr CommandSpec ScriptRow(std::string_view name, Handler handler, uint32_t flags,
                                dispatch::RequestFlags request_flags) {
  constexpr uint32_t kAll = kNoscript | kSkipMonitor | kStale | kMovableKeys | kNoMandatoryKeys;
  CommandSpec row{name, handler, -3, kAll | flags, kAclScripting};
  row.keys = {Counted(2, (flags & kReadonly) != 0 ? kReads : kReadsUpdates)};
  row.request_flags = request_flags;
  return row;
}

}  // namespace rha::node::commands
