// XACK and XPENDING: what was delivered and not acknowledged yet.
#include <algorithm>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/stream/stream_args.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;
using keyspace::Type;
using types::StreamGroup;
using types::StreamView;

void XAck(Context& ctx) {
  keyspace::Edit edit = ctx.db().Write(ctx.arg(1));
  if (!edit) return ctx.reply.Integer(0);
  if (edit.type() != Type::kStream) return ctx.WrongType();
  if (edit.item().As<StreamView>()->FindGroup(ctx.arg(2)) == nullptr) return ctx.reply.Integer(0);
  std::vector<StreamId> ids;
  if (!ParseStreamIds(ctx, 3, &ids)) return;
  StreamGroup& group = *edit.As<types::Stream>()->FindGroup(ctx.arg(2));
  const auto acknowledged =
      std::count_if(ids.begin(), ids.end(), [&](StreamId id) { return group.Acknowledge(id); });
  edit.CommitUnwatched(static_cast<uint64_t>(acknowledged));
  ctx.reply.Integer(acknowledged);
}

struct PendingOptions {
  bool summary = false;
  int64_t min_idle_ms = 0;
  int64_t count = 0;
  IdInterval interval;
  size_t consumer_at = 0;  // 0: of all
};

// key group [[IDLE min-idle-time] start end count [consumer]]
bool ParsePending(Context& ctx, PendingOptions* options) {
  options->summary = ctx.argc() == 3;
  if (options->summary) return true;
  if (ctx.argc() < 6 || ctx.argc() > 9) return ctx.SyntaxError(), false;
  size_t at = 3;
  if (EqualsIgnoreCase(ctx.arg(3), "idle")) {
    if (!ParseInteger(ctx, ctx.arg(4), &options->min_idle_ms)) return false;
    if (ctx.argc() < 8) return ctx.SyntaxError(), false;
    at = 5;
  }
  if (!ParseInteger(ctx, ctx.arg(at + 2), &options->count)) return false;
  if (!ParseIdInterval(ctx, ctx.arg(at), ctx.arg(at + 1), &options->interval)) return false;
  if (at + 3 < ctx.argc()) options->consumer_at = at + 3;
  return true;
}

void WriteSummary(Context& ctx, const StreamGroup& group) {
  const StreamGroup::Pending& pending = group.pending();
  ctx.reply.Array(4);
  ctx.reply.Integer(static_cast<int64_t>(pending.size()));
  if (pending.empty()) {
    ctx.reply.Null();
    ctx.reply.Null();
    return ctx.reply.NullArray();
  }
  WriteStreamId(ctx.reply, pending.First()->id);
  WriteStreamId(ctx.reply, pending.Last()->id);
  Gathered consumers(ctx.reply);
  for (const auto& [name, consumer] : group.consumers()) {
    if (consumer.pending.empty()) continue;
    resp::Writer& out = consumers.Next();
    out.Array(2);
    out.Bulk(name);
    out.BulkInteger(static_cast<int64_t>(consumer.pending.size()));
  }
  consumers.WriteArray(ctx.reply);
}

// Of the ids of one consumer, or of all.
template <typename Ids>
void WritePending(Context& ctx, const StreamGroup& group, const Ids& ids,
                  const PendingOptions& options) {
  Gathered entries(ctx.reply);
  for (auto at = ids.From(options.interval.first);
       at && at->id <= options.interval.last && entries.size() < options.count; ++at) {
    const StreamGroup::Delivery& delivery = *group.pending().Find(at->id);
    const int64_t idle_ms = MsSince(ctx, delivery.at_ms);
    if (options.min_idle_ms != 0 && idle_ms < options.min_idle_ms) continue;
    resp::Writer& out = entries.Next();
    out.Array(4);
    WriteStreamId(out, at->id);
    out.Bulk(delivery.consumer->first);
    out.Integer(std::max<int64_t>(idle_ms, 0));
    out.Integer(static_cast<int64_t>(delivery.count));
  }
  entries.WriteArray(ctx.reply);
}

void XPending(Context& ctx) {
  PendingOptions options;
  if (!ParsePending(ctx, &options)) return;
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kStream)) return;
  const StreamGroup* const group = item ? item.As<StreamView>()->FindGroup(ctx.arg(2)) : nullptr;
  if (group == nullptr) return NoGroup(ctx, ctx.arg(1), ctx.arg(2));
  if (options.summary) return WriteSummary(ctx, *group);
  if (options.consumer_at == 0) return WritePending(ctx, *group, group->pending(), options);
  const types::StreamConsumer* const consumer = group->FindConsumer(ctx.arg(options.consumer_at));
  if (consumer == nullptr) return ctx.reply.Array(0);
  WritePending(ctx, *group, consumer->second.pending, options);
}

constexpr CommandSpec kRows[] = {
    {"xack", XAck, -4, kWrite | kFast, kAclStream, {At(1, kUpdates)}},
    {"xpending", XPending, -3, kReadonly, kAclStream, {At(1, kReads)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows StreamPendingRows() { return kRows; }

}  // namespace rha::node::commands
