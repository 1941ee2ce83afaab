// XREAD and XREADGROUP, which may wait for what comes.
#include <string>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/stream/stream_args.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Item;
using keyspace::Type;
using types::Stream;
using types::StreamGroup;
using types::StreamValue;
using types::StreamView;
namespace events = keyspace::events;

// Without COUNT, one who has waited gets no more than that.
constexpr int64_t kCountAfterWait = 1000;

struct ReadOptions {
  bool in_group = false;  // XREADGROUP
  std::string_view group, consumer;
  bool has_group = false;
  bool no_ack = false;
  int64_t count = 0;  // 0: all
  bool waits = false;
  int64_t deadline_ms = 0;
  Args keys, ids;
  size_t ids_at = 0;
};

bool ParseMilliseconds(Context& ctx, std::string_view text, int64_t* deadline_ms) {
  int64_t wait_ms = 0;
  if (!structs::ParseDecimal(text, &wait_ms)) {
    return ctx.reply.Error("ERR timeout is not an integer or out of range"), false;
  }
  if (wait_ms < 0) return ctx.reply.Error("ERR timeout is negative"), false;
  if (wait_ms > INT64_MAX - ctx.now_ms) {
    return ctx.reply.Error("ERR timeout is out of range"), false;
  }
  *deadline_ms = wait_ms == 0 ? 0 : ctx.now_ms + wait_ms;
  return true;
}

bool OnlyInGroup(Context& ctx, const ReadOptions& options, std::string_view option) {
  if (options.in_group) return true;
  ctx.reply.Error("ERR The " + std::string(option) +
                  " option is only supported by XREADGROUP. You called XREAD instead.");
  return false;
}

bool ParseStreams(Context& ctx, size_t at, ReadOptions* options) {
  const size_t words = ctx.argc() - at;
  if (words % 2 != 0) {
    ctx.reply.Error(
        "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be "
        "specified.");
    return false;
  }
  options->keys = ctx.args.subspan(at, words / 2);
  options->ids_at = at + words / 2;
  options->ids = ctx.args.subspan(options->ids_at);
  return true;
}

bool ParseRead(Context& ctx, ReadOptions* options) {
  for (size_t at = 1; at < ctx.argc() && options->keys.empty(); ++at) {
    const std::string_view word = ctx.arg(at);
    const size_t more = ctx.argc() - at - 1;
    if (more > 0 && EqualsIgnoreCase(word, "block")) {
      options->waits = true;
      if (ctx.session.kind == SessionKind::kScript) {
        ctx.reply.Error("ERR " + std::string(ctx.arg(0)) +
                        " command is not allowed with BLOCK option from scripts");
        return false;
      }
      if (!ParseMilliseconds(ctx, ctx.arg(++at), &options->deadline_ms)) return false;
    } else if (more > 0 && EqualsIgnoreCase(word, "count")) {
      if (!ParseInteger(ctx, ctx.arg(++at), &options->count)) return false;
      if (options->count < 0) options->count = 0;
    } else if (more > 0 && EqualsIgnoreCase(word, "streams")) {
      if (!ParseStreams(ctx, at + 1, options)) return false;
    } else if (more > 1 && EqualsIgnoreCase(word, "group")) {
      if (!OnlyInGroup(ctx, *options, "GROUP")) return false;
      options->has_group = true;
      options->group = ctx.arg(at + 1);
      options->consumer = ctx.arg(at + 2);
      at += 2;
    } else if (EqualsIgnoreCase(word, "noack")) {
      if (!OnlyInGroup(ctx, *options, "NOACK")) return false;
      options->no_ack = true;
    } else {
      return ctx.SyntaxError(), false;
    }
  }
  if (options->keys.empty()) return ctx.SyntaxError(), false;
  if (!options->in_group || options->has_group) return true;
  ctx.reply.Error("ERR Missing GROUP option for XREADGROUP");
  return false;
}

// ---------------------------------------------------------------- from where

// What of one stream is asked for.
struct Wanted {
  StreamId after;
  bool fresh = false;  // ">": what no consumer of the group was given
};

