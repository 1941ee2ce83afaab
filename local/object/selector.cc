#include "local/object/selector.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "local/object/json.h"

namespace rha::local::object {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Splits at commas outside parentheses.
std::vector<std::string_view> SplitTerms(std::string_view text) {
  std::vector<std::string_view> terms;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      const auto term = Trim(text.substr(begin, i - begin));
      if (!term.empty()) terms.push_back(term);
      begin = i + 1;
    }
  }
  return terms;
}

Status BadSelector(std::string_view term) {
  return Status(Code::kInvalid, "unable to parse requirement: " + std::string(term));
}

Result<Requirement> ParseSet(std::string_view term) {
  const size_t open = term.find('(');
  if (term.back() != ')') return BadSelector(term);
  std::string_view head = Trim(term.substr(0, open));
  Requirement requirement;
  if (head.ends_with(" notin")) {
    requirement.op = Requirement::Op::kNotIn;
    head.remove_suffix(6);
  } else if (head.ends_with(" in")) {
    requirement.op = Requirement::Op::kIn;
    head.remove_suffix(3);
  } else {
    return BadSelector(term);
  }
  requirement.key = Trim(head);
  for (const auto value : SplitTerms(term.substr(open + 1, term.size() - open - 2))) {
    requirement.values.emplace_back(value);
  }
  return requirement;
}

Result<Requirement> ParseRequirement(std::string_view term) {
  using Op = Requirement::Op;
  if (term.find('(') != std::string_view::npos) return ParseSet(term);
  if (term.front() == '!') return Requirement{std::string(Trim(term.substr(1))), Op::kAbsent, {}};
  const size_t equal = term.find('=');
  if (equal == std::string_view::npos) {
    if (term.find(' ') != std::string_view::npos) return BadSelector(term);
    return Requirement{std::string(term), Op::kExists, {}};
  }
  const bool negated = equal > 0 && term[equal - 1] == '!';
  const bool doubled = equal + 1 < term.size() && term[equal + 1] == '=';
  const auto key = Trim(term.substr(0, negated ? equal - 1 : equal));
  const auto value = Trim(term.substr(equal + (doubled ? 2 : 1)));
  if (key.empty()) return BadSelector(term);
  return Requirement{std::string(key), negated ? Op::kNotIn : Op::kIn, {std::string(value)}};
}

bool Holds(const Requirement& requirement, const Json& labels) {
  const Json* value = FindKey(labels, requirement.key);
  const bool present = value != nullptr && value->is_string();
  const auto listed = [&] {
    const auto& text = value->get_ref<const std::string&>();
    return std::find(requirement.values.begin(), requirement.values.end(), text) !=
           requirement.values.end();
  };
  switch (requirement.op) {
    case Requirement::Op::kExists:
      return present;
    case Requirement::Op::kAbsent:
      return !present;
    case Requirement::Op::kIn:
      return present && listed();
    case Requirement::Op::kNotIn:
      return !present || !listed();
  }
  return false;
}

std::string FieldText(const Json& object, std::string_view path) {
  const Json* at = &object;
  while (at != nullptr && !path.empty()) {
    const size_t dot = path.find('.');
    at = FindKey(*at, path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  if (at == nullptr || at->is_null()) return "";
  return at->is_string() ? at->get<std::string>() : Dump(*at);
}

}  // namespace

bool LabelSelector::MatchesLabels(const Json& labels) const {
  return std::all_of(requirements.begin(), requirements.end(),
                     [&](const Requirement& r) { return Holds(r, labels); });
}

bool LabelSelector::Matches(const Json& object) const {
  return MatchesLabels(Map(object, {"metadata", "labels"}));
}

Result<LabelSelector> ParseLabelSelector(std::string_view text) {
  LabelSelector selector;
  for (const auto term : SplitTerms(text)) {
    RHA_ASSIGN_OR_RETURN(auto requirement, ParseRequirement(term));
    selector.requirements.push_back(std::move(requirement));
  }
  return selector;
}

LabelSelector FromLabelMap(const Json& labels) {
  LabelSelector selector;
  if (!labels.is_object()) return selector;
  for (const auto& [key, value] : labels.items()) {
    if (value.is_string()) {
      selector.requirements.push_back({key, Requirement::Op::kIn, {value.get<std::string>()}});
    }
  }
  return selector;
}

LabelSelector FromLabelSelectorObject(const Json& object) {
  LabelSelector selector = FromLabelMap(Map(object, {"matchLabels"}));
  for (const auto& expression : Items(object, {"matchExpressions"})) {
    Requirement requirement{Str(expression, {"key"}), Requirement::Op::kExists, {}};
    const std::string op = Str(expression, {"operator"});
    if (op == "In") requirement.op = Requirement::Op::kIn;
    if (op == "NotIn") requirement.op = Requirement::Op::kNotIn;
    if (op == "DoesNotExist") requirement.op = Requirement::Op::kAbsent;
    for (const auto& value : Items(expression, {"values"})) {
      if (value.is_string()) requirement.values.push_back(value.get<std::string>());
    }
    selector.requirements.push_back(std::move(requirement));
  }
  return selector;
}

bool FieldSelector::Matches(const Json& object) const {
  return std::all_of(terms.begin(), terms.end(), [&](const FieldTerm& term) {
    return (FieldText(object, term.path) == term.value) == term.equal;
  });
}

Result<FieldSelector> ParseFieldSelector(std::string_view text) {
  FieldSelector selector;
  for (const auto term : SplitTerms(text)) {
    const size_t equal = term.find('=');
    if (equal == std::string_view::npos || equal == 0) {
      return Status(Code::kInvalid, "invalid field selector: " + std::string(term));
    }
    const bool negated = term[equal - 1] == '!';
    const bool doubled = equal + 1 < term.size() && term[equal + 1] == '=';
    selector.terms.push_back({std::string(term.substr(0, negated ? equal - 1 : equal)),
                              std::string(term.substr(equal + (doubled ? 2 : 1))), !negated});
  }
  return selector;
}

}  // namespace rha::local::object
