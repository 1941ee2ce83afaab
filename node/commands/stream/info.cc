// XINFO: what is known of a stream, its groups and their consumers.
#include <algorithm>
#include <concepts>
#include <optional>

#include "node/commands/families.h"
#include "node/commands/help.h"
#include "node/commands/stream/stream_args.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;
using types::StreamConsumer;
using types::StreamGroup;
using types::StreamValue;
using types::StreamView;

// No stream: the reply is written.
const StreamValue* Lookup(Context& ctx) {
  const Item item = ctx.db().Read(ctx.arg(2));
  if (!item) return ctx.reply.Error("ERR no such key"), nullptr;
  if (!IsOrAbsent(ctx, item, keyspace::Type::kStream)) return nullptr;
  return &*item.As<StreamView>();
}

void Number(resp::Writer& reply, std::string_view name, std::integral auto value) {
  reply.Bulk(name);
  reply.Integer(static_cast<int64_t>(value));
}

void Id(resp::Writer& reply, std::string_view name, StreamId id) {
  reply.Bulk(name);
  WriteStreamId(reply, id);
}

void NumberOrNull(resp::Writer& reply, std::string_view name, std::optional<int64_t> value) {
  reply.Bulk(name);
  value ? reply.Integer(*value) : reply.Null();
}

std::optional<int64_t> EntriesRead(const StreamGroup& group) {
  if (group.entries_read == StreamGroup::kReadsUnknown) return std::nullopt;
  return group.entries_read;
}

// ---------------------------------------------------------------- XINFO STREAM

// The first `count` of what an IdTree holds; 0: all.
template <typename Ids, typename Write>
void WriteFirst(resp::Writer& reply, const Ids& ids, int64_t count, Write write) {
  const auto size = static_cast<int64_t>(ids.size());
  int64_t left = count == 0 ? size : std::min(size, count);
  reply.Array(left);
  for (auto at = ids.First(); left > 0; ++at, --left) write(at->id);
}

void WriteConsumer(resp::Writer& reply, const StreamGroup& group, const StreamConsumer& consumer,
                   int64_t count) {
  reply.Map(5);
  reply.Bulk("name");
  reply.Bulk(consumer.first);
  Number(reply, "seen-time", consumer.second.seen_ms);
  Number(reply, "active-time", consumer.second.active_ms);
  Number(reply, "pel-count", consumer.second.pending.size());
  reply.Bulk("pending");
  WriteFirst(reply, consumer.second.pending, count, [&](StreamId id) {
    const StreamGroup::Delivery& delivery = *group.pending().Find(id);
    reply.Array(3);
    WriteStreamId(reply, id);
    reply.Integer(delivery.at_ms);
    reply.Integer(static_cast<int64_t>(delivery.count));
  });
}

void WriteGroup(resp::Writer& reply, const StreamValue& stream, std::string_view name,
                const StreamGroup& group, int64_t count) {
  reply.Map(7);
  reply.Bulk("name");
  reply.Bulk(name);
  Id(reply, "last-delivered-id", group.last_id);
  NumberOrNull(reply, "entries-read", EntriesRead(group));
  NumberOrNull(reply, "lag", stream.LagOf(group));
  Number(reply, "pel-count", group.pending().size());
  reply.Bulk("pending");
  WriteFirst(reply, group.pending(), count, [&](StreamId id) {
    const StreamGroup::Delivery& delivery = *group.pending().Find(id);
    reply.Array(4);
    WriteStreamId(reply, id);
    reply.Bulk(delivery.consumer->first);
    reply.Integer(delivery.at_ms);
    reply.Integer(static_cast<int64_t>(delivery.count));
  });
  reply.Bulk("consumers");
  reply.Array(static_cast<int64_t>(group.consumers().size()));
  for (const StreamConsumer& consumer : group.consumers()) {
    WriteConsumer(reply, group, consumer, count);
  }
}

void WriteFull(resp::Writer& reply, const StreamValue& stream, int64_t count) {
  Gathered entries(reply);
  stream.log().ForRange({}, StreamId::Max(), [&](const structs::StreamEntry& entry) {
    WriteEntry(entries.Next(), entry);
    return entries.size() != count;
  });
  reply.Bulk("entries");
  entries.WriteArray(reply);
  reply.Bulk("groups");
  reply.Array(static_cast<int64_t>(stream.groups().size()));
  for (const auto& [name, group] : stream.groups()) WriteGroup(reply, stream, name, group, count);
}

void WriteEnds(resp::Writer& reply, const StreamValue& stream) {
  Number(reply, "groups", stream.groups().size());
  reply.Bulk("first-entry");
  if (!WriteEntry(reply, stream, stream.first_id())) reply.Null();
  reply.Bulk("last-entry");
  if (!WriteEntry(reply, stream, stream.log().LastId().value_or(StreamId()))) reply.Null();
}

