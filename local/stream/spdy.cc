#include "local/stream/spdy.h"

#include <zlib.h>

#include <cctype>
#include <utility>

#include "local/stream/limits.h"

namespace rha::local::stream {
namespace {

constexpr uint16_t kVersion = 3;
constexpr uint16_t kSynStream = 1, kSynReply = 2, kRstStream = 3, kPingFrame = 6, kGoaway = 7;
constexpr uint8_t kFin = 1;
constexpr size_t kFrameHeader = 8;
constexpr uint32_t kRefusedStream = 3;

uint32_t Big32(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

void Append(std::string& out, uint32_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
}

std::string Control(uint16_t type, std::string_view body) {
  std::string out;
  Append(out, 0x8000u | kVersion, 2);
  Append(out, type, 2);
  Append(out, static_cast<uint32_t>(body.size()), 4);  // no flags
  return out.append(body);
}

std::string Reset(uint32_t stream, uint32_t why) {
  std::string body;
  Append(body, stream, 4);
  Append(body, why, 4);
  return Control(kRstStream, body);
}

Status Bad(const char* what) { return Status(Code::kInvalid, std::string("SPDY: ") + what); }

Bytef* Bytes(const char* text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text)); }

}  // namespace

// Each direction is one zlib stream for the whole session.
struct SpdySession::Zlib {
  z_stream in{}, out{};
  bool good = false;

  Zlib() {
    const std::string& words = SpdyDictionary();
    good =
        ::inflateInit(&in) == Z_OK && ::deflateInit(&out, Z_DEFAULT_COMPRESSION) == Z_OK &&
        ::deflateSetDictionary(&out, Bytes(words.data()), static_cast<uInt>(words.size())) == Z_OK;
  }
  ~Zlib() {
    ::inflateEnd(&in);
    ::deflateEnd(&out);
  }
  Zlib(const Zlib&) = delete;
  Zlib& operator=(const Zlib&) = delete;
};

SpdySession::SpdySession() : zlib_(std::make_unique<Zlib>()) {}
SpdySession::~SpdySession() = default;

Result<std::map<std::string, std::string>> SpdySession::Headers(std::string_view block) {
  if (!zlib_->good) return Status(Code::kInternal, "zlib cannot be used");
  std::string text(kSpdyHeaderBytesMax, '\0');
  z_stream& z = zlib_->in;
  z.next_in = Bytes(block.data());
  z.avail_in = static_cast<uInt>(block.size());
  z.next_out = Bytes(text.data());
  z.avail_out = static_cast<uInt>(text.size());
  int code = ::inflate(&z, Z_SYNC_FLUSH);
  if (code == Z_NEED_DICT) {
    const std::string& words = SpdyDictionary();
    code = ::inflateSetDictionary(&z, Bytes(words.data()), static_cast<uInt>(words.size()));
    if (code == Z_OK) code = ::inflate(&z, Z_SYNC_FLUSH);
  }
  if (code != Z_OK || z.avail_in != 0) return Bad("headers that cannot be inflated");
  text.resize(text.size() - z.avail_out);

  std::string_view rest = text;
  const auto take = [&rest](std::string& word) {
    if (rest.size() < 4 || Big32(rest) > rest.size() - 4) return false;
    word = rest.substr(4, Big32(rest));
    rest.remove_prefix(4 + word.size());
    return true;
  };
  if (rest.size() < 4) return Bad("headers without a count");
  const uint32_t count = Big32(rest);
  rest.remove_prefix(4);
  std::map<std::string, std::string> headers;
  for (uint32_t i = 0; i < count; ++i) {
    std::string name, value;
    if (!take(name) || !take(value)) return Bad("headers cut short");
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    headers[name] = value;
  }
  return headers;
}

