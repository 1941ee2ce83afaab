#include "sidecar/shell/info_cache.h"

#include <algorithm>

namespace rha::sidecar::shell {
namespace {

constexpr size_t kEntryBytes = 128;

size_t BytesOf(const std::string& text) { return text.size() + kEntryBytes; }

}  // namespace

void InfoCache::Keep(core::NodeId node, core::LogicalTime now, const std::string& text) {
  if (const auto old = entries_.find(node); old != entries_.end()) Drop(old);
  if (BytesOf(text) > bytes_max_) return;
  while (bytes_ + BytesOf(text) > bytes_max_) {
    Drop(std::min_element(entries_.begin(), entries_.end(),
                          [](const auto& a, const auto& b) { return a.second.at < b.second.at; }));
  }
  bytes_ += BytesOf(text);
  entries_[node] = {now, text};
}

const InfoCache::Entry* InfoCache::Find(core::NodeId node) const {
  const auto found = entries_.find(node);
  return found == entries_.end() ? nullptr : &found->second;
}

void InfoCache::Drop(std::map<core::NodeId, Entry>::iterator entry) {
  bytes_ -= BytesOf(entry->second.text);
  entries_.erase(entry);
}

}  // namespace rha::sidecar::shell
