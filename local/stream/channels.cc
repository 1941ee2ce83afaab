#include "local/stream/channels.h"

#include <map>

#include "local/stream/spdy.h"
#include "local/stream/websocket.h"

namespace rha::local::stream {
namespace {

constexpr uint8_t kCloseChannel = 255;  // v5: the byte behind it names the channel

bool FromClient(uint8_t channel) {
  return channel == static_cast<uint8_t>(Channel::kStdin) ||
         channel == static_cast<uint8_t>(Channel::kResize);
}

class OverWebSocket final : public Channels {
 public:
  Status Feed(std::string_view bytes, std::vector<Input>& inputs) override {
    const Status fed = reader_.Feed(bytes);
    while (auto message = reader_.Next()) {
      if (message->empty()) continue;
      const auto first = static_cast<uint8_t>(message->front());
      if (first == kCloseChannel && message->size() == 2) {
        const auto closed = static_cast<uint8_t>((*message)[1]);
        if (FromClient(closed)) inputs.push_back({static_cast<Channel>(closed), {}, true});
      } else if (FromClient(first)) {
        inputs.push_back({static_cast<Channel>(first), message->substr(1)});
      }
    }
    return fed;
  }
  std::string TakeReplies() override { return reader_.TakeReplies(); }
  bool Ready() const override { return true; }
  bool closed() const override { return reader_.closed(); }
  std::string Data(Channel channel, std::string_view bytes) override {
    return WebSocketMessage(std::string(1, static_cast<char>(channel)).append(bytes));
  }
  std::string Finish() override { return WebSocketClose(); }

 private:
  WebSocketReader reader_;
};

class OverSpdy final : public Channels {
 public:
  explicit OverSpdy(const ExecOptions& options)
      : expected_(1 + options.in + options.out + options.err + options.tty) {}

  Status Feed(std::string_view bytes, std::vector<Input>& inputs) override {
    std::vector<SpdySession::Event> events;
    const Status fed = session_.Feed(bytes, events);
    for (auto& event : events) {
      if (event.kind == SpdySession::Event::Kind::kOpen) Open(event);
      for (const auto& [channel, stream] : streams_) {
        const bool of_client = FromClient(static_cast<uint8_t>(channel));
        if (stream != event.stream || !of_client) continue;
        inputs.push_back({channel, std::move(event.data), event.end});
      }
    }
    return fed;
  }
  std::string TakeReplies() override { return session_.TakeReplies(); }
  bool Ready() const override { return streams_.size() >= expected_; }
  bool closed() const override { return false; }
  std::string Data(Channel channel, std::string_view bytes) override {
    const auto found = streams_.find(channel);
    return found == streams_.end() ? "" : session_.Data(found->second, bytes, false);
  }
  std::string Finish() override {
    std::string out;
    for (const auto& [channel, stream] : streams_) out += session_.Data(stream, {}, true);
    return out + SpdySession::Goaway(streams_.empty() ? 0 : last_);
  }

 private:
  void Open(const SpdySession::Event& event) {
    static const std::map<std::string, Channel> kTypes{{"stdin", Channel::kStdin},
                                                       {"stdout", Channel::kStdout},
                                                       {"stderr", Channel::kStderr},
                                                       {"error", Channel::kError},
                                                       {"resize", Channel::kResize}};
    const auto type = event.headers.find("streamtype");
    if (type == event.headers.end()) return;
    const auto channel = kTypes.find(type->second);
    if (channel == kTypes.end()) return;
    streams_[channel->second] = event.stream;
    last_ = event.stream;
  }

  SpdySession session_;
  std::map<Channel, uint32_t> streams_;
  const size_t expected_;
  uint32_t last_ = 0;
};

}  // namespace

std::unique_ptr<Channels> WebSocketChannels() { return std::make_unique<OverWebSocket>(); }
std::unique_ptr<Channels> SpdyChannels(const ExecOptions& options) {
  return std::make_unique<OverSpdy>(options);
}

}  // namespace rha::local::stream
