// The options of SET and MSETEX: when to set, and for how long.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "node/commands/expiry.h"
#include "node/commands/parse.h"

namespace rha::node::commands {

struct SetOptions {
  enum class If : uint8_t { kAlways, kAbsent, kPresent, kEqual, kNotEqual };
  If condition = If::kAlways;
  std::string_view compared;  // kEqual, kNotEqual: with the value that is there
  bool get = false;
  bool keep_ttl = false;
  std::optional<ExpiryArg> expiry;

  bool compares() const { return condition == If::kEqual || condition == If::kNotEqual; }
  // REQUIRES: `old` is a string or absent, if the options compare().
  bool Admits(const keyspace::Item& old) const;
};

// EX, PX, EXAT or PXAT with the text behind it. False: none of these, or another one was before.
bool ReadExpiryOption(std::string_view word, std::string_view text,
                      std::optional<ExpiryArg>* expiry);
// From argument `first` to the last. False: syntax error, which is not written.
bool ParseSetOptions(const Context& ctx, size_t first, SetOptions* options);

// IFEQ or IFNE; anything else: nothing.
std::optional<SetOptions::If> ReadComparison(std::string_view word);

}  // namespace rha::node::commands
