// XCLAIM and XAUTOCLAIM: what is pending goes over to another consumer.
#include <algorithm>
#include <string>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/stream/stream_args.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using types::StreamGroup;
using types::StreamValue;
namespace events = keyspace::events;

// One command's work on a group: claims ids one by one and tells replicas of each.
class Claimer {
 public:
  struct Options {
    int64_t min_idle_ms = 0;
    int64_t at_ms = 0;        // what the time of delivery becomes
    int64_t deliveries = -1;  // what their number becomes; -1: see just_id
    bool force = false;       // also what is not pending
    bool just_id = false;     // the number of deliveries stays, and only ids are the reply
  };

  Claimer(Context& ctx, const StreamValue& stream, StreamGroup& group, const Options& options)
      : ctx_(ctx), stream_(stream), group_(group), options_(options) {}

  enum class Outcome : uint8_t { kClaimed, kLeft, kGone };
  // kGone: the entry is no more in the stream, nor is it pending any more.
  Outcome Claim(StreamId id, Gathered& entries) {
    StreamGroup::Delivery* const pending = group_.pending().Find(id);
    if (!stream_.log().Contains(id)) {
      if (pending == nullptr) return Outcome::kLeft;
      Tell(id, *pending);
      group_.Acknowledge(id);
      return Outcome::kGone;
    }
    if (pending == nullptr ? !options_.force : !IsIdle(*pending)) return Outcome::kLeft;
    if (consumer_ == nullptr) {
      const auto [consumer, made] = UseConsumer(ctx_, group_, ctx_.arg(3));
      consumer->second.active_ms = ctx_.now_ms;
      consumer_ = consumer;
      made_ = made;
    }
    uint64_t count = pending == nullptr ? 1 : pending->count;  // as if it had been delivered before
    if (options_.deliveries >= 0) {
      count = static_cast<uint64_t>(options_.deliveries);
    } else if (!options_.just_id) {
      ++count;
    }
    const StreamGroup::Delivery delivery{options_.at_ms, count, consumer_};
    group_.Assign(id, delivery);
    if (options_.just_id) {
      WriteStreamId(entries.Next(), id);
    } else {
      WriteEntry(entries.Next(), stream_, id);
    }
    Tell(id, delivery);
    return Outcome::kClaimed;
  }
  uint64_t told() const { return told_; }
  void Commit(Edit& edit, uint64_t more_changes) {
    edit.CommitUnwatched(told_ + more_changes + static_cast<uint64_t>(made_),
                         made_ ? &events::kXGroupCreateConsumer : nullptr);
  }

 private:
  bool IsIdle(const StreamGroup::Delivery& delivery) const {
    return options_.min_idle_ms == 0 || MsSince(ctx_, delivery.at_ms) >= options_.min_idle_ms;
  }
  void Tell(StreamId id, const StreamGroup::Delivery& delivery) {
    PropagateClaim(ctx_, ctx_.arg(1), ctx_.arg(2), group_, id, delivery);
    ++told_;
  }

  Context& ctx_;
  const StreamValue& stream_;
  StreamGroup& group_;
  const Options& options_;
  types::StreamConsumer* consumer_ = nullptr;
  bool made_ = false;
  uint64_t told_ = 0;
};

// ---------------------------------------------------------------- XCLAIM

struct ClaimWords {
  Claimer::Options options;
  std::vector<StreamId> ids;
  StreamId last_id;
};

// One that takes a number. False: the reply is written, or (`*known` false) it is none of these.
bool ParseNumber(Context& ctx, size_t at, ClaimWords* words, bool* known) {
  const std::string_view option = ctx.arg(at);
  const auto read = [&](const char* error, int64_t* value) {
    return ParseIntegerOr(ctx, ctx.arg(at + 1), INT64_MIN, error, value);
  };
  *known = true;
  int64_t idle_ms = 0;
  if (EqualsIgnoreCase(option, "idle")) {
    if (!read("ERR Invalid IDLE option argument for XCLAIM", &idle_ms)) return false;
    const bool absurd = __builtin_sub_overflow(ctx.now_ms, idle_ms, &words->options.at_ms);
    if (absurd) words->options.at_ms = -1;
    return true;
  }
  if (EqualsIgnoreCase(option, "time")) {
    return read("ERR Invalid TIME option argument for XCLAIM", &words->options.at_ms);
  }
  if (EqualsIgnoreCase(option, "retrycount")) {
    return read("ERR Invalid RETRYCOUNT option argument for XCLAIM", &words->options.deliveries);
  }
  if (EqualsIgnoreCase(option, "lastid"))
    return ParseStreamId(ctx, ctx.arg(at + 1), &words->last_id);
  *known = false;
  return false;
}

