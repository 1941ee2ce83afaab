#include "node/structs/rank_tree.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace rha::node::structs {
namespace {

constexpr double kIntegralMax = 9007199254740992.0;  // 2^53: up to here every integer is a double

// Moves `count` items within or between the arrays of nodes.
template <typename Item>
void MoveItems(Item* to, const Item* from, size_t count) {
  std::memmove(static_cast<void*>(to), static_cast<const void*>(from), count * sizeof(Item));
}

template <typename Node>
Node* NewNode() {
  void* block = HeapAllocate(sizeof(Node));
  std::memset(block, 0, sizeof(Node));
  return static_cast<Node*>(block);
}

}  // namespace

EntryValue ScoreValue(double score, char (&scratch)[8]) {
  const bool minus_zero = score == 0 && std::signbit(score);
  if (std::abs(score) <= kIntegralMax && std::trunc(score) == score && !minus_zero) {
    return EntryValue::Integer(static_cast<int64_t>(score));
  }
  std::memcpy(scratch, &score, sizeof score);
  return EntryValue::Bytes({scratch, sizeof scratch});
}

RankTree::~RankTree() { FreeSome(SIZE_MAX); }

// ---------------------------------------------------------------- searching

// (score, key) < (other_score, other's key)
bool RankTree::Less(double score, std::string_view key, double other_score, Entry other) {
  if (score != other_score) return score < other_score;
  return key < other.key();
}

// The last child whose least entry is not above (score, key); the first when all are.
size_t RankTree::ChildFor(const Inner& node, double score, std::string_view key) {
  size_t low = 0;
  size_t high = node.count;  // children below `low` are not above, from `high` on they are
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (Less(score, key, node.scores[middle], node.leasts[middle])) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low == 0 ? 0 : low - 1;
}

