// Places near others: GEOSEARCH, GEOSEARCHSTORE, and GEORADIUS... from before them.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/geo/geo_args.h"
#include "node/commands/store.h"
#include "node/commands/zset/zset_args.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;
using structs::GeoArea;
using structs::GeoPoint;
using types::Zset;
using types::ZsetView;
namespace events = keyspace::events;

// How a command says what it searches for.
struct SearchForm {
  enum class Center : uint8_t { kPoint, kMember, kOption } center;
  size_t options_at;
  bool may_store = false;  // STORE and STOREDIST name a key
  bool stores = false;     // under the first key; STOREDIST is a mere word
  size_t key_at() const { return stores ? 2 : 1; }
  bool by_options() const { return center == Center::kOption; }
};
constexpr SearchForm kRadius{SearchForm::Center::kPoint, 6, true};
constexpr SearchForm kRadiusRo{SearchForm::Center::kPoint, 6};
constexpr SearchForm kByMember{SearchForm::Center::kMember, 5, true};
constexpr SearchForm kByMemberRo{SearchForm::Center::kMember, 5};
constexpr SearchForm kSearch{SearchForm::Center::kOption, 2};
constexpr SearchForm kSearchStore{SearchForm::Center::kOption, 3, false, true};

enum class Order : uint8_t { kNone, kNearest, kFarthest };

struct SearchRequest {
  std::optional<GeoPoint> center;  // none by a member of a key that is not there
  bool has_center = false;
  bool is_circle = false, is_box = false;
  double radius = 0, width = 0, height = 0;
  double unit_m = 1;

  bool with_distance = false, with_hash = false, with_point = false;
  Order order = Order::kNone;
  bool any = false;
  int64_t count = 0;  // 0: all
  std::optional<std::string_view> store_key;
  bool store_distance = false;

  GeoArea Area() const {
    return is_box ? GeoArea::Box(*center, width, height, unit_m)
                  : GeoArea::Circle(*center, radius, unit_m);
  }
};

// Reads a request word by word. Like Redis it looks into the key on the way.
class SearchParser {
 public:
  SearchParser(Context& ctx, const SearchForm& form, Item item, SearchRequest* request)
      : ctx_(ctx), form_(form), item_(item), request_(*request) {}

  // False: the error is written.
  bool Parse() {
    if (form_.stores) request_.store_key = ctx_.arg(1);
    if (!ParseFixed()) return false;
    for (at_ = form_.options_at; at_ < ctx_.argc(); ++at_) {
      if (!ParseOption()) return false;
    }
    return Check();
  }

 private:
  // What GEORADIUS... have before the options.
  bool ParseFixed() {
    if (form_.center == SearchForm::Center::kPoint) {
      request_.center.emplace();
      return ParsePoint(ctx_, 2, &*request_.center) && ParseCircle(4);
    }
    if (form_.center == SearchForm::Center::kOption || !item_) return true;
    return FindMember(ctx_.arg(2)) && ParseCircle(3);
  }

  bool ParseOption() {
    const std::string_view word = ctx_.arg(at_);
    if (Is("withdist")) return request_.with_distance = true;
    if (Is("withhash")) return request_.with_hash = true;
    if (Is("withcoord")) return request_.with_point = true;
    if (Is("any")) return request_.any = true;
    if (Is("asc")) return request_.order = Order::kNearest, true;
    if (Is("desc")) return request_.order = Order::kFarthest, true;
    if (Takes("count", 1)) return ParseCount();
    if (form_.stores && Is("storedist")) return request_.store_distance = true;
    if (form_.may_store && (Takes("store", 1) || Takes("storedist", 1))) {
      request_.store_key = ctx_.arg(at_);
      request_.store_distance = word.size() > 5;
      return true;
    }
    return form_.by_options() ? ParseAreaOption() : (ctx_.SyntaxError(), false);
  }

