// Fields of a hash: set, read, erase, walk.
#include <optional>
#include <string>

#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/commands/scan_options.h"
#include "node/types/hash.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Item;
using keyspace::Type;
using types::Hash;
using types::HashView;
namespace events = keyspace::events;

// ---------------------------------------------------------------- changing

// Sets all pairs; nullopt: the error is written.
std::optional<int64_t> SetPairs(Context& ctx) {
  if (ctx.argc() % 2 != 0) {
    WrongArity(ctx);
    return std::nullopt;
  }
  Edit edit = ctx.db().WriteOrCreate(ctx.arg(1), Type::kHash);
  if (!IsOrAbsent(ctx, edit.item(), Type::kHash)) return std::nullopt;
  Hash hash = edit.As<Hash>();
  int64_t added = 0;
  for (size_t i = 2; i < ctx.argc(); i += 2) added += hash.Set(ctx.arg(i), ctx.arg(i + 1)) ? 1 : 0;
  edit.Commit(events::kHSet, ctx.argc() / 2 - 1);
  return added;
}

void HSet(Context& ctx) {
  if (const std::optional<int64_t> added = SetPairs(ctx)) ctx.reply.Integer(*added);
}

void HMSet(Context& ctx) {
  if (SetPairs(ctx)) ctx.reply.Ok();
}

void HSetNx(Context& ctx) {
  Edit edit = ctx.db().WriteOrCreate(ctx.arg(1), Type::kHash);
  if (!IsOrAbsent(ctx, edit.item(), Type::kHash)) return;
  if (edit.item().As<HashView>().Find(ctx.arg(2))) return ctx.reply.Integer(0);
  edit.As<Hash>().Set(ctx.arg(2), ctx.arg(3));
  edit.Commit(events::kHSet);
  ctx.reply.Integer(1);
}

void HDel(Context& ctx) {
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!IsOrAbsent(ctx, edit.item(), Type::kHash)) return;
  if (!edit) return ctx.reply.Integer(0);
  Hash hash = edit.As<Hash>();
  uint64_t erased = 0;
  for (size_t i = 2; i < ctx.argc(); ++i) erased += hash.Erase(ctx.arg(i)) ? 1 : 0;
  edit.Commit(events::kHDel, erased);
  ctx.reply.Integer(static_cast<int64_t>(erased));
}

// ---------------------------------------------------------------- reading

// Calls reply(HashView) for the hash, or writes what `absent` does. Nothing if it is no hash.
template <typename Reply, typename Absent>
void ReadHash(Context& ctx, Reply reply, Absent absent) {
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kHash)) return;
  item ? reply(item.As<HashView>()) : absent();
}

void ReplyValue(Context& ctx, const HashView& hash, std::string_view field) {
  const std::optional<std::string_view> value = hash.Find(field);
  value ? ctx.reply.Bulk(*value) : ctx.reply.Null();
}

void HGet(Context& ctx) {
  ReadHash(
      ctx, [&](const HashView& hash) { ReplyValue(ctx, hash, ctx.arg(2)); },
      [&] { ctx.reply.Null(); });
}

void HMGet(Context& ctx) {
  const auto fields = static_cast<int64_t>(ctx.argc() - 2);
  ReadHash(
      ctx,
      [&](const HashView& hash) {
        ctx.reply.Array(fields);
        for (size_t i = 2; i < ctx.argc(); ++i) ReplyValue(ctx, hash, ctx.arg(i));
      },
      [&] {
        ctx.reply.Array(fields);
        for (int64_t i = 0; i < fields; ++i) ctx.reply.Null();
      });
}

void HGetAll(Context& ctx) {
  ReadHash(
      ctx,
      [&](const HashView& hash) {
        ctx.reply.Map(static_cast<int64_t>(hash.size()));
        hash.ForEach([&](std::string_view field, std::string_view value) {
          ctx.reply.Bulk(field);
          ctx.reply.Bulk(value);
        });
      },
      [&] { ctx.reply.Map(0); });
}

// One text of each pair.
template <typename Choose>
void ReplyHalf(Context& ctx, Choose choose) {
  ReadHash(
      ctx,
      [&](const HashView& hash) {
        ctx.reply.Array(static_cast<int64_t>(hash.size()));
        hash.ForEach([&](std::string_view field, std::string_view value) {
          ctx.reply.Bulk(choose(field, value));
        });
      },
      [&] { ctx.reply.Array(0); });
}
void HKeys(Context& ctx) {
  ReplyHalf(ctx, [](std::string_view field, std::string_view) { return field; });
}
void HVals(Context& ctx) {
  ReplyHalf(ctx, [](std::string_view, std::string_view value) { return value; });
}

// measure(HashView): a number; 0 when there is no hash.
template <typename Measure>
void ReplyNumber(Context& ctx, Measure measure) {
  ReadHash(
      ctx, [&](const HashView& hash) { ctx.reply.Integer(static_cast<int64_t>(measure(hash))); },
      [&] { ctx.reply.Integer(0); });
}
void HLen(Context& ctx) { ReplySize<HashView>(ctx, Type::kHash); }
void HExists(Context& ctx) {
  ReplyNumber(ctx, [&](const HashView& hash) { return hash.Find(ctx.arg(2)) ? 1 : 0; });
}
void HStrLen(Context& ctx) {
  ReplyNumber(ctx, [&](const HashView& hash) {
    return hash.Find(ctx.arg(2)).value_or(std::string_view()).size();
  });
}

void HScan(Context& ctx) {
  ScanMembers<HashView>(ctx, Type::kHash,
                        [](BulkList& found, const ScanOptions& options, const HashView&,
                           std::string_view field, std::string_view value) {
                          found.Add(field);
                          if (!options.no_values) found.Add(value);
                        });
}

constexpr uint32_t kSetFlags = kWrite | kDenyOom | kFast;
constexpr uint32_t kGetFlags = kReadonly | kFast;

constexpr CommandSpec kRows[] = {
    {"hset", HSet, -4, kSetFlags, kAclHash, {At(1, kUpdates)}},
    {"hsetnx", HSetNx, 4, kSetFlags, kAclHash, {At(1, kInserts)}},
    {"hmset", HMSet, -4, kSetFlags, kAclHash, {At(1, kUpdates)}},
    {"hget", HGet, 3, kGetFlags, kAclHash, {At(1, kReads)}},
    {"hmget", HMGet, -3, kGetFlags, kAclHash, {At(1, kReads)}},
    {"hgetall", HGetAll, 2, kReadonly, kAclHash, {At(1, kReads)}},
    {"hkeys", HKeys, 2, kReadonly, kAclHash, {At(1, kReads)}},
    {"hvals", HVals, 2, kReadonly, kAclHash, {At(1, kReads)}},
    {"hlen", HLen, 2, kGetFlags, kAclHash, {At(1, kLooksAt)}},
    {"hexists", HExists, 3, kGetFlags, kAclHash, {At(1, kLooksAt)}},
    {"hdel", HDel, -3, kWrite | kFast, kAclHash, {At(1, kDeletes)}},
    {"hstrlen", HStrLen, 3, kGetFlags, kAclHash, {At(1, kLooksAt)}},
    {"hscan", HScan, -3, kReadonly, kAclHash, {At(1, kReads)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows HashFieldRows() { return kRows; }

}  // namespace rha::node::commands