// The first place in the leaf that is not below (score, key).
size_t RankTree::IndexIn(const Leaf& leaf, double score, std::string_view key) {
  size_t low = 0;
  size_t high = leaf.count;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    const Entry entry = leaf.entries[middle];
    const double other = ScoreOf(entry);
    if (other < score || (other == score && entry.key() < key)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

RankTree::Leaf* RankTree::Descend(double score, std::string_view key, Path* path) const {
  void* node = root_;
  for (int level = height_; level > 0; --level) {
    auto* inner = static_cast<Inner*>(node);
    const size_t child = ChildFor(*inner, score, key);
    path->nodes[level] = inner;
    path->indexes[level] = child;
    node = inner->children[child];
  }
  return static_cast<Leaf*>(node);
}

RankTree::Iterator RankTree::At(size_t rank) const {
  if (rank >= size_) return {};
  Path path;
  Leaf* const leaf = DescendTo(&rank, &path);
  return {leaf, rank};
}

RankTree::Leaf* RankTree::DescendTo(size_t* rank, Path* path) const {
  void* node = root_;
  for (int level = height_; level > 0; --level) {
    auto* inner = static_cast<Inner*>(node);
    size_t child = 0;
    while (*rank >= inner->sizes[child]) *rank -= inner->sizes[child++];
    path->nodes[level] = inner;
    path->indexes[level] = child;
    node = inner->children[child];
  }
  return static_cast<Leaf*>(node);
}

size_t RankTree::RankOf(Entry entry) const {
  const double score = ScoreOf(entry);
  Path path;
  const Leaf* leaf = Descend(score, entry.key(), &path);
  size_t rank = IndexIn(*leaf, score, entry.key());
  RHA_CHECK(rank < leaf->count && leaf->entries[rank].key() == entry.key());
  for (int level = height_; level > 0; --level) {
    const Inner& inner = *path.nodes[level];
    for (size_t i = 0; i < path.indexes[level]; ++i) rank += inner.sizes[i];
  }
  return rank;
}

// ---------------------------------------------------------------- nodes

size_t RankTree::CountOf(const void* node, int level) {
  return level == 0 ? static_cast<const Leaf*>(node)->count
                    : static_cast<const Inner*>(node)->count;
}

// Makes the parent's notes on a child (of `level`) true again.
void RankTree::Refresh(Inner& parent, size_t index, int level) {
  const void* child = parent.children[index];
  if (level == 0) {
    const auto& leaf = *static_cast<const Leaf*>(child);
    parent.sizes[index] = static_cast<uint32_t>(leaf.count);
    parent.leasts[index] = leaf.entries[0];
    parent.scores[index] = ScoreOf(leaf.entries[0]);
    return;
  }
  const auto& inner = *static_cast<const Inner*>(child);
  uint32_t below = 0;
  for (size_t i = 0; i < inner.count; ++i) below += inner.sizes[i];
  parent.sizes[index] = below;
  parent.leasts[index] = inner.leasts[0];
  parent.scores[index] = inner.scores[0];
}

// Evens out two neighbours so that the left one has `left_count`.
void RankTree::Shift(Inner& parent, size_t left, int level, size_t left_count) {
  auto shift = [&](auto* a, auto* b, auto... arrays) {
    const size_t before = a->count;
    const size_t total = before + b->count;
    auto one = [&](auto array) {
      if (left_count > before) {  // from the right one's front to the left one's end
        const size_t moved = left_count - before;
        MoveItems(a->*array + before, b->*array, moved);
        MoveItems(b->*array, b->*array + moved, b->count - moved);
      } else {
        const size_t moved = before - left_count;
        MoveItems(b->*array + moved, b->*array, b->count);
        MoveItems(b->*array, a->*array + left_count, moved);
      }
    };
    (one(arrays), ...);
    a->count = left_count;
    b->count = total - left_count;
  };
  void* a = parent.children[left];
  void* b = parent.children[left + 1];
  if (level == 0) {
    shift(static_cast<Leaf*>(a), static_cast<Leaf*>(b), &Leaf::entries);
  } else {
    shift(static_cast<Inner*>(a), static_cast<Inner*>(b), &Inner::children, &Inner::sizes,
          &Inner::scores, &Inner::leasts);
  }
  if (CountOf(a, level) > 0) Refresh(parent, left, level);
  if (CountOf(b, level) > 0) Refresh(parent, left + 1, level);
}

// Adds an empty right neighbour and gives it half. REQUIRES: the parent has room.
void RankTree::SplitChild(Inner& parent, size_t index, int level) {
  const size_t behind = parent.count - index - 1;
  auto open = [&](auto* array) { MoveItems(array + index + 2, array + index + 1, behind); };
  open(parent.children);
  open(parent.sizes);
  open(parent.scores);
  open(parent.leasts);
  ++parent.count;
  if (level == 0) {
    auto* left = static_cast<Leaf*>(parent.children[index]);
    auto* right = NewNode<Leaf>();
    right->prev = left;
    right->next = left->next;
    if (right->next != nullptr) right->next->prev = right;
    left->next = right;
    parent.children[index + 1] = right;
    ++leaves_;
  } else {
    parent.children[index + 1] = NewNode<Inner>();
    ++inners_;
  }
  Shift(parent, index, level, (CountMax(level) + 1) / 2);
}

// Empties the right neighbour into the left and frees it.
void RankTree::MergeChildren(Inner& parent, size_t left, int level) {
  void* gone = parent.children[left + 1];
  Shift(parent, left, level, CountOf(parent.children[left], level) + CountOf(gone, level));
  if (level == 0) {
    auto* leaf = static_cast<Leaf*>(gone);
    leaf->prev->next = leaf->next;
    if (leaf->next != nullptr) leaf->next->prev = leaf->prev;
    HeapFree(gone, sizeof(Leaf));
    --leaves_;
  } else {
    HeapFree(gone, sizeof(Inner));
    --inners_;
  }
  const size_t behind = parent.count - left - 2;
  auto close = [&](auto* array) { MoveItems(array + left + 1, array + left + 2, behind); };
  close(parent.children);
  close(parent.sizes);
  close(parent.scores);
  close(parent.leasts);
  --parent.count;
}

// The child is full: shifts to the emptier neighbour, or splits when those are nearly full too.
void RankTree::RelieveChild(Inner& parent, size_t index, int level) {
  const size_t most = CountMax(level);
  const size_t enough = most - most / 8;
  const size_t count = CountOf(parent.children[index], level);
  size_t left_count = most;
  size_t right_count = most;
  if (index > 0) left_count = CountOf(parent.children[index - 1], level);
  if (index + 1 < parent.count) right_count = CountOf(parent.children[index + 1], level);
  if (std::min(left_count, right_count) > enough) {
    SplitChild(parent, index, level);
  } else if (left_count <= right_count) {
    Shift(parent, index - 1, level, (left_count + count) / 2);
  } else {
    Shift(parent, index, level, (count + right_count + 1) / 2);
  }
}

// The child has become small: merges it with a neighbour or takes from it.
void RankTree::RefillChild(Inner& parent, size_t index, int level) {
  const size_t most = CountMax(level);
  if (parent.count == 1 || CountOf(parent.children[index], level) >= (most + 2) / 3) return;
  const size_t left = index > 0 ? index - 1 : index;
  const size_t total =
      CountOf(parent.children[left], level) + CountOf(parent.children[left + 1], level);
  if (total <= most - most / 8) {
    MergeChildren(parent, left, level);
  } else {
    Shift(parent, left, level, total / 2);
  }
}

void RankTree::GrowRoot() {
  auto* root = NewNode<Inner>();
  ++inners_;
  root->count = 1;
  root->children[0] = root_;
  root_ = root;
  Refresh(*root, 0, height_);
  ++height_;
  RHA_CHECK(height_ < kHeightMax);
}

// ---------------------------------------------------------------- changing

void RankTree::Insert(Entry entry) {
  const double score = ScoreOf(entry);
  const std::string_view key = entry.key();
  if (root_ == nullptr) {
    root_ = NewNode<Leaf>();
    ++leaves_;
  }
  if (CountOf(root_, height_) == CountMax(height_)) GrowRoot();
  ++size_;
  void* node = root_;
  for (int level = height_; level > 0;
       --level) {  // on the way down every node has room for one more
    auto& inner = *static_cast<Inner*>(node);
    size_t child = ChildFor(inner, score, key);
    if (CountOf(inner.children[child], level - 1) == CountMax(level - 1)) {
      RelieveChild(inner, child, level - 1);
      child = ChildFor(inner, score, key);
      // A shift may have left the neighbour full that is the right one now.
      if (CountOf(inner.children[child], level - 1) == CountMax(level - 1)) {
        SplitChild(inner, child, level - 1);
        child = ChildFor(inner, score, key);
      }
    }
    ++inner.sizes[child];
    if (Less(score, key, inner.scores[child], inner.leasts[child])) {
      inner.scores[child] = score;
      inner.leasts[child] = entry;
    }
    node = inner.children[child];
  }
  auto& leaf = *static_cast<Leaf*>(node);
  const size_t index = IndexIn(leaf, score, key);
  MoveItems(leaf.entries + index + 1, leaf.entries + index, leaf.count - index);
  leaf.entries[index] = entry;
  ++leaf.count;
}

void RankTree::Erase(Entry entry) {
  const double score = ScoreOf(entry);
  Path path;
  Leaf* leaf = Descend(score, entry.key(), &path);
  const size_t index = IndexIn(*leaf, score, entry.key());
  RHA_CHECK(index < leaf->count && leaf->entries[index].key() == entry.key());
  EraseAt(path, leaf, index);
}

size_t RankTree::EraseRun(size_t rank, std::span<Entry> run) {
  if (rank >= size_) return 0;
  Path path;
  Leaf* const leaf = DescendTo(&rank, &path);
  const size_t count = std::min(run.size(), leaf->count - rank);
  std::copy_n(leaf->entries + rank, count, run.begin());
  EraseAt(path, leaf, rank, count);
  return count;
}

void RankTree::EraseAt(const Path& path, Leaf* leaf, size_t index, size_t count) {
  MoveItems(leaf->entries + index, leaf->entries + index + count, leaf->count - index - count);
  leaf->count -= count;
  size_ -= count;
  for (int level = 1; level <= height_; ++level) {
    Inner& inner = *path.nodes[level];
    const size_t child = path.indexes[level];
    inner.sizes[child] -= static_cast<uint32_t>(count);
    if (CountOf(inner.children[child], level - 1) > 0) {
      if (level > 1 || index == 0) {
        const auto* below = inner.children[child];
        inner.leasts[child] = level == 1 ? static_cast<const Leaf*>(below)->entries[0]
                                         : static_cast<const Inner*>(below)->leasts[0];
        inner.scores[child] =
            level == 1 ? ScoreOf(inner.leasts[child]) : static_cast<const Inner*>(below)->scores[0];
      }
    }
    RefillChild(inner, child, level - 1);
  }
  while (height_ > 0 && CountOf(root_, height_) == 1) {
    void* only = static_cast<Inner*>(root_)->children[0];
    HeapFree(root_, sizeof(Inner));
    --inners_;
    root_ = only;
    --height_;
  }
  if (size_ == 0) FreeSome(1);
}

// It can stay only in the midst of a leaf: there no inner node knows the entry.
RankTree::Iterator RankTree::EraseUnlessInPlace(Entry entry, double new_score) {
  const double score = ScoreOf(entry);
  const std::string_view key = entry.key();
  Path path;
  Leaf* leaf = Descend(score, key, &path);
  const size_t index = IndexIn(*leaf, score, key);
  RHA_CHECK(index < leaf->count && leaf->entries[index].key() == key);
  if (index > 0 && index + 1 < leaf->count) {
    const Entry left = leaf->entries[index - 1];
    const Entry right = leaf->entries[index + 1];
    if (Less(new_score, key, ScoreOf(right), right) && !Less(new_score, key, ScoreOf(left), left)) {
      return {leaf, index};
    }
  }
  EraseAt(path, leaf, index);
  return {};
}

void RankTree::Assign(Iterator at, Entry entry) { at.leaf_->entries[at.index_] = entry; }

bool RankTree::FreeSome(size_t budget) {
  while (root_ != nullptr) {
    if (budget-- == 0) return false;
    // The last leaf under the root, or the last inner node that has no child any more.
    Inner* parent = nullptr;
    void* node = root_;
    int level = height_;
    while (level > 0 && CountOf(node, level) > 0) {
      parent = static_cast<Inner*>(node);
      node = parent->children[parent->count - 1];
      --level;
    }
    if (level == 0) {
      size_ -= std::min(size_, static_cast<Leaf*>(node)->count);
      --leaves_;
      HeapFree(node, sizeof(Leaf));
    } else {
      --inners_;
      HeapFree(node, sizeof(Inner));
    }
    if (parent != nullptr) {
      --parent->count;
    } else {
      root_ = nullptr;
    }
  }
  height_ = 0;
  size_ = 0;
  return true;
}

size_t RankTree::heap_bytes() const {
  return leaves_ * HeapClass(sizeof(Leaf)) + inners_ * HeapClass(sizeof(Inner));
}

// ---------------------------------------------------------------- invariants

size_t RankTree::CheckNode(const void* node, int level, Entry* last, const Leaf** last_leaf) const {
  const size_t count = CountOf(node, level);
  RHA_CHECK(count <= CountMax(level) && count >= 1);
  if (node != root_) RHA_CHECK(count >= CountMax(level) / 3);
  if (level == 0) {
    const auto& leaf = *static_cast<const Leaf*>(node);
    RHA_CHECK(leaf.prev == *last_leaf && (*last_leaf == nullptr || (*last_leaf)->next == &leaf));
    *last_leaf = &leaf;
    for (size_t i = 0; i < count; ++i) {
      const Entry entry = leaf.entries[i];
      if (*last) RHA_CHECK(Less(ScoreOf(*last), last->key(), ScoreOf(entry), entry));
      *last = entry;
    }
    return count;
  }
  const auto& inner = *static_cast<const Inner*>(node);
  size_t below = 0;
  for (size_t i = 0; i < count; ++i) {
    const void* first = inner.children[i];
    for (int down = level - 1; down > 0; --down)
      first = static_cast<const Inner*>(first)->children[0];
    const Entry least = static_cast<const Leaf*>(first)->entries[0];
    RHA_CHECK(inner.leasts[i] == least && inner.scores[i] == ScoreOf(least));
    RHA_CHECK(CheckNode(inner.children[i], level - 1, last, last_leaf) == inner.sizes[i]);
    below += inner.sizes[i];
  }
  return below;
}

void RankTree::CheckInvariants() const {
  if (root_ == nullptr) {
    RHA_CHECK(size_ == 0 && leaves_ == 0 && inners_ == 0);
    return;
  }
  Entry last;
  const Leaf* last_leaf = nullptr;
  RHA_CHECK(CheckNode(root_, height_, &last, &last_leaf) == size_);
  RHA_CHECK(last_leaf->next == nullptr);
}

}  // namespace rha::node::structs
