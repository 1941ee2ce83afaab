#include "node/keyspace/reclaimer.h"

#include "node/types/limits.h"

namespace rha::node::keyspace {

using structs::Entry;
using types::LargeValue;

Reclaimer::~Reclaimer() {
  wake_ = nullptr;
  while (Step(SIZE_MAX)) {
  }
}

void Reclaimer::Free(std::unique_ptr<LargeValue> value) {
  if (value == nullptr || value->size() <= types::kFreedAtOnceMax) return;
  values_.push_back(std::move(value));
  ++pending_;
  if (wake_) wake_();
}

void Reclaimer::Free(std::unique_ptr<structs::KeyTable> table) {
  pending_ += table->size();
  tables_.push_back(std::move(table));
  if (wake_) wake_();
}

bool Reclaimer::FreeSome(structs::KeyTable& table, size_t budget) {
  const size_t before = table.size();
  const bool all = table.FreeSome(budget, [this](Entry entry) {
    if (entry.kind() == Entry::Kind::kPointer) {
      Free(std::unique_ptr<LargeValue>(static_cast<LargeValue*>(entry.pointer())));
    }
  });
  Done(before - table.size());
  return all;
}

bool Reclaimer::Step(size_t budget) {
  if (!values_.empty()) {
    if (values_.front()->FreeSome(budget)) {
      values_.pop_front();
      Done(1);
    }
  } else if (!tables_.empty()) {
    if (FreeSome(*tables_.front(), budget)) tables_.pop_front();
  }
  return !values_.empty() || !tables_.empty();
}

}  // namespace rha::node::keyspace
