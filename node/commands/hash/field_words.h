// What the commands about lifetimes of fields share: which fields they name, and what becomes of
// them. The readers return false after having written the error reply, as those of parse.h.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "node/commands/expiry.h"
#include "node/commands/parse.h"
#include "node/types/hash.h"

namespace rha::node::commands {

// Behind FIELDS, whose number stands at `at`: so many times `words_each` words, to the end of the
// request.
bool ParseFields(Context& ctx, size_t at, size_t words_each, Args* fields);

// Likewise with options in any order, of HGETEX (PERSIST) and HSETEX (KEEPTTL, FNX, FXX).
struct FieldOptions {
  enum class If : uint8_t { kAlways, kAllAbsent, kAllPresent };
  If condition = If::kAlways;
  bool keeps_end = false;  // KEEPTTL
  bool persists = false;   // PERSIST
  std::optional<ExpiryArg> expiry;
  Args fields;
};
enum class FieldCommand : uint8_t { kGet, kSet };
bool ParseFieldOptions(Context& ctx, FieldCommand command, FieldOptions* options);

// As Unix ms, at most types::kFieldEndMaxMs.
bool ParseFieldEnd(Context& ctx, const ExpiryArg& arg, int64_t* end_ms);

// The field goes at once, unless somebody else decides that (a primary, a file).
bool EndsAtOnce(const Context& ctx, int64_t end_ms);

// What replicas are told: HDEL key fields, or HPEXPIREAT and HPERSIST with FIELDS. Nothing if there
// are no fields.
void PropagateErased(Context& ctx, std::string_view key,
                     const std::vector<std::string_view>& fields);
void PropagateEnd(Context& ctx, std::string_view key, int64_t end_ms,
                  const std::vector<std::string_view>& fields);
void PropagatePersisted(Context& ctx, std::string_view key,
                        const std::vector<std::string_view>& fields);

}  // namespace rha::node::commands
