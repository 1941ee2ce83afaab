// HRANDFIELD: fields of a hash at random.
#include <algorithm>
#include <cstdint>

#include "node/commands/draws.h"
#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/types/hash.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;
using keyspace::Type;
using types::HashView;

// `count` below zero: so many, each drawn on its own.
void ReplyRandom(Context& ctx, const HashView& hash, int64_t count, bool with_values) {
  const auto size = static_cast<int64_t>(hash.size());
  const int64_t fields = count < 0 ? -count : std::min(count, size);
  const bool in_pairs = with_values && ctx.reply.protocol() == 3;
  ctx.reply.Array(with_values && !in_pairs ? fields * 2 : fields);
  const auto reply = [&](std::string_view field, std::string_view value) {
    if (in_pairs) ctx.reply.Array(2);
    ctx.reply.Bulk(field);
    if (with_values) ctx.reply.Bulk(value);
  };
  if (count < 0) {
    DrawWhileThereIsRoom(ctx, static_cast<uint64_t>(fields), hash.size(),
                         [&](uint64_t some) { hash.Draw(some, ctx.keyspace.prng(), reply); });
  } else {
    hash.Sample(static_cast<size_t>(fields), ctx.keyspace.prng(), reply);
  }
}

void HRandField(Context& ctx) {
  const bool counted = ctx.argc() > 2;
  int64_t count = 1;
  bool with_values = false;
  if (counted && !ParseDraws(ctx, "withvalues", &count, &with_values)) return;
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kHash)) return;
  if (!item) return counted ? ctx.reply.Array(0) : ctx.reply.Null();
  const auto hash = item.As<HashView>();
  if (counted) {
    if (!TooManyDraws(ctx, count)) ReplyRandom(ctx, hash, count, with_values);
  } else {
    hash.Sample(1, ctx.keyspace.prng(),
                [&](std::string_view field, auto) { ctx.reply.Bulk(field); });
  }
}

constexpr CommandSpec kRows[] = {
    {"hrandfield", HRandField, -2, kReadonly, kAclHash, {At(1, kReads)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows HashRandomRows() { return kRows; }

}  // namespace rha::node::commands
