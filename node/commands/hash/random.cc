// HRANDFIELD: fields of a hash at random.
#include <algorithm>
#include <cstdint>

#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/types/hash.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;
using keyspace::Type;
using types::HashView;

struct Request {
  int64_t count = 0;  // negative: so many, each drawn on its own
  bool with_values = false;
};

// False: the error is written.
bool ParseRequest(Context& ctx, Request* request) {
  if (!ParseIntegerInRange(ctx, ctx.arg(2), -INT64_MAX, INT64_MAX, &request->count)) return false;
  if (ctx.argc() == 3) return true;
  if (ctx.argc() > 4 || !EqualsIgnoreCase(ctx.arg(3), "withvalues")) {
    return ctx.SyntaxError(), false;
  }
  if (request->count < -(INT64_MAX / 2) || request->count > INT64_MAX / 2) {
    return ctx.reply.Error("ERR value is out of range"), false;
  }
  request->with_values = true;
  return true;
}

void ReplyRandom(Context& ctx, const HashView& hash, const Request& request) {
  const auto size = static_cast<int64_t>(hash.size());
  const int64_t fields = request.count < 0 ? -request.count : std::min(request.count, size);
  const bool in_pairs = request.with_values && ctx.reply.protocol() == 3;
  ctx.reply.Array(request.with_values && !in_pairs ? fields * 2 : fields);
  const auto reply = [&](std::string_view field, std::string_view value) {
    if (in_pairs) ctx.reply.Array(2);
    ctx.reply.Bulk(field);
    if (request.with_values) ctx.reply.Bulk(value);
  };
  if (request.count < 0) {
    hash.Draw(static_cast<uint64_t>(fields), ctx.keyspace.prng(), reply);
  } else {
    hash.Sample(static_cast<size_t>(fields), ctx.keyspace.prng(), reply);
  }
}

void HRandField(Context& ctx) {
  const bool counted = ctx.argc() > 2;
  Request request;
  if (counted && !ParseRequest(ctx, &request)) return;
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kHash)) return;
  if (counted) {
    if (!item) return ctx.reply.Array(0);
    if (!TooManyDraws(ctx, request.count)) ReplyRandom(ctx, item.As<HashView>(), request);
  } else if (item) {
    const auto reply = [&](std::string_view field, std::string_view) { ctx.reply.Bulk(field); };
    item.As<HashView>().Sample(1, ctx.keyspace.prng(), reply);
  } else {
    ctx.reply.Null();
  }
}

constexpr CommandSpec kRows[] = {
    {.name = "hrandfield",
     .handler = HRandField,
     .arity = -2,
     .flags = kReadonly,
     .keys = kOneKey,
     .acl = kAclHash,
     .group = Group::kHash,
     .since = "6.2.0",
     .summary = "Get one or multiple random fields from a hash",
     .complexity = "O(N) where N is the number of fields returned"},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows HashRandomRows() { return kRows; }

}  // namespace rha::node::commands
