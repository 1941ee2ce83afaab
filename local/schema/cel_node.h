// The syntax tree that cel_parse.cc makes and cel_eval.cc walks.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "local/schema/cel.h"

namespace rha::local::schema {

struct CelNode {
  enum class Kind {
    kLiteral,  // value
    kName,     // text
    kField,    // children[0] . text       (optional: .?)
    kIndex,    // children[0] [ children[1] ]
    kCall,     // text(children)
    kMethod,   // children[0] . text(children[1…])
    kUnary,    // text: "!" "-"
    kBinary,   // text: the operator
    kTernary,  // children[0] ? children[1] : children[2]
    kList,     // children
    kMap,      // children: key, value, key, value…
  };
  Kind kind = Kind::kLiteral;
  std::string text;
  bool optional = false;
  nlohmann::json value;
  std::vector<CelExpression> children;
};

}  // namespace rha::local::schema
