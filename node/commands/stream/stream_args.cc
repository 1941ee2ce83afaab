#include "node/commands/stream/stream_args.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace rha::node::commands {
namespace {

// As Redis with strtoull(): leading zeros, spaces and a plus are welcome, a minus is not.
bool ParseUnsigned(std::string_view text, uint64_t* value) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\n\v\f\r"), text.size()));
  if (text.starts_with('+')) text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  if (text.empty() || text[0] == '-') return false;
  const auto [stop, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stop == end;
}

bool BadId(Context& ctx) {
  ctx.reply.Error("ERR Invalid stream ID specified as stream command argument");
  return false;
}

using IdText = char[48];
std::string_view Format(StreamId id, IdText& text) {
  char* at = std::to_chars(text, text + 20, id.ms).ptr;
  *at++ = '-';
  at = std::to_chars(at, at + 20, id.seq).ptr;
  return {text, static_cast<size_t>(at - text)};
}

// An end of an interval.
bool ParseEnd(Context& ctx, std::string_view text, uint64_t missing_seq, StreamId* id,
              bool* exclusive) {
  *exclusive = text.size() > 1 && text[0] == '(';
  if (*exclusive) return ParseStreamId(ctx, text.substr(1), id, missing_seq);
  if (text == "-" || text == "+") {
    *id = text == "-" ? StreamId() : StreamId::Max();
    return true;
  }
  return ParseStreamId(ctx, text, id, missing_seq);
}

}  // namespace

bool ParseStreamId(std::string_view text, uint64_t missing_seq, StreamId* id) {
  constexpr size_t kIdBytesMax = 127;
  if (text.size() > kIdBytesMax) return false;
  const size_t dash = text.find('-');
  if (!ParseUnsigned(text.substr(0, dash), &id->ms)) return false;
  id->seq = missing_seq;
  return dash == std::string_view::npos || ParseUnsigned(text.substr(dash + 1), &id->seq);
}

bool ParseStreamId(Context& ctx, std::string_view text, StreamId* id, uint64_t missing_seq) {
  return ParseStreamId(text, missing_seq, id) || BadId(ctx);
}

bool ParseStreamIds(Context& ctx, size_t at, std::vector<StreamId>* ids) {
  for (; at < ctx.argc(); ++at) {
    if (!ParseStreamId(ctx, ctx.arg(at), &ids->emplace_back())) return false;
  }
  return true;
}

bool ParseFirstId(Context& ctx, std::string_view text, StreamId* id) {
  bool exclusive = false;
  if (!ParseEnd(ctx, text, 0, id, &exclusive)) return false;
  if (!exclusive || id->Increment()) return true;
  ctx.reply.Error("ERR invalid start ID for the interval");
  return false;
}

bool ParseIdInterval(Context& ctx, std::string_view first, std::string_view last,
                     IdInterval* interval) {
  bool exclusive = false;
  if (!ParseFirstId(ctx, first, &interval->first)) return false;
  if (!ParseEnd(ctx, last, UINT64_MAX, &interval->last, &exclusive)) return false;
  if (!exclusive || interval->last.Decrement()) return true;
  ctx.reply.Error("ERR invalid end ID for the interval");
  return false;
}

std::string FormatStreamId(StreamId id) {
  IdText text;
  return std::string(Format(id, text));
}

void WriteStreamId(resp::Writer& reply, StreamId id) {
  IdText text;
  reply.Bulk(Format(id, text));
}

void WriteEntry(resp::Writer& reply, const structs::StreamEntry& entry) {
  reply.Array(2);
  WriteStreamId(reply, entry.id);
  reply.Array(static_cast<int64_t>(entry.field_count * 2));
  entry.ForEach([&](std::string_view field, std::string_view value) {
    reply.Bulk(field);
    reply.Bulk(value);
  });
}

bool WriteEntry(resp::Writer& reply, const types::StreamValue& stream, StreamId id) {
  bool written = false;
  stream.log().ForRange(id, id, [&](const structs::StreamEntry& entry) {
    WriteEntry(reply, entry);
    written = true;
    return false;
  });
  return written;
}

void NoGroup(Context& ctx, std::string_view key, std::string_view group, std::string_view where) {
  ctx.reply.Error("NOGROUP No such key '" + std::string(key) + "' or consumer group '" +
                  std::string(group) + "'" + std::string(where));
}

void NoGroupOfKey(Context& ctx, std::string_view key, std::string_view group) {
  ctx.reply.Error("NOGROUP No such consumer group '" + std::string(group) + "' for key name '" +
                  std::string(key) + "'");
}

types::StreamGroup* FindGroupToChange(Context& ctx, keyspace::Edit& edit, std::string_view group) {
  if (edit && edit.type() != keyspace::Type::kStream) return ctx.WrongType(), nullptr;
  if (edit && edit.item().As<types::StreamView>()->FindGroup(group) != nullptr) {
    return edit.As<types::Stream>()->FindGroup(group);
  }
  NoGroup(ctx, ctx.arg(1), group);
  return nullptr;
}

void PropagateClaim(Context& ctx, std::string_view key, std::string_view group_name,
                    const types::StreamGroup& group, StreamId id,
                    const types::StreamGroup::Delivery& delivery) {
  ctx.Propagate({"XCLAIM", key, group_name, delivery.consumer->first, "0", FormatStreamId(id),
                 "TIME", std::to_string(delivery.at_ms), "RETRYCOUNT",
                 std::to_string(static_cast<int64_t>(delivery.count)), "FORCE", "JUSTID", "LASTID",
                 FormatStreamId(group.last_id)});
}

void PropagateGroupId(Context& ctx, std::string_view key, std::string_view group_name,
                      const types::StreamGroup& group) {
  ctx.Propagate({"XGROUP", "SETID", key, group_name, FormatStreamId(group.last_id), "ENTRIESREAD",
                 std::to_string(group.entries_read)});
}

int64_t MsSince(const Context& ctx, int64_t at_ms) {
  int64_t since = 0;
  return __builtin_sub_overflow(ctx.now_ms, at_ms, &since) ? INT64_MAX : since;
}

UsedConsumer UseConsumer(Context& ctx, types::StreamGroup& group, std::string_view name) {
  const auto [consumer, made] = group.MakeConsumer(name, ctx.now_ms);
  consumer->second.seen_ms = ctx.now_ms;
  return {consumer, made};
}

}  // namespace rha::node::commands
