// QuickList: a long list as a row of listpacks.
//
//   ring of nodes, 16 bytes each; a power of two of them, may wrap round
//   +-----------------+-----------------+-----------------+-----
//   | listpack, count | listpack, count | listpack, count | ...
//   +--------|--------+--------|--------+-----------------+-----
//            v                 v
//       [ elements ]      [ elements ]        one block each, up to limits().node_bytes
//
// Complexity: both ends O(1). Seek O(nodes) from the nearer end, adding up counts without touching
// a node. Insert and erase in the middle O(node), plus a move of the shorter side of the ring. The
// longest step copies the ring (16 bytes for each node) when it doubles.
// Invariants: no node is empty; a node's count is its listpack's; a node is over the limits only
// when it holds one element. A Place is valid until the next change, except where a function
// returns one.
// Thread rule: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "node/structs/listpack.h"

namespace rha::node::structs {

struct QuickListLimits {
  size_t node_bytes = 8192;
  size_t node_elements = SIZE_MAX;
};

// Is told of a watched list's nodes before they are changed or go (QuickList::Watch).
class NodeWatcher {
 public:
  virtual ~NodeWatcher() = default;
  virtual void OnNode(uint32_t ordinal, const ListpackView& node) = 0;
};

class QuickList {
 public:
  // An element; false: none (past either end).
  struct Place {
    static constexpr size_t kNowhere = SIZE_MAX;
    size_t node = kNowhere;
    ListpackView::Place at = ListpackView::kNone;
    explicit operator bool() const { return node != kNowhere; }
    bool operator==(const Place&) const = default;
  };

  explicit QuickList(const QuickListLimits& limits = {}) : limits_(limits) {}

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const QuickListLimits& limits() const { return limits_; }

  void PushFront(std::string_view text);
  void PushBack(std::string_view text);
  // A whole node, as files keep them. REQUIRES: not empty.
  void AppendNode(Listpack node);

  Place First() const { return empty() ? Place() : Place{0, NodeAt(0).list.First()}; }
  Place Last() const;
  // From the front (0, 1, ..) or from behind (-1, -2, ..).
  Place Seek(int64_t index) const;
  Place Next(Place place) const;
  Place Prev(Place place) const;
  // The view in it is valid until the next change.
  ListpackValue Get(Place place) const { return NodeAt(place.node).list.Get(place.at); }

  // The text may not lie in this list. REQUIRES: `place` is an element.
  void InsertBefore(Place place, std::string_view text);
  void InsertAfter(Place place, std::string_view text);
  void Replace(Place place, std::string_view text);
  // The element that followed.
  Place Erase(Place place);
  // Erases up to `count` elements from index on, whole nodes at once: O(nodes). Returns how many.
  size_t EraseRange(size_t index, size_t count);

  // For saving: REQUIRES: node < node_count().
  size_t node_count() const { return ring_.count; }
  const Listpack& node(size_t index) const { return NodeAt(index).list; }

  // ---- seeing each node once, as it is now, while the list goes on changing
  // Numbers the nodes 1, 2, .. and shows each to `watcher` before it changes or goes; what is made
  // later has no number. REQUIRES: node_count() <= UINT32_MAX.
  void Watch(NodeWatcher* watcher);
  // The node of that number, unchanged so far; it then counts as seen. Null: `watcher` has been
  // shown it. REQUIRES: numbers are asked for in ascending order.
  const Listpack* See(uint32_t ordinal);
  void Unwatch() { watcher_ = nullptr; }

  // Frees up to `budget` nodes; true when all is gone. Nothing else may be called in between.
  bool FreeSome(size_t budget);
  size_t heap_bytes() const;
  // For tests.
  void CheckInvariants() const;

 private:
  struct Node {
    Listpack list;
    uint32_t count = 0;
    uint32_t ordinal = 0;  // while watched: 0: seen, or made since
  };
  // slots.size() is a power of two or 0; unused slots hold null listpacks.
  struct Ring {
    std::vector<Node> slots;
    size_t head = 0;
    size_t count = 0;
  };

  Node& NodeAt(size_t index) {
    return ring_.slots[(ring_.head + index) & (ring_.slots.size() - 1)];
  }
  const Node& NodeAt(size_t index) const { return const_cast<QuickList*>(this)->NodeAt(index); }
  // The way to every change of a node that is there.
  Node& Changing(size_t index) {
    Node& node = NodeAt(index);
    if (watcher_ != nullptr && node.ordinal != 0) watcher_->OnNode(node.ordinal, node.list);
    node.ordinal = 0;
    return node;
  }
  Node& OpenNode(size_t index);
  void CloseNodes(size_t index, size_t count);
  void CloseNode(size_t index) { CloseNodes(index, 1); }
  size_t EraseInNode(Place place, size_t count);
  bool HasRoom(size_t node, size_t text_bytes) const;
  void InsertNodeWith(size_t index, std::string_view text);
  void InsertAt(Place place, std::string_view text);
  Place Joined(Place place);

  QuickListLimits limits_;
  NodeWatcher* watcher_ = nullptr;
  size_t walk_at_ = 0;  // all nodes in front of it are seen
  size_t size_ = 0;
  Ring ring_;
};

}  // namespace rha::node::structs
