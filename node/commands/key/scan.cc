// Walking the keys: KEYS, SCAN, RANDOMKEY.
#include <string>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/commands/scan_options.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;

void Keys(Context& ctx) {
  ScanOptions options;
  options.pattern = ctx.arg(1);
  BulkList found;
  ctx.db().ForEach([&](const Item& item) {
    if (options.Matches(item.key()) && !ctx.db().IsExpired(item)) found.Add(item.key());
  });
  found.WriteArray(ctx.reply);
}

void Scan(Context& ctx) {
  uint64_t cursor = 0;
  ScanOptions options;
  if (!ParseScanCursor(ctx, ctx.arg(1), &cursor)) return;
  if (!ParseScanOptions(ctx, 2, ScanOf::kKeys, &options)) return;

  std::vector<std::string> keys;  // copies, since looking a key up may delete it
  cursor = ScanSome(cursor, options.count, [&](uint64_t at, int64_t* visited) {
    return ctx.db().Scan(at, [&](const Item& item) {
      ++*visited;
      if (options.Matches(item.key())) keys.emplace_back(item.key());
    });
  });
  BulkList found;
  for (const std::string& key : keys) {
    // As in Redis, looking at the type counts as a hit.
    const Item item = options.type ? ctx.db().CountedPeek(key) : ctx.db().Peek(key);
    if (!item) continue;
    if (options.type && !EqualsIgnoreCase(*options.type, types::TypeName(item.type()))) continue;
    found.Add(key);
  }
  ReplyScan(ctx, cursor, found);
}

void RandomKey(Context& ctx) {
  const Item item = ctx.db().Random();
  item ? ctx.reply.Bulk(item.key()) : ctx.reply.Null();
}

constexpr CommandSpec kRows[] = {
    {.name = "keys",
     .handler = Keys,
     .arity = 2,
     .flags = kReadonly,
     .acl = kAclKeyspace | kAclDangerous,
     .since = "1.0.0",
     .summary = "Find all keys matching the given pattern",
     .complexity =
         "O(N) with N being the number of keys in the database, under the assumption that the key "
         "names in the database and the given pattern have limited length."},
    {.name = "scan",
     .handler = Scan,
     .arity = -2,
     .flags = kReadonly | kTouchesArbitraryKeys,
     .acl = kAclKeyspace,
     .since = "2.8.0",
     .summary = "Incrementally iterate the keys space",
     .complexity =
         "O(1) for every call. O(N) for a complete iteration, including enough command calls for "
         "the cursor to return back to 0. N is the number of elements inside the collection."},
    {.name = "randomkey",
     .handler = RandomKey,
     .arity = 1,
     .flags = kReadonly | kTouchesArbitraryKeys,
     .acl = kAclKeyspace,
     .since = "1.0.0",
     .summary = "Return a random key from the keyspace"},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ScanRows() { return kRows; }

}  // namespace rha::node::commands
