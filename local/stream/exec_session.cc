#include "local/stream/exec_session.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "local/object/json.h"
#include "local/stream/limits.h"

namespace rha::local::stream {
namespace {

using object::Json;
using SteadyClock = std::chrono::steady_clock;

std::string Success() { return R"({"metadata":{},"status":"Success"})"; }

std::string ExitStatus(int code) {
  if (code == 0) return Success();
  const std::string text = std::to_string(code);
  const Json cause{{"reason", "ExitCode"}, {"message", text}};
  return object::Dump(
      {{"metadata", Json::object()},
       {"status", "Failure"},
       {"message", "command terminated with non-zero exit code: exit status " + text},
       {"reason", "NonZeroExitCode"},
       {"details", {{"causes", Json::array({cause})}}}});
}

std::string InternalError(const std::string& message) {
  return object::Dump({{"metadata", Json::object()},
                       {"status", "Failure"},
                       {"message", "error executing command in container: " + message},
                       {"reason", "InternalError"},
                       {"code", 500}});
}

// Feeds what has come; false: the connection is of no use any more. `some`: there may be more,
// which a poll of the descriptor would not tell.
bool Receive(Duplex& wire, Channels& channels, std::vector<Channels::Input>& inputs, bool* some) {
  const auto bytes = wire.Read();
  if (!bytes) return false;
  *some = !bytes->empty();
  const Status fed = channels.Feed(*bytes, inputs);
  const std::string replies = channels.TakeReplies();
  if (!replies.empty() && !wire.Write(replies)) return false;
  return fed.ok() && !channels.closed();
}

bool WaitReady(Duplex& wire, Channels& channels, std::vector<Channels::Input>& inputs) {
  const auto deadline = SteadyClock::now() + std::chrono::seconds(kOpenSecondsMax);
  while (!channels.Ready()) {
    bool some = false;
    if (SteadyClock::now() > deadline || !Receive(wire, channels, inputs, &some)) return false;
    pollfd waiting{wire.fd(), POLLIN, 0};
    if (!some) ::poll(&waiting, 1, kPollMillis);
  }
  return true;
}

void End(Duplex& wire, Channels& channels, const std::string& status) {
  std::string out = channels.Data(Channel::kError, status);
  out += channels.Finish();
  wire.Write(out);
}

class ExecSession {
 public:
  ExecSession(Duplex& wire, Channels& channels, Process& process)
      : wire_(wire), channels_(channels), process_(process) {}

  void Take(const std::vector<Channels::Input>& inputs) {
    for (const auto& input : inputs) {
      if (input.channel == Channel::kResize) {
        Resize(input.data);
        continue;
      }
      pending_ += input.data;
      input_ended_ = input_ended_ || input.end;
    }
  }

  void Run() {
    while (true) {
      bool received = false, produced = false;
      if (!ReceiveAll(&received)) return;
      WriteInput();
      if (!Forward(process_.output, Channel::kStdout, &produced)) return;
      if (!Forward(process_.error, Channel::kStderr, &produced)) return;
      if (exited_ && !produced) return End(wire_, channels_, ExitStatus(process_.Reap()));
      if (!received && !produced) Wait();
    }
  }

 private:
  bool ReceiveAll(bool* received) {
    if (pending_.size() >= kPendingBytesMax) return true;
    std::vector<Channels::Input> inputs;
    if (!Receive(wire_, channels_, inputs, received)) return false;
    Take(inputs);
    return true;
  }

  // To the process as far as it takes it; its end is told once all has been.
  void WriteInput() {
    const int fd = process_.tty ? process_.output.get() : process_.input.get();
    while (!pending_.empty() && fd >= 0) {
      const ssize_t count = ::write(fd, pending_.data(), pending_.size());
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (count <= 0) {  // it has closed its end
        process_.input.Reset();
        break;
      }
      pending_.erase(0, static_cast<size_t>(count));
    }
    if (fd < 0) pending_.clear();
    if (input_ended_ && pending_.empty()) process_.input.Reset();
  }

  // False: the client is gone.
  bool Forward(UniqueFd& from, Channel channel, bool* produced) {
    if (!from.valid()) return true;
    char chunk[kReadBytes];
    const ssize_t count = ::read(from.get(), chunk, sizeof chunk);
    if (count > 0) {
      *produced = true;
      return wire_.Write(channels_.Data(channel, {chunk, static_cast<size_t>(count)}));
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    from.Reset();  // a terminal without processes says EIO
    return true;
  }

  void Wait() {
    const bool full = pending_.size() >= kPendingBytesMax;
    const int to = process_.tty ? process_.output.get() : process_.input.get();
    pollfd waiting[] = {{full ? -1 : wire_.fd(), POLLIN, 0},
                        {process_.output.get(), POLLIN, 0},
                        {process_.error.get(), POLLIN, 0},
                        {process_.exited_fd(), POLLIN, 0},
                        {pending_.empty() ? -1 : to, POLLOUT, 0}};
    ::poll(waiting, std::size(waiting), kPollMillis);
    exited_ = (waiting[3].revents & POLLIN) != 0;  // what it has written is read once more
  }

  void Resize(const std::string& text) {
    if (resize_.size() + text.size() > kResizeBytesMax) resize_.clear();
    resize_ += text.substr(0, kResizeBytesMax);
    const size_t close = resize_.rfind('}');
    if (close == std::string::npos) return;
    const size_t open = resize_.rfind('{', close);
    winsize size{};
    if (process_.tty && open != std::string::npos &&
        ParseResize(resize_.substr(open, close - open + 1), &size.ws_col, &size.ws_row)) {
      ::ioctl(process_.output.get(), TIOCSWINSZ, &size);
    }
    resize_.erase(0, close + 1);
  }

  Duplex& wire_;
  Channels& channels_;
  Process& process_;
  std::string pending_, resize_;
  bool input_ended_ = false, exited_ = false;
};

}  // namespace

bool ParseResize(const std::string& text, uint16_t* columns, uint16_t* rows) {
  const auto size = object::ParseJson(text);
  if (!size.ok() || !size->is_object()) return false;
  const int64_t width = object::Int(*size, {"Width"}), height = object::Int(*size, {"Height"});
  if (width < 1 || width > UINT16_MAX || height < 1 || height > UINT16_MAX) return false;
  *columns = static_cast<uint16_t>(width);
  *rows = static_cast<uint16_t>(height);
  return true;
}

void RunExec(Duplex& wire, Channels& channels, const StartProcess& start) {
  std::vector<Channels::Input> inputs;
  if (!WaitReady(wire, channels, inputs)) return;
  const auto process = start();
  if (!process.ok()) return End(wire, channels, InternalError(process.status().message()));
  ExecSession session(wire, channels, **process);
  session.Take(inputs);
  session.Run();
}

void RunAttach(Duplex& wire, Channels& channels, const MoreOutput& more) {
  std::vector<Channels::Input> inputs;
  if (!WaitReady(wire, channels, inputs)) return;
  bool some = false;
  while (Receive(wire, channels, inputs, &some)) {
    inputs.clear();  // containers have no input
    const auto output = more();
    if (!output) return End(wire, channels, Success());
    if (!output->empty() && !wire.Write(channels.Data(Channel::kStdout, *output))) return;
    pollfd waiting{wire.fd(), POLLIN, 0};
    if (output->empty() && !some) ::poll(&waiting, 1, kFollowMillis);
  }
}

}  // namespace rha::local::stream
