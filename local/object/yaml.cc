// The one place that touches yaml-cpp, whose errors are exceptions.
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "local/object/json.h"
#include "local/object/limits.h"

namespace rha::local::object {
namespace {

bool ParseInteger(const std::string& text, int64_t& value) {
  const char* begin = text.data() + (text.size() > 1 && text[0] == '+' ? 1 : 0);
  const char* end = text.data() + text.size();
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0o")) {
    base = text[1] == 'x' ? 16 : 8;
    begin = text.data() + 2;
  }
  const auto [rest, error] = std::from_chars(begin, end, value, base);
  return error == std::errc() && rest == end && begin != end;
}

bool ParseFloat(const std::string& text, double& value) {
  if (text.find_first_not_of("+-0123456789.eE") != std::string::npos) return false;
  if (text.find_first_of("0123456789") == std::string::npos) return false;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && rest == text.data() + text.size();
}

Json Scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str") return text;  // quoted
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return nullptr;
  }
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  int64_t integer = 0;
  if (ParseInteger(text, integer)) return integer;
  double real = 0;
  if (ParseFloat(text, real)) return real;
  return text;
}

Status Convert(const YAML::Node& node, int depth, size_t& nodes_left, Json& out) {
  if (depth > kJsonDepthMax || nodes_left-- == 0) {
    return Status(Code::kInvalid, "YAML document is too large or nested too deeply");
  }
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      out = Scalar(node);
      return Status::Ok();
    case YAML::NodeType::Sequence:
      out = Json::array();
      for (const auto& item : node) {
        RHA_RETURN_IF_ERROR(Convert(item, depth + 1, nodes_left, out.emplace_back()));
      }
      return Status::Ok();
    case YAML::NodeType::Map:
      out = Json::object();
      for (const auto& entry : node) {
        Json& value = out[entry.first.Scalar()];
        RHA_RETURN_IF_ERROR(Convert(entry.second, depth + 1, nodes_left, value));
      }
      return Status::Ok();
    default:
      out = nullptr;
      return Status::Ok();
  }
}

}  // namespace

Result<std::vector<Json>> ParseYamlStream(std::string_view text) {
  std::vector<Json> documents;
  try {
    for (const auto& node : YAML::LoadAll(std::string(text))) {
      size_t nodes_left = kYamlNodesMax;
      Json document;
      RHA_RETURN_IF_ERROR(Convert(node, 0, nodes_left, document));
      if (!document.is_null()) documents.push_back(std::move(document));
    }
  } catch (const std::exception& error) {
    return Status(Code::kInvalid, std::string("body is not valid YAML: ") + error.what());
  }
  return documents;
}

Result<Json> ParseYaml(std::string_view text) {
  RHA_ASSIGN_OR_RETURN(auto documents, ParseYamlStream(text));
  if (documents.size() != 1) return Status(Code::kInvalid, "one YAML document is expected");
  return std::move(documents.front());
}

}  // namespace rha::local::object
