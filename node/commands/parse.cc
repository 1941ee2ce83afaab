#include "node/commands/parse.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <climits>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "node/dispatch/engine_options.h"
#include "node/dispatch/limits.h"

namespace rha::node::commands {

bool ParseInteger(Context& ctx, std::string_view text, int64_t* value) {
  if (structs::ParseDecimal(text, value)) return true;
  ctx.NotAnInteger();
  return false;
}

bool ParseIntegerInRange(Context& ctx, std::string_view text, int64_t low, int64_t high,
                         int64_t* value) {
  if (!ParseInteger(ctx, text, value)) return false;
  if (*value >= low && *value <= high) return true;
  ctx.reply.Error("ERR value is out of range, value must between " + std::to_string(low) + " and " +
                  std::to_string(high));
  return false;
}

bool ParseIntegerOr(Context& ctx, std::string_view text, int64_t low, const char* error,
                    int64_t* value) {
  if (structs::ParseDecimal(text, value) && *value >= low) return true;
  ctx.reply.Error(error);
  return false;
}

bool ParsePositive(Context& ctx, std::string_view text, int64_t* value) {
  return ParseIntegerOr(ctx, text, 0, "ERR value is out of range, must be positive", value);
}

keyspace::Db* ParseDb(Context& ctx, std::string_view text) {
  int64_t index = 0;
  if (!ParseIntegerInRange(ctx, text, INT_MIN, INT_MAX, &index)) return nullptr;
  if (index >= 0 && index < ctx.keyspace.databases()) {
    return &ctx.keyspace.db(static_cast<int>(index));
  }
  ctx.reply.Error("ERR DB index is out of range");
  return nullptr;
}

bool ParseIndexes(Context& ctx, size_t at, Indexes* indexes) {
  return ParseInteger(ctx, ctx.arg(at), &indexes->first) &&
         ParseInteger(ctx, ctx.arg(at + 1), &indexes->last);
}

IndexRange Within(size_t size, Indexes indexes) {
  const auto count = static_cast<int64_t>(size);
  auto [first, last] = indexes;
  if (first < 0) first = std::max<int64_t>(first + count, 0);
  if (last < 0) last += count;
  last = std::min(last, count - 1);
  if (first > last) return {};
  return {static_cast<size_t>(first), static_cast<size_t>(last - first + 1)};
}

IndexRange WithinString(size_t size, Indexes indexes) {
  if (indexes.last < 0)
    indexes.last = std::max<int64_t>(indexes.last + static_cast<int64_t>(size), 0);
  return Within(size, indexes);
}

int64_t StringBytesMax(const Context& ctx) {
  const bool primary = ctx.session.kind == SessionKind::kPrimary;
  return primary ? dispatch::kBulkBytesMost : ctx.options().bulk_bytes_max;
}

bool ParseLongDouble(std::string_view text, long double* value) {
  constexpr size_t kTextMax = 5 * 1024 - 1;  // as long as FormatLongDouble's may be
  if (text.empty() || text.size() > kTextMax) return false;
  if (std::isspace(static_cast<unsigned char>(text[0])) != 0) return false;
  const std::string copy(text);
  char* end = nullptr;
  errno = 0;
  *value = std::strtold(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size() || std::isnan(*value)) return false;
  const bool overflow = errno == ERANGE && (std::isinf(*value) || *value == 0);
  return !overflow;
}

bool ParseTimeout(Context& ctx, std::string_view text, int64_t* deadline_ms) {
  long double seconds = 0;
  if (!ParseLongDouble(text, &seconds)) {
    ctx.reply.Error("ERR timeout is not a float or out of range");
    return false;
  }
  const long double ms = std::ceil(seconds * 1000);
  // The sign before rounding: -0.0005 is no endless wait. Redis' word for both.
  if (seconds < 0 || ms >= 0x1p63L) {
    ctx.reply.Error("ERR timeout is negative");
    return false;
  }
  const auto wait_ms = static_cast<int64_t>(ms);
  *deadline_ms = wait_ms == 0 ? 0 : Later(ctx.now_ms, wait_ms);
  return true;
}

int64_t Later(int64_t now_ms, int64_t wait_ms) {
  int64_t sum = 0;
  return __builtin_add_overflow(now_ms, wait_ms, &sum) ? std::numeric_limits<int64_t>::max() : sum;
}

std::string FormatLongDouble(long double value) {
  char text[5 * 1024];
  int length = std::snprintf(text, sizeof text, "%.17Lf", value);
  std::string_view shown(text, static_cast<size_t>(length));
  if (shown.find('.') != std::string_view::npos) {
    while (shown.back() == '0') shown.remove_suffix(1);
    if (shown.back() == '.') shown.remove_suffix(1);
  }
  return shown == "-0" ? "0" : std::string(shown);
}

void WrongArity(Context& ctx) {
  ctx.reply.Error("ERR wrong number of arguments for '" + std::string(ctx.spec.name) + "' command");
}

bool IsOrAbsent(Context& ctx, const keyspace::Item& item, keyspace::Type type) {
  if (!item || item.type() == type) return true;
  ctx.WrongType();
  return false;
}

}  // namespace rha::node::commands
