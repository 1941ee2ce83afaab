#include "node/commands/string/set_options.h"

namespace rha::node::commands {

bool SetOptions::Admits(const keyspace::Item& old) const {
  structs::DecimalText scratch;
  const auto equal = [&] { return old.As<types::StringView>().View(scratch) == compared; };
  switch (condition) {
    case If::kAlways:
      return true;
    case If::kAbsent:
      return !old;
    case If::kPresent:
      return static_cast<bool>(old);
    case If::kEqual:
      return old && equal();
    case If::kNotEqual:
      return !old || !equal();
  }
  return false;
}

bool ReadExpiryOption(std::string_view word, std::string_view text,
                      std::optional<ExpiryArg>* expiry) {
  struct Kind {
    std::string_view word;
    bool in_seconds, absolute;
  };
  constexpr Kind kKinds[] = {
      {"ex", true, false}, {"px", false, false}, {"exat", true, true}, {"pxat", false, true}};
  for (const Kind& kind : kKinds) {
    if (!EqualsIgnoreCase(word, kind.word)) continue;
    // The same kind may be repeated, the last one counts; two kinds may not.
    const std::optional<ExpiryArg>& before = *expiry;
    if (before && (before->in_seconds != kind.in_seconds || before->absolute != kind.absolute)) {
      return false;
    }
    *expiry = {text, kind.in_seconds, kind.absolute};
    return true;
  }
  return false;
}

std::optional<SetOptions::If> ReadComparison(std::string_view word) {
  if (EqualsIgnoreCase(word, "ifeq")) return SetOptions::If::kEqual;
  if (EqualsIgnoreCase(word, "ifne")) return SetOptions::If::kNotEqual;
  return std::nullopt;
}

bool ParseSetOptions(const Context& ctx, size_t first, SetOptions* options) {
  using If = SetOptions::If;
  const auto only = [options](If condition) {  // repeated, or the first
    return options->condition == If::kAlways || options->condition == condition;
  };
  for (size_t i = first; i < ctx.argc(); ++i) {
    const std::string_view word = ctx.arg(i);
    const bool more = i + 1 < ctx.argc();
    const std::optional<If> comparison = ReadComparison(word);
    if (EqualsIgnoreCase(word, "nx") && only(If::kAbsent)) {
      options->condition = If::kAbsent;
    } else if (EqualsIgnoreCase(word, "xx") && only(If::kPresent)) {
      options->condition = If::kPresent;
    } else if (comparison && more && options->condition == If::kAlways) {
      options->condition = *comparison;
      options->compared = ctx.arg(++i);
    } else if (EqualsIgnoreCase(word, "get")) {
      options->get = true;
    } else if (EqualsIgnoreCase(word, "keepttl") && !options->expiry) {
      options->keep_ttl = true;
    } else if (!options->keep_ttl && more &&
               ReadExpiryOption(word, ctx.arg(i + 1), &options->expiry)) {
      ++i;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace rha::node::commands
