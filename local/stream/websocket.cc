#include "local/stream/websocket.h"

#include "common/base/sha1.h"
#include "local/object/base64.h"
#include "local/stream/limits.h"

namespace rha::local::stream {
namespace {

constexpr uint8_t kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;
constexpr uint8_t kLast = 0x80, kMasked = 0x80, kReserved = 0x70;
constexpr size_t kControlBytesMax = 125, kMaskBytes = 4;

std::string Encode(uint8_t opcode, std::string_view data) {
  std::string out(1, static_cast<char>(kLast | opcode));
  int length_bytes = 0;
  if (data.size() < 126) {
    out += static_cast<char>(data.size());
  } else if (data.size() <= 0xffff) {
    out += static_cast<char>(126);
    length_bytes = 2;
  } else {
    out += static_cast<char>(127);
    length_bytes = 8;
  }
  for (int i = length_bytes - 1; i >= 0; --i) {
    out += static_cast<char>(static_cast<uint64_t>(data.size()) >> (8 * i));
  }
  return out.append(data);
}

}  // namespace

Result<std::optional<WebSocketReader::Frame>> WebSocketReader::TakeFrame() {
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(buffer_[at]); };
  if (buffer_.size() < 2) return std::optional<Frame>();
  Frame frame{(byte(0) & kLast) != 0, static_cast<uint8_t>(byte(0) & 0x0f), {}};
  if ((byte(0) & kReserved) != 0) return Status(Code::kInvalid, "WebSocket: unknown extension");
  if ((byte(1) & kMasked) == 0) return Status(Code::kInvalid, "WebSocket: frame without a mask");
  uint64_t length = byte(1) & 0x7f;
  const size_t length_bytes = length == 126 ? 2 : length == 127 ? 8 : 0;
  const size_t header = 2 + length_bytes + kMaskBytes;
  if (buffer_.size() < header) return std::optional<Frame>();
  if (length_bytes > 0) length = 0;
  for (size_t i = 0; i < length_bytes; ++i) length = length << 8 | byte(2 + i);
  const bool control = frame.opcode >= kClose;
  if (length > (control ? kControlBytesMax : kMessageBytesMax) || (control && !frame.last)) {
    return Status(Code::kInvalid, "WebSocket: frame too long");
  }
  if (buffer_.size() < header + length) return std::optional<Frame>();
  frame.payload = buffer_.substr(header, length);
  for (size_t i = 0; i < frame.payload.size(); ++i) {
    frame.payload[i] = static_cast<char>(frame.payload[i] ^ buffer_[header - kMaskBytes + i % 4]);
  }
  buffer_.erase(0, header + length);
  return std::optional(std::move(frame));
}

Status WebSocketReader::OnFrame(Frame frame) {
  switch (frame.opcode) {
    case kText:
    case kBinary:
    case kContinuation:
      if ((frame.opcode == kContinuation) != in_message_) {
        return Status(Code::kInvalid, "WebSocket: fragments out of order");
      }
      if (message_.size() + frame.payload.size() > kMessageBytesMax) {
        return Status(Code::kInvalid, "WebSocket: message too long");
      }
      message_ += frame.payload;
      in_message_ = !frame.last;
      if (frame.last) messages_.push_back(std::exchange(message_, {}));
      return Status::Ok();
    case kPing:
      replies_ += Encode(kPong, frame.payload);
      return Status::Ok();
    case kPong:
      return Status::Ok();
    case kClose:
      closed_ = true;
      replies_ += WebSocketClose();
      return Status::Ok();
    default:
      return Status(Code::kInvalid, "WebSocket: unknown opcode");
  }
}

Status WebSocketReader::Feed(std::string_view bytes) {
  buffer_.append(bytes);
  while (!closed_) {
    RHA_ASSIGN_OR_RETURN(auto frame, TakeFrame());
    if (!frame) return Status::Ok();
    RHA_RETURN_IF_ERROR(OnFrame(*std::move(frame)));
  }
  buffer_.clear();
  return Status::Ok();
}

std::optional<std::string> WebSocketReader::Next() {
  if (messages_.empty()) return std::nullopt;
  std::string message = std::move(messages_.front());
  messages_.pop_front();
  return message;
}

std::string WebSocketReader::TakeReplies() { return std::exchange(replies_, {}); }

std::string WebSocketMessage(std::string_view data) { return Encode(kBinary, data); }

std::string WebSocketClose() {
  constexpr char kNormal[] = {0x03, static_cast<char>(0xe8)};  // 1000
  return Encode(kClose, std::string_view(kNormal, sizeof kNormal));
}

std::string WebSocketAccept(const std::string& key) {
  const Sha1Digest digest = Sha1(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  return object::Base64Encode(std::string(digest.begin(), digest.end()));
}

}  // namespace rha::local::stream
