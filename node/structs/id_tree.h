// IdTree: small values in the order of their stream ids; a B+ tree that is good at growing at its
// end.
//
//   inner  +-------+------------------------------------------------+
//          | count | 40 children, each with a lower bound of its ids|
//          +-------+------|-----------------------------------------+
//                         v
//   leaf   +------+------+-----------------+----------------------+
//          | prev | next | count, capacity | slots: id, value     |   <--> its neighbours
//          +------+------+-----------------+----------------------+
//
// A leaf takes about 1 KB; the only one of a small tree starts with one slot and doubles. Ids that
// come in ascending order leave full leaves behind. Leaves that lose most of what they hold join a
// neighbour.
//
// Complexity: Find, From, Insert, Erase O(log n); first, last, the next one, and inserting behind
// the last one, O(1).
// Invariants (CheckInvariants): ids ascend strictly; all leaves lie at one depth; a child's ids are
// not below its bound (but for the first child) and below the next one's. Iterators and pointers to
// values are valid until the next Insert or Erase. Thread rule: one owner.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "common/base/check.h"
#include "node/structs/heap.h"
#include "node/structs/stream_id.h"

namespace rha::node::structs {

template <typename Value>
class IdTree {
  static_assert(std::is_trivially_copyable_v<Value>);
  struct Leaf;

 public:
  struct Slot {
    StreamId id;
    [[no_unique_address]] Value value;
  };

  IdTree() = default;
  ~IdTree() {
    while (!FreeSome(SIZE_MAX, [](Slot&) {})) {
    }
  }
  IdTree(IdTree&& other) noexcept { Swap(other); }
  IdTree& operator=(IdTree&& other) noexcept {
    Swap(other);
    return *this;
  }

  class Iterator {
   public:
    Iterator() = default;
    // False: past either end.
    explicit operator bool() const { return leaf_ != nullptr; }
    Slot& operator*() const { return leaf_->slots()[index_]; }
    Slot* operator->() const { return &**this; }
    Iterator& operator++() {
      if (++index_ == leaf_->count) *this = Iterator(leaf_->next, 0);
      return *this;
    }
    Iterator& operator--() {
      if (index_-- == 0) *this = Iterator(leaf_->prev, leaf_->prev ? leaf_->prev->count - 1 : 0);
      return *this;
    }

   private:
    friend class IdTree;
    Iterator(Leaf* leaf, size_t index) : leaf_(leaf), index_(index) {}
    Leaf* leaf_ = nullptr;
    size_t index_ = 0;
  };

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Iterator First() const { return {first_, 0}; }
  Iterator Last() const { return {last_, last_ ? last_->count - 1 : 0}; }
  // The first that is not before `id`.
  Iterator From(StreamId id) const;
  // The last that is not behind `id`.
  Iterator UpTo(StreamId id) const;
  // Null: none.
  Value* Find(StreamId id) const {
    const Iterator at = From(id);
    return at && at->id == id ? &at->value : nullptr;
  }

  // The value of that id, and whether it is new.
  std::pair<Value*, bool> Insert(StreamId id, const Value& value);
  // False: was not there.
  bool Erase(StreamId id);

  // Takes out up to `budget` of them, from the first on, each shown to dispose(Slot&); true when
  // all are gone. Nothing else may be called in between.
  template <typename Dispose>
  bool FreeSome(size_t budget, Dispose&& dispose);

  size_t heap_bytes() const { return leaf_bytes_ + inners_ * HeapClass(sizeof(Inner)); }
  // For tests.
  void CheckInvariants() const;

 private:
  static constexpr size_t kLeafBytes = 1024;
  static constexpr size_t kInnerMax = 40;
  static constexpr int kHeightMax = 20;