std::string SpdySession::EmptyHeaders() {
  const std::string none(4, '\0');
  std::string out(64, '\0');
  z_stream& z = zlib_->out;
  z.next_in = Bytes(none.data());
  z.avail_in = static_cast<uInt>(none.size());
  z.next_out = Bytes(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  ::deflate(&z, Z_SYNC_FLUSH);
  out.resize(out.size() - z.avail_out);
  return out;
}

Status SpdySession::OnOpen(uint8_t flags, std::string_view body, std::vector<Event>& events) {
  constexpr size_t kBeforeHeaders = 10;  // stream, associated stream, priority, slot
  if (body.size() < kBeforeHeaders) return Bad("a stream without an id");
  const uint32_t stream = Big32(body) & 0x7fffffff;
  RHA_ASSIGN_OR_RETURN(auto headers, Headers(body.substr(kBeforeHeaders)));
  if (stream % 2 == 0 || stream <= last_stream_) return Bad("a stream that cannot be");
  last_stream_ = stream;
  if (streams_.size() >= kStreamsMax) {
    replies_ += Reset(stream, kRefusedStream);
    return Status::Ok();
  }
  const bool end = (flags & kFin) != 0;
  streams_[stream].client_open = !end;
  std::string reply;
  Append(reply, stream, 4);
  replies_ += Control(kSynReply, reply + EmptyHeaders());
  events.push_back({Event::Kind::kOpen, stream, std::move(headers), {}, end});
  return Status::Ok();
}

Status SpdySession::OnControl(uint16_t type, uint8_t flags, std::string_view body,
                              std::vector<Event>& events) {
  switch (type) {
    case kSynStream:
      return OnOpen(flags, body, events);
    case kRstStream: {
      if (body.size() < 8) return Bad("a reset cut short");
      const uint32_t stream = Big32(body) & 0x7fffffff;
      if (streams_.erase(stream) != 0) {
        events.push_back({Event::Kind::kReset, stream, {}, {}, true});
      }
      return Status::Ok();
    }
    case kPingFrame:
      if (body.size() != 4) return Bad("a ping cut short");
      if (Big32(body) % 2 == 1) replies_ += Control(kPingFrame, body);  // even ones would be ours
      return Status::Ok();
    default:
      return Status::Ok();  // settings, windows, farewells: nothing hangs on them here
  }
}

Status SpdySession::OnData(uint32_t stream, uint8_t flags, std::string_view body,
                           std::vector<Event>& events) {
  const auto found = streams_.find(stream);
  if (found == streams_.end() || !found->second.client_open) return Status::Ok();  // too late
  const bool end = (flags & kFin) != 0;
  if (end) found->second.client_open = false;
  if (end && !found->second.server_open) streams_.erase(found);
  events.push_back({Event::Kind::kData, stream, {}, std::string(body), end});
  return Status::Ok();
}

Status SpdySession::Feed(std::string_view bytes, std::vector<Event>& events) {
  buffer_.append(bytes);
  size_t at = 0;
  while (buffer_.size() - at >= kFrameHeader) {
    const std::string_view rest = std::string_view(buffer_).substr(at);
    const uint32_t first = Big32(rest), second = Big32(rest.substr(4));
    const size_t length = second & 0xffffff;
    const auto flags = static_cast<uint8_t>(second >> 24);
    if (length > kMessageBytesMax) return Bad("frame too long");
    if (rest.size() < kFrameHeader + length) break;
    const std::string_view body = rest.substr(kFrameHeader, length);
    at += kFrameHeader + length;
    if ((first & 0x80000000u) == 0) {
      RHA_RETURN_IF_ERROR(OnData(first, flags, body, events));
      continue;
    }
    if ((first >> 16 & 0x7fff) != kVersion) return Bad("another version");
    RHA_RETURN_IF_ERROR(OnControl(static_cast<uint16_t>(first), flags, body, events));
  }
  buffer_.erase(0, at);
  return Status::Ok();
}

std::string SpdySession::TakeReplies() { return std::exchange(replies_, {}); }

std::string SpdySession::Data(uint32_t stream, std::string_view bytes, bool end) {
  const auto found = streams_.find(stream);
  if (found == streams_.end() || !found->second.server_open) return {};
  if (end) found->second.server_open = false;
  if (end && !found->second.client_open) streams_.erase(found);
  std::string out;
  Append(out, stream, 4);
  out += static_cast<char>(end ? kFin : 0);
  Append(out, static_cast<uint32_t>(bytes.size()), 3);
  return out.append(bytes);
}

std::string SpdySession::Goaway(uint32_t last_stream) {
  std::string body;
  Append(body, last_stream, 4);
  Append(body, 0, 4);
  return Control(kGoaway, body);
}

}  // namespace rha::local::stream
