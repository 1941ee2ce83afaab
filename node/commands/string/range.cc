// Parts of strings: APPEND, STRLEN, SETRANGE, GETRANGE.
#include "node/commands/families.h"
#include "node/commands/parse.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Item;
using keyspace::kNoExpiry;
using keyspace::Type;
using structs::DecimalText;
using types::String;
using types::StringView;
namespace events = keyspace::events;

// False: the error is written.
bool LengthAllowed(Context& ctx, uint64_t bytes, uint64_t more) {
  uint64_t total = 0;
  const bool overflow = __builtin_add_overflow(bytes, more, &total);
  if (!overflow && total <= static_cast<uint64_t>(StringBytesMax(ctx))) return true;
  ctx.reply.Error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  return false;
}

void Append(Context& ctx) {
  Edit edit = ctx.db().Write(ctx.arg(1));
  const std::string_view tail = ctx.arg(2);
  if (!edit) {
    ctx.db().Put(ctx.arg(1), tail, kNoExpiry, events::kAppend);
    return ctx.reply.Integer(static_cast<int64_t>(tail.size()));
  }
  if (!IsOrAbsent(ctx, edit.item(), Type::kString)) return;
  const size_t size = edit.item().As<StringView>().size();
  if (!LengthAllowed(ctx, size, tail.size())) return;
  edit.As<String>().Append(tail);
  edit.Commit(events::kAppend);
  ctx.reply.Integer(static_cast<int64_t>(size + tail.size()));
}

void StrLen(Context& ctx) { ReplySize<StringView>(ctx, Type::kString); }

void SetRange(Context& ctx) {
  const std::string_view key = ctx.arg(1), bytes = ctx.arg(3);
  int64_t offset = 0;
  if (!ParseInteger(ctx, ctx.arg(2), &offset)) return;
  if (offset < 0) return ctx.reply.Error("ERR offset is out of range");

  const Item item = ctx.db().Peek(key);
  if (!IsOrAbsent(ctx, item, Type::kString)) return;
  if (bytes.empty()) {
    return ctx.reply.Integer(item ? static_cast<int64_t>(item.As<StringView>().size()) : 0);
  }
  const auto at = static_cast<size_t>(offset);
  if (!LengthAllowed(ctx, at, bytes.size())) return;
  Edit edit = ctx.db().WriteOrCreate(key, Type::kString);
  String value = edit.As<String>();
  value.Overwrite(at, bytes);
  const size_t size = value.size();
  edit.Commit(events::kSetRange);
  ctx.reply.Integer(static_cast<int64_t>(size));
}

void GetRange(Context& ctx) {
  Indexes indexes;
  if (!ParseIndexes(ctx, 2, &indexes)) return;
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kString)) return;
  if (!item) return ctx.reply.Bulk("");

  DecimalText scratch;
  const std::string_view bytes = item.As<StringView>().View(scratch);
  const auto [start, end] = indexes;
  if (start < 0 && end < 0 && start > end) return ctx.reply.Bulk("");
  const auto [first, count] = WithinString(bytes.size(), indexes);
  ctx.reply.Bulk(bytes.substr(first, count));
}

constexpr CommandSpec kRows[] = {
    {"append", Append, 3, kWrite | kDenyOom | kFast, kAclString, {At(1, kInserts)}},
    {"strlen", StrLen, 2, kReadonly | kFast, kAclString, {At(1, kLooksAt)}},
    {"setrange", SetRange, 4, kWrite | kDenyOom, kAclString, {At(1, kUpdates)}},
    {"getrange", GetRange, 4, kReadonly, kAclString, {At(1, kReads)}},
    {"substr", GetRange, 4, kReadonly, kAclString, {At(1, kReads)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows RangeRows() { return kRows; }

}  // namespace rha::node::commands
