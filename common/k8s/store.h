// The objects of one collection by key, with look-ups by label value and by owner.
//
// Invariant: an index holds exactly the keys of the objects that carry the value now.
// Not locked: the informer that owns a store guards it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/k8s/json.h"
#include "common/k8s/object_ref.h"

namespace rha::k8s {

class Store {
 public:
  // Only these labels can be asked for in ByLabel.
  explicit Store(std::vector<std::string> indexed_labels = {});

  // Both return what was there before, or null.
  ObjectPtr Upsert(ObjectPtr object);
  ObjectPtr Remove(const ObjectKey& key);

  ObjectPtr Get(const ObjectKey& key) const;
  std::vector<ObjectPtr> All() const;
  std::vector<ObjectKey> Keys() const;
  std::vector<ObjectPtr> ByLabel(const std::string& ns, const std::string& label,
                                 const std::string& value) const;
  // Objects whose controller is the object with this uid.
  std::vector<ObjectPtr> ByOwner(const std::string& uid) const;
  size_t size() const { return objects_.size(); }

 private:
  using Index = std::map<std::string, std::set<ObjectKey>>;
  std::vector<std::string> IndexKeys(const Json& object) const;
  std::vector<ObjectPtr> Lookup(const std::string& index_key) const;

  const std::vector<std::string> indexed_labels_;
  std::map<ObjectKey, ObjectPtr> objects_;
  Index index_;
};

}  // namespace rha::k8s
