// Bytes that wait to be sent: a chain of chunks, each given back as soon as it has been sent.
//
//   [ sent | waits ] ─▶ [ waits ] ─▶ [ waits | room ]
//     front                            tail    at_ ─▶ room_end_
//
// So a reader that is always a little behind holds a little, however much has gone through, and
// what is held is known to the byte. Appending what fits in the tail is one comparison and a copy;
// whoever formats may write there directly (Reserve, Commit). Chunks double from kChunkBytesMin to
// kChunkBytesMax. When all is sent one chunk stays for the next reply, until Release().
//
// A Governor bounds the chain: it is asked before each further chunk. If it refuses, the chain has
// overflowed: what waited is dropped, what follows is dropped too, and memory does not grow. Its
// owner is expected to end the connection.
//
// Thread rule: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace rha::resp {

class OutputChain {
 public:
  static constexpr size_t kChunkBytesMin = 1024;       // with the chunk's header
  static constexpr size_t kChunkBytesMax = 16 * 1024;  // what jemalloc keeps at hand per thread
  static constexpr size_t kReserveBytesMax = 512;      // in one piece

  class Governor {
   public:
    // May the chain take `bytes` more memory? The first chunk is not asked for.
    virtual bool MayHold(size_t bytes) = 0;

   protected:
    ~Governor() = default;
  };

  // Without a governor there is no bound. Not owned.
  explicit OutputChain(Governor* governor = nullptr) : governor_(governor) {}
  ~OutputChain() { FreeAll(); }
  OutputChain(const OutputChain&) = delete;
  OutputChain& operator=(const OutputChain&) = delete;

  // ---- writing
  void Append(std::string_view bytes) {
    if (bytes.size() > room()) return AppendInPieces(bytes);
    if (bytes.empty()) return;  // memcpy takes no null, even for nothing
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  // Room for that many bytes, at most kReserveBytesMax; Commit(end of what was written there).
  char* Reserve(size_t bytes) {
    if (bytes > room()) Grow();
    return at_;
  }
  void Commit(char* end) { at_ = end; }
  // Whether a reply of at least so many bytes could be written at all. If not the chain has
  // overflowed, as it would have in the middle of it.
  bool MayHold(size_t bytes);
  // Takes the other's chunks, which are not copied, and leaves it empty. REQUIRES: the other has
  // no part that was sent.
  void Append(OutputChain&& other);

  // ---- sending
  bool empty() const { return size() == 0; }
  size_t size() const { return sealed_bytes_ + tail_bytes() - sent_; }
  // What waits in the first chunk.
  std::string_view front() const {
    if (front_ == nullptr) return {};
    const size_t bytes = front_ == tail_ ? tail_bytes() : front_->bytes;
    return {front_->data() + sent_, bytes - sent_};
  }
  // The first pieces of what waits; how many there are of them.
  size_t Pieces(std::span<std::string_view> pieces) const;
  // The first bytes have been sent. REQUIRES: bytes <= size().
  void Consume(size_t bytes) {
    sent_ += bytes;
    if (front_ != tail_) DropSent();
    if (front_ == tail_ && sent_ == tail_bytes()) Rewind();
  }

  // ---- memory
  // Of all chunks, with what is sent or free in them.
  size_t held_bytes() const { return held_bytes_; }
  size_t chunks() const { return chunks_; }
  bool overflowed() const { return overflowed_; }
  // Drops what waits, keeps a chunk.
  void Clear();
  // Gives back the chunk that stays when nothing waits.
  void Release() {
    if (empty()) FreeAll();
  }
  // For tests and for what is small.
  std::string ToString() const;

 private:
  struct Chunk {
    Chunk* next;
    uint32_t bytes;  // of data that were written; of the tail at_ knows
    uint32_t capacity;
    char* data() { return reinterpret_cast<char*>(this + 1); }
  };

  size_t room() const { return static_cast<size_t>(room_end_ - at_); }
  size_t tail_bytes() const {
    return tail_ == nullptr ? 0 : static_cast<size_t>(at_ - tail_->data());
  }
  void AppendInPieces(std::string_view bytes);
  // A new tail, or, having overflowed, the old one from its beginning.
  void Grow();
  void Overflow();
  void SetTail(Chunk* chunk, size_t bytes);
  void Seal();
  // The tail is empty again. REQUIRES: it is the front.
  void Rewind() {
    at_ -= sent_;
    sent_ = 0;
  }
  void DropSent();
  void DropFront();
  void FreeAll();

  char* at_ = nullptr;
  char* room_end_ = nullptr;
  Chunk* front_ = nullptr;
  Chunk* tail_ = nullptr;
  size_t sealed_bytes_ = 0;  // written in the chunks before the tail
  size_t sent_ = 0;          // of the front
  size_t held_bytes_ = 0;
  size_t chunks_ = 0;
  bool overflowed_ = false;
  Governor* governor_;
};

}  // namespace rha::resp
