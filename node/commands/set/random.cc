// SPOP and SRANDMEMBER: members of a set at random.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "node/commands/draws.h"
#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/types/set.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Item;
using keyspace::Type;
using structs::DecimalText;
using types::Set;
using types::SetView;
namespace events = keyspace::events;

// Tells replicas which members went, many with each SREM.
class Removals {
 public:
  explicit Removals(Context& ctx) : ctx_(ctx) { ctx_.PropagateNothing(); }
  ~Removals() { Send(); }
  void Add(std::string_view member) {
    if (!ctx_.state().feed_active()) return;
    members_.emplace_back(member);
    bytes_ += member.size();
    if (members_.size() == kMembersMax || bytes_ >= kBytesMax) Send();
  }

 private:
  static constexpr size_t kMembersMax = 1024;  // as in Redis
  static constexpr size_t kBytesMax = 64 * 1024;

  void Send() {
    if (members_.empty()) return;
    std::vector<std::string_view> words{"SREM", ctx_.arg(1)};
    words.insert(words.end(), members_.begin(), members_.end());
    ctx_.PropagateArgs(words);
    members_.clear();
    bytes_ = 0;
  }

  Context& ctx_;
  std::vector<std::string> members_;
  size_t bytes_ = 0;
};

// Replies with `count` members and takes them out. REQUIRES: there are so many.
void PopMembers(Context& ctx, Edit& edit, uint64_t count) {
  Set set = edit.As<Set>();
  Removals removals(ctx);
  for (uint64_t popped = 0; popped < count; ++popped) {
    DecimalText scratch;
    const std::string_view member = set.Random(ctx.keyspace.prng(), scratch);
    ctx.reply.Bulk(member);
    removals.Add(member);
    set.Erase(member);
  }
  edit.Commit(events::kSPop, count);
}

// The key goes as a whole, so that the members are freed in the background.
void PopAll(Context& ctx, Edit& edit) {
  const auto set = edit.item().As<SetView>();
  const size_t size = set.size();
  set.ForEach([&](std::string_view member) { ctx.reply.Bulk(member); });
  ctx.db().Notify(events::kSPop, ctx.arg(1));
  ctx.keyspace.AddDirty(size - 1);
  edit.Erase(events::kDel);
  ctx.Propagate({"DEL", ctx.arg(1)});
}

void SPop(Context& ctx) {
  if (ctx.argc() > 3) return ctx.SyntaxError();
  const bool counted = ctx.argc() == 3;
  int64_t count = 1;
  if (counted && !ParsePositive(ctx, ctx.arg(2), &count)) return;
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!IsOrAbsent(ctx, edit.item(), Type::kSet)) return;
  if (!counted) return edit ? PopMembers(ctx, edit, 1) : ctx.reply.Null();
  if (!edit || count == 0) return ctx.reply.Set(0);

  const auto size = static_cast<int64_t>(edit.item().As<SetView>().size());
  ctx.reply.Set(std::min(count, size));
  count < size ? PopMembers(ctx, edit, static_cast<uint64_t>(count)) : PopAll(ctx, edit);
}

void SRandMember(Context& ctx) {
  if (ctx.argc() > 3) return ctx.SyntaxError();
  const bool counted = ctx.argc() == 3;
  int64_t count = 1;
  if (counted && !ParseIntegerInRange(ctx, ctx.arg(2), -INT64_MAX, INT64_MAX, &count)) return;
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kSet)) return;
  if (!item) return counted ? ctx.reply.Array(0) : ctx.reply.Null();

  const auto set = item.As<SetView>();
  const auto draw = [&] {
    DecimalText scratch;
    ctx.reply.Bulk(set.Random(ctx.keyspace.prng(), scratch));
  };
  if (!counted) return draw();
  if (TooManyDraws(ctx, count)) return;
  if (count < 0) {  // so many, each drawn on its own
    ctx.reply.Array(-count);
    return DrawWhileThereIsRoom(ctx, static_cast<uint64_t>(-count), 0, [&](uint64_t some) {
      for (; some > 0; --some) draw();
    });
  }
  const size_t members = std::min(static_cast<size_t>(count), set.size());
  ctx.reply.Array(static_cast<int64_t>(members));
  set.Sample(members, ctx.keyspace.prng(),
             [&](std::string_view member) { ctx.reply.Bulk(member); });
}

constexpr CommandSpec kRows[] = {
    {"spop", SPop, -2, kWrite | kFast, kAclSet, {At(1, kTakes)}},
    {"srandmember", SRandMember, -2, kReadonly, kAclSet, {At(1, kReads)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows SetRandomRows() { return kRows; }

}  // namespace rha::node::commands
