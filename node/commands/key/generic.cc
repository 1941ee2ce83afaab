// Keys of any type: DEL, EXISTS, TYPE, RENAME, COPY, MOVE, TOUCH.
#include <string>
#include <utility>

#include "node/commands/families.h"
#include "node/commands/parse.h"

namespace rha::node::commands {
namespace {

using keyspace::Db;
using keyspace::Item;
namespace events = keyspace::events;

void Del(Context& ctx) {
  int64_t deleted = 0;
  for (size_t i = 1; i < ctx.argc(); ++i) deleted += ctx.db().Erase(ctx.arg(i)) ? 1 : 0;
  ctx.reply.Integer(deleted);
}

void Exists(Context& ctx) {
  int64_t found = 0;
  for (size_t i = 1; i < ctx.argc(); ++i) found += ctx.db().CountedPeek(ctx.arg(i)) ? 1 : 0;
  ctx.reply.Integer(found);
}

void Touch(Context& ctx) {
  int64_t found = 0;
  for (size_t i = 1; i < ctx.argc(); ++i) found += ctx.db().Read(ctx.arg(i)) ? 1 : 0;
  ctx.reply.Integer(found);
}

void Type(Context& ctx) {
  const Item item = ctx.db().CountedPeek(ctx.arg(1));
  ctx.reply.Simple(item ? types::TypeName(item.type()) : "none");
}

enum class IfTaken : uint8_t { kReplace, kRefuse };

void RenameGeneric(Context& ctx, IfTaken if_taken) {
  const std::string_view from = ctx.arg(1), to = ctx.arg(2);
  const bool refuse = if_taken == IfTaken::kRefuse;
  if (!ctx.db().Exists(from)) return ctx.reply.Error("ERR no such key");
  if (from == to) return refuse ? ctx.reply.Integer(0) : ctx.reply.Ok();
  if (refuse && ctx.db().Exists(to)) return ctx.reply.Integer(0);
  ctx.db().Move(from, {ctx.db(), to}, events::kRenameFrom, events::kRenameTo);
  refuse ? ctx.reply.Integer(1) : ctx.reply.Ok();
}
void Rename(Context& ctx) { RenameGeneric(ctx, IfTaken::kReplace); }
void RenameNx(Context& ctx) { RenameGeneric(ctx, IfTaken::kRefuse); }

void Move(Context& ctx) {
  const std::string_view key = ctx.arg(1);
  Db& from = ctx.db();
  Db* to = ParseDb(ctx, ctx.arg(2));
  if (to == nullptr) return;
  if (to == &from) return ctx.reply.Error("ERR source and destination objects are the same");
  if (!from.Exists(key) || to->Exists(key)) return ctx.reply.Integer(0);
  from.Move(key, {*to, key}, events::kMoveFrom, events::kMoveTo);
  ctx.reply.Integer(1);
}

void Copy(Context& ctx) {
  const std::string_view from = ctx.arg(1), to = ctx.arg(2);
  Db* target = &ctx.db();
  bool replace = false;
  for (size_t i = 3; i < ctx.argc(); ++i) {
    if (EqualsIgnoreCase(ctx.arg(i), "replace")) {
      replace = true;
    } else if (EqualsIgnoreCase(ctx.arg(i), "db") && i + 1 < ctx.argc()) {
      target = ParseDb(ctx, ctx.arg(++i));
      if (target == nullptr) return;
    } else {
      return ctx.SyntaxError();
    }
  }
  if (target == &ctx.db() && from == to) {
    return ctx.reply.Error("ERR source and destination objects are the same");
  }
  const Item item = ctx.db().Read(from);
  if (!item || (target->Exists(to) && !replace)) return ctx.reply.Integer(0);
  target->PutNew(to, types::Value::CopyOf(item.entry()), item.expire_at_ms(), events::kCopyTo);
  ctx.reply.Integer(1);
}

constexpr CommandSpec kRows[] = {
    {.name = "del",
     .handler = Del,
     .arity = -2,
     .flags = kWrite,
     .keys = kAllKeys,
     .acl = kAclKeyspace,
     .since = "1.0.0",
     .summary = "Delete a key",
     .complexity =
         "O(N) where N is the number of keys that will be removed. When a key to remove holds a "
         "value other than a string, the individual complexity for this key is O(M) where M is the "
         "number of elements in the list, set, sorted set or hash. Removing a single key that "
         "holds a string value is O(1)."},
    {.name = "unlink",
     .handler = Del,
     .arity = -2,
     .flags = kWrite | kFast,
     .keys = kAllKeys,
     .acl = kAclKeyspace,
     .since = "4.0.0",
     .summary = "Delete a key asynchronously in another thread. Otherwise it is just as DEL, but "
                "non blocking.",
     .complexity =
         "O(1) for each key removed regardless of its size. Then the command does O(N) work in a "
         "different thread in order to reclaim memory, where N is the number of allocations the "
         "deleted objects where composed of."},
    {.name = "exists",
     .handler = Exists,
     .arity = -2,
     .flags = kReadonly | kFast,
     .keys = kAllKeys,
     .acl = kAclKeyspace,
     .since = "1.0.0",
     .summary = "Determine if a key exists",
     .complexity = "O(N) where N is the number of keys to check."},
    {.name = "touch",
     .handler = Touch,
     .arity = -2,
     .flags = kReadonly | kFast,
     .keys = kAllKeys,
     .acl = kAclKeyspace,
     .since = "3.2.1",
     .summary =
         "Alters the last access time of a key(s). Returns the number of existing keys specified.",
     .complexity = "O(N) where N is the number of keys that will be touched."},
    {.name = "type",
     .handler = Type,
     .arity = 2,
     .flags = kReadonly | kFast,
     .keys = kOneKey,
     .acl = kAclKeyspace,
     .since = "1.0.0",
     .summary = "Determine the type stored at key"},
    {.name = "rename",
     .handler = Rename,
     .arity = 3,
     .flags = kWrite,
     .keys = kTwoKeys,
     .acl = kAclKeyspace,
     .since = "1.0.0",
     .summary = "Rename a key"},
    {.name = "renamenx",
     .handler = RenameNx,
     .arity = 3,
     .flags = kWrite | kFast,
     .keys = kTwoKeys,
     .acl = kAclKeyspace,
     .since = "1.0.0",
     .summary = "Rename a key, only if the new key does not exist"},
    {.name = "move",
     .handler = Move,
     .arity = 3,
     .flags = kWrite | kFast,
     .keys = kOneKey,
     .acl = kAclKeyspace,
     .since = "1.0.0",
     .summary = "Move a key to another database"},
    {.name = "copy",
     .handler = Copy,
     .arity = -3,
     .flags = kWrite | kDenyOom,
     .keys = kTwoKeys,
     .acl = kAclKeyspace,
     .since = "6.2.0",
     .summary = "Copy a key",
     .complexity = "O(N) worst case for collections, where N is the number of nested items. O(1) "
                   "for string values."},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows GenericKeyRows() { return kRows; }

}  // namespace rha::node::commands
