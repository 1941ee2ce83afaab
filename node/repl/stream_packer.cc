#include "node/repl/stream_packer.h"

#include <lz4.h>

#include <cstring>

#include "common/base/check.h"

namespace rha::node::repl {
namespace {

constexpr size_t kHeaderBytes = 4;
constexpr uint32_t kAsItIs = uint32_t{1} << 31;
constexpr int kBodyShift = 15;
constexpr uint32_t kPieceMask = 0x7fff, kBodyMask = 0xffff;

void PutHeader(uint32_t header, char* to) {
  for (size_t i = 0; i < kHeaderBytes; ++i) to[i] = static_cast<char>(header >> (8 * i));
}

uint32_t GetHeader(const char* from) {
  uint32_t header = 0;
  for (size_t i = 0; i < kHeaderBytes; ++i) {
    header |= static_cast<uint32_t>(static_cast<unsigned char>(from[i])) << (8 * i);
  }
  return header;
}

}  // namespace

char* PackedHistory::Next() {
  if (full()) {
    const size_t kept = known_bytes();
    std::memmove(begin(), known(), kept);
    Kept(kept);
  }
  return bytes_.get() + size_;
}

struct StreamPacker::Coder {
  LZ4_stream_t state;
};

StreamPacker::StreamPacker() : coder_(std::make_unique<Coder>()) {
  LZ4_initStream(&coder_->state, sizeof coder_->state);
}

StreamPacker::~StreamPacker() = default;

void StreamPacker::Pack(std::string_view piece, std::string* out) {
  RHA_CHECK(!piece.empty() && piece.size() <= kPackedPieceBytesMax);
  if (history_.full()) {
    const int kept = LZ4_saveDict(&coder_->state, history_.begin(),
                                  static_cast<int>(PackedHistory::kKnownBytes));
    history_.Kept(static_cast<size_t>(kept));
  }
  char* const plain = history_.Next();
  std::memcpy(plain, piece.data(), piece.size());
  history_.Add(piece.size());
  const size_t at = out->size();
  const int most = LZ4_COMPRESSBOUND(static_cast<int>(kPackedPieceBytesMax));
  out->resize(at + kHeaderBytes + static_cast<size_t>(most));
  char* const body = out->data() + at + kHeaderBytes;
  const int packed = LZ4_compress_fast_continue(&coder_->state, plain, body,
                                                static_cast<int>(piece.size()), most, 1);
  RHA_CHECK(packed > 0);
  auto size = static_cast<size_t>(packed);
  uint32_t as_it_is = 0;
  if (size >= piece.size()) {
    std::memcpy(body, plain, piece.size());
    size = piece.size();
    as_it_is = kAsItIs;
  }
  PutHeader(static_cast<uint32_t>(piece.size() - 1) |
                static_cast<uint32_t>(size - 1) << kBodyShift | as_it_is,
            out->data() + at);
  out->resize(at + kHeaderBytes + size);
}

Status StreamUnpacker::Unpack(std::string* input, std::string* stream) {
  size_t used = 0;
  while (input->size() - used >= kHeaderBytes) {
    const uint32_t header = GetHeader(input->data() + used);
    const size_t piece = (header & kPieceMask) + 1;
    const size_t size = ((header >> kBodyShift) & kBodyMask) + 1;
    if (input->size() - used - kHeaderBytes < size) break;
    const char* const body = input->data() + used + kHeaderBytes;
    char* const plain = history_.Next();
    if ((header & kAsItIs) != 0) {
      if (size != piece) return Status(Code::kCorrupt, "a frame of two sizes");
      std::memcpy(plain, body, piece);
    } else {
      const int got = LZ4_decompress_safe_usingDict(body, plain, static_cast<int>(size),
                                                    static_cast<int>(piece), history_.known(),
                                                    static_cast<int>(history_.known_bytes()));
      if (got != static_cast<int>(piece)) return Status(Code::kCorrupt, "a damaged LZ4 block");
    }
    history_.Add(piece);
    stream->append(plain, piece);
    used += kHeaderBytes + size;
  }
  input->erase(0, used);
  return {};
}

}  // namespace rha::node::repl
