#include "node/types/stream_group.h"

#include <tuple>

#include "common/base/check.h"

namespace rha::node::types {

StreamConsumer* StreamGroup::FindConsumer(std::string_view name) {
  const auto found = consumers_.find(name);
  return found == consumers_.end() ? nullptr : &*found;
}

std::pair<StreamConsumer*, bool> StreamGroup::MakeConsumer(std::string_view name, int64_t seen_ms) {
  if (StreamConsumer* known = FindConsumer(name)) return {known, false};
  const auto made = consumers_.try_emplace(std::string(name)).first;
  made->second.seen_ms = seen_ms;
  return {&*made, true};
}

void StreamGroup::RemoveConsumer(StreamConsumer* consumer) {
  for (auto at = consumer->second.pending.First(); at; ++at) pending_.Erase(at->id);
  consumers_.erase(consumers_.find(consumer->first));
}

void StreamGroup::Assign(StreamId id, const Delivery& delivery) {
  const auto [pending, added] = pending_.Insert(id, delivery);
  if (!added) {
    if (pending->consumer != delivery.consumer) pending->consumer->second.pending.Erase(id);
    *pending = delivery;
  }
  delivery.consumer->second.pending.Insert(id, {});
}

void StreamGroup::SetDelivery(StreamId id, int64_t at_ms, uint64_t count) {
  Delivery* const delivery = pending_.Find(id);
  RHA_CHECK(delivery != nullptr);
  delivery->at_ms = at_ms;
  delivery->count = count;
}

bool StreamGroup::Acknowledge(StreamId id) {
  const Delivery* const delivery = pending_.Find(id);
  if (delivery == nullptr) return false;
  delivery->consumer->second.pending.Erase(id);
  pending_.Erase(id);
  return true;
}

bool StreamGroup::FreeSome(size_t budget) {
  if (!pending_.FreeSome(budget, [](auto&) {})) return false;
  while (!consumers_.empty()) {
    if (!consumers_.begin()->second.pending.FreeSome(budget, [](auto&) {})) return false;
    consumers_.erase(consumers_.begin());
    if (--budget == 0) return consumers_.empty();
  }
  return true;
}

void StreamGroup::CopyTo(StreamGroup& copy) const {
  copy.last_id = last_id;
  copy.entries_read = entries_read;
  std::map<const StreamConsumer*, StreamConsumer*> copies;
  for (const StreamConsumer& consumer : consumers_) {
    StreamConsumer* const made = copy.MakeConsumer(consumer.first, consumer.second.seen_ms).first;
    made->second.active_ms = consumer.second.active_ms;
    copies[&consumer] = made;
  }
  for (auto at = pending_.First(); at; ++at) {
    copy.Assign(at->id, {at->value.at_ms, at->value.count, copies[at->value.consumer]});
  }
}

size_t StreamGroup::heap_bytes() const {
  size_t bytes = pending_.heap_bytes();
  for (const StreamConsumer& consumer : consumers_) {
    bytes += NodeBytes<StreamConsumers>(consumer) + consumer.second.pending.heap_bytes();
  }
  return bytes;
}

void StreamGroup::CheckInvariants() const {
  pending_.CheckInvariants();
  size_t owned = 0;
  for (const StreamConsumer& consumer : consumers_) {
    consumer.second.pending.CheckInvariants();
    owned += consumer.second.pending.size();
    for (auto at = consumer.second.pending.First(); at; ++at) {
      const Delivery* const delivery = pending_.Find(at->id);
      RHA_CHECK(delivery != nullptr && delivery->consumer == &consumer);
    }
  }
  RHA_CHECK(owned == pending_.size());
}

}  // namespace rha::node::types