  bool ParseAreaOption() {
    SearchRequest& r = request_;
    const size_t first = at_ + 1;
    if (!by_point_ && Takes("frommember", 1)) {
      r.has_center = by_member_ = true;
      return !item_ || FindMember(ctx_.arg(first));
    }
    if (!by_member_ && Takes("fromlonlat", 2)) {
      r.has_center = by_point_ = true;
      r.center.emplace();
      return ParsePoint(ctx_, first, &*r.center);
    }
    if (!r.is_box && Takes("byradius", 2)) return ParseCircle(first);
    if (!r.is_circle && Takes("bybox", 3)) return ParseBox(first);
    return ctx_.SyntaxError(), false;
  }

  bool Is(std::string_view option) const { return EqualsIgnoreCase(ctx_.arg(at_), option); }
  // It is that option, with so many words behind it, which are stepped over.
  bool Takes(std::string_view option, size_t values) {
    if (!Is(option) || at_ + values >= ctx_.argc()) return false;
    at_ += values;
    return true;
  }

  bool ParseCount() {
    if (!ParseInteger(ctx_, ctx_.arg(at_), &request_.count)) return false;
    return request_.count > 0 || Fail("COUNT must be > 0");
  }

  bool FindMember(std::string_view member) {
    request_.center = PointOf(item_.As<ZsetView>(), member);
    return request_.center || Fail("could not decode requested zset member");
  }

  bool ParseCircle(size_t at) {
    request_.is_circle = true;
    if (!ParseScore(ctx_.arg(at), &request_.radius)) return Fail("need numeric radius");
    if (request_.radius < 0) return Fail("radius cannot be negative");
    return ParseUnit(ctx_, ctx_.arg(at + 1), &request_.unit_m);
  }

  bool ParseBox(size_t at) {
    SearchRequest& r = request_;
    r.is_box = true;
    if (!ParseScore(ctx_.arg(at), &r.width)) return Fail("need numeric width");
    if (!ParseScore(ctx_.arg(at + 1), &r.height)) return Fail("need numeric height");
    if (r.width < 0 || r.height < 0) return Fail("height or width cannot be negative");
    return ParseUnit(ctx_, ctx_.arg(at + 2), &r.unit_m);
  }

