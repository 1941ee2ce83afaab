// OBJECT and MEMORY USAGE: how a value is kept.
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

void MemoryUsage(Context& ctx) {
  for (size_t i = 3; i < ctx.argc(); i += 2) {
    int64_t samples = 0;
    if (!EqualsIgnoreCase(ctx.arg(i), "samples") || i + 1 >= ctx.argc()) return ctx.SyntaxError();
    if (!ParseInteger(ctx, ctx.arg(i + 1), &samples)) return;
    if (samples < 0) return ctx.SyntaxError();
  }
  if (const Item item = Lookup(ctx)) {
    ctx.reply.Integer(static_cast<int64_t>(keyspace::Db::MemoryBytes(item)));
  }
}

constexpr CommandSpec kRows[] = {
    {.name = "object",
     .arity = -2,
     .flags = kContainer,
     .since = "2.2.3",
     .summary = "A container for object introspection commands",
     .complexity = "Depends on subcommand."},
    {.name = "object|encoding",
     .handler = Encoding,
     .arity = 3,
     .flags = kReadonly,
     .keys = {2, 2, 1},
     .acl = kAclKeyspace,
     .since = "2.2.3",
     .summary = "Inspect the internal encoding of a Redis object"},
    {.name = "object|refcount",
     .handler = RefCount,
     .arity = 3,
     .flags = kReadonly,
     .keys = {2, 2, 1},
     .acl = kAclKeyspace,
     .since = "2.2.3",
     .summary = "Get the number of references to the value of the key"},
    {.name = "object|idletime",
     .handler = IdleTime,
     .arity = 3,
     .flags = kReadonly,
     .keys = {2, 2, 1},
     .acl = kAclKeyspace,
     .since = "2.2.3",
     .summary = "Get the time since a Redis object was last accessed"},
    {.name = "object|freq",
     .handler = Freq,
     .arity = 3,
     .flags = kReadonly,
     .keys = {2, 2, 1},
     .acl = kAclKeyspace,
     .since = "4.0.0",
     .summary = "Get the logarithmic access frequency counter of a Redis object"},
    {.name = "object|help",
     .handler = Help,
     .arity = 2,
     .flags = kLoading | kStale,
     .acl = kAclKeyspace,
     .since = "6.2.0",
     .summary = "Show helpful text about the different subcommands"},
    {.name = "memory",
     .arity = -2,
     .flags = kContainer,
     .group = Group::kServer,
     .since = "4.0.0",
     .summary = "A container for memory diagnostics commands",
     .complexity = "Depends on subcommand."},
    {.name = "memory|usage",
     .handler = MemoryUsage,
     .arity = -3,
     .flags = kReadonly,
     .keys = {2, 2, 1},
     .group = Group::kServer,
     .since = "4.0.0",
     .summary = "Estimate the memory usage of a key",
     .complexity = "O(N) where N is the number of samples."},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ObjectRows() { return kRows; }

}  // namespace rha::node::commands
