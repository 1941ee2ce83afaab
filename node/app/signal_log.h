// The log for signal handlers: nothing here allocates, locks or goes through the logger.
// Thread rule: any thread, also in the middle of anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rha::node::app::signal_log {

// Before the first line; to standard output otherwise.
void SendTo(const std::string& log_file);
// Once, outside of handlers: loads what frames need.
void Prepare();
// Its own stack, since the thread's may be what has ended (SA_ONSTACK).
void UseOwnStack();

void Put(std::string_view text);
void Put(int64_t number);
// "STACK TRACE" and the frames of the thread that runs, for addr2line.
void PutFrames();

}  // namespace rha::node::app::signal_log
