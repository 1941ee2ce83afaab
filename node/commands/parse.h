// Reading arguments. Each returns false after having written the error reply, so that a handler
// says
//   if (!ParseInteger(ctx, ctx.arg(2), &count)) return;
// Any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "node/dispatch/context.h"
#include "node/dispatch/table.h"
#include "node/structs/decimal.h"
#include "node/types/string.h"

namespace rha::node::commands {

// What every file of commands needs of dispatch.
using enum dispatch::AclCategory;
using enum dispatch::CommandFlag;
using enum dispatch::KeyUse;
using dispatch::Args;
using dispatch::At;
using dispatch::AtUnless;
using dispatch::Behind;
using dispatch::CommandRows;
using dispatch::CommandSpec;
using dispatch::Context;
using dispatch::Counted;
using dispatch::EqualsIgnoreCase;
using dispatch::Handler;
using dispatch::Keys;
using dispatch::LastOption;
using dispatch::Listed;
using dispatch::RowsAreSound;
using dispatch::Session;
using dispatch::SessionKind;
using dispatch::Unknown;

// "ERR value is not an integer or out of range"
bool ParseInteger(Context& ctx, std::string_view text, int64_t* value);
// Likewise, and "ERR value is out of range, value must between ..."
bool ParseIntegerInRange(Context& ctx, std::string_view text, int64_t low, int64_t high,
                         int64_t* value);
// The same error for what is no number and what is below `low`.
bool ParseIntegerOr(Context& ctx, std::string_view text, int64_t low, const char* error,
                    int64_t* value);
// "ERR value is out of range, must be positive", even for what is no number; 0 is positive.
bool ParsePositive(Context& ctx, std::string_view text, int64_t* value);

// Indexes as commands take them: both ends included, negative ones counted from behind.
struct Indexes {
  int64_t first = 0, last = 0;
};
// From arguments `at` and `at` + 1.
bool ParseIndexes(Context& ctx, size_t at, Indexes* indexes);
// Where they are among `size` elements.
struct IndexRange {
  size_t first = 0;
  size_t count = 0;
};
IndexRange Within(size_t size, Indexes indexes);
// The same of a string, where an end before the first byte is the first byte.
IndexRange WithinString(size_t size, Indexes indexes);

// The longest string that this sender may make.
int64_t StringBytesMax(const Context& ctx);

// No NaN, no blanks. Writes no error.
bool ParseLongDouble(std::string_view text, long double* value);
// A database by its number; null: the error is written.
keyspace::Db* ParseDb(Context& ctx, std::string_view text);
// Seconds to wait, as a deadline in Unix milliseconds; 0 stays 0: for ever.
bool ParseTimeout(Context& ctx, std::string_view text, int64_t* deadline_ms);

// The time `wait_ms` from now, or the end of time: a wait that a client names may be any number.
// REQUIRES: wait_ms >= 0.
int64_t Later(int64_t now_ms, int64_t wait_ms);

// The text Redis gives a float it stores: up to 17 decimals, no exponent, no trailing zeros.
std::string FormatLongDouble(long double value);

// "ERR wrong number of arguments for '...' command"
void WrongArity(Context& ctx);

// False: the key holds another type; WRONGTYPE is written. A key that is not there is fine.
bool IsOrAbsent(Context& ctx, const keyspace::Item& item, keyspace::Type type);

// STRLEN, LLEN, SCARD and so on: the size of the first argument's value; 0 where there is none.
template <typename View>
void ReplySize(Context& ctx, keyspace::Type type) {
  const keyspace::Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, type)) return;
  ctx.reply.Integer(item ? static_cast<int64_t>(item.As<View>().size()) : 0);
}

}  // namespace rha::node::commands
