#include "common/k8s/store.h"

namespace rha::k8s {
namespace {

// Neither namespaces nor label names contain blanks, so the parts cannot run into each other.
std::string LabelIndexKey(const std::string& ns, const std::string& label,
                          const std::string& value) {
  return "label " + ns + " " + label + " " + value;
}
std::string OwnerIndexKey(const std::string& uid) { return "owner " + uid; }

}  // namespace

Store::Store(std::vector<std::string> indexed_labels)
    : indexed_labels_(std::move(indexed_labels)) {}

std::vector<std::string> Store::IndexKeys(const Json& object) const {
  std::vector<std::string> keys;
  const std::string ns = KeyOf(object).ns;
  for (const std::string& label : indexed_labels_) {
    const std::string value = LabelOf(object, label);
    if (!value.empty()) keys.push_back(LabelIndexKey(ns, label, value));
  }
  const std::string owner = ControllerUidOf(object);
  if (!owner.empty()) keys.push_back(OwnerIndexKey(owner));
  return keys;
}

ObjectPtr Store::Upsert(ObjectPtr object) {
  const ObjectKey key = KeyOf(*object);
  ObjectPtr before = Remove(key);
  for (const std::string& index_key : IndexKeys(*object)) index_[index_key].insert(key);
  objects_[key] = std::move(object);
  return before;
}

ObjectPtr Store::Remove(const ObjectKey& key) {
  const auto found = objects_.find(key);
  if (found == objects_.end()) return nullptr;
  ObjectPtr before = std::move(found->second);
  objects_.erase(found);
  for (const std::string& index_key : IndexKeys(*before)) {
    const auto entry = index_.find(index_key);
    if (entry == index_.end()) continue;
    entry->second.erase(key);
    if (entry->second.empty()) index_.erase(entry);
  }
  return before;
}

ObjectPtr Store::Get(const ObjectKey& key) const {
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

std::vector<ObjectPtr> Store::All() const {
  std::vector<ObjectPtr> all;
  all.reserve(objects_.size());
  for (const auto& [key, object] : objects_) all.push_back(object);
  return all;
}

std::vector<ObjectKey> Store::Keys() const {
  std::vector<ObjectKey> keys;
  keys.reserve(objects_.size());
  for (const auto& [key, object] : objects_) keys.push_back(key);
  return keys;
}

std::vector<ObjectPtr> Store::Lookup(const std::string& index_key) const {
  std::vector<ObjectPtr> found;
  const auto entry = index_.find(index_key);
  if (entry == index_.end()) return found;
  for (const ObjectKey& key : entry->second) found.push_back(objects_.at(key));
  return found;
}

std::vector<ObjectPtr> Store::ByLabel(const std::string& ns, const std::string& label,
                                      const std::string& value) const {
  return Lookup(LabelIndexKey(ns, label, value));
}

std::vector<ObjectPtr> Store::ByOwner(const std::string& uid) const {
  return Lookup(OwnerIndexKey(uid));
}

}  // namespace rha::k8s
