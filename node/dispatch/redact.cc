#include "node/dispatch/redact.h"

#include "node/dispatch/context.h"

namespace rha::node::dispatch {

std::vector<std::string_view> Redacted(const Context& context) {
  std::vector<std::string_view> words(context.args.begin(), context.args.end());
  if (context.spec.secret == nullptr) return words;
  for (size_t i = 1; i < words.size(); ++i) {
    if (context.spec.secret(context, i)) words[i] = "(redacted)";
  }
  return words;
}

}  // namespace rha::node::dispatch
