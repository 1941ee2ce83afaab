#include "node/app/signal_log.h"

#include <execinfo.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <csignal>

namespace rha::node::app::signal_log {
namespace {

constexpr int kFramesMax = 64;
constexpr size_t kStackBytes = 64 * 1024;

int log_fd = STDOUT_FILENO;
alignas(16) char own_stack[kStackBytes];

}  // namespace

void SendTo(const std::string& log_file) {
  const int fd = ::open(log_file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd >= 0) log_fd = fd;
}

void Prepare() {
  void* frame;
  ::backtrace(&frame, 1);  // loads its library, which a handler may not do
}

void UseOwnStack() {
  const stack_t stack{.ss_sp = own_stack, .ss_flags = 0, .ss_size = sizeof own_stack};
  ::sigaltstack(&stack, nullptr);
}

void Put(std::string_view text) { (void)!::write(log_fd, text.data(), text.size()); }

void Put(int64_t number) {
  char text[24];
  Put({text, static_cast<size_t>(std::to_chars(text, text + sizeof text, number).ptr - text)});
}

void PutFrames() {
  Put("\n------ STACK TRACE ------\n");
  void* frames[kFramesMax];
  ::backtrace_symbols_fd(frames, ::backtrace(frames, kFramesMax), log_fd);
}

}  // namespace rha::node::app::signal_log
