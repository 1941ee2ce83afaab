#include "local/object/patch.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "local/object/json.h"
#include "local/object/limits.h"

namespace rha::local::object {
namespace {

constexpr std::string_view kDeletePrefix = "$deleteFromPrimitiveList/";
constexpr std::string_view kOrderPrefix = "$setElementOrder/";

bool SameKey(const Json& a, const Json& b, const std::string& key) {
  const Json *left = FindKey(a, key), *right = FindKey(b, key);
  return left != nullptr && right != nullptr && *left == *right;
}

Json* FindItem(Json& list, const Json& like, const std::string& key) {
  for (auto& item : list) {
    if (SameKey(item, like, key)) return &item;
  }
  return nullptr;
}

// Directives mean nothing in an object that is created by the patch.
Json WithoutDirectives(const Json& patch) {
  if (patch.is_array()) {
    Json list = Json::array();
    for (const auto& item : patch) {
      if (Str(item, {"$patch"}) != "delete") list.push_back(WithoutDirectives(item));
    }
    return list;
  }
  if (!patch.is_object()) return patch;
  Json object = Json::object();
  for (const auto& [key, value] : patch.items()) {
    if (!key.starts_with('$') && !value.is_null()) object[key] = WithoutDirectives(value);
  }
  return object;
}

Status MergeKeyedList(Json& list, const Json& patch, const FieldType& type) {
  const std::string key = type.patch_merge_key();
  Json fresh = Json::array();  // new items come before those of the server
  for (const auto& item : patch) {
    const std::string directive = Str(item, {"$patch"});
    if (directive == "replace") {
      list = WithoutDirectives(patch);
      list.erase(
          std::remove_if(list.begin(), list.end(), [](const Json& each) { return each.empty(); }),
          list.end());
      return Status::Ok();
    }
    if (FindKey(item, key) == nullptr) {
      return Status(Code::kInvalid,
                    "map: " + Dump(item) + " does not contain declared merge key: " + key);
    }
    Json* present = FindItem(list, item, key);
    if (directive == "delete") {
      if (present != nullptr) list.erase(list.begin() + (present - &list.front()));
    } else if (present != nullptr) {
      RHA_RETURN_IF_ERROR(StrategicMergePatch(*present, item, type.Item()));
    } else {
      fresh.push_back(WithoutDirectives(item));
    }
  }
  fresh.insert(fresh.end(), list.begin(), list.end());
  list = std::move(fresh);
  return Status::Ok();
}

void MergeScalars(Json& list, const Json& patch) {
  for (const auto& item : patch) {
    if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
  }
}

// Items named in `order` take that order; the others keep their places behind what preceded them.
void Reorder(Json& list, const Json& order, const std::string& key) {
  const auto rank = [&](const Json& item) -> size_t {
    for (size_t i = 0; i < order.size(); ++i) {
      if (key == "." || key.empty() ? order[i] == item : SameKey(order[i], item, key)) return i;
    }
    return order.size();
  };
  std::vector<Json> items(list.begin(), list.end());
  std::stable_sort(items.begin(), items.end(),
                   [&](const Json& a, const Json& b) { return rank(a) < rank(b); });
  list = items;
}

void RetainKeys(Json& target, const Json& keep) {
  for (auto it = target.begin(); it != target.end();) {
    const bool kept = std::find(keep.begin(), keep.end(), Json(it.key())) != keep.end();
    it = kept ? std::next(it) : target.erase(it);
  }
}

Status MergeField(Json& target, const std::string& key, const Json& value, const FieldType& type) {
  if (value.is_null()) {
    target.erase(key);
    return Status::Ok();
  }
  const auto present = target.find(key);
  const bool known = present != target.end();
  if (value.is_object() && known && present->is_object()) {
    return StrategicMergePatch(*present, value, type);
  }
  const std::string merge_key = type.patch_merge_key();
  if (value.is_array() && known && present->is_array() && !merge_key.empty()) {
    if (merge_key != ".") return MergeKeyedList(*present, value, type);
    MergeScalars(*present, value);
    return Status::Ok();
  }
  target[key] = WithoutDirectives(value);
  return Status::Ok();
}

}  // namespace

void MergePatch(Json& target, const Json& patch) { target.merge_patch(patch); }

Result<Json> JsonPatch(const Json& target, const Json& patch) {
  if (!patch.is_array()) return Status(Code::kInvalid, "a JSON patch is a list of operations");
  if (patch.size() > kJsonPatchOpsMax) {
    return Status(Code::kInvalid, "the JSON patch has too many operations");
  }
  try {
    return target.patch(patch);
  } catch (const Json::exception&) {
    return Status(Code::kInvalid, "the server rejected our request due to an error in our request");
  }
}

Status StrategicMergePatch(Json& target, const Json& patch, const FieldType& type) {
  if (!patch.is_object()) return Status(Code::kInvalid, "a strategic merge patch is an object");
  const std::string directive = Str(patch, {"$patch"});
  if (directive == "replace") {
    target = WithoutDirectives(patch);
    return Status::Ok();
  }
  if (directive == "delete") {
    target = Json::object();
    return Status::Ok();
  }
  if (!target.is_object()) target = Json::object();
  if (const Json* keep = FindKey(patch, "$retainKeys")) RetainKeys(target, *keep);
  for (const auto& [key, value] : patch.items()) {
    if (key.starts_with(kDeletePrefix)) {
      Json& list = target[key.substr(kDeletePrefix.size())];
      if (!list.is_array() || !value.is_array()) continue;
      for (const auto& gone : value)
        list.erase(std::remove(list.begin(), list.end(), gone), list.end());
    } else if (!key.starts_with('$')) {
      RHA_RETURN_IF_ERROR(MergeField(target, key, value, type.Field(key)));
    }
  }
  for (const auto& [key, value] : patch.items()) {
    if (!key.starts_with(kOrderPrefix) || !value.is_array()) continue;
    const std::string field = key.substr(kOrderPrefix.size());
    const auto list = target.find(field);
    if (list != target.end() && list->is_array()) {
      Reorder(*list, value, type.Field(field).patch_merge_key());
    }
  }
  return Status::Ok();
}

}  // namespace rha::local::object
