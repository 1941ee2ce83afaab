#include <algorithm>
#include <cmath>
#include <regex>

#include "local/object/json.h"
#include "local/schema/cel_node.h"
#include "local/schema/quantity.h"

namespace rha::local::schema {
namespace {

using object::Json;
using Kind = CelNode::Kind;
using Value = Result<Json>;

Status NoSuchKey(const std::string& key) { return Status(Code::kInvalid, "no such key: " + key); }
Status NoOverload(const std::string& what) {
  return Status(Code::kInvalid, "no such overload: " + what);
}

class Evaluator {
 public:
  explicit Evaluator(const CelVariables& variables) : variables_(variables) {}

  Value Eval(const CelNode& node);

 private:
  Value EvalField(const CelNode& node);
  Value EvalIndex(const CelNode& node);
  Value EvalBinary(const CelNode& node);
  Value EvalLogic(const CelNode& node);
  Value EvalCall(const CelNode& node);
  Value EvalMethod(const CelNode& node);
  Value EvalMacro(const CelNode& node);
  Value Has(const CelNode& node);

  CelVariables variables_;
};

Value Arithmetic(const std::string& op, const Json& a, const Json& b) {
  if (op == "+" && a.is_string() && b.is_string())
    return Json(a.get<std::string>() + b.get<std::string>());
  if (op == "+" && a.is_array() && b.is_array()) {
    Json joined = a;
    joined.insert(joined.end(), b.begin(), b.end());
    return joined;
  }
  if (!a.is_number() || !b.is_number()) return NoOverload(op);
  if (a.is_number_float() || b.is_number_float()) {
    const double x = a.get<double>(), y = b.get<double>();
    if (op == "+") return Json(x + y);
    if (op == "-") return Json(x - y);
    if (op == "*") return Json(x * y);
    if (op == "/") return Json(x / y);
    return NoOverload(op);
  }
  const int64_t x = a.get<int64_t>(), y = b.get<int64_t>();
  int64_t out = 0;
  bool overflow = false;
  if (op == "+") overflow = __builtin_add_overflow(x, y, &out);
  if (op == "-") overflow = __builtin_sub_overflow(x, y, &out);
  if (op == "*") overflow = __builtin_mul_overflow(x, y, &out);
  if (op == "/" || op == "%") {
    if (y == 0) return Status(Code::kInvalid, "division by zero");
    overflow = y == -1 && x == INT64_MIN;
    if (!overflow) out = op == "/" ? x / y : x % y;
  }
  if (overflow) return Status(Code::kInvalid, "integer overflow");
  return Json(out);
}

Value Compare(const std::string& op, const Json& a, const Json& b) {
  if (op == "==") return Json(a == b);
  if (op == "!=") return Json(a != b);
  if (op == "in") {
    if (b.is_array()) return Json(std::find(b.begin(), b.end(), a) != b.end());
    if (b.is_object() && a.is_string()) return Json(b.contains(a.get<std::string>()));
    return NoOverload(op);
  }
  const bool comparable = (a.is_number() && b.is_number()) || (a.is_string() && b.is_string()) ||
                          (a.is_boolean() && b.is_boolean());
  if (!comparable) return NoOverload(op);
  if (op == "<") return Json(a < b);
  if (op == "<=") return Json(a <= b);
  if (op == ">") return Json(a > b);
  return Json(a >= b);
}

Value SizeOf(const Json& value) {
  if (value.is_string()) {
    int64_t runes = 0;
    for (const char c : value.get_ref<const std::string&>()) {
      runes += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
    }
    return Json(runes);
  }
  if (value.is_structured()) return Json(static_cast<int64_t>(value.size()));
  return NoOverload("size");
}

Value ToNumber(const std::string& name, const Json& value) {
  double number = 0;
  if (value.is_number()) {
    number = value.get<double>();
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    char* end = nullptr;
    number = strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0')
      return Status(Code::kInvalid, "type conversion error: " + text);
  } else {
    return NoOverload(name);
  }
  return name == "int" ? Json(static_cast<int64_t>(number)) : Json(number);
}

Value Quantity(const Json& value) {
  if (value.is_number()) return Json(value.get<double>());
  const auto number =
      value.is_string() ? ParseQuantity(value.get_ref<const std::string&>()) : std::nullopt;
  if (!number) return Status(Code::kInvalid, "quantities must match the regular expression");
  return Json(*number);
}

Value StringMethod(const std::string& name, const std::string& text, const Json& argument) {
  if (name == "lowerAscii") {
    std::string lower = text;
    for (char& c : lower) c = static_cast<char>(tolower(c));
    return Json(lower);
  }
  if (!argument.is_string()) return NoOverload(name);
  const auto& other = argument.get_ref<const std::string&>();
  if (name == "startsWith") return Json(text.starts_with(other));
  if (name == "endsWith") return Json(text.ends_with(other));
  if (name == "contains") return Json(text.find(other) != std::string::npos);
  try {
    return Json(std::regex_search(text, std::regex(other)));
  } catch (const std::regex_error& error) {
    return Status(Code::kInvalid, std::string("bad regular expression: ") + error.what());
  }
}

Value NumberMethod(const std::string& name, double number, const Json& argument) {
  if (name == "sign") return Json(static_cast<int64_t>((number > 0) - (number < 0)));
  if (!argument.is_number()) return NoOverload(name);
  const double other = argument.get<double>();
  if (name == "isGreaterThan") return Json(number > other);
  if (name == "isLessThan") return Json(number < other);
  return Json(static_cast<int64_t>((number > other) - (number < other)));
}

bool IsMacro(const CelNode& node) {
  static const char* const kMacros[] = {"all", "exists", "exists_one", "filter", "map"};
  return node.children.size() == 3 && node.children[1]->kind == Kind::kName &&
         std::find(std::begin(kMacros), std::end(kMacros), node.text) != std::end(kMacros);
}

Value Evaluator::Eval(const CelNode& node) {
  switch (node.kind) {
    case Kind::kLiteral:
      return node.value;
    case Kind::kName: {
      const auto it = variables_.find(node.text);
      if (it == variables_.end()) {
        return Status(Code::kUnsupported, "undeclared reference to " + node.text);
      }
      return it->second;
    }
    case Kind::kField:
      return EvalField(node);
    case Kind::kIndex:
      return EvalIndex(node);
    case Kind::kCall:
      return EvalCall(node);
    case Kind::kMethod:
      return IsMacro(node) ? EvalMacro(node) : EvalMethod(node);
    case Kind::kUnary: {
      RHA_ASSIGN_OR_RETURN(const Json operand, Eval(*node.children[0]));
      if (node.text == "!" && operand.is_boolean()) return Json(!operand.get<bool>());
      if (node.text == "-" && operand.is_number()) return Arithmetic("-", 0, operand);
      return NoOverload(node.text);
    }
    case Kind::kBinary:
      return EvalBinary(node);
    case Kind::kTernary: {
      RHA_ASSIGN_OR_RETURN(const Json condition, Eval(*node.children[0]));
      if (!condition.is_boolean()) return NoOverload("?:");
      return Eval(*node.children[condition.get<bool>() ? 1 : 2]);
    }
    case Kind::kList: {
      Json list = Json::array();
      for (const auto& child : node.children) {
        RHA_ASSIGN_OR_RETURN(Json item, Eval(*child));
        list.push_back(std::move(item));
      }
      return list;
    }
    case Kind::kMap: {
      Json map = Json::object();
      for (size_t i = 0; i + 1 < node.children.size(); i += 2) {
        RHA_ASSIGN_OR_RETURN(const Json key, Eval(*node.children[i]));
        RHA_ASSIGN_OR_RETURN(Json value, Eval(*node.children[i + 1]));
        map[key.is_string() ? key.get<std::string>() : object::Dump(key)] = std::move(value);
      }
      return map;
    }
  }
  return Status(Code::kInternal, "unknown expression");
}

// Field names that are CEL keywords or no identifiers are escaped as Kubernetes does.
std::string Unescape(std::string name) {
  const std::pair<const char*, const char*> kEscapes[] = {
      {"__dot__", "."}, {"__dash__", "-"}, {"__slash__", "/"}, {"__namespace__", "namespace"}};
  for (const auto& [from, to] : kEscapes) {
    for (size_t at = name.find(from); at != std::string::npos; at = name.find(from)) {
      name.replace(at, std::string_view(from).size(), to);
    }
  }
  return name;
}

Value Evaluator::EvalField(const CelNode& node) {
  RHA_ASSIGN_OR_RETURN(const Json base, Eval(*node.children[0]));
  if (const Json* value = object::FindKey(base, Unescape(node.text))) return *value;
  if (node.optional || (base.is_null() && node.children[0]->optional)) return Json(nullptr);
  return NoSuchKey(node.text);
}

Value Evaluator::EvalIndex(const CelNode& node) {
  RHA_ASSIGN_OR_RETURN(const Json base, Eval(*node.children[0]));
  RHA_ASSIGN_OR_RETURN(const Json index, Eval(*node.children[1]));
  if (base.is_array() && index.is_number_integer()) {
    const int64_t at = index.get<int64_t>();
    if (at < 0 || at >= static_cast<int64_t>(base.size())) {
      return Status(Code::kInvalid, "index out of bounds: " + std::to_string(at));
    }
    return base[static_cast<size_t>(at)];
  }
  if (base.is_object() && index.is_string()) {
    const Json* value = object::FindKey(base, index.get<std::string>());
    return value == nullptr ? Value(NoSuchKey(index.get<std::string>())) : Value(*value);
  }
  return NoOverload("[]");
}

Value Evaluator::EvalLogic(const CelNode& node) {
  const bool decides = node.text == "||";
  const Value left = Eval(*node.children[0]);
  if (left.ok() && left->is_boolean() && left->get<bool>() == decides) return Json(decides);
  const Value right = Eval(*node.children[1]);
  if (right.ok() && right->is_boolean() && right->get<bool>() == decides) return Json(decides);
  if (!left.ok()) return left.status();
  if (!right.ok()) return right.status();
  if (!left->is_boolean() || !right->is_boolean()) return NoOverload(node.text);
  return Json(!decides);
}

Value Evaluator::EvalBinary(const CelNode& node) {
  if (node.text == "||" || node.text == "&&") return EvalLogic(node);
  RHA_ASSIGN_OR_RETURN(const Json left, Eval(*node.children[0]));
  RHA_ASSIGN_OR_RETURN(const Json right, Eval(*node.children[1]));
  const bool arithmetic = std::string_view("+-*/%").find(node.text) != std::string_view::npos;
  return arithmetic ? Arithmetic(node.text, left, right) : Compare(node.text, left, right);
}

Value Evaluator::Has(const CelNode& node) {
  if (node.children.size() != 1 || node.children[0]->kind != Kind::kField) return NoOverload("has");
  const CelNode& field = *node.children[0];
  RHA_ASSIGN_OR_RETURN(const Json base, Eval(*field.children[0]));
  return Json(object::FindKey(base, Unescape(field.text)) != nullptr);
}

Value Evaluator::EvalCall(const CelNode& node) {
  if (node.text == "has") return Has(node);
  if (node.children.size() != 1) {
    return Status(Code::kUnsupported, "unknown function " + node.text);
  }
  RHA_ASSIGN_OR_RETURN(const Json argument, Eval(*node.children[0]));
  if (node.text == "size") return SizeOf(argument);
  if (node.text == "int" || node.text == "double") return ToNumber(node.text, argument);
  if (node.text == "string") {
    return Json(argument.is_string() ? argument.get<std::string>() : object::Dump(argument));
  }
  if (node.text == "quantity") return Quantity(argument);
  if (node.text == "isQuantity") return Json(Quantity(argument).ok());
  return Status(Code::kUnsupported, "unknown function " + node.text);
}

Value Evaluator::EvalMethod(const CelNode& node) {
  RHA_ASSIGN_OR_RETURN(const Json base, Eval(*node.children[0]));
  if (node.text == "size") return SizeOf(base);
  Json argument;
  if (node.children.size() > 1) {
    RHA_ASSIGN_OR_RETURN(argument, Eval(*node.children[1]));
  }
  if (node.text == "orValue") return base.is_null() ? argument : base;
  if (node.text == "hasValue") return Json(!base.is_null());
  static const char* const kOfStrings[] = {"startsWith", "endsWith", "contains", "matches",
                                           "lowerAscii"};
  static const char* const kOfNumbers[] = {"isGreaterThan", "isLessThan", "compareTo", "sign"};
  const auto known = [&](const auto& names) {
    return std::find(std::begin(names), std::end(names), node.text) != std::end(names);
  };
  if (known(kOfStrings)) {
    if (!base.is_string()) return NoOverload(node.text);
    return StringMethod(node.text, base.get_ref<const std::string&>(), argument);
  }
  if (known(kOfNumbers)) {
    if (!base.is_number()) return NoOverload(node.text);
    return NumberMethod(node.text, base.get<double>(), argument);
  }
  return Status(Code::kUnsupported, "unknown function " + node.text);
}

Value Evaluator::EvalMacro(const CelNode& node) {
  RHA_ASSIGN_OR_RETURN(const Json base, Eval(*node.children[0]));
  if (!base.is_structured()) return NoOverload(node.text);
  const std::string& name = node.children[1]->text;
  const auto shadowed = variables_.find(name);
  const Json saved = shadowed == variables_.end() ? Json() : shadowed->second;
  Json items = base;
  if (base.is_object()) {  // of a map the keys are walked
    items = Json::array();
    for (const auto& [key, value] : base.items()) items.push_back(key);
  }
  Json chosen = Json::array();
  int64_t yes = 0;
  Status failure;
  for (const auto& item : items) {
    variables_[name] = item;
    Value outcome = Eval(*node.children[2]);
    if (!outcome.ok()) {
      failure = outcome.status();
      continue;
    }
    if (node.text == "map") {
      chosen.push_back(*std::move(outcome));
    } else if (outcome->is_boolean() && outcome->get<bool>()) {
      ++yes;
      chosen.push_back(item);
    }
  }
  variables_[name] = saved;
  const auto count = static_cast<int64_t>(items.size());
  if (node.text == "exists" && yes > 0) return Json(true);
  if (node.text == "all" && failure.ok()) return Json(yes == count);
  if (!failure.ok()) return failure;
  if (node.text == "exists") return Json(false);
  if (node.text == "exists_one") return Json(yes == 1);
  return chosen;
}

}  // namespace

Result<Json> EvaluateCel(const CelExpression& expression, const CelVariables& variables) {
  return Evaluator(variables).Eval(*expression);
}

}  // namespace rha::local::schema