  // Of what does not go together.
  bool Check() {
    const SearchRequest& r = request_;
    const std::string name(ctx_.arg(0));
    if (r.store_key && (r.with_distance || r.with_hash || r.with_point)) {
      const std::string what = form_.stores ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS";
      return Fail(what + " is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
    }
    if (form_.by_options() && !r.has_center) {
      return Fail("exactly one of FROMMEMBER or FROMLONLAT can be specified for " + name);
    }
    if (form_.by_options() && !(r.is_circle || r.is_box)) {
      return Fail("exactly one of BYRADIUS and BYBOX can be specified for " + name);
    }
    return !r.any || r.count > 0 || Fail("the ANY argument requires COUNT argument");
  }

  bool Fail(const std::string& error) { return ctx_.reply.Error("ERR " + error), false; }

  Context& ctx_;
  const SearchForm& form_;
  Item item_;
  SearchRequest& request_;
  size_t at_ = 0;
  bool by_member_ = false, by_point_ = false;
};

// Valid as long as the sorted set does not change.
struct Found {
  std::string_view member;
  double score;
  double distance_m;
};

std::vector<Found> Find(ZsetView zset, const SearchRequest& request) {
  const GeoArea area = request.Area();
  const size_t most = request.any ? static_cast<size_t>(request.count) : SIZE_MAX;
  std::vector<Found> found;
  for (const auto& [low, end] : area.Covered()) {
    if (found.size() >= most) break;
    zset.ForScores({{low, true}, {end, false}}, [&](std::string_view member, double score) {
      const auto distance_m = area.Distance(structs::GeoPointOf(score));
      if (distance_m) found.push_back({member, score, *distance_m});
      return found.size() < most;
    });
  }
  return found;
}

// Leaves those that are wanted, in the order wanted. Equally far ones stay in the order of scores.
void Arrange(const SearchRequest& request, std::vector<Found>* found) {
  Order order = request.order;
  const auto count = static_cast<size_t>(request.count);
  // The nearest are meant, unless any will do.
  if (count != 0 && order == Order::kNone && !request.any) order = Order::kNearest;
  if (order != Order::kNone) {
    const auto before = [order](const Found& a, const Found& b) {
      return order == Order::kNearest ? a.distance_m < b.distance_m : a.distance_m > b.distance_m;
    };
    std::stable_sort(found->begin(), found->end(), before);
  }
  if (count != 0 && count < found->size()) found->resize(count);
}

void ReplyFound(Context& ctx, const SearchRequest& request, const std::vector<Found>& found) {
  const int64_t parts = 1 + request.with_distance + request.with_hash + request.with_point;
  ctx.reply.Array(static_cast<int64_t>(found.size()));
  for (const Found& each : found) {
    if (parts > 1) ctx.reply.Array(parts);
    ctx.reply.Bulk(each.member);
    if (request.with_distance) ReplyDistance(ctx.reply, each.distance_m / request.unit_m);
    if (request.with_hash) ctx.reply.Integer(static_cast<int64_t>(each.score));
    if (request.with_point) ReplyPoint(ctx.reply, structs::GeoPointOf(each.score));
  }
}

void Search(Context& ctx, const SearchForm& form) {
  const Item item = ctx.db().Read(ctx.arg(form.key_at()));
  if (!IsOrAbsent(ctx, item, keyspace::Type::kZset)) return;
  SearchRequest request;
  if (!SearchParser(ctx, form, item, &request).Parse()) return;
  std::vector<Found> found;
  if (item) {
    found = Find(item.As<ZsetView>(), request);
    Arrange(request, &found);
  }
  if (!request.store_key) return ReplyFound(ctx, request, found);
  types::Draft draft = NewDraft(ctx, types::Form::kZsetPacked);
  auto result = draft.As<Zset>();
  result.Reserve(found.size());
  for (const Found& each : found) {
    result.Put(each.member, request.store_distance ? each.distance_m / request.unit_m : each.score);
  }
  StoreResult<ZsetView>(ctx, *request.store_key, draft,
                        form.stores ? events::kGeoSearchStore : events::kGeoRadiusStore);
}

void Radius(Context& ctx) { Search(ctx, kRadius); }
void RadiusRo(Context& ctx) { Search(ctx, kRadiusRo); }
void ByMember(Context& ctx) { Search(ctx, kByMember); }
void ByMemberRo(Context& ctx) { Search(ctx, kByMemberRo); }
void AnyForm(Context& ctx) { Search(ctx, kSearch); }
void AnyFormAndStore(Context& ctx) { Search(ctx, kSearchStore); }

constexpr uint32_t kStoring = kWrite | kDenyOom | kMovableKeys;

constexpr CommandSpec kRows[] = {
    {"georadius",
     Radius,
     -6,
     kStoring,
     kAclGeo,
     {At(1, kReads), Behind("STORE", 6, kOverwrites), Behind("STOREDIST", 6, kOverwrites)}},
    {"georadiusbymember",
     ByMember,
     -5,
     kStoring,
     kAclGeo,
     {At(1, kReads), Behind("STORE", 5, kOverwrites), Behind("STOREDIST", 5, kOverwrites)}},
    {"georadius_ro", RadiusRo, -6, kReadonly, kAclGeo, {At(1, kReads)}},
    {"georadiusbymember_ro", ByMemberRo, -5, kReadonly, kAclGeo, {At(1, kReads)}},
    {"geosearch", AnyForm, -7, kReadonly, kAclGeo, {At(1, kReads)}},
    {"geosearchstore",
     AnyFormAndStore,
     -8,
     kWrite | kDenyOom,
     kAclGeo,
     {At(1, kOverwrites), At(2, kReads)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows GeoSearchRows() { return kRows; }

}  // namespace rha::node::commands
