// What SCAN, HSCAN, SSCAN and ZSCAN have in common: cursor, options, the length of a call, reply.
// Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/glob.h"
#include "node/commands/bulk_list.h"
#include "node/commands/parse.h"

namespace rha::node::commands {

struct ScanOptions {
  int64_t count = 10;
  std::string_view pattern = "*";
  std::optional<std::string_view> type;
  bool no_values = false;

  bool Matches(std::string_view text) const { return pattern == "*" || GlobMatches(pattern, text); }
};

// Keys have a type that can be asked for, fields values that can be left out.
enum class ScanOf : uint8_t { kKeys, kMembers, kFields };

// False: the error is written.
bool ParseScanCursor(Context& ctx, std::string_view text, uint64_t* cursor);
// From argument `first` on.
bool ParseScanOptions(Context& ctx, size_t first, ScanOf what, ScanOptions* options);
void ReplyScan(Context& ctx, uint64_t cursor, BulkList& found);

// One call's worth of steps: `step(cursor, &visited)` visits a little, counts it and returns the
// next cursor.
template <typename Step>
uint64_t ScanSome(uint64_t cursor, int64_t count, Step step) {
  constexpr int64_t kStepsPerItem = 10;  // a sparse table must not make a call endless
  int64_t steps_left = count > INT64_MAX / kStepsPerItem ? INT64_MAX : count * kStepsPerItem;
  int64_t visited = 0;
  do {
    cursor = step(cursor, &visited);
  } while (cursor != 0 && steps_left-- > 0 && visited < count);
  return cursor;
}

// The whole of HSCAN, SSCAN and ZSCAN. `add(found, options, view, member, ...)` is called with what
// View::Scan visits, if the member matches.
template <typename View, typename Add>
void ScanMembers(Context& ctx, keyspace::Type type, Add add) {
  const ScanOf what = type == keyspace::Type::kHash ? ScanOf::kFields : ScanOf::kMembers;
  uint64_t cursor = 0;
  if (!ParseScanCursor(ctx, ctx.arg(2), &cursor)) return;
  const keyspace::Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, type)) return;
  BulkList found;
  if (!item) return ReplyScan(ctx, 0, found);
  ScanOptions options;
  if (!ParseScanOptions(ctx, 3, what, &options)) return;

  const View view = item.As<View>();
  cursor = ScanSome(cursor, options.count, [&](uint64_t at, int64_t* visited) {
    return view.Scan(at, [&](std::string_view member, auto... rest) {
      ++*visited;
      if (options.Matches(member)) add(found, options, view, member, rest...);
    });
  });
  ReplyScan(ctx, cursor, found);
}

}  // namespace rha::node::commands
