#include <array>
#include <cctype>
#include <charconv>

#include "local/schema/cel_node.h"

namespace rha::local::schema {
namespace {

using Kind = CelNode::Kind;
using Parsed = Result<CelExpression>;

constexpr int kNestingMax = 100;

CelExpression Make(Kind kind, std::string text, std::vector<CelExpression> children = {}) {
  auto node = std::make_shared<CelNode>();
  node->kind = kind;
  node->text = std::move(text);
  node->children = std::move(children);
  return node;
}

CelExpression Literal(nlohmann::json value) {
  auto node = std::make_shared<CelNode>();
  node->value = std::move(value);
  return node;
}

// Binary operators by precedence, weakest first.
constexpr std::array<std::array<std::string_view, 7>, 5> kLevels = {{
    {"||"},
    {"&&"},
    {"==", "!=", "<=", ">=", "<", ">", "in"},
    {"+", "-"},
    {"*", "/", "%"},
}};

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Parsed All() {
    RHA_ASSIGN_OR_RETURN(CelExpression expression, Ternary());
    Skip();
    if (!rest_.empty()) return Error("unexpected text");
    return expression;
  }

 private:
  Status Error(const std::string& what) const {
    return Status(Code::kInvalid, what + " at \"" + std::string(rest_.substr(0, 20)) + "\"");
  }

  void Skip() {
    while (!rest_.empty() && isspace(static_cast<unsigned char>(rest_.front())))
      rest_.remove_prefix(1);
  }

  static bool WordChar(char c) { return isalnum(static_cast<unsigned char>(c)) || c == '_'; }

