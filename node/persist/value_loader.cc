#include "node/persist/value_loader.h"

#include <algorithm>

#include "node/keyspace/event.h"
#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/stream.h"
#include "node/types/zset.h"

namespace rha::node::persist {

using keyspace::Edit;
using types::Type;

void ValueLoader::Begin(keyspace::Db* db, const RdbCollectionKey& key) {
  db_ = db;
  key_ = key;
  elements_ = key.type == Type::kStream ? 1 : 0;  // one without entries is one
  busy_ = true;
  begun_ = false;
}

Result<bool> ValueLoader::Step(size_t* budget) {
  Result<bool> complete = false;
  if (db_ == nullptr) {
    complete = key_.type == Type::kStream ? reader_.stream().Step(nullptr, budget)
                                          : Each(budget, [](const RdbElement&) { return true; });
  } else {
    Edit edit = begun_ ? db_->LoadMore(key_.key)
                       : db_->Load(key_.key, key_.type, key_.expire_at_ms, key_.use);
    if (!edit) return Status(Code::kInternal, "a key went away while it was being loaded");
    begun_ = true;
    complete = Fill(edit, budget);
    // What stays empty goes away here.
    edit.Commit(keyspace::events::kRestore, 0);
  }
  busy_ = complete.ok() && !*complete;
  return complete;
}

Result<bool> ValueLoader::Fill(Edit& edit, size_t* budget) {
  switch (key_.type) {
    case Type::kList:
      return FillList(edit, budget);
    case Type::kSet:
      return FillSet(edit, budget);
    case Type::kZset:
      return FillZset(edit, budget);
    case Type::kHash:
      return FillHash(edit, budget);
    case Type::kStream:
      return FillStream(edit, budget);
    case Type::kString:
      break;
  }
  return Status(Code::kInternal, "no such collection");
}

template <typename Add>
Result<bool> ValueLoader::Each(size_t* budget, Add&& add) {
  RdbElement element;
  for (; *budget > 0; --*budget) {
    RHA_ASSIGN_OR_RETURN(const bool more, reader_.NextElement(&element));
    if (!more) return true;
    if (!add(element)) return reader_.Twice(element);
    ++elements_;
  }
  return false;
}

// Nodes of a size that our own could have are taken as they are.
Result<bool> ValueLoader::FillList(Edit& edit, size_t* budget) {
  auto list = edit.As<types::List>();
  const structs::QuickListLimits limits = types::NodeLimits(limits_);
  RdbElement element;
  for (; *budget > 0; --*budget) {
    RHA_ASSIGN_OR_RETURN(const std::string_view node,
                         reader_.collection().TakeListpack(
                             {.bytes = limits.node_bytes, .elements = limits.node_elements}));
    if (!node.empty()) {
      list.AppendNode(structs::Listpack(node));
    } else {
      RHA_ASSIGN_OR_RETURN(const bool more, reader_.NextElement(&element));
      if (!more) return true;
      list.PushBack(element.text);
    }
    ++elements_;
  }
  return false;
}

Result<bool> ValueLoader::FillSet(Edit& edit, size_t* budget) {
  auto set = edit.As<types::Set>();
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

Result<bool> ValueLoader::FillZset(Edit& edit, size_t* budget) {
  auto zset = edit.As<types::Zset>();
  if (elements_ == 0) zset.Reserve(reader_.collection().announced());
  return Each(budget, [&](const RdbElement& element) {
    return zset.Put(element.text, element.score) == types::Zset::Change::kAdded;
  });
}

Result<bool> ValueLoader::FillHash(Edit& edit, size_t* budget) {
  auto hash = edit.As<types::Hash>();
  if (elements_ == 0) {
    const size_t announced = reader_.collection().announced();
    hash.Reserve(announced);
    const bool packed = static_cast<int64_t>(announced) <= limits_.hash_max_listpack_entries;
    fields_.Begin(packed ? announced : 0);
  }
  return Each(budget, [&](const RdbElement& element) {
    if (!fields_.SurelyNew(element.text)) return hash.Set(element.text, element.value);
    hash.Append(element.text, element.value);
    return true;
  });
}

Result<bool> ValueLoader::FillStream(Edit& edit, size_t* budget) {
  const auto stream = edit.As<types::Stream>();
  return reader_.stream().Step(&*stream, budget);
}

}  // namespace rha::node::persist
