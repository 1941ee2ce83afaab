// Walking the keys: KEYS, SCAN, RANDOMKEY.
#include <charconv>
#include <string>
#include <vector>

#include "common/base/glob.h"
#include "node/commands/families.h"
#include "node/commands/parse.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;

void WriteKeys(Context& ctx, const std::vector<std::string>& keys) {
  ctx.reply.Array(static_cast<int64_t>(keys.size()));
  for (const std::string& key : keys) ctx.reply.Bulk(key);
}

// Copies, since looking a key up may delete it. Leaves out what has expired.
void DropExpired(Context& ctx, std::vector<std::string>* keys) {
  std::erase_if(*keys, [&](const std::string& key) { return !ctx.db().Exists(key); });
}

void Keys(Context& ctx) {
  const std::string_view pattern = ctx.arg(1);
  const bool all = pattern == "*";
  std::vector<std::string> keys;
  auto visit = [&](const Item& item) {
    if (all || GlobMatches(pattern, item.key())) keys.emplace_back(item.key());
  };
  ctx.db().ForEach(visit);
  DropExpired(ctx, &keys);
  WriteKeys(ctx, keys);
}

struct ScanOptions {
  int64_t count = 10;
  std::string_view pattern = "*";
  std::string_view type;  // empty: any
};

// False: the error is written.
bool ParseScan(Context& ctx, ScanOptions* options) {
  for (size_t i = 2; i < ctx.argc(); i += 2) {
    const std::string_view word = ctx.arg(i);
    if (i + 1 == ctx.argc()) return ctx.SyntaxError(), false;
    const std::string_view value = ctx.arg(i + 1);
    if (EqualsIgnoreCase(word, "count")) {
      if (!ParseInteger(ctx, value, &options->count)) return false;
      if (options->count < 1) return ctx.SyntaxError(), false;
    } else if (EqualsIgnoreCase(word, "match")) {
      options->pattern = value;
    } else if (EqualsIgnoreCase(word, "type")) {
      options->type = value;
    } else {
      return ctx.SyntaxError(), false;
    }
  }
  return true;
}

bool ParseCursor(std::string_view text, uint64_t* cursor) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *cursor);
  return error == std::errc() && end == text.data() + text.size();
}

void Scan(Context& ctx) {
  constexpr int64_t kBucketsPerKey = 10;  // a sparse table must not make a call endless
  uint64_t cursor = 0;
  if (!ParseCursor(ctx.arg(1), &cursor)) return ctx.reply.Error("ERR invalid cursor");
  ScanOptions options;
  if (!ParseScan(ctx, &options)) return;

  std::vector<std::string> keys;
  auto visit = [&](const Item& item) { keys.emplace_back(item.key()); };
  int64_t buckets_left =
      options.count > INT64_MAX / kBucketsPerKey ? INT64_MAX : options.count * kBucketsPerKey;
  do {
    cursor = ctx.db().Scan(cursor, visit);
  } while (cursor != 0 && buckets_left-- > 0 && static_cast<int64_t>(keys.size()) < options.count);

  const bool all = options.pattern == "*";
  std::erase_if(keys, [&](const std::string& key) {
    if (!all && !GlobMatches(options.pattern, key)) return true;
    const Item item = ctx.db().Peek(key);
    if (!item) return true;
    return !options.type.empty() && !EqualsIgnoreCase(options.type, types::TypeName(item.type()));
  });
  ctx.reply.Array(2);
  ctx.reply.Bulk(std::to_string(cursor));
  WriteKeys(ctx, keys);
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
