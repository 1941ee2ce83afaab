// What the commands of places share: reading points and sizes, and writing points and distances.
// The readers return false after having written the error reply, as those of parse.h.
// Thread rule: any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "node/commands/parse.h"
#include "node/structs/geo.h"
#include "node/types/zset.h"

namespace rha::node::commands {

// From arguments `at` (longitude) and `at` + 1.
bool ParsePoint(Context& ctx, size_t at, structs::GeoPoint* point);
// m, km, ft, mi, in metres.
bool ParseUnit(Context& ctx, std::string_view text, double* unit_m);

// Where a member is; none: there is no such member.
inline std::optional<structs::GeoPoint> PointOf(types::ZsetView zset, std::string_view member) {
  const std::optional<double> score = zset.Score(member);
  return score ? std::optional(structs::GeoPointOf(*score)) : std::nullopt;
}

void ReplyPoint(resp::Writer& reply, structs::GeoPoint point);
// With four decimals.
void ReplyDistance(resp::Writer& reply, double distance);

}  // namespace rha::node::commands