// "$" and "+": behind the last id, from the last entry on.
bool ParseSpecialId(Context& ctx, const ReadOptions& options, size_t i, const Item& item,
                    Wanted* wanted) {
  const std::string_view text = options.ids[i];
  if (text == ">" && !options.in_group) {
    ctx.reply.Error(
        "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> "
        "<consumer> option.");
    return false;
  }
  if (text == "$" && options.in_group) {
    ctx.reply.Error(
        "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of "
        "this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID "
        "would just return an empty result set.");
    return false;
  }
  wanted->fresh = text == ">";
  if (!item || wanted->fresh) return true;
  const auto stream = item.As<StreamView>();
  wanted->after = stream->last_id();
  if (const auto last = stream->log().LastId(); text == "+" && last) {
    wanted->after = *last;
    wanted->after.Decrement();
  }
  return true;
}

bool Find(Context& ctx, const ReadOptions& options, size_t i, Wanted* wanted) {
  const Item item = ctx.db().Read(options.keys[i]);
  if (!IsOrAbsent(ctx, item, Type::kStream)) return false;
  if (options.in_group && (!item || item.As<StreamView>()->FindGroup(options.group) == nullptr)) {
    NoGroup(ctx, options.keys[i], options.group, " in XREADGROUP with GROUP option");
    return false;
  }
  const std::string_view text = options.ids[i];
  if (text == "$" || text == ">" || (text == "+" && !options.in_group)) {
    return ParseSpecialId(ctx, options, i, item, wanted);
  }
  if (!ParseStreamId(ctx, text, &wanted->after)) return false;
  // In Redis ">" is another word for the greatest id.
  wanted->fresh = options.in_group && wanted->after == StreamId::Max();
  return true;
}

// Executed again for one of its keys, whose state it then sees; its ids were found to be right.
// False: there is nothing to read; the reply may be written, an error.
bool FindAgain(Context& ctx, const ReadOptions& options, size_t i, Wanted* wanted) {
  const Item item = ctx.Awaited(options.keys[i], Type::kStream);
  if (!item) {
    if (options.in_group) ctx.reply.Error("UNBLOCKED the stream key no longer exists");
    return false;
  }
  if (options.in_group && item.As<StreamView>()->FindGroup(options.group) == nullptr) {
    ctx.reply.Error("NOGROUP the consumer group this client was blocked on no longer exists");
    return false;
  }
  wanted->fresh = options.in_group;
  return options.in_group || ParseStreamId(options.ids[i], 0, &wanted->after);
}

// ---------------------------------------------------------------- reading

bool HasMore(const StreamValue& stream, StreamId after) {
  const auto last = stream.log().LastId();
  return last && *last > after;
}

void WriteAfter(const StreamValue& stream, StreamId after, int64_t count, resp::Writer& reply) {
  Gathered entries(reply);
  after.Increment();
  stream.log().ForRange(after, StreamId::Max(), [&](const structs::StreamEntry& entry) {
    WriteEntry(entries.Next(), entry);
    return entries.size() != count;
  });
  entries.WriteArray(reply);
}

// What was delivered to the consumer and is pending, from its own list alone.
void WriteHistory(Context& ctx, StreamValue& stream, StreamGroup& group,
                  const types::StreamConsumer& consumer, StreamId after, int64_t count,
                  resp::Writer& reply) {
  Gathered entries(reply);
  after.Increment();
  for (auto at = consumer.second.pending.From(after); at && (count == 0 || entries.size() < count);
       ++at) {
    resp::Writer& out = entries.Next();
    if (WriteEntry(out, stream, at->id)) {
      StreamGroup::Delivery* const delivery = group.pending().Find(at->id);
      delivery->at_ms = ctx.now_ms;
      ++delivery->count;
    } else {
      out.Array(2);
      WriteStreamId(out, at->id);
      out.NullArray();
    }
  }
  entries.WriteArray(reply);
}

void WriteFresh(Context& ctx, const ReadOptions& options, std::string_view key, StreamValue& stream,
                StreamGroup& group, types::StreamConsumer* consumer, int64_t count,
                resp::Writer& reply) {
  Gathered entries(reply);
  StreamId first = group.last_id;
  first.Increment();
  stream.log().ForRange(first, StreamId::Max(), [&](const structs::StreamEntry& entry) {
    stream.NoteRead(group, entry.id);
    WriteEntry(entries.Next(), entry);
    if (!options.no_ack) {
      const StreamGroup::Delivery delivery{ctx.now_ms, 1, consumer};
      group.Assign(entry.id, delivery);
      PropagateClaim(ctx, key, options.group, group, entry.id, delivery);
    }
    return entries.size() != count;
  });
  if (options.no_ack) PropagateGroupId(ctx, key, options.group, group);
  entries.WriteArray(reply);
}

