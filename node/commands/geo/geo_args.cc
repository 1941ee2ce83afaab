#include "node/commands/geo/geo_args.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "node/commands/zset/zset_args.h"

namespace rha::node::commands {

bool ParsePoint(Context& ctx, size_t at, structs::GeoPoint* point) {
  if (!ParseScore(ctx, ctx.arg(at), &point->longitude)) return false;
  if (!ParseScore(ctx, ctx.arg(at + 1), &point->latitude)) return false;
  if (point->OnMap()) return true;
  ctx.reply.Error(fmt::format("ERR invalid longitude,latitude pair {:f},{:f}", point->longitude,
                              point->latitude));
  return false;
}

bool ParseUnit(Context& ctx, std::string_view text, double* unit_m) {
  constexpr struct {
    std::string_view name;
    double metres;
  } kUnits[] = {{"m", 1}, {"km", 1000}, {"ft", 0.3048}, {"mi", 1609.34}};
  for (const auto& unit : kUnits) {
    if (EqualsIgnoreCase(text, unit.name)) return *unit_m = unit.metres, true;
  }
  ctx.reply.Error("ERR unsupported unit provided. please use M, KM, FT, MI");
  return false;
}

void ReplyPoint(resp::Writer& reply, structs::GeoPoint point) {
  reply.Array(2);
  reply.DoubleDigits(FormatLongDouble(point.longitude));
  reply.DoubleDigits(FormatLongDouble(point.latitude));
}

void ReplyDistance(resp::Writer& reply, double distance) {
  constexpr int64_t kParts = 10'000;
  const int64_t parts = std::llrint(distance * kParts);
  const auto [whole, rest] = std::lldiv(parts, kParts);
  reply.Bulk(fmt::format("{}.{:04}", whole, rest));
}

}  // namespace rha::node::commands