  struct Leaf {
    Leaf* prev;
    Leaf* next;
    uint32_t count;
    uint32_t capacity;
    Slot* slots() { return reinterpret_cast<Slot*>(this + 1); }
  };
  static constexpr size_t kLeafMax = (kLeafBytes - sizeof(Leaf)) / sizeof(Slot);
  struct Inner {
    size_t count;
    StreamId bounds[kInnerMax];
    void* children[kInnerMax];
  };
  // The way from the root to a leaf.
  struct Path {
    Inner* nodes[kHeightMax];
    size_t indexes[kHeightMax];
  };

  static size_t BytesOf(size_t capacity) { return sizeof(Leaf) + capacity * sizeof(Slot); }
  Leaf* MakeLeaf(size_t capacity);
  void DropLeaf(Leaf* leaf);
  Inner* MakeInner();
  void DropInner(Inner* inner) {
    HeapFree(inner, sizeof(Inner));
    --inners_;
  }
  Leaf* Descend(StreamId id, Path* path) const;
  static size_t IndexIn(Leaf* leaf, StreamId id);
  void Link(Leaf* leaf, Leaf* behind);
  void Unlink(Leaf* leaf);
  Leaf* GrownRoot(Leaf* root);
  Leaf* SplitLeaf(Leaf* leaf, size_t index);
  void InsertChild(Path& path, int level, StreamId bound, void* child);
  void RemoveChild(Path& path, int level);
  void LowerRoot();
  bool JoinLeaves(const Path& path, int level, size_t left);
  bool JoinInners(const Path& path, int level, size_t left);
  void Shrink(Path& path, Leaf* leaf);
  void FreeInners(void* node, int height);
  size_t CheckNode(const void* node, int height, const StreamId** last) const;
  void Swap(IdTree& other) {
    std::swap(root_, other.root_);
    std::swap(height_, other.height_);
    std::swap(size_, other.size_);
    std::swap(first_, other.first_);
    std::swap(last_, other.last_);
    std::swap(leaf_bytes_, other.leaf_bytes_);
    std::swap(inners_, other.inners_);
  }

