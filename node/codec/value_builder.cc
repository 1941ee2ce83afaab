#include "node/codec/value_builder.h"

#include <algorithm>

#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/stream.h"
#include "node/types/zset.h"

namespace rha::node::codec {

using types::Type;

void ValueBuilder::Begin(Type type) {
  type_ = type;
  elements_ = type == Type::kStream ? 1 : 0;  // one without entries is one
}

Result<bool> ValueBuilder::Pass(size_t* budget) {
  if (type_ == Type::kStream) return reader_.stream().Step(nullptr, budget);
  return Each(budget, [](const RdbElement&) { return true; });
}

Result<bool> ValueBuilder::Step(types::Slot into, size_t* budget) {
  switch (type_) {
    case Type::kList:
      return FillList(into, budget);
    case Type::kSet:
      return FillSet(into, budget);
    case Type::kZset:
      return FillZset(into, budget);
    case Type::kHash:
      return FillHash(into, budget);
    case Type::kStream:
      return reader_.stream().Step(&*types::Stream(into), budget);
    case Type::kString:
      break;
  }
  return Status(Code::kInternal, "no such collection");
}

template <typename Add>
Result<bool> ValueBuilder::Each(size_t* budget, Add&& add) {
  RdbElement element;
  for (; *budget > 0; --*budget) {
    RHA_ASSIGN_OR_RETURN(const bool more, reader_.collection().Next(&element));
    if (!more) return true;
    if (!add(element)) return reader_.collection().OccursTwice(element.text);
    ++elements_;
  }
  return false;
}

// Nodes of a size that our own could have are taken as they are.
Result<bool> ValueBuilder::FillList(types::Slot into, size_t* budget) {
  types::List list(into);
  const structs::QuickListLimits limits = types::NodeLimits(limits_);
  RdbElement element;
  for (; *budget > 0; --*budget) {
    RHA_ASSIGN_OR_RETURN(const std::string_view node,
                         reader_.collection().TakeListpack(
                             {.bytes = limits.node_bytes, .elements = limits.node_elements}));
    if (!node.empty()) {
      list.AppendNode(structs::Listpack(node));
    } else {
      RHA_ASSIGN_OR_RETURN(const bool more, reader_.collection().Next(&element));
      if (!more) return true;
      list.PushBack(element.text);
    }
    ++elements_;
  }
  return false;
}

Result<bool> ValueBuilder::FillSet(types::Slot into, size_t* budget) {
  types::Set set(into);
  if (elements_ == 0) {
    const auto most = static_cast<size_t>(std::max<int64_t>(limits_.set_max_intset_entries, 0));
    const std::string_view ints = reader_.collection().TakeIntset(most);
    if (!ints.empty()) {
      set.AdoptInts(structs::IntSet(ints));
      elements_ = set.size();
    } else {
      set.Reserve(reader_.collection().announced());
    }
  }
  return Each(budget, [&](const RdbElement& element) { return set.Add(element.text); });
}

Result<bool> ValueBuilder::FillZset(types::Slot into, size_t* budget) {
  types::Zset zset(into);
  if (elements_ == 0) {
    const size_t announced = reader_.collection().announced();
    zset.Reserve(announced);
    const bool packed = static_cast<int64_t>(announced) <= limits_.zset_max_listpack_entries;
    seen_.Begin(packed && reader_.collection().in_order() ? announced : 0);
  }
  return Each(budget, [&](const RdbElement& element) {
    if (seen_.SurelyNew(element.text)) {
      zset.Append(element.text, element.score);
      return true;
    }
    return zset.Put(element.text, element.score) == types::Zset::Change::kAdded;
  });
}

Result<bool> ValueBuilder::FillHash(types::Slot into, size_t* budget) {
  types::Hash hash(into);
  if (elements_ == 0) {
    const size_t announced = reader_.collection().announced();
    hash.Reserve(announced);
    const bool packed = static_cast<int64_t>(announced) <= limits_.hash_max_listpack_entries;
    seen_.Begin(packed ? announced : 0);
  }
  return Each(budget, [&](const RdbElement& element) {
    bool added = true;
    if (seen_.SurelyNew(element.text)) {
      hash.Append(element.text, element.value);
    } else {
      added = hash.Set(element.text, element.value);
    }
    if (element.end_ms != types::kEndless) hash.SetEnd(element.text, element.end_ms);
    return added;
  });
}

}  // namespace rha::node::codec
