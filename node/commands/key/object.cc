// OBJECT: how a value is kept.
#include "node/commands/families.h"
#include "node/commands/help.h"
#include "node/commands/parse.h"
#include "node/dispatch/node_state.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;

// None with the reply written: there is no such key.
Item Lookup(Context& ctx) {
  const Item item = ctx.db().Peek(ctx.arg(2));
  if (!item) ctx.reply.Null();
  return item;
}

void Encoding(Context& ctx) {
  if (const Item item = Lookup(ctx)) ctx.reply.Bulk(item.encoding());
}

// Values are never shared here, but this answers as Redis, which keeps one object of each small
// number and reports it so, unless eviction goes by the use of each key.
void RefCount(Context& ctx) {
  constexpr int64_t kSharedNumbers = 10'000;
  const Item item = Lookup(ctx);
  if (!item) return;
  bool shared = false;
  if (item.type() == keyspace::Type::kString) {
    const auto text = item.As<types::StringView>();
    shared = text.is_integer() && text.integer() >= 0 && text.integer() < kSharedNumbers;
  }
  if (ctx.state().memory_max_bytes != 0 && ctx.keyspace.eviction().tracks_use()) shared = false;
  ctx.reply.Integer(shared ? INT32_MAX : 1);
}

void IdleTime(Context& ctx) {
  if (!Lookup(ctx)) return;
  if (!ctx.keyspace.eviction().counts_uses()) {
    return ctx.reply.Integer(ctx.db().IdleSeconds(ctx.arg(2)));
  }
  ctx.reply.Error(
      "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when "
      "switching between policies at runtime LRU and LFU data will take some time to adjust.");
}

void Freq(Context& ctx) {
  if (!Lookup(ctx)) return;
  if (ctx.keyspace.eviction().counts_uses()) {
    return ctx.reply.Integer(ctx.db().UseFrequency(ctx.arg(2)));
  }
  ctx.reply.Error(
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
      "when switching between policies at runtime LRU and LFU data will take some time to adjust.");
}

void Help(Context& ctx) {
  WriteHelp(ctx, {"ENCODING <key>",
                  "    Return the kind of internal representation used in order to store the value",
                  "    associated with a <key>.", "FREQ <key>",
                  "    Return the access frequency index of the <key>. The returned integer is",
                  "    proportional to the logarithm of the recent access frequency of the key.",
                  "IDLETIME <key>",
                  "    Return the idle time of the <key>, that is the approximated number of",
                  "    seconds elapsed since the last access to the key.", "REFCOUNT <key>",
                  "    Return the number of references of the value associated with the specified",
                  "    <key>."});
}

constexpr CommandSpec kRows[] = {
    {"object", nullptr, -2, kContainer},
    {"object|encoding", Encoding, 3, kReadonly, kAclKeyspace, {At(2, kLooksAt)}},
    {"object|refcount", RefCount, 3, kReadonly, kAclKeyspace, {At(2, kLooksAt)}},
    {"object|idletime", IdleTime, 3, kReadonly, kAclKeyspace, {At(2, kLooksAt)}},
    {"object|freq", Freq, 3, kReadonly, kAclKeyspace, {At(2, kLooksAt)}},
    {"object|help", Help, 2, kLoading | kStale, kAclKeyspace},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ObjectRows() { return kRows; }

}  // namespace rha::node::commands
