#include "common/resp/output_chain.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace rha::resp {

void OutputChain::SetTail(Chunk* chunk, size_t bytes) {
  tail_ = chunk;
  at_ = chunk->data() + bytes;
  room_end_ = chunk->data() + chunk->capacity;
}

// The tail becomes one of those before the tail.
void OutputChain::Seal() {
  tail_->bytes = static_cast<uint32_t>(tail_bytes());
  sealed_bytes_ += tail_->bytes;
}

void OutputChain::Grow() {
  if (overflowed_) return SetTail(tail_, 0);
  const size_t size = std::clamp(2 * held_bytes_, kChunkBytesMin, kChunkBytesMax);
  if (tail_ != nullptr && governor_ != nullptr && !governor_->MayHold(size)) return Overflow();
  void* const memory = ::operator new(size);
  auto* const chunk = new (memory) Chunk{nullptr, 0, static_cast<uint32_t>(size - sizeof(Chunk))};
  held_bytes_ += size;
  ++chunks_;
  if (tail_ == nullptr) {
    front_ = chunk;
  } else {
    Seal();
    tail_->next = chunk;
  }
  SetTail(chunk, 0);
}

void OutputChain::Overflow() {
  Clear();
  overflowed_ = true;
}

bool OutputChain::MayHold(size_t bytes) {
  if (overflowed_) return false;
  if (governor_ == nullptr || bytes <= room() || governor_->MayHold(bytes)) return true;
  if (tail_ == nullptr) Grow();
  Overflow();
  return false;
}

void OutputChain::AppendInPieces(std::string_view bytes) {
  while (!bytes.empty() && !overflowed_) {
    if (room() == 0) Grow();
    const std::string_view piece = bytes.substr(0, room());
    std::memcpy(at_, piece.data(), piece.size());
    at_ += piece.size();
    bytes.remove_prefix(piece.size());
  }
}

void OutputChain::Append(OutputChain&& other) {
  if (other.empty() || overflowed_) return other.Clear();
  if (other.chunks_ == 1 && other.size() <= room()) {
    Append(std::string_view(other.tail_->data(), other.tail_bytes()));
    return other.Clear();
  }
  if (tail_ != nullptr && governor_ != nullptr && !governor_->MayHold(other.held_bytes_)) {
    other.Clear();
    return Overflow();
  }
  if (tail_ == nullptr) {
    front_ = other.front_;
  } else {
    Seal();
    tail_->next = other.front_;
  }
  sealed_bytes_ += other.sealed_bytes_;
  held_bytes_ += other.held_bytes_;
  chunks_ += other.chunks_;
  SetTail(other.tail_, other.tail_bytes());
  other.front_ = other.tail_ = nullptr;
  other.at_ = other.room_end_ = nullptr;
  other.sealed_bytes_ = other.held_bytes_ = other.chunks_ = 0;
}

size_t OutputChain::Pieces(std::span<std::string_view> pieces) const {
  size_t count = 0, skip = sent_;
  for (Chunk* chunk = front_; chunk != nullptr && count < pieces.size(); chunk = chunk->next) {
    const size_t bytes = chunk == tail_ ? tail_bytes() : chunk->bytes;
    if (bytes > skip) pieces[count++] = {chunk->data() + skip, bytes - skip};
    skip = 0;
  }
  return count;
}

void OutputChain::DropSent() {
  while (front_ != tail_ && sent_ >= front_->bytes) {
    sent_ -= front_->bytes;
    DropFront();
  }
}

// REQUIRES: it is not the tail.
void OutputChain::DropFront() {
  Chunk* const chunk = front_;
  front_ = chunk->next;
  sealed_bytes_ -= chunk->bytes;
  held_bytes_ -= chunk->capacity + sizeof(Chunk);
  --chunks_;
  ::operator delete(chunk);
}

void OutputChain::Clear() {
  while (front_ != tail_) DropFront();
  sent_ = 0;
  overflowed_ = false;
  if (tail_ != nullptr) SetTail(tail_, 0);
}

void OutputChain::FreeAll() {
  Clear();
  ::operator delete(tail_);
  front_ = tail_ = nullptr;
  at_ = room_end_ = nullptr;
  held_bytes_ = chunks_ = 0;
}

std::string OutputChain::ToString() const {
  std::string text;
  size_t skip = sent_;
  for (Chunk* chunk = front_; chunk != nullptr; chunk = chunk->next) {
    const size_t bytes = chunk == tail_ ? tail_bytes() : chunk->bytes;
    text.append(chunk->data() + skip, bytes - skip);
    skip = 0;
  }
  return text;
}

}  // namespace rha::resp
