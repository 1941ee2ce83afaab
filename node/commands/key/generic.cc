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
  ctx.keyspace.set_touching(true);  // it is asked for nothing else
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
    {"del", Del, -2, kWrite, kAclKeyspace, {Keys(1, -1, kRemoves)}},
    {"unlink", Del, -2, kWrite | kFast, kAclKeyspace, {Keys(1, -1, kRemoves)}},
    {"exists", Exists, -2, kReadonly | kFast, kAclKeyspace, {Keys(1, -1, kLooksAt)}},
    {"touch", Touch, -2, kReadonly | kFast, kAclKeyspace, {Keys(1, -1, kLooksAt)}},
    {"type", Type, 2, kReadonly | kFast, kAclKeyspace, {At(1, kLooksAt)}},
    {"rename", Rename, 3, kWrite, kAclKeyspace, {At(1, kTakes), At(2, kOverwrites)}},
    {"renamenx", RenameNx, 3, kWrite | kFast, kAclKeyspace, {At(1, kTakes), At(2, kCreates)}},
    {"move", Move, 3, kWrite | kFast, kAclKeyspace, {At(1, kReadsUpdates)}},
    {"copy", Copy, -3, kWrite | kDenyOom, kAclKeyspace, {At(1, kReads), At(2, kOverwrites)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows GenericKeyRows() { return kRows; }

}  // namespace rha::node::commands
