#include "local/object/json_path.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "local/object/json.h"

namespace rha::local::object {
namespace {

using Nodes = std::vector<const Json*>;

Nodes Children(const Nodes& nodes, const std::string& key) {
  Nodes out;
  for (const Json* node : nodes) {
    if (key == "*") {
      for (const auto& child : *node) out.push_back(&child);
    } else if (const Json* child = FindKey(*node, key)) {
      out.push_back(child);
    }
  }
  return out;
}

// ?(@.type=="Ready"): == and != with a quoted text or a bare scalar.
Nodes Filter(const Nodes& nodes, std::string_view expression) {
  const size_t open = expression.find('('), close = expression.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos) return {};
  expression = expression.substr(open + 1, close - open - 1);
  const size_t op = expression.find_first_of("=!");
  if (op == std::string_view::npos || !expression.starts_with("@")) return {};
  const bool equal = expression[op] == '=';
  std::string_view path = expression.substr(1, op - 1), value = expression.substr(op + 2);
  while (path.ends_with(' ')) path.remove_suffix(1);
  while (value.starts_with(' ')) value.remove_prefix(1);
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'')) {
    value = value.substr(1, value.size() - 2);
  }
  Nodes out;
  for (const Json* node : nodes) {
    for (const auto& item : *node) {
      const auto found = JsonPath(item, path);
      const bool same = !found.empty() &&
                        (found[0]->is_string() ? found[0]->get_ref<const std::string&>() == value
                                               : Dump(*found[0]) == value);
      if (same == equal) out.push_back(&item);
    }
  }
  return out;
}

Nodes Subscript(const Nodes& nodes, std::string_view inside) {
  if (inside.starts_with('?')) return Filter(nodes, inside);
  if (inside == "*") return Children(nodes, "*");
  if (inside.size() >= 2 && (inside.front() == '\'' || inside.front() == '"')) {
    return Children(nodes, std::string(inside.substr(1, inside.size() - 2)));
  }
  int64_t index = 0;
  const auto [rest, error] = std::from_chars(inside.data(), inside.data() + inside.size(), index);
  if (error != std::errc() || rest != inside.data() + inside.size()) return {};
  Nodes out;
  for (const Json* node : nodes) {
    if (!node->is_array()) continue;
    const int64_t size = static_cast<int64_t>(node->size());
    const int64_t at = index < 0 ? size + index : index;
    if (at >= 0 && at < size) out.push_back(&(*node)[static_cast<size_t>(at)]);
  }
  return out;
}

size_t FindClose(std::string_view path, size_t open) {
  char quote = 0;
  for (size_t i = open + 1; i < path.size(); ++i) {
    if (quote != 0) {
      if (path[i] == quote) quote = 0;
    } else if (path[i] == '"' || path[i] == '\'') {
      quote = path[i];
    } else if (path[i] == ']') {
      return i;
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::vector<const Json*> JsonPath(const Json& object, std::string_view path) {
  Nodes nodes{&object};
  if (path.starts_with('{') && path.ends_with('}')) path = path.substr(1, path.size() - 2);
  if (path.starts_with('$')) path.remove_prefix(1);
  size_t i = 0;
  while (i < path.size() && !nodes.empty()) {
    if (path[i] == '[') {
      const size_t close = FindClose(path, i);
      if (close == std::string_view::npos) return {};
      nodes = Subscript(nodes, path.substr(i + 1, close - i - 1));
      i = close + 1;
      continue;
    }
    if (path[i] == '.') ++i;
    std::string key;
    for (; i < path.size() && path[i] != '.' && path[i] != '['; ++i) {
      if (path[i] == '\\' && i + 1 < path.size()) ++i;
      key += path[i];
    }
    if (!key.empty()) nodes = Children(nodes, key);
  }
  return nodes;
}

}  // namespace rha::local::object