  void* root_ = nullptr;
  int height_ = 0;  // levels of inner nodes
  size_t size_ = 0;
  Leaf* first_ = nullptr;
  Leaf* last_ = nullptr;
  size_t leaf_bytes_ = 0;
  size_t inners_ = 0;
};

// ---------------------------------------------------------------- nodes

template <typename Value>
typename IdTree<Value>::Leaf* IdTree<Value>::MakeLeaf(size_t capacity) {
  auto* leaf = static_cast<Leaf*>(HeapAllocate(BytesOf(capacity)));
  *leaf = {nullptr, nullptr, 0, static_cast<uint32_t>(capacity)};
  leaf_bytes_ += HeapClass(BytesOf(capacity));
  return leaf;
}

template <typename Value>
void IdTree<Value>::DropLeaf(Leaf* leaf) {
  leaf_bytes_ -= HeapClass(BytesOf(leaf->capacity));
  HeapFree(leaf, BytesOf(leaf->capacity));
}

template <typename Value>
typename IdTree<Value>::Inner* IdTree<Value>::MakeInner() {
  auto* inner = static_cast<Inner*>(HeapAllocate(sizeof(Inner)));
  inner->count = 0;
  ++inners_;
  return inner;
}

template <typename Value>
void IdTree<Value>::Link(Leaf* leaf, Leaf* behind) {
  leaf->prev = behind;
  leaf->next = behind == nullptr ? first_ : behind->next;
  (leaf->prev == nullptr ? first_ : leaf->prev->next) = leaf;
  (leaf->next == nullptr ? last_ : leaf->next->prev) = leaf;
}

template <typename Value>
void IdTree<Value>::Unlink(Leaf* leaf) {
  (leaf->prev == nullptr ? first_ : leaf->prev->next) = leaf->next;
  (leaf->next == nullptr ? last_ : leaf->next->prev) = leaf->prev;
}

// ---------------------------------------------------------------- looking up

template <typename Value>
typename IdTree<Value>::Leaf* IdTree<Value>::Descend(StreamId id, Path* path) const {
  void* node = root_;
  for (int level = height_; level > 0; --level) {
    auto* inner = static_cast<Inner*>(node);
    StreamId* const begin = inner->bounds + 1;  // the first child takes all below
    const auto child =
        static_cast<size_t>(std::upper_bound(begin, inner->bounds + inner->count, id) - begin);
    if (path != nullptr) {
      path->nodes[level] = inner;
      path->indexes[level] = child;
    }
    node = inner->children[child];
  }
  return static_cast<Leaf*>(node);
}

// Of the first that is not before `id`.
template <typename Value>
size_t IdTree<Value>::IndexIn(Leaf* leaf, StreamId id) {
  const Slot* const begin = leaf->slots();
  return static_cast<size_t>(
      std::lower_bound(begin, begin + leaf->count, id,
                       [](const Slot& slot, const StreamId& wanted) { return slot.id < wanted; }) -
      begin);
}

template <typename Value>
typename IdTree<Value>::Iterator IdTree<Value>::From(StreamId id) const {
  if (empty()) return {};
  Leaf* leaf = Descend(id, nullptr);
  const size_t index = IndexIn(leaf, id);
  return index < leaf->count ? Iterator(leaf, index) : Iterator(leaf->next, 0);
}

template <typename Value>
typename IdTree<Value>::Iterator IdTree<Value>::UpTo(StreamId id) const {
  Iterator at = From(id);
  if (!at) return Last();
  return at->id == id ? at : --at;
}

// ---------------------------------------------------------------- inserting

template <typename Value>
std::pair<Value*, bool> IdTree<Value>::Insert(StreamId id, const Value& value) {
  if (root_ == nullptr) {
    Leaf* leaf = MakeLeaf(1);
    Link(leaf, nullptr);
    root_ = leaf;
  }
  const bool goes_last = last_->count > 0 && last_->slots()[last_->count - 1].id < id;
  if (goes_last && last_->count < last_->capacity) {
    Slot* const slot = last_->slots() + last_->count++;
    *slot = {id, value};
    ++size_;
    return {&slot->value, true};
  }
  Path path;
  Leaf* leaf = Descend(id, &path);
  size_t index = IndexIn(leaf, id);
  if (index < leaf->count && leaf->slots()[index].id == id) {
    return {&leaf->slots()[index].value, false};
  }
  if (leaf->count == leaf->capacity && leaf->capacity < kLeafMax) leaf = GrownRoot(leaf);
  if (leaf->count == kLeafMax) {
    Leaf* right = SplitLeaf(leaf, index);
    InsertChild(path, 1, right->count == 0 ? id : right->slots()[0].id, right);
    if (index > leaf->count || right->count == 0) {
      index -= leaf->count;
      leaf = right;
    }
  }
  Slot* const slot = leaf->slots() + index;
  std::memmove(static_cast<void*>(slot + 1), slot, (leaf->count - index) * sizeof(Slot));
  *slot = {id, value};
  ++leaf->count;
  ++size_;
  return {&slot->value, true};
}

// Only the root may be smaller than kLeafMax.
template <typename Value>
typename IdTree<Value>::Leaf* IdTree<Value>::GrownRoot(Leaf* root) {
  Leaf* grown = MakeLeaf(std::min<size_t>(kLeafMax, size_t{root->capacity} * 2));
  std::memcpy(static_cast<void*>(grown->slots()), root->slots(), root->count * sizeof(Slot));
  grown->count = root->count;
  Unlink(root);
  DropLeaf(root);
  Link(grown, nullptr);
  root_ = grown;
  return grown;
}

// For what is to be inserted at `index`: half of a full leaf moves to a new one, or nothing if it
// goes to the end of all.
template <typename Value>
typename IdTree<Value>::Leaf* IdTree<Value>::SplitLeaf(Leaf* leaf, size_t index) {
  Leaf* right = MakeLeaf(kLeafMax);
  if (index < kLeafMax || leaf->next != nullptr) {
    right->count = kLeafMax / 2;
    leaf->count -= right->count;
    std::memcpy(static_cast<void*>(right->slots()), leaf->slots() + leaf->count,
                right->count * sizeof(Slot));
  }
  Link(right, leaf);
  return right;
}

// Behind the child of that level that the path leads to.
template <typename Value>
void IdTree<Value>::InsertChild(Path& path, int level, StreamId bound, void* child) {
  if (level > height_) {
    RHA_CHECK(height_ + 1 < kHeightMax);
    Inner* root = MakeInner();
    root->count = 1;
    root->bounds[0] = {};
    root->children[0] = root_;
    root_ = root;
    ++height_;
    path.nodes[level] = root;
    path.indexes[level] = 0;
  }
  Inner* node = path.nodes[level];
  size_t at = path.indexes[level] + 1;
  if (node->count == kInnerMax) {
    const size_t kept = at == kInnerMax ? kInnerMax : kInnerMax / 2;
    Inner* right = MakeInner();
    right->count = kInnerMax - kept;
    std::copy_n(node->bounds + kept, right->count, right->bounds);
    std::copy_n(node->children + kept, right->count, right->children);
    node->count = kept;
    InsertChild(path, level + 1, right->count == 0 ? bound : right->bounds[0], right);
    if (at > kept || right->count == 0) {
      at -= kept;
      node = right;
    }
  }
  std::copy_backward(node->bounds + at, node->bounds + node->count, node->bounds + node->count + 1);
  std::copy_backward(node->children + at, node->children + node->count,
                     node->children + node->count + 1);
  node->bounds[at] = bound;
  node->children[at] = child;
  ++node->count;
}

// ---------------------------------------------------------------- erasing

template <typename Value>
bool IdTree<Value>::Erase(StreamId id) {
  if (empty()) return false;
  Path path;
  Leaf* leaf = Descend(id, &path);
  const size_t index = IndexIn(leaf, id);
  if (index == leaf->count || leaf->slots()[index].id != id) return false;
  Slot* const slot = leaf->slots() + index;
  std::memmove(static_cast<void*>(slot), slot + 1, (leaf->count - index - 1) * sizeof(Slot));
  --leaf->count;
  --size_;
  Shrink(path, leaf);
  return true;
}

template <typename Value>
void IdTree<Value>::Shrink(Path& path, Leaf* leaf) {
  if (leaf->count == 0) {
    Unlink(leaf);
    DropLeaf(leaf);
    if (height_ == 0) {
      root_ = nullptr;
    } else {
      RemoveChild(path, 1);
    }
  } else if (height_ > 0 && leaf->count < kLeafMax / 4) {
    const size_t index = path.indexes[1];
    if (index + 1 < path.nodes[1]->count && JoinLeaves(path, 1, index)) {
      path.indexes[1] = index + 1;
      RemoveChild(path, 1);
    } else if (index > 0 && JoinLeaves(path, 1, index - 1)) {
      RemoveChild(path, 1);
    }
  }
}

// Moves all of the right neighbour to `left`, if that leaves some room.
template <typename Value>
bool IdTree<Value>::JoinLeaves(const Path& path, int level, size_t left) {
  const Inner* parent = path.nodes[level];
  auto* to = static_cast<Leaf*>(parent->children[left]);
  auto* from = static_cast<Leaf*>(parent->children[left + 1]);
  if (to->count + from->count > kLeafMax * 3 / 4) return false;
  std::memcpy(static_cast<void*>(to->slots() + to->count), from->slots(),
              from->count * sizeof(Slot));
  to->count += from->count;
  Unlink(from);
  DropLeaf(from);
  return true;
}

template <typename Value>
bool IdTree<Value>::JoinInners(const Path& path, int level, size_t left) {
  const Inner* parent = path.nodes[level];
  auto* to = static_cast<Inner*>(parent->children[left]);
  auto* from = static_cast<Inner*>(parent->children[left + 1]);
  if (to->count + from->count > kInnerMax * 3 / 4) return false;
  std::copy_n(from->bounds, from->count, to->bounds + to->count);
  std::copy_n(from->children, from->count, to->children + to->count);
  to->bounds[to->count] = parent->bounds[left + 1];
  to->count += from->count;
  DropInner(from);
  return true;
}

// The child that the path leads to at that level is gone already.
template <typename Value>
void IdTree<Value>::RemoveChild(Path& path, int level) {
  Inner* node = path.nodes[level];
  const size_t at = path.indexes[level];
  std::copy(node->bounds + at + 1, node->bounds + node->count, node->bounds + at);
  std::copy(node->children + at + 1, node->children + node->count, node->children + at);
  --node->count;
  if (level == height_) return LowerRoot();
  if (node->count == 0) {
    DropInner(node);
    return RemoveChild(path, level + 1);
  }
  if (node->count >= kInnerMax / 4) return;
  const size_t index = path.indexes[level + 1];
  if (index + 1 < path.nodes[level + 1]->count && JoinInners(path, level + 1, index)) {
    path.indexes[level + 1] = index + 1;
    RemoveChild(path, level + 1);
  } else if (index > 0 && JoinInners(path, level + 1, index - 1)) {
    RemoveChild(path, level + 1);
  }
}

// A root with one child is none.
template <typename Value>
void IdTree<Value>::LowerRoot() {
  while (height_ > 0) {
    auto* root = static_cast<Inner*>(root_);
    if (root->count > 1) return;
    root_ = root->count == 0 ? nullptr : root->children[0];
    height_ = root->count == 0 ? 0 : height_ - 1;
    DropInner(root);
  }
}

template <typename Value>
void IdTree<Value>::FreeInners(void* node, int height) {
  if (height == 0) return;
  auto* inner = static_cast<Inner*>(node);
  for (size_t i = 0; height > 1 && i < inner->count; ++i)
    FreeInners(inner->children[i], height - 1);
  DropInner(inner);
}

template <typename Value>
template <typename Dispose>
bool IdTree<Value>::FreeSome(size_t budget, Dispose&& dispose) {
  if (root_ != nullptr) FreeInners(std::exchange(root_, nullptr), std::exchange(height_, 0));
  while (first_ != nullptr && budget > 0) {
    Leaf* leaf = first_;
    while (leaf->count > 0 && budget > 0) {
      dispose(leaf->slots()[--leaf->count]);
      --size_;
      --budget;
    }
    if (leaf->count > 0) return false;
    Unlink(leaf);
    DropLeaf(leaf);
  }
  return first_ == nullptr;
}

// ---------------------------------------------------------------- for tests

template <typename Value>
size_t IdTree<Value>::CheckNode(const void* node, int height, const StreamId** last) const {
  if (height == 0) {
    auto* leaf = static_cast<Leaf*>(const_cast<void*>(node));
    RHA_CHECK(leaf->count > 0 && leaf->count <= leaf->capacity);
    for (size_t i = 0; i < leaf->count; ++i) {
      RHA_CHECK(*last == nullptr || **last < leaf->slots()[i].id);
      *last = &leaf->slots()[i].id;
    }
    return leaf->count;
  }
  const auto* inner = static_cast<const Inner*>(node);
  RHA_CHECK(inner->count > 0 && inner->count <= kInnerMax);
  size_t slots = 0;
  for (size_t i = 0; i < inner->count; ++i) {
    RHA_CHECK(i == 0 || *last == nullptr || **last < inner->bounds[i]);
    slots += CheckNode(inner->children[i], height - 1, last);
    RHA_CHECK(i + 1 == inner->count || **last < inner->bounds[i + 1]);
  }
  return slots;
}

template <typename Value>
void IdTree<Value>::CheckInvariants() const {
  const StreamId* last = nullptr;
  RHA_CHECK((root_ == nullptr ? 0 : CheckNode(root_, height_, &last)) == size_);
  size_t linked = 0;
  for (Iterator at = First(); at; ++at) ++linked;
  RHA_CHECK(linked == size_);
}

}  // namespace rha::node::structs
