// Places and what is said of them: GEOADD, GEODIST, GEOHASH, GEOPOS.
#include <string>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/geo/geo_args.h"
#include "node/commands/zset/add.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;
using keyspace::Type;
using structs::GeoPoint;
using types::ZsetView;

// Replicas get the scores, as Redis has it: nothing is left to their arithmetic.
void PropagateScores(Context& ctx, size_t places_at) {
  if (!ctx.state().feed_active()) return;
  std::vector<std::string> scores;
  for (size_t i = places_at; i < ctx.argc(); i += 3) {
    GeoPoint point;
    ParsePoint(ctx, i, &point);
    scores.push_back(std::to_string(structs::GeoScore(point)));
  }
  std::vector<std::string_view> words(ctx.args.begin(), ctx.args.begin() + places_at);
  words[0] = "zadd";
  for (size_t i = 0; i < scores.size(); ++i) {
    words.push_back(scores[i]);
    words.push_back(ctx.arg(places_at + 3 * i + 2));
  }
  ctx.PropagateArgs(words);
}

void GeoAdd(Context& ctx) {
  AddOptions options;
  size_t at = 2;
  for (; at < ctx.argc(); ++at) {
    if (EqualsIgnoreCase(ctx.arg(at), "nx")) {
      options.nx = true;
    } else if (EqualsIgnoreCase(ctx.arg(at), "xx")) {
      options.xx = true;
    } else if (EqualsIgnoreCase(ctx.arg(at), "ch")) {
      options.count_changed = true;
    } else {
      break;
    }
  }
  const size_t words = ctx.argc() - at;
  if (words == 0 || words % 3 != 0 || (options.nx && options.xx)) return ctx.SyntaxError();
  GeoPoint point;
  for (size_t i = at; i < ctx.argc(); i += 3) {
    if (!ParsePoint(ctx, i, &point)) return;
  }
  const uint64_t changes = AddMembers(ctx, options, {at, 3}, [&](size_t word) {
    ParsePoint(ctx, word, &point);
    return static_cast<double>(structs::GeoScore(point));
  });
  if (changes > 0) PropagateScores(ctx, at);
}

void GeoDist(Context& ctx) {
  double unit_m = 1;
  if (ctx.argc() > 5) return ctx.SyntaxError();
  if (ctx.argc() == 5 && !ParseUnit(ctx, ctx.arg(4), &unit_m)) return;
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kZset)) return;
  if (!item) return ctx.reply.Null();
  const auto from = PointOf(item.As<ZsetView>(), ctx.arg(2));
  const auto to = PointOf(item.As<ZsetView>(), ctx.arg(3));
  if (!from || !to) return ctx.reply.Null();
  ReplyDistance(ctx.reply, structs::GeoOrigin(*from).MetresTo(*to) / unit_m);
}

// One answer for each member named: `here(point)` or `nowhere()`.
template <typename Here, typename Nowhere>
void ReplyEach(Context& ctx, Here here, Nowhere nowhere) {
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kZset)) return;
  ctx.reply.Array(static_cast<int64_t>(ctx.argc() - 2));
  for (const std::string_view member : ctx.args.subspan(2)) {
    const auto point = item ? PointOf(item.As<ZsetView>(), member) : std::nullopt;
    point ? here(*point) : nowhere();
  }
}

void GeoHash(Context& ctx) {
  ReplyEach(
      ctx, [&](GeoPoint point) { ctx.reply.Bulk(structs::GeoHashText(point)); },
      [&] { ctx.reply.Null(); });
}

void GeoPos(Context& ctx) {
  ReplyEach(
      ctx, [&](GeoPoint point) { ReplyPoint(ctx.reply, point); }, [&] { ctx.reply.NullArray(); });
}

constexpr CommandSpec kRows[] = {
    {"geoadd", GeoAdd, -5, kWrite | kDenyOom, kAclGeo, {At(1, kUpdates)}},
    {"geodist", GeoDist, -4, kReadonly, kAclGeo, {At(1, kReads)}},
    {"geohash", GeoHash, -2, kReadonly, kAclGeo, {At(1, kReads)}},
    {"geopos", GeoPos, -2, kReadonly, kAclGeo, {At(1, kReads)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows GeoPlaceRows() { return kRows; }

}  // namespace rha::node::commands
