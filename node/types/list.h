// A list: ListNodes (a structs::QuickList) behind the entry's pointer, however short it is.
//
// Invariants
//  * A fresh entry has no object yet and counts as an empty list; the first push makes it.
//  * The limits of its nodes are those of list-max-listpack-size when it was made, as in Redis.
//  * Texts handed to visitors are valid for the call only.
// Complexity: both ends O(1), by index O(nodes), by text O(elements).
// Thread rule: the engine's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>

#include "node/structs/quick_list.h"
#include "node/types/slot.h"

namespace rha::node::types {

// What list-max-listpack-size says about a node.
structs::QuickListLimits NodeLimits(const FormLimits& limits);

class ListNodes final : public LargeValue, private structs::NodeWatcher {
 public:
  explicit ListNodes(const structs::QuickListLimits& limits) : list_(limits) {}

  size_t size() const override { return list_.size(); }
  size_t heap_bytes() const override;
  size_t heap_estimate() const override;
  std::unique_ptr<LargeValue> Clone() const override;

  const structs::QuickList& list() const { return list_; }
  bool FreeSome(size_t budget) override { return list_.FreeSome(budget); }

  bool walkable() const override { return true; }
  size_t BeginWalk(PieceSink* sink) override;
  bool WalkSome(size_t budget) override;
  void EndWalk() override;

  // Every change goes through here.
  structs::QuickList& Change() { return list_; }

 private:
  // Nodes that change before their turn are copied and wait for it.
  struct Walk {
    using Early = std::map<uint32_t, structs::Listpack>;
    uint32_t next, last;
    Early early;
  };
  void OnNode(uint32_t ordinal, const structs::ListpackView& node) override;

  structs::QuickList list_;
  std::unique_ptr<Walk> walk_;
};

enum class ListEnd : uint8_t { kFront, kBack };

// To read a list. REQUIRES: TypeOf(form) is kList.
class ListView {
 public:
  explicit ListView(structs::Entry entry) : list_(ListOf(entry)) {}

  size_t size() const { return list_->size(); }
  template <typename Visit>
  void ForEach(Visit visit) const {
    ForRange(0, size(), ListEnd::kFront, visit);
  }
  // visit(text) for `count` elements: from the one at `first` on, or with kBack from it towards the
  // front. REQUIRES: all of them are there.
  template <typename Visit>
  void ForRange(size_t first, size_t count, ListEnd from, Visit visit) const;
  // visit(text) for one element, from the front (0, 1, ..) or from behind (-1, -2, ..); false:
  // there is none.
  template <typename Visit>
  bool At(int64_t index, Visit visit) const;
  // visit(index) for each element equal to `text`, among the first `compared_max` from that end;
  // ends when it returns false.
  template <typename Visit>
  void FindAll(std::string_view text, ListEnd from, size_t compared_max, Visit visit) const;

  // For saving.
  const structs::QuickList& nodes() const { return *list_; }

 protected:
  static const structs::QuickList* ListOf(structs::Entry entry) {
    static const structs::QuickList kNone;
    return entry.kind() == structs::Entry::Kind::kPointer ? &LargeOf<ListNodes>(entry).list()
                                                          : &kNone;
  }

  // An element to look for: a number is compared as a number.
  class Wanted {
   public:
    explicit Wanted(std::string_view text)
        : text_(text), is_integer_(structs::ParseDecimal(text, &integer_)) {}
    bool operator==(const structs::ListpackValue& value) const {
      return value.is_integer ? is_integer_ && value.integer == integer_ : value.bytes == text_;
    }

   private:
    std::string_view text_;
    int64_t integer_ = 0;
    bool is_integer_;
  };

  const structs::QuickList* list_;
};

// To change one. Texts handed in may not lie in this list.
class List : public ListView {
 public:
  explicit List(Slot slot) : ListView(slot.entry()), slot_(slot) {}

  void PushFront(std::string_view text) { Change().PushFront(text); }
  void PushBack(std::string_view text) { Change().PushBack(text); }
  void Push(ListEnd end, std::string_view text) {
    end == ListEnd::kFront ? PushFront(text) : PushBack(text);
  }
  // A whole node, as files keep them. REQUIRES: not empty.
  void AppendNode(structs::Listpack node) { Change().AppendNode(std::move(node)); }
  // False: no such element.
  bool Set(int64_t index, std::string_view text);
  // Beside the first element equal to `pivot`; false: there is none.
  enum class Side : uint8_t { kBefore, kAfter };
  bool Insert(Side side, std::string_view pivot, std::string_view text);
  // REQUIRES: all of them are there.
  void EraseRange(size_t first, size_t count) { Change().EraseRange(first, count); }
  // Takes `count` elements from an end. REQUIRES: they are there.
  void Drop(ListEnd end, size_t count) {
    EraseRange(end == ListEnd::kFront ? 0 : size() - count, count);
  }
  // Erases up to `max` elements equal to `text`, searching from that end; returns how many.
  size_t EraseEqual(std::string_view text, ListEnd from, size_t max);

 private:
  structs::QuickList& Change();
  Slot slot_;
};

// ---------------------------------------------------------------- inline

template <typename Visit>
void ListView::ForRange(size_t first, size_t count, ListEnd from, Visit visit) const {
  structs::DecimalText scratch;
  if (count == 0) return;
  auto place = list_->Seek(static_cast<int64_t>(first));
  for (;;) {
    visit(list_->Get(place).Text(scratch));
    if (--count == 0) return;
    place = from == ListEnd::kFront ? list_->Next(place) : list_->Prev(place);
  }
}

template <typename Visit>
bool ListView::At(int64_t index, Visit visit) const {
  const auto place = list_->Seek(index);
  if (!place) return false;
  structs::DecimalText scratch;
  visit(list_->Get(place).Text(scratch));
  return true;
}

template <typename Visit>
void ListView::FindAll(std::string_view text, ListEnd from, size_t compared_max,
                       Visit visit) const {
  const Wanted wanted(text);
  const bool forward = from == ListEnd::kFront;
  auto place = forward ? list_->First() : list_->Last();
  for (size_t compared = 0; place && compared < compared_max; ++compared) {
    if (wanted == list_->Get(place) && !visit(forward ? compared : size() - 1 - compared)) return;
    place = forward ? list_->Next(place) : list_->Prev(place);
  }
}

}  // namespace rha::node::types
