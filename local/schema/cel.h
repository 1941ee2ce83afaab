// The part of the Common Expression Language that validation rules are written in.
//
// Operators ?: || && == != < <= > >= in + - * / % ! and unary -; fields, indexes, lists, maps;
// has(), size(), int(), double(), string(), quantity(), isQuantity(); all, exists, exists_one,
// filter, map; startsWith, endsWith, contains, matches, lowerAscii, isGreaterThan, isLessThan,
// compareTo, sign, orValue and optional fields (a.?b). Values are JSON values; a quantity is its
// number. As CEL says, an error on one side of || or && yields to the other side that decides.
//
// Parse once, evaluate often. Pure; any thread.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rha::local::schema {

struct CelNode;
using CelExpression = std::shared_ptr<const CelNode>;
using CelVariables = std::map<std::string, nlohmann::json, std::less<>>;

// kInvalid: not CEL, or not the part known here.
Result<CelExpression> ParseCel(std::string_view text);
// kInvalid: the evaluation failed, as CEL defines ("no such key: x").
// kUnsupported: a function not known here.
Result<nlohmann::json> EvaluateCel(const CelExpression& expression, const CelVariables& variables);

}  // namespace rha::local::schema
