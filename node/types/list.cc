#include "node/types/list.h"

#include <algorithm>

#include "node/structs/heap.h"

namespace rha::node::types {
structs::QuickListLimits NodeLimits(const FormLimits& limits) {
  constexpr size_t kBytesMaxWhenCounted = 8192;
  const int64_t size = limits.list_max_listpack_size;
  if (size >= 0) {
    return {kBytesMaxWhenCounted, static_cast<size_t>(std::max<int64_t>(size, 1))};
  }
  const auto level = static_cast<int>(std::max<int64_t>(size, -5));
  return {size_t{2048} << -level, SIZE_MAX};  // -1: 4 KB .. -5: 64 KB
}

size_t ListNodes::heap_bytes() const {
  return structs::HeapClass(sizeof *this) + list_.heap_bytes();
}

size_t ListNodes::heap_estimate() const {
  constexpr size_t kNodesLookedAt = 1024;
  const size_t nodes = list_.node_count();
  if (nodes <= kNodesLookedAt) return heap_bytes();
  size_t bytes = 0;
  for (size_t i = 0; i < kNodesLookedAt; ++i) {
    bytes += list_.node(i * nodes / kNodesLookedAt).heap_bytes();
  }
  return bytes / kNodesLookedAt * nodes;
}

size_t ListNodes::BeginWalk(PieceSink* sink) {
  const size_t nodes = list_.node_count();
  walk_ = std::make_unique<Walk>(Walk{1, static_cast<uint32_t>(nodes), {}});
  sink_ = sink;
  list_.Watch(this);
  return nodes;
}

void ListNodes::OnNode(uint32_t ordinal, const structs::ListpackView& node) {
  const auto [early, added] = walk_->early.emplace(ordinal, structs::Listpack(node.bytes()));
  if (added) sink_->OnKept(early->second.heap_bytes());
}

bool ListNodes::WalkSome(size_t budget) {
  for (; budget > 0 && walk_->next <= walk_->last; ++walk_->next) {
    const structs::Listpack* node = list_.See(walk_->next);
    Walk::Early::node_type early;
    if (node == nullptr) {
      early = walk_->early.extract(walk_->next);
      RHA_CHECK(!early.empty());
      node = &early.mapped();
    }
    sink_->OnNode(*node);
    budget -= std::min(budget, WalkCost(node->bytes_size()));
  }
  return walk_->next > walk_->last;
}

void ListNodes::EndWalk() {
  list_.Unwatch();
  walk_.reset();
  sink_ = nullptr;
}

std::unique_ptr<LargeValue> ListNodes::Clone() const {
  auto copy = std::make_unique<ListNodes>(list_.limits());
  for (size_t i = 0; i < list_.node_count(); ++i) {
    copy->Change().AppendNode(structs::Listpack(list_.node(i).bytes()));
  }
  return copy;
}

structs::QuickList& List::Change() {
  if (slot_.entry().kind() != structs::Entry::Kind::kPointer) {
    auto nodes = std::make_unique<ListNodes>(NodeLimits(slot_.limits()));
    slot_.SetLarge(Form::kListNodes, nodes.release());
    list_ = ListOf(slot_.entry());
  }
  return LargeOf<ListNodes>(slot_.entry()).Change();
}

bool List::Set(int64_t index, std::string_view text) {
  const auto place = list_->Seek(index);
  if (!place) return false;
  Change().Replace(place, text);
  return true;
}

bool List::Insert(Side side, std::string_view pivot, std::string_view text) {
  const Wanted wanted(pivot);
  auto place = list_->First();
  while (place && !(wanted == list_->Get(place))) place = list_->Next(place);
  if (!place) return false;
  if (side == Side::kBefore) {
    Change().InsertBefore(place, text);
  } else {
    Change().InsertAfter(place, text);
  }
  return true;
}

size_t List::EraseEqual(std::string_view text, ListEnd from, size_t max) {
  const Wanted wanted(text);
  const bool forward = from == ListEnd::kFront;
  size_t erased = 0;
  auto place = forward ? list_->First() : list_->Last();
  while (place && erased < max) {
    if (!(wanted == list_->Get(place))) {
      place = forward ? list_->Next(place) : list_->Prev(place);
      continue;
    }
    const auto following = Change().Erase(place);
    ++erased;
    if (forward) {
      place = following;
    } else {
      place = following ? list_->Prev(following) : list_->Last();
    }
  }
  return erased;
}

}  // namespace rha::node::types
