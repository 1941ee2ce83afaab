// A value that is too big for the entry of its key: an object of its own, behind its pointer.
//
// Each type derives its large form from this (HashTable, SetTable, SetInts, ZsetTree, ListNodes),
// so that the keyspace can measure and free what it does not know.
// A value too large to be copied at once is walked in pieces, while it goes on changing: those that
// are walkable() show each member (or node of a list) once, as it was at BeginWalk().
//
// Thread rule: the engine's thread, or whoever frees it after it was taken out of the keyspace.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "node/structs/entry.h"
#include "node/structs/listpack.h"

namespace rha::node::types {

// Receives the pieces: members with their values as the entries of their table, nodes in order,
// blocks of a stream in any.
class PieceSink {
 public:
  virtual ~PieceSink() = default;
  virtual void OnMember(structs::Entry member) = 0;
  virtual void OnNode(const structs::ListpackView& node) = 0;
  // A block of a stream (structs/stream_block.h).
  virtual void OnBlock(std::string_view block) = 0;
  // The value keeps so many bytes more until its walk ends: a piece that changed before its turn.
  virtual void OnKept(size_t) {}
};

class LargeValue {
 public:
  virtual ~LargeValue() = default;
  LargeValue() = default;
  LargeValue(const LargeValue&) = delete;
  LargeValue& operator=(const LargeValue&) = delete;

  // Members or elements.
  virtual size_t size() const = 0;
  // What it takes on the heap, itself included, in the allocator's classes.
  virtual size_t heap_bytes() const = 0;
  // About that, in a step that does not grow with the value.
  virtual size_t heap_estimate() const { return heap_bytes(); }
  // Places of its hash table, taken or not; 0: it is none.
  virtual size_t slots() const { return 0; }
  virtual std::unique_ptr<LargeValue> Clone() const = 0;
  // A copy of what a walk does not show; null: it shows all.
  virtual std::unique_ptr<LargeValue> CloneRest() const { return nullptr; }

  // Frees up to `budget` members or nodes; true: what is left is the object itself. Nothing else
  // may be called in between. Values that are always small need not be freed in parts.
  virtual bool FreeSome(size_t) { return true; }

  // ---- walking. Members and blocks may come out of turn, also between two calls of WalkSome(),
  // since they are about to change; nodes come in WalkSome() alone.
  virtual bool walkable() const { return false; }
  // Returns how many pieces there are. `sink` must live until EndWalk(). REQUIRES: walkable(), and
  // no walk is under way.
  virtual size_t BeginWalk(PieceSink*) { return 0; }
  // Shows about `budget` pieces (fewer if they are large); true: that was the last.
  virtual bool WalkSome(size_t) { return true; }
  // REQUIRES: WalkSome() has said true, or the value will only be freed.
  virtual void EndWalk() {}
  // Set: somebody walks it, who decides when it is freed.
  PieceSink* walker() const { return sink_; }

 protected:
  // How much of a walk's budget a piece of so many bytes takes.
  static constexpr size_t WalkCost(size_t bytes) { return 1 + bytes / 1024; }

  PieceSink* sink_ = nullptr;
};

}  // namespace rha::node::types
