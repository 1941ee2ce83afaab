#include "node/structs/quick_list.h"

#include <algorithm>
#include <utility>

#include "node/structs/heap.h"

namespace rha::node::structs {
namespace {

// What one more element takes beyond its text, as Redis estimates it for its limits.
constexpr size_t kElementOverheadEstimate = 8;
constexpr size_t kRingMin = 2;

}  // namespace

// ---------------------------------------------------------------- the ring

// Opens a gap for a node before `index`, moving the shorter side.
QuickList::Node& QuickList::OpenNode(size_t index) {
  if (ring_.count == ring_.slots.size()) {
    std::vector<Node> slots;
    slots.reserve(std::max(kRingMin, ring_.count * 2));
    for (size_t i = 0; i < ring_.count; ++i) slots.push_back(std::move(NodeAt(i)));
    while (slots.size() < slots.capacity()) slots.push_back(Node{Listpack(nullptr)});
    ring_.slots = std::move(slots);
    ring_.head = 0;
  }
  if (index < ring_.count / 2) {
    ring_.head = (ring_.head + ring_.slots.size() - 1) & (ring_.slots.size() - 1);
    for (size_t i = 0; i < index; ++i) std::swap(NodeAt(i), NodeAt(i + 1));
  } else {
    for (size_t i = ring_.count; i > index; --i) std::swap(NodeAt(i), NodeAt(i - 1));
  }
  ++ring_.count;
  if (index < walk_at_) ++walk_at_;
  return NodeAt(index);
}

// Frees a run of nodes and closes the gap by moving the shorter side.
void QuickList::CloseNodes(size_t index, size_t count) {
  const size_t end = index + count;
  for (size_t i = index; i < end; ++i) Changing(i) = Node{Listpack(nullptr)};
  if (index < ring_.count - end) {
    for (size_t i = index; i > 0; --i) std::swap(NodeAt(i - 1), NodeAt(i - 1 + count));
    ring_.head = (ring_.head + count) & (ring_.slots.size() - 1);
  } else {
    for (size_t i = end; i < ring_.count; ++i) std::swap(NodeAt(i), NodeAt(i - count));
  }
  ring_.count -= count;
  if (index < walk_at_) walk_at_ -= std::min(count, walk_at_ - index);
}

// ---------------------------------------------------------------- looking

QuickList::Place QuickList::Last() const {
  if (empty()) return {};
  return {ring_.count - 1, NodeAt(ring_.count - 1).list.Last()};
}

QuickList::Place QuickList::Seek(int64_t index) const {
  const auto size = static_cast<int64_t>(size_);
  if (index < 0) index += size;
  if (index < 0 || index >= size) return {};
  auto left = static_cast<size_t>(index);
  if (left <= size_ / 2) {
    for (size_t i = 0;; ++i) {
      if (left < NodeAt(i).count) return {i, NodeAt(i).list.Seek(static_cast<int64_t>(left))};
      left -= NodeAt(i).count;
    }
  }
  size_t behind = size_ - left;  // 1: the last one
  for (size_t i = ring_.count;; behind -= NodeAt(i).count) {
    if (behind <= NodeAt(--i).count) return {i, NodeAt(i).list.Seek(-static_cast<int64_t>(behind))};
  }
}

QuickList::Place QuickList::Next(Place place) const {
  const auto at = NodeAt(place.node).list.Next(place.at);
  if (at != ListpackView::kNone) return {place.node, at};
  if (place.node + 1 == ring_.count) return {};
  return {place.node + 1, NodeAt(place.node + 1).list.First()};
}

QuickList::Place QuickList::Prev(Place place) const {
  const auto at = NodeAt(place.node).list.Prev(place.at);
  if (at != ListpackView::kNone) return {place.node, at};
  if (place.node == 0) return {};
  return {place.node - 1, NodeAt(place.node - 1).list.Last()};
}

// ---------------------------------------------------------------- changing

bool QuickList::HasRoom(size_t node, size_t text_bytes) const {
  const Node& one = NodeAt(node);
  return one.count < limits_.node_elements &&
         one.list.bytes_size() + text_bytes + kElementOverheadEstimate <= limits_.node_bytes;
}

void QuickList::InsertNodeWith(size_t index, std::string_view text) {
  Node& node = OpenNode(index);
  node.list = Listpack();
  node.list.Append(text);
  node.count = 1;
}

void QuickList::PushFront(std::string_view text) {
  if (ring_.count > 0 && HasRoom(0, text.size())) {
    Node& first = Changing(0);
    first.list.Prepend(text);
    ++first.count;
  } else {
    InsertNodeWith(0, text);
  }
  ++size_;
}

void QuickList::PushBack(std::string_view text) {
  const size_t last = ring_.count - 1;
  if (ring_.count > 0 && HasRoom(last, text.size())) {
    Node& node = Changing(last);
    node.list.Append(text);
    ++node.count;
  } else {
    InsertNodeWith(ring_.count, text);
  }
  ++size_;
}

void QuickList::AppendNode(Listpack list) {
  const size_t count = list.size();
  RHA_CHECK(count > 0);
  Node& node = OpenNode(ring_.count);
  node.list = std::move(list);
  node.count = static_cast<uint32_t>(count);
  size_ += count;
}

// Before the element at `place`, or at the end of its node when place.at is the listpack's end.
void QuickList::InsertAt(Place place, std::string_view text) {
  ++size_;
  Node& node = NodeAt(place.node);
  if (HasRoom(place.node, text.size())) {
    Changing(place.node).list.Insert(place.at, text);
    ++node.count;
    return;
  }
  if (place.at == node.list.First()) {
    if (place.node > 0 && HasRoom(place.node - 1, text.size())) {
      Node& front = Changing(place.node - 1);
      front.list.Append(text);
      ++front.count;
    } else {
      InsertNodeWith(place.node, text);
    }
    return;
  }
  const size_t next = place.node + 1;
  if (place.at == node.list.End()) {
    if (next < ring_.count && HasRoom(next, text.size())) {
      Node& back = Changing(next);
      back.list.Prepend(text);
      ++back.count;
    } else {
      InsertNodeWith(next, text);
    }
    return;
  }
  Listpack rest = Changing(place.node).list.SplitOff(place.at);
  const auto moved = static_cast<uint32_t>(rest.size());
  node.count -= moved;
  Node& second = OpenNode(next);
  second.list = std::move(rest);
  second.count = moved;
  if (HasRoom(place.node, text.size())) {
    NodeAt(place.node).list.Append(text);
    ++NodeAt(place.node).count;
  } else {
    InsertNodeWith(next, text);
  }
}

void QuickList::InsertBefore(Place place, std::string_view text) { InsertAt(place, text); }

void QuickList::InsertAfter(Place place, std::string_view text) {
  const Listpack& list = NodeAt(place.node).list;
  const auto next = list.Next(place.at);
  InsertAt({place.node, next == ListpackView::kNone ? list.End() : next}, text);
}

void QuickList::Replace(Place place, std::string_view text) {
  Node& node = Changing(place.node);
  const bool fits =
      node.count == 1 ||
      node.list.bytes_size() + text.size() + kElementOverheadEstimate <= limits_.node_bytes;
  if (fits) {
    node.list.Replace(place.at, text);
    return;
  }
  node.list.Erase(place.at);
  --node.count;
  --size_;
  InsertAt(place, text);
}

// Joins the place's node to the one in front when together they stay small; the place moves along.
QuickList::Place QuickList::Joined(Place place) {
  if (place.node == 0) return place;
  Node& front = NodeAt(place.node - 1);
  Node& back = NodeAt(place.node);
  if (front.list.bytes_size() + back.list.bytes_size() > limits_.node_bytes / 2 ||
      size_t{front.count} + back.count > limits_.node_elements / 2) {
    return place;
  }
  Changing(place.node - 1);
  const auto shift = front.list.End() - static_cast<ListpackView::Place>(kListpackHeaderBytes);
  front.list.AppendAll(back.list);
  front.count += back.count;
  CloseNode(place.node);
  return {place.node - 1, place.at + shift};
}

QuickList::Place QuickList::Erase(Place place) {
  Node& node = NodeAt(place.node);
  --size_;
  if (node.count == 1) {
    CloseNode(place.node);
    if (place.node == ring_.count) return {};
    return {place.node, NodeAt(place.node).list.First()};
  }
  Changing(place.node).list.Erase(place.at);
  --node.count;
  place = Joined(place);
  if (place.at != NodeAt(place.node).list.End()) return place;
  if (place.node + 1 == ring_.count) return {};
  return {place.node + 1, NodeAt(place.node + 1).list.First()};
}

size_t QuickList::EraseRange(size_t index, size_t count) {
  if (index >= size_) return 0;
  count = std::min(count, size_ - index);
  const Place place = Seek(static_cast<int64_t>(index));
  size_ -= count;
  size_t first = place.node;
  size_t left = count;
  if (place.at != NodeAt(first).list.First()) {
    left -= EraseInNode(place, left);
    ++first;
  }
  size_t whole = 0;
  for (; left > 0 && NodeAt(first + whole).count <= left; ++whole) {
    left -= NodeAt(first + whole).count;
  }
  if (whole > 0) CloseNodes(first, whole);
  if (left > 0) EraseInNode({first, NodeAt(first).list.First()}, left);
  return count;
}

// Up to `count` elements from `place` to the end of its node, but not all that the node has.
size_t QuickList::EraseInNode(Place place, size_t count) {
  Node& node = Changing(place.node);
  node.list.Erase(place.at, count);
  const size_t erased = node.count - node.list.size();
  node.count -= static_cast<uint32_t>(erased);
  return erased;
}

void QuickList::Watch(NodeWatcher* watcher) {
  RHA_CHECK(ring_.count < UINT32_MAX);
  watcher_ = watcher;
  walk_at_ = 0;
  for (size_t i = 0; i < ring_.count; ++i) NodeAt(i).ordinal = static_cast<uint32_t>(i + 1);
}

// Numbers only ever rise from the front to the back, whatever has been changed in between.
const Listpack* QuickList::See(uint32_t ordinal) {
  while (walk_at_ < ring_.count && NodeAt(walk_at_).ordinal < ordinal) ++walk_at_;
  if (walk_at_ == ring_.count || NodeAt(walk_at_).ordinal != ordinal) return nullptr;
  Node& node = NodeAt(walk_at_++);
  node.ordinal = 0;
  return &node.list;
}

bool QuickList::FreeSome(size_t budget) {
  while (ring_.count > 0) {
    if (budget-- == 0) return false;
    size_ -= NodeAt(ring_.count - 1).count;
    CloseNode(ring_.count - 1);
  }
  ring_ = Ring();
  return true;
}

size_t QuickList::heap_bytes() const {
  size_t bytes = ring_.slots.empty() ? 0 : HeapClass(ring_.slots.size() * sizeof(Node));
  for (size_t i = 0; i < ring_.count; ++i) bytes += NodeAt(i).list.heap_bytes();
  return bytes;
}

void QuickList::CheckInvariants() const {
  size_t size = 0;
  for (size_t i = 0; i < ring_.count; ++i) {
    const Node& node = NodeAt(i);
    node.list.CheckInvariants();
    RHA_CHECK(node.count > 0 && node.count == node.list.size());
    RHA_CHECK(node.count == 1 || (node.count <= limits_.node_elements &&
                                  node.list.bytes_size() <= limits_.node_bytes));
    size += node.count;
  }
  RHA_CHECK(size == size_);
}

}  // namespace rha::node::structs
