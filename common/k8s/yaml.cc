#include "common/k8s/yaml.h"

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

namespace rha::k8s {
namespace {

constexpr int kDepthMax = 64;

Json Scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str") return text;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  // A plain scalar that reads as a JSON number is one: "012" and "1_000" stay strings.
  if (!text.empty() && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9'))) {
    Json number = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (number.is_number()) return number;
  }
  return text;
}

Result<Json> Convert(const YAML::Node& node, int depth) {
  if (depth > kDepthMax) return Status(Code::kInvalid, "nested too deeply");
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const YAML::Node& element : node) {
      RHA_ASSIGN_OR_RETURN(Json value, Convert(element, depth + 1));
      list.push_back(std::move(value));
    }
    return list;
  }
  if (node.IsMap()) {
    Json map = Json::object();
    for (const auto& entry : node) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
      if (key.empty()) return Status(Code::kInvalid, "a key is no string");
      if (map.contains(key)) return Status(Code::kInvalid, "key '" + key + "' is given twice");
      RHA_ASSIGN_OR_RETURN(Json value, Convert(entry.second, depth + 1));
      map[key] = std::move(value);
    }
    return map;
  }
  if (node.IsScalar()) return Scalar(node);
  return Json();
}

}  // namespace

Result<std::vector<ObjectPtr>> ParseYaml(const std::string& text) {
  std::vector<ObjectPtr> documents;
  try {
    for (const YAML::Node& node : YAML::LoadAll(text)) {
      if (!node.IsDefined() || node.IsNull()) continue;
      RHA_ASSIGN_OR_RETURN(Json value, Convert(node, 0));
      documents.push_back(std::make_shared<const Json>(std::move(value)));
    }
  } catch (const YAML::Exception& error) {
    return Status(Code::kInvalid, std::string("YAML: ") + error.what());
  }
  return documents;
}

}  // namespace rha::k8s