void BeginStream(std::string_view key, Gathered* streams, resp::Writer** out) {
  *out = &streams->Next();
  if ((*out)->protocol() == 2) (*out)->Array(2);
  (*out)->Bulk(key);
}

void ReadInGroup(Context& ctx, const ReadOptions& options, std::string_view key,
                 const Wanted& wanted, int64_t count, Gathered* streams) {
  Edit edit = ctx.db().Write(key);
  const StreamValue& seen = *edit.item().As<StreamView>();
  if (wanted.fresh && !HasMore(seen, seen.FindGroup(options.group)->last_id)) return;
  const auto stream = edit.As<Stream>();
  StreamGroup& group = *stream->FindGroup(options.group);
  const auto [consumer, made] = UseConsumer(ctx, group, options.consumer);
  if (wanted.fresh && !options.no_ack) consumer->second.active_ms = ctx.now_ms;
  // A claim would make it, too.
  if (made && (options.no_ack || !wanted.fresh)) {
    ctx.Propagate({"XGROUP", "CREATECONSUMER", key, options.group, options.consumer});
  }
  resp::Writer* out = nullptr;
  BeginStream(key, streams, &out);
  if (wanted.fresh) {
    WriteFresh(ctx, options, key, *stream, group, consumer, count, *out);
  } else {
    WriteHistory(ctx, *stream, group, *consumer, wanted.after, count, *out);
  }
  edit.CommitUnwatched(1 + static_cast<uint64_t>(made),
                       made ? &events::kXGroupCreateConsumer : nullptr);
}

void ReadPlainly(Context& ctx, std::string_view key, const Wanted& wanted, int64_t count,
                 Gathered* streams) {
  const Item item = ctx.db().Peek(key);
  if (!item || item.type() != Type::kStream) return;
  const StreamValue& stream = *item.As<StreamView>();
  if (!HasMore(stream, wanted.after)) return;
  resp::Writer* out = nullptr;
  BeginStream(key, streams, &out);
  WriteAfter(stream, wanted.after, count, *out);
}

// The words to execute again: "$" would be another id by then.
std::vector<std::string> FixedWords(const Context& ctx, const ReadOptions& options,
                                    const std::vector<Wanted>& wanted) {
  std::vector<std::string> words(ctx.args.begin(), ctx.args.end());
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i].fresh) words[options.ids_at + i] = FormatStreamId(wanted[i].after);
  }
  return words;
}

void Read(Context& ctx, bool in_group) {
  ReadOptions options{.in_group = in_group};
  if (!ParseRead(ctx, &options)) return;
  ctx.PropagateNothing();  // but what reading in a group does
  std::vector<Wanted> wanted(options.keys.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!ctx.is_again() && !Find(ctx, options, i, &wanted[i])) return;
  }
  int64_t count = options.count;
  if (ctx.is_again() && count == 0) count = kCountAfterWait;
  Gathered streams(ctx.reply);
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!ctx.Concerns(options.keys[i])) continue;
    if (ctx.is_again() && !FindAgain(ctx, options, i, &wanted[i])) return;
    if (in_group) {
      ReadInGroup(ctx, options, options.keys[i], wanted[i], count, &streams);
    } else {
      ReadPlainly(ctx, options.keys[i], wanted[i], count, &streams);
    }
    if (ctx.is_again()) break;  // a key that is named twice is read once
  }
  if (streams.size() > 0) {
    return ctx.reply.protocol() == 3 ? streams.WriteMap(ctx.reply) : streams.WriteArray(ctx.reply);
  }
  if (ctx.is_again()) return;
  if (options.waits) {
    const std::vector<std::string> fixed = FixedWords(ctx, options, wanted);
    const std::vector<std::string_view> words(fixed.begin(), fixed.end());
    if (ctx.WaitForKeys({options.keys, options.deadline_ms, words, in_group})) return;
  }
  ctx.reply.NullArray();
}
void XRead(Context& ctx) { Read(ctx, false); }
void XReadGroup(Context& ctx) { Read(ctx, true); }

constexpr CommandSpec kRows[] = {
    {"xread",
     XRead,
     -4,
     kReadonly | kBlocking | kMovableKeys,
     kAclStream,
     {Behind("STREAMS", 1, kReads, -1, 2)}},
    {"xreadgroup",
     XReadGroup,
     -7,
     kWrite | kBlocking | kMovableKeys,
     kAclStream,
     {Behind("STREAMS", 4, kReads, -1, 2)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows StreamReadRows() { return kRows; }

}  // namespace rha::node::commands