// [FULL [COUNT count]]
bool ParseFull(Context& ctx, bool* full, int64_t* count) {
  *full = ctx.argc() > 3;
  if (!*full) return true;
  const bool fits = (ctx.argc() == 4 || ctx.argc() == 6) && EqualsIgnoreCase(ctx.arg(3), "full") &&
                    (ctx.argc() == 4 || EqualsIgnoreCase(ctx.arg(4), "count"));
  if (!fits) return UnknownSubcommand(ctx), false;
  constexpr int64_t kCountDefault = 10;
  *count = kCountDefault;
  if (ctx.argc() == 6 && !ParseInteger(ctx, ctx.arg(5), count)) return false;
  if (*count < 0) *count = kCountDefault;
  return true;
}

void OfStream(Context& ctx) {
  const StreamValue* const stream = Lookup(ctx);
  bool full = false;
  int64_t count = 0;
  if (stream == nullptr || !ParseFull(ctx, &full, &count)) return;
  ctx.reply.Map(full ? 9 : 10);
  Number(ctx.reply, "length", stream->length());
  // Of Redis' radix tree: one key for each block, and about as many nodes as it would have.
  const size_t blocks = stream->log().block_count();
  Number(ctx.reply, "radix-tree-keys", blocks);
  Number(ctx.reply, "radix-tree-nodes", blocks + 1);
  Id(ctx.reply, "last-generated-id", stream->last_id());
  Id(ctx.reply, "max-deleted-entry-id", stream->max_deleted_id());
  Number(ctx.reply, "entries-added", stream->entries_added());
  Id(ctx.reply, "recorded-first-entry-id", stream->first_id());
  full ? WriteFull(ctx.reply, *stream, count) : WriteEnds(ctx.reply, *stream);
}

// ---------------------------------------------------------------- XINFO GROUPS, CONSUMERS

void Groups(Context& ctx) {
  const StreamValue* const stream = Lookup(ctx);
  if (stream == nullptr) return;
  ctx.reply.Array(static_cast<int64_t>(stream->groups().size()));
  for (const auto& [name, group] : stream->groups()) {
    ctx.reply.Map(6);
    ctx.reply.Bulk("name");
    ctx.reply.Bulk(name);
    Number(ctx.reply, "consumers", group.consumers().size());
    Number(ctx.reply, "pending", group.pending().size());
    Id(ctx.reply, "last-delivered-id", group.last_id);
    NumberOrNull(ctx.reply, "entries-read", EntriesRead(group));
    NumberOrNull(ctx.reply, "lag", stream->LagOf(group));
  }
}

void Consumers(Context& ctx) {
  const StreamValue* const stream = Lookup(ctx);
  if (stream == nullptr) return;
  const StreamGroup* const group = stream->FindGroup(ctx.arg(3));
  if (group == nullptr) return NoGroupOfKey(ctx, ctx.arg(2), ctx.arg(3));
  ctx.reply.Array(static_cast<int64_t>(group->consumers().size()));
  for (const auto& [name, consumer] : group->consumers()) {
    ctx.reply.Map(4);
    ctx.reply.Bulk("name");
    ctx.reply.Bulk(name);
    Number(ctx.reply, "pending", consumer.pending.size());
    Number(ctx.reply, "idle", std::max<int64_t>(MsSince(ctx, consumer.seen_ms), 0));
    const bool never = consumer.active_ms == types::StreamConsumerState::kNeverActive;
    Number(ctx.reply, "inactive",
           never ? -1 : std::max<int64_t>(MsSince(ctx, consumer.active_ms), 0));
  }
}

void Help(Context& ctx) {
  WriteHelp(ctx, {"CONSUMERS <key> <groupname>", "    Show consumers of <groupname>.",
                  "GROUPS <key>", "    Show the stream consumer groups.",
                  "STREAM <key> [FULL [COUNT <count>]", "    Show information about the stream."});
}

constexpr CommandSpec kRows[] = {
    {"xinfo", nullptr, -2, kContainer, 0},
    {"xinfo|stream", OfStream, -3, kReadonly, kAclStream, {At(2, kReads)}},
    {"xinfo|groups", Groups, 3, kReadonly, kAclStream, {At(2, kReads)}},
    {"xinfo|consumers", Consumers, 4, kReadonly, kAclStream, {At(2, kReads)}},
    {"xinfo|help", Help, 2, kLoading | kStale, kAclStream},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows StreamInfoRows() { return kRows; }

}  // namespace rha::node::commands