// key group consumer min-idle-time id [id ...] [options]
bool ParseClaim(Context& ctx, ClaimWords* words) {
  Claimer::Options& options = words->options;
  if (!ParseIntegerOr(ctx, ctx.arg(4), INT64_MIN, "ERR Invalid min-idle-time argument for XCLAIM",
                      &options.min_idle_ms)) {
    return false;
  }
  options.min_idle_ms = std::max<int64_t>(options.min_idle_ms, 0);
  options.at_ms = ctx.now_ms;
  size_t at = 5;
  for (StreamId id; at < ctx.argc() && ParseStreamId(ctx.arg(at), 0, &id); ++at) {
    words->ids.push_back(id);
  }
  for (; at < ctx.argc(); ++at) {
    const std::string_view option = ctx.arg(at);
    bool known = false;
    if (EqualsIgnoreCase(option, "force")) {
      options.force = true;
    } else if (EqualsIgnoreCase(option, "justid")) {
      options.just_id = true;
    } else if (at + 1 < ctx.argc() && ParseNumber(ctx, at, words, &known)) {
      ++at;
    } else if (known) {
      return false;
    } else {
      ctx.reply.Error("ERR Unrecognized XCLAIM option '" + std::string(option) + "'");
      return false;
    }
  }
  // A clock may be a bit ahead of ours: that is no reason to fail.
  if (options.at_ms < 0 || options.at_ms > ctx.now_ms) options.at_ms = ctx.now_ms;
  return true;
}

void XClaim(Context& ctx) {
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (edit && edit.type() != keyspace::Type::kStream) return ctx.WrongType();
  if (!edit || edit.item().As<types::StreamView>()->FindGroup(ctx.arg(2)) == nullptr) {
    return NoGroup(ctx, ctx.arg(1), ctx.arg(2));
  }
  ClaimWords words;
  if (!ParseClaim(ctx, &words)) return;
  ctx.PropagateNothing();  // but each claim
  const auto stream = edit.As<types::Stream>();
  StreamGroup& group = *stream->FindGroup(ctx.arg(2));
  const bool moves_on = words.last_id > group.last_id;
  if (moves_on) group.last_id = words.last_id;
  Claimer claimer(ctx, *stream, group, words.options);
  Gathered entries(ctx.reply);
  for (const StreamId& id : words.ids) claimer.Claim(id, entries);
  const bool says_so = moves_on && claimer.told() == 0;  // claims say it, too
  if (says_so) PropagateGroupId(ctx, ctx.arg(1), ctx.arg(2), group);
  claimer.Commit(edit, says_so);
  entries.WriteArray(ctx.reply);
}

// ---------------------------------------------------------------- XAUTOCLAIM

// key group consumer min-idle-time start [COUNT count] [JUSTID]
bool ParseAutoClaim(Context& ctx, Claimer::Options* options, StreamId* start, int64_t* count) {
  constexpr int64_t kCountMax = INT64_MAX / 16;
  if (!ParseIntegerOr(ctx, ctx.arg(4), INT64_MIN,
                      "ERR Invalid min-idle-time argument for XAUTOCLAIM", &options->min_idle_ms)) {
    return false;
  }
  options->min_idle_ms = std::max<int64_t>(options->min_idle_ms, 0);
  options->at_ms = ctx.now_ms;
  if (!ParseFirstId(ctx, ctx.arg(5), start)) return false;
  for (size_t at = 6; at < ctx.argc(); ++at) {
    if (EqualsIgnoreCase(ctx.arg(at), "count") && at + 1 < ctx.argc()) {
      if (!structs::ParseDecimal(ctx.arg(++at), count) || *count < 1 || *count > kCountMax) {
        return ctx.reply.Error("ERR COUNT must be > 0"), false;
      }
    } else if (EqualsIgnoreCase(ctx.arg(at), "justid")) {
      options->just_id = true;
    } else {
      return ctx.SyntaxError(), false;
    }
  }
  return true;
}

void XAutoClaim(Context& ctx) {
  constexpr int64_t kTriesPerClaim = 10;
  Claimer::Options options;
  StreamId next;
  int64_t count = 100;
  if (!ParseAutoClaim(ctx, &options, &next, &count)) return;
  Edit edit = ctx.db().Write(ctx.arg(1));
  StreamGroup* const group = FindGroupToChange(ctx, edit, ctx.arg(2));
  if (group == nullptr) return;
  ctx.PropagateNothing();  // but each claim
  const auto stream = edit.As<types::Stream>();
  Claimer claimer(ctx, *stream, *group, options);
  Gathered entries(ctx.reply), gone(ctx.reply);
  using Outcome = Claimer::Outcome;
  auto at = group->pending().From(next);
  for (int64_t tries = std::min(count, INT64_MAX / kTriesPerClaim) * kTriesPerClaim;
       at && tries > 0 && count > 0; --tries) {
    const StreamId id = at->id;
    const Outcome outcome = claimer.Claim(id, entries);
    if (outcome != Outcome::kLeft) --count;
    if (outcome == Outcome::kGone) WriteStreamId(gone.Next(), id);
    at = group->pending().From(id);
    if (outcome != Outcome::kGone) ++at;
  }
  ctx.reply.Array(3);
  WriteStreamId(ctx.reply, at ? at->id : StreamId());
  claimer.Commit(edit, 0);
  entries.WriteArray(ctx.reply);
  gone.WriteArray(ctx.reply);
}

constexpr CommandSpec kRows[] = {
    {"xclaim", XClaim, -6, kWrite | kFast, kAclStream, {At(1, kUpdates)}},
    {"xautoclaim", XAutoClaim, -6, kWrite | kFast, kAclStream, {At(1, kDeletes)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows StreamClaimRows() { return kRows; }

}  // namespace rha::node::commands
