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
    {"keys", Keys, 2, kReadonly, kAclKeyspace | kAclDangerous},
    {"scan", Scan, -2, kReadonly | kTouchesArbitraryKeys, kAclKeyspace},
    {"randomkey", RandomKey, 1, kReadonly | kTouchesArbitraryKeys, kAclKeyspace},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ScanRows() { return kRows; }

}  // namespace rha::node::commands
