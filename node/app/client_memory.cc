#include "node/app/client_memory.h"

#include <bit>

namespace rha::node::app {

void ClientMemory::Hold(uint64_t id, size_t bytes) {
  const auto [place, is_new] = clients_.try_emplace(id);
  Client& client = place->second;
  bytes_ += bytes - client.bytes;
  client.bytes = bytes;
  const auto size_class = static_cast<size_t>(std::bit_width(bytes));
  if (!is_new && size_class == client.size_class) return;
  Class& to = classes_[size_class];
  if (is_new) {
    client.at = to.insert(to.end(), id);
  } else {
    to.splice(to.end(), classes_[client.size_class], client.at);
  }
  client.size_class = size_class;
}

void ClientMemory::Leave(uint64_t id) {
  const auto place = clients_.find(id);
  if (place == clients_.end()) return;
  bytes_ -= place->second.bytes;
  classes_[place->second.size_class].erase(place->second.at);
  clients_.erase(place);
}

void ClientMemory::Clear() {
  clients_.clear();
  for (Class& each : classes_) each.clear();
  bytes_ = 0;
}

std::optional<uint64_t> ClientMemory::Largest() const {
  for (size_t i = kClasses; i-- > 0;) {
    if (!classes_[i].empty()) return classes_[i].front();
  }
  return std::nullopt;
}

}  // namespace rha::node::app