  bool Take(std::string_view token) {
    Skip();
    if (!rest_.starts_with(token)) return false;
    const bool word = WordChar(token.back());
    if (word && rest_.size() > token.size() && WordChar(rest_[token.size()])) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  std::string TakeWord() {
    Skip();
    size_t size = 0;
    while (size < rest_.size() && WordChar(rest_[size])) ++size;
    std::string word(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return word;
  }

  Parsed Ternary() {
    if (++depth_ > kNestingMax) return Error("expression is nested too deeply");
    RHA_ASSIGN_OR_RETURN(CelExpression condition, Binary(0));
    if (Take("?")) {
      RHA_ASSIGN_OR_RETURN(CelExpression yes, Ternary());
      if (!Take(":")) return Error("':' is missing");
      RHA_ASSIGN_OR_RETURN(CelExpression no, Ternary());
      condition = Make(Kind::kTernary, "", {condition, yes, no});
    }
    --depth_;
    return condition;
  }

  std::string_view TakeOperator(size_t level) {
    for (const auto op : kLevels[level]) {
      if (!op.empty() && Take(op)) return op;
    }
    return {};
  }

  Parsed Binary(size_t level) {
    if (level == kLevels.size()) return Unary();
    RHA_ASSIGN_OR_RETURN(CelExpression left, Binary(level + 1));
    for (auto op = TakeOperator(level); !op.empty(); op = TakeOperator(level)) {
      RHA_ASSIGN_OR_RETURN(CelExpression right, Binary(level + 1));
      left = Make(Kind::kBinary, std::string(op), {left, right});
    }
    return left;
  }

  Parsed Unary() {
    if (Take("!")) {
      RHA_ASSIGN_OR_RETURN(CelExpression operand, Unary());
      return Make(Kind::kUnary, "!", {operand});
    }
    if (Take("-")) {
      RHA_ASSIGN_OR_RETURN(CelExpression operand, Unary());
      return Make(Kind::kUnary, "-", {operand});
    }
    return Member();
  }

  Parsed Member() {
    RHA_ASSIGN_OR_RETURN(CelExpression at, Primary());
    while (true) {
      if (Take("[")) {
        RHA_ASSIGN_OR_RETURN(CelExpression index, Ternary());
        if (!Take("]")) return Error("']' is missing");
        at = Make(Kind::kIndex, "", {at, index});
      } else if (Take(".")) {
        const bool optional = Take("?");
        const std::string name = TakeWord();
        if (name.empty()) return Error("a field name is missing");
        if (Take("(")) {
          std::vector<CelExpression> children{at};
          RHA_RETURN_IF_ERROR(Sequence(")", children));
          at = Make(Kind::kMethod, name, std::move(children));
        } else {
          auto node = std::make_shared<CelNode>();
          node->kind = Kind::kField;
          node->text = name;
          node->optional = optional;
          node->children = {at};
          at = node;
        }
      } else {
        return at;
      }
    }
  }

  // Comma-separated expressions up to `end`.
  Status Sequence(std::string_view end, std::vector<CelExpression>& out) {
    if (Take(end)) return Status::Ok();
    do {
      auto item = Ternary();
      if (!item.ok()) return item.status();
      out.push_back(*std::move(item));
    } while (Take(","));
    return Take(end) ? Status::Ok() : Error("a closing bracket is missing");
  }

  Parsed Primary() {
    Skip();
    if (rest_.empty()) return Error("an expression is missing");
    if (Take("(")) {
      RHA_ASSIGN_OR_RETURN(CelExpression inner, Ternary());
      if (!Take(")")) return Error("')' is missing");
      return inner;
    }
    if (Take("[")) {
      std::vector<CelExpression> items;
      RHA_RETURN_IF_ERROR(Sequence("]", items));
      return Make(Kind::kList, "", std::move(items));
    }
    if (Take("{")) return MapLiteral();
    if (rest_.front() == '"' || rest_.front() == '\'') return Text(false);
    if (rest_.starts_with("r'") || rest_.starts_with("r\"")) {
      rest_.remove_prefix(1);
      return Text(true);
    }
    if (isdigit(static_cast<unsigned char>(rest_.front()))) return Number();
    const std::string name = TakeWord();
    if (name.empty()) return Error("unexpected text");
    if (name == "true") return Literal(true);
    if (name == "false") return Literal(false);
    if (name == "null") return Literal(nullptr);
    if (!Take("(")) return Make(Kind::kName, name);
    std::vector<CelExpression> arguments;
    RHA_RETURN_IF_ERROR(Sequence(")", arguments));
    return Make(Kind::kCall, name, std::move(arguments));
  }

  Parsed MapLiteral() {
    std::vector<CelExpression> children;
    if (!Take("}")) {
      do {
        RHA_ASSIGN_OR_RETURN(CelExpression key, Ternary());
        if (!Take(":")) return Error("':' is missing");
        RHA_ASSIGN_OR_RETURN(CelExpression value, Ternary());
        children.push_back(key);
        children.push_back(value);
      } while (Take(","));
      if (!Take("}")) return Error("'}' is missing");
    }
    return Make(Kind::kMap, "", std::move(children));
  }

  Parsed Number() {
    const char *begin = rest_.data(), *end = begin + rest_.size();
    int64_t integer = 0;
    double real = 0;
    const auto whole = std::from_chars(begin, end, integer);
    const auto part = std::from_chars(begin, end, real);
    if (part.ec != std::errc()) return Error("not a number");
    const bool is_integer = whole.ec == std::errc() && whole.ptr == part.ptr;
    rest_.remove_prefix(static_cast<size_t>(part.ptr - begin));
    if (is_integer && rest_.starts_with('u')) rest_.remove_prefix(1);
    return is_integer ? Literal(integer) : Literal(real);
  }

  Parsed Text(bool raw) {
    const char quote = rest_.front();
    std::string text;
    size_t i = 1;
    for (; i < rest_.size() && rest_[i] != quote; ++i) {
      if (rest_[i] == '\\' && !raw && i + 1 < rest_.size()) {
        ++i;
        const char c = rest_[i];
        text += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
      } else {
        text += rest_[i];
      }
    }
    if (i >= rest_.size()) return Error("a closing quote is missing");
    rest_.remove_prefix(i + 1);
    return Literal(text);
  }

  std::string_view rest_;
  int depth_ = 0;
};

}  // namespace

Result<CelExpression> ParseCel(std::string_view text) { return Parser(text).All(); }

}  // namespace rha::local::schema
