#include "local/object/field_set.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "local/object/json.h"

namespace rha::local::object {
namespace {

// "f:name" of a map's entry.
std::string FieldElement(const std::string& key) { return "f:" + key; }

// "k:{…}" of a keyed list's item, "v:…" of a set's. Ports without a protocol are TCP.
std::string ItemElement(const Json& item, const FieldType& list) {
  if (list.list_kind() == ListKind::kSet) return "v:" + Dump(item);
  Json keys = Json::object();
  for (const auto& key : list.list_keys()) {
    if (const Json* value = FindKey(item, key)) {
      keys[key] = *value;
    } else if (key == "protocol") {
      keys[key] = "TCP";
    }
  }
  return "k:" + Dump(keys);
}

bool Granular(const Json& value, const FieldType& type) {
  if (value.is_object()) return !type.atomic_map() && !value.empty();
  if (value.is_array()) return type.list_kind() != ListKind::kAtomic && !value.empty();
  return false;
}

const Json* FindListItem(const Json& list, const std::string& element, const FieldType& type) {
  for (const auto& item : list) {
    if (ItemElement(item, type) == element) return &item;
  }
  return nullptr;
}

void AddPaths(const FieldSet& set, const std::string& prefix, std::vector<std::string>& paths) {
  if (set.member) paths.push_back(prefix);
  for (const auto& [element, child] : set.children) {
    std::string step;
    if (element.starts_with("f:")) {
      step = "." + element.substr(2);
    } else if (element.starts_with("k:")) {
      const Json keys = Json::parse(element.substr(2), nullptr, false);
      for (const auto& [key, value] : keys.items()) {
        step += (step.empty() ? "[" : ",") + key + "=" + Dump(value);
      }
      step += "]";
    } else {
      step = "[=" + element.substr(2) + "]";
    }
    AddPaths(child, prefix + step, paths);
  }
}

void RemoveFromMap(Json& value, const FieldSet& set, const FieldType& type) {
  for (const auto& [element, child] : set.children) {
    if (!element.starts_with("f:")) continue;
    const std::string key = element.substr(2);
    const auto it = value.find(key);
    if (it == value.end()) continue;
    const bool was_empty = it->empty();
    if (!child.member || !child.children.empty()) RemoveFields(*it, child, type.Field(key));
    const bool now_empty = it->is_structured() && it->empty() && !was_empty;
    if ((child.member && child.children.empty()) || now_empty) value.erase(it);
  }
}

void RemoveFromList(Json& value, const FieldSet& set, const FieldType& type) {
  Json kept = Json::array();
  for (auto& item : value) {
    const auto child = set.children.find(ItemElement(item, type));
    if (child == set.children.end()) {
      kept.push_back(std::move(item));
    } else if (!child->second.member) {
      RemoveFields(item, child->second, type.Item());
      kept.push_back(std::move(item));
    }
  }
  value = std::move(kept);
}

}  // namespace

bool FieldSet::empty() const {
  return !member && std::all_of(children.begin(), children.end(),
                                [](const auto& entry) { return entry.second.empty(); });
}

FieldSet FieldSet::FromJson(const Json& fields_v1) {
  FieldSet set;
  if (!fields_v1.is_object()) return set;
  if (fields_v1.empty()) {
    set.member = true;
    return set;
  }
  for (const auto& [element, child] : fields_v1.items()) {
    if (element == ".") {
      set.member = true;
    } else {
      set.children[element] = FromJson(child);
    }
  }
  return set;
}

Json FieldSet::ToJson() const {
  Json out = Json::object();
  for (const auto& [element, child] : children) {
    if (!child.empty()) out[element] = child.ToJson();
  }
  if (member && !out.empty()) out["."] = Json::object();
  return out;
}

FieldSet FieldsOf(const Json& value, const FieldType& type) {
  FieldSet set;
  if (!Granular(value, type)) {
    set.member = true;
    return set;
  }
  if (value.is_object()) {
    for (const auto& [key, child] : value.items()) {
      set.children[FieldElement(key)] = FieldsOf(child, type.Field(key));
    }
    return set;
  }
  for (const auto& item : value) {
    FieldSet child = item.is_object() ? FieldsOf(item, type.Item()) : FieldSet();
    child.member = true;
    set.children[ItemElement(item, type)] = std::move(child);
  }
  return set;
}

FieldSet ChangedFields(const Json& before, const Json& after, const FieldType& type) {
  if (before == after) return {};
  const bool same_shape = before.type() == after.type();
  if (!same_shape || !Granular(after, type)) return FieldsOf(after, type);
  FieldSet set;
  if (after.is_object()) {
    for (const auto& [key, child] : after.items()) {
      const Json* old = FindKey(before, key);
      const FieldType field = type.Field(key);
      FieldSet changed =
          old == nullptr ? FieldsOf(child, field) : ChangedFields(*old, child, field);
      if (!changed.empty()) set.children[FieldElement(key)] = std::move(changed);
    }
    return set;
  }
  for (const auto& item : after) {
    const std::string element = ItemElement(item, type);
    const Json* old = FindListItem(before, element, type);
    FieldSet changed;
    if (old != nullptr) {
      changed = ChangedFields(*old, item, type.Item());
    } else {
      if (item.is_object()) changed = FieldsOf(item, type.Item());
      changed.member = true;
    }
    if (!changed.empty()) set.children[element] = std::move(changed);
  }
  return set;
}

FieldSet Union(const FieldSet& a, const FieldSet& b) {
  FieldSet set = a;
  set.member = a.member || b.member;
  for (const auto& [element, child] : b.children) {
    set.children[element] = Union(set.children[element], child);
  }
  return set;
}

FieldSet Intersect(const FieldSet& a, const FieldSet& b) {
  FieldSet set;
  set.member = a.member && b.member;
  for (const auto& [element, child] : a.children) {
    const auto other = b.children.find(element);
    if (other == b.children.end()) continue;
    FieldSet both = Intersect(child, other->second);
    if (!both.empty()) set.children[element] = std::move(both);
  }
  return set;
}

FieldSet Subtract(const FieldSet& a, const FieldSet& b) {
  FieldSet set;
  set.member = a.member && !b.member;
  for (const auto& [element, child] : a.children) {
    const auto other = b.children.find(element);
    FieldSet left = other == b.children.end() ? child : Subtract(child, other->second);
    if (!left.empty()) set.children[element] = std::move(left);
  }
  return set;
}

std::vector<std::string> FieldPaths(const FieldSet& set) {
  std::vector<std::string> paths;
  AddPaths(set, "", paths);
  std::sort(paths.begin(), paths.end());
  return paths;
}

void RemoveFields(Json& value, const FieldSet& set, const FieldType& type) {
  if (value.is_object()) RemoveFromMap(value, set, type);
  if (value.is_array()) RemoveFromList(value, set, type);
}

Json MergeApplied(const Json& live, const Json& applied, const FieldType& type) {
  const bool granular = Granular(applied, type) && live.type() == applied.type();
  if (!granular) return applied;
  Json merged = live;
  if (applied.is_object()) {
    for (const auto& [key, value] : applied.items()) {
      const Json* old = FindKey(live, key);
      merged[key] = old == nullptr ? value : MergeApplied(*old, value, type.Field(key));
    }
    return merged;
  }
  for (const auto& item : applied) {
    const std::string element = ItemElement(item, type);
    bool found = false;
    for (auto& present : merged) {
      if (ItemElement(present, type) != element) continue;
      present = MergeApplied(present, item, type.Item());
      found = true;
      break;
    }
    if (!found) merged.push_back(item);
  }
  return merged;
}

}  // namespace rha::local::object
