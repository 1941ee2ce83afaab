// Label and field selectors: "app=x,tier in (a,b),!gone" and
// "metadata.name=x,status.phase!=Running", and the LabelSelector objects of workloads. Pure; any
// thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace rha::local::object {

struct Requirement {
  enum class Op { kIn, kNotIn, kExists, kAbsent };
  std::string key;
  Op op = Op::kExists;
  std::vector<std::string> values;
};

// Every requirement must hold; an empty selector matches everything.
struct LabelSelector {
  std::vector<Requirement> requirements;
  bool Matches(const nlohmann::json& object) const;
  bool MatchesLabels(const nlohmann::json& labels) const;
};

Result<LabelSelector> ParseLabelSelector(std::string_view text);
// matchLabels and matchExpressions.
LabelSelector FromLabelSelectorObject(const nlohmann::json& selector);
// {"a": "b"}: a Service's selector.
LabelSelector FromLabelMap(const nlohmann::json& labels);

// A comparison of a dotted path with a string; missing fields compare as "".
struct FieldTerm {
  std::string path, value;
  bool equal = true;
};
struct FieldSelector {
  std::vector<FieldTerm> terms;
  bool Matches(const nlohmann::json& object) const;
};
Result<FieldSelector> ParseFieldSelector(std::string_view text);

}  // namespace rha::local::object
