// Any bytes as WebSocket and as SPDY: never a crash, never a read outside the input, and the
// outcome must not depend on how the bytes were cut into pieces.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "local/stream/channels.h"

namespace {

using rha::local::stream::Channels;
using rha::local::stream::ExecOptions;
using rha::local::stream::SpdyChannels;
using rha::local::stream::WebSocketChannels;

std::string Run(Channels& channels, std::string_view bytes, size_t piece) {
  std::vector<Channels::Input> inputs;
  bool good = true;
  while (!bytes.empty() && good && !channels.closed()) {
    good = channels.Feed(bytes.substr(0, piece), inputs).ok();
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  std::string text = good ? "good " : "bad ";
  for (const auto& input : inputs) {
    text += std::to_string(static_cast<int>(input.channel)) + input.data + (input.end ? "." : ",");
  }
  return text + channels.TakeReplies() + channels.Finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const size_t piece = 1 + data[0] % 16;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const ExecOptions options{true, true, true, true};
  RHA_CHECK(Run(*WebSocketChannels(), bytes, piece) ==
            Run(*WebSocketChannels(), bytes, bytes.size() + 1));
  RHA_CHECK(Run(*SpdyChannels(options), bytes, piece) ==
            Run(*SpdyChannels(options), bytes, bytes.size() + 1));
  return 0;
}
