// XGROUP: consumer groups and their consumers.
#include <string>

#include "node/commands/families.h"
#include "node/commands/help.h"
#include "node/commands/stream/stream_args.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Type;
using types::Stream;
using types::StreamGroup;
using types::StreamView;
namespace events = keyspace::events;

struct GroupOptions {
  bool make_stream = false;
  int64_t entries_read = StreamGroup::kReadsUnknown;
};

bool ParseOptions(Context& ctx, bool may_make_stream, GroupOptions* options) {
  for (size_t at = 5; at < ctx.argc(); ++at) {
    if (may_make_stream && EqualsIgnoreCase(ctx.arg(at), "mkstream")) {
      options->make_stream = true;
    } else if (EqualsIgnoreCase(ctx.arg(at), "entriesread") && at + 1 < ctx.argc()) {
      if (!ParseInteger(ctx, ctx.arg(++at), &options->entries_read)) return false;
      if (options->entries_read < StreamGroup::kReadsUnknown) {
        ctx.reply.Error("ERR value for ENTRIESREAD must be positive or -1");
        return false;
      }
    } else {
      UnknownSubcommand(ctx);
      return false;
    }
  }
  return true;
}

// False: the reply is written, an error.
bool IsStream(Context& ctx, const Edit& edit) {
  if (edit && edit.type() == Type::kStream) return true;
  if (edit) return ctx.WrongType(), false;
  ctx.reply.Error(
      "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to "
      "use the MKSTREAM option to create an empty stream automatically.");
  return false;
}

// Null: the reply is written, an error. Otherwise the edit must be committed.
StreamGroup* GroupOf(Context& ctx, Edit& edit) {
  if (!IsStream(ctx, edit)) return nullptr;
  if (edit.item().As<StreamView>()->FindGroup(ctx.arg(3)) == nullptr) {
    return NoGroupOfKey(ctx, ctx.arg(2), ctx.arg(3)), nullptr;
  }
  return edit.As<Stream>()->FindGroup(ctx.arg(3));
}

void Create(Context& ctx) {
  GroupOptions options;
  if (!ParseOptions(ctx, true, &options)) return;
  const std::string_view key = ctx.arg(2);
  const bool from_end = ctx.arg(4) == "$";
  StreamId id;
  {
    const keyspace::Item item = ctx.db().Peek(key);
    if (!IsOrAbsent(ctx, item, Type::kStream)) return;
    if (item || options.make_stream) {
      if (!from_end && !ParseStreamId(ctx, ctx.arg(4), &id)) return;
      if (from_end && item) id = item.As<StreamView>()->last_id();
    }
    if (item && item.As<StreamView>()->FindGroup(ctx.arg(3)) != nullptr) {
      return ctx.reply.Error("BUSYGROUP Consumer Group name already exists");
    }
  }
  Edit edit =
      options.make_stream ? ctx.db().WriteOrCreate(key, Type::kStream) : ctx.db().Write(key);
  if (!IsStream(ctx, edit)) return;
  edit.As<Stream>()->MakeGroup(ctx.arg(3), id, options.entries_read);
  if (edit.created()) {
    edit.Commit(events::kXGroupCreate);
  } else {
    edit.CommitUnwatched(1, &events::kXGroupCreate);
  }
  ctx.reply.Ok();
}

void SetId(Context& ctx) {
  GroupOptions options;
  if (!ParseOptions(ctx, false, &options)) return;
  Edit edit = ctx.db().Write(ctx.arg(2));
  if (!IsStream(ctx, edit)) return;
  const auto view = edit.item().As<StreamView>();
  if (view->FindGroup(ctx.arg(3)) == nullptr) return NoGroupOfKey(ctx, ctx.arg(2), ctx.arg(3));
  const std::string_view text = ctx.arg(4);
  StreamId id;
  if (text == "$") {
    id = view->last_id();
  } else if (text == "+") {
    id = StreamId::Max();
  } else if (text != "-" && !ParseStreamId(ctx, text, &id)) {
    return;
  }
  StreamGroup& group = *edit.As<Stream>()->FindGroup(ctx.arg(3));
  group.last_id = id;
  group.entries_read = options.entries_read;
  edit.CommitUnwatched(1, &events::kXGroupSetId);
  ctx.reply.Ok();
}

void Destroy(Context& ctx) {
  Edit edit = ctx.db().Write(ctx.arg(2));
  if (!IsStream(ctx, edit)) return;
  if (edit.item().As<StreamView>()->FindGroup(ctx.arg(3)) == nullptr) return ctx.reply.Integer(0);
  edit.As<Stream>()->RemoveGroup(ctx.arg(3));
  edit.CommitUnwatched(1, &events::kXGroupDestroy);
  ctx.reply.Integer(1);
}

void CreateConsumer(Context& ctx) {
  Edit edit = ctx.db().Write(ctx.arg(2));
  StreamGroup* const group = GroupOf(ctx, edit);
  if (group == nullptr) return;
  const bool made = group->MakeConsumer(ctx.arg(4), ctx.now_ms).second;
  edit.CommitUnwatched(made, made ? &events::kXGroupCreateConsumer : nullptr);
  ctx.reply.Integer(made);
}

void DelConsumer(Context& ctx) {
  Edit edit = ctx.db().Write(ctx.arg(2));
  StreamGroup* const group = GroupOf(ctx, edit);
  if (group == nullptr) return;
  types::StreamConsumer* const consumer = group->FindConsumer(ctx.arg(4));
  const size_t pending = consumer == nullptr ? 0 : consumer->second.pending.size();
  if (consumer != nullptr) group->RemoveConsumer(consumer);
  edit.CommitUnwatched(consumer != nullptr,
                       consumer != nullptr ? &events::kXGroupDelConsumer : nullptr);
  ctx.reply.Integer(static_cast<int64_t>(pending));
}

void Help(Context& ctx) {
  WriteHelp(
      ctx, {"CREATE <key> <groupname> <id|$> [option]",
            "    Create a new consumer group. Options are:", "    * MKSTREAM",
            "      Create the empty stream if it does not exist.", "    * ENTRIESREAD entries_read",
            "      Set the group's entries_read counter (internal use).",
            "CREATECONSUMER <key> <groupname> <consumer>",
            "    Create a new consumer in the specified group.",
            "DELCONSUMER <key> <groupname> <consumer>", "    Remove the specified consumer.",
            "DESTROY <key> <groupname>", "    Remove the specified group.",
            "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
            "    Set the current group ID and entries_read counter."});
}

constexpr CommandSpec kRows[] = {
    {"xgroup", nullptr, -2, kContainer, 0},
    {"xgroup|create", Create, -5, kWrite | kDenyOom, kAclStream, {At(2, kInserts)}},
    {"xgroup|setid", SetId, -5, kWrite, kAclStream, {At(2, kUpdates)}},
    {"xgroup|destroy", Destroy, 4, kWrite, kAclStream, {At(2, kDeletes)}},
    {"xgroup|createconsumer", CreateConsumer, 5, kWrite | kDenyOom, kAclStream, {At(2, kInserts)}},
    {"xgroup|delconsumer", DelConsumer, 5, kWrite, kAclStream, {At(2, kDeletes)}},
    {"xgroup|help", Help, 2, kLoading | kStale, kAclStream},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows StreamGroupRows() { return kRows; }

}  // namespace rha::node::commands
