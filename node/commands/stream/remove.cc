// XDELEX and XACKDEL of Redis 8.2: entries go together with what groups still have of them, or only
// once no group needs them any more. Replicas are told by XACK and XDEL.
#include <algorithm>
#include <string>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/stream/stream_args.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Type;
using types::StreamGroup;
using types::StreamValue;
using types::StreamView;
namespace events = keyspace::events;

// What becomes of an entry's references, the ids pending in groups.
enum class References : uint8_t { kKeep, kDelete, kMustBeGone };

// Per id, as Redis answers.
enum Outcome : int64_t { kNotThere = -1, kErased = 1, kStillReferenced = 2 };

struct Removal {
  References references = References::kKeep;
  std::vector<StreamId> ids;
};

// IDS numids id [id ...], of which `at` is the number; moves it to the last id.
bool ParseIds(Context& ctx, size_t* at, Removal* removal) {
  int64_t count = 0;
  if (*at >= ctx.argc()) return ctx.SyntaxError(), false;
  if (!ParseIntegerOr(ctx, ctx.arg(*at), 1, "ERR Number of IDs must be a positive integer",
                      &count)) {
    return false;
  }
  if (static_cast<uint64_t>(count) > ctx.argc() - *at - 1) {
    ctx.reply.Error("ERR The `numids` parameter must match the number of arguments");
    return false;
  }
  for (; count > 0; --count) {
    if (!ParseStreamId(ctx, ctx.arg(++*at), &removal->ids.emplace_back())) return false;
  }
  return true;
}

bool ParseRemoval(Context& ctx, size_t first, Removal* removal) {
  bool chosen = false;
  const auto choose = [&](References references) {
    removal->references = references;
    return !std::exchange(chosen, true);
  };
  for (size_t at = first; at < ctx.argc(); ++at) {
    const std::string_view word = ctx.arg(at);
    bool fine = false;
    if (EqualsIgnoreCase(word, "keepref")) {
      fine = choose(References::kKeep);
    } else if (EqualsIgnoreCase(word, "delref")) {
      fine = choose(References::kDelete);
    } else if (EqualsIgnoreCase(word, "acked")) {
      fine = choose(References::kMustBeGone);
    } else if (EqualsIgnoreCase(word, "ids") && removal->ids.empty()) {
      if (!ParseIds(ctx, &++at, removal)) return false;
      fine = true;
    }
    if (!fine) return ctx.SyntaxError(), false;
  }
  if (removal->ids.empty()) return ctx.SyntaxError(), false;
  return true;
}

void ReplyNothingThere(Context& ctx, const Removal& removal) {
  ctx.reply.Array(static_cast<int64_t>(removal.ids.size()));
  for (size_t i = 0; i < removal.ids.size(); ++i) ctx.reply.Integer(kNotThere);
}

// Changes one stream, and remembers what replicas are to be told.
class Remover {
 public:
  Remover(Context& ctx, StreamValue& stream) : ctx_(ctx), stream_(stream) {}

  bool Acknowledge(std::string_view name, StreamId id) {
    if (!stream_.FindGroup(name)->Acknowledge(id)) return false;
    ++acknowledged_;
    ctx_.Propagate({"XACK", ctx_.arg(1), name, FormatStreamId(id)});
    return true;
  }

  // Whether there was such an entry.
  bool Erase(StreamId id) {
    if (!stream_.Erase(id)) return false;
    ++erased_;
    ctx_.Propagate({"XDEL", ctx_.arg(1), FormatStreamId(id)});
    return true;
  }

  Outcome Remove(StreamId id, References references) {
    if (references == References::kMustBeGone && Needed(id)) {
      return Holds(id) ? kStillReferenced : kNotThere;
    }
    if (references == References::kDelete) {
      for (const auto& [name, group] : stream_.groups()) Acknowledge(name, id);
    }
    return Erase(id) ? kErased : kNotThere;
  }

  void Commit(Edit& edit) const {
    if (erased_ > 0) return edit.Commit(events::kXDel, erased_ + acknowledged_);
    edit.CommitUnwatched(acknowledged_);
  }

 private:
  // A group has yet to read it, or to acknowledge it.
  bool Needed(StreamId id) const {
    return std::any_of(stream_.groups().begin(), stream_.groups().end(), [&](const auto& each) {
      const StreamGroup& group = each.second;
      return group.last_id < id || group.pending().Find(id) != nullptr;
    });
  }
  bool Holds(StreamId id) const {
    bool found = false;
    stream_.log().ForRange(id, id, [&](const structs::StreamEntry&) { return !(found = true); });
    return found;
  }

  Context& ctx_;
  StreamValue& stream_;
  uint64_t acknowledged_ = 0;
  uint64_t erased_ = 0;
};

void XDelEx(Context& ctx) {
  Removal removal;
  if (!ParseRemoval(ctx, 2, &removal)) return;
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!IsOrAbsent(ctx, edit.item(), Type::kStream)) return;
  if (!edit) return ReplyNothingThere(ctx, removal);
  ctx.PropagateNothing();
  Remover remover(ctx, *edit.As<types::Stream>());
  ctx.reply.Array(static_cast<int64_t>(removal.ids.size()));
  for (const StreamId id : removal.ids) {
    ctx.reply.Integer(remover.Remove(id, removal.references));
  }
  remover.Commit(edit);
}

void XAckDel(Context& ctx) {
  Removal removal;
  if (!ParseRemoval(ctx, 3, &removal)) return;
  const std::string_view group = ctx.arg(2);
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!IsOrAbsent(ctx, edit.item(), Type::kStream)) return;
  if (!edit || edit.item().As<StreamView>()->FindGroup(group) == nullptr) {
    return ReplyNothingThere(ctx, removal);
  }
  ctx.PropagateNothing();
  Remover remover(ctx, *edit.As<types::Stream>());
  ctx.reply.Array(static_cast<int64_t>(removal.ids.size()));
  for (const StreamId id : removal.ids) {
    Outcome outcome = kNotThere;
    if (remover.Acknowledge(group, id)) {
      // The entry may have been deleted before: then nothing is left of it now.
      outcome = std::max(kErased, remover.Remove(id, removal.references));
    }
    ctx.reply.Integer(outcome);
  }
  remover.Commit(edit);
}

constexpr CommandSpec kRows[] = {
    {"xdelex", XDelEx, -5, kWrite | kFast, kAclStream, {At(1, kDeletes)}},
    {"xackdel", XAckDel, -6, kWrite | kFast, kAclStream, {At(1, kDeletes | kKeyUpdate)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows StreamRemoveRows() { return kRows; }

}  // namespace rha::node::commands
