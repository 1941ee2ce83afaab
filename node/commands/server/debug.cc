// DEBUG: what tests and emergencies need. Allowed by enable-debug-command only.
#include <time.h>

#include <optional>
#include <string>

#include "common/base/check.h"
#include "common/base/log.h"
#include "node/commands/families.h"
#include "node/commands/help.h"
#include "node/commands/parse.h"
#include "node/commands/server/digest.h"
#include "node/dispatch/engine_options.h"

namespace rha::node::commands {
namespace {

// Blocks the whole server, as it is meant to.
void Sleep(Context& ctx) {
  long double seconds = 0;
  constexpr long double kMost = 1e9L;
  if (!ParseLongDouble(ctx.arg(2), &seconds) || !(seconds >= 0 && seconds <= kMost)) {
    return ctx.reply.Error("ERR value is not a valid float");
  }
  timespec left{};
  left.tv_sec = static_cast<time_t>(seconds);
  left.tv_nsec = static_cast<long>((seconds - static_cast<long double>(left.tv_sec)) * 1e9L);
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {  // the watchdog's signal
  }
  ctx.reply.Ok();
}

void PauseCron(Context& ctx) {
  ctx.services().server->PauseCron(ctx.arg(2) != "0");
  ctx.reply.Ok();
}

// Figures and switches of jemalloc.
void Mallctl(Context& ctx) {
  std::optional<int64_t> value;
  if (ctx.argc() > 3 && !ParseInteger(ctx, ctx.arg(3), &value.emplace())) return;
  const auto number = ctx.services().server->AllocatorNumber(std::string(ctx.arg(2)), value);
  if (!number.ok()) return ctx.reply.Error(number.status().message());
  *number ? ctx.reply.Integer(**number) : ctx.reply.Ok();
}

void MallctlText(Context& ctx) {
  const std::string name(ctx.arg(2));
  if (ctx.argc() == 3) {
    const auto text = ctx.services().server->AllocatorText(name);
    return text.ok() ? ctx.reply.Bulk(*text) : ctx.reply.Error(text.status().message());
  }
  if (ctx.arg(3) != "VOID") return ctx.reply.Error("ERR texts are read here, not set");
  const Status done = ctx.services().server->AllocatorDo(name);
  done.ok() ? ctx.reply.Ok() : ctx.reply.Error(done.message());
}

void SetDisableDenyScripts(Context& ctx) {
  ctx.options().scripts_may_all = ctx.arg(2) != "0";
  ctx.reply.Ok();
}

// What a damaged payload does behind its checksum.
void SetSkipChecksumValidation(Context& ctx) {
  ctx.options().verify_payload_checksums = ctx.arg(2) == "0";
  ctx.reply.Ok();
}

void FailSnapshot(Context& ctx) {
  if (!ctx.services().persistence->FailSnapshot())
    return ctx.reply.Error("ERR no file is being written");
  ctx.reply.Ok();
}

void AofFlushSleep(Context& ctx) {
  int64_t us = 0;
  if (!ParseInteger(ctx, ctx.arg(2), &us)) return;
  ctx.services().persistence->DelayLog(us);
  ctx.reply.Ok();
}

void SetActiveExpire(Context& ctx) {
  int64_t on = 0;
  if (!ParseInteger(ctx, ctx.arg(2), &on)) return;
  ctx.options().active_expire = on != 0;
  ctx.reply.Ok();
}

void Object(Context& ctx) {
  const keyspace::Item item = ctx.db().Stored(ctx.arg(2));
  if (!item) return ctx.reply.Error("ERR no such key");
  const int64_t idle_s = ctx.db().IdleSeconds(ctx.arg(2));
  ctx.reply.Simple("Value at:0x0 refcount:1 encoding:" + std::string(item.encoding()) +
                   " serializedlength:" + std::to_string(keyspace::Db::MemoryBytes(item)) +
                   " lru:" + std::to_string((ctx.now_ms / 1000 - idle_s) & 0xFFFFFF) +
                   " lru_seconds_idle:" + std::to_string(idle_s));
}

void Reload(Context& ctx) {
  dispatch::PersistenceService::ReloadHow how;
  for (size_t i = 2; i < ctx.argc(); ++i) {
    if (EqualsIgnoreCase(ctx.arg(i), "nosave")) {
      how.save = false;
    } else if (EqualsIgnoreCase(ctx.arg(i), "noflush")) {
      how.flush = false;
    } else if (EqualsIgnoreCase(ctx.arg(i), "merge")) {
      how.merge = true;
    } else {
      return ctx.reply.Error(
          "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
    }
  }
  const Status reloaded = ctx.services().persistence->Reload(how);
  if (!reloaded.ok()) return ctx.reply.Error("ERR " + reloaded.message());
  log::Info("DB reloaded by DEBUG RELOAD");
  ctx.reply.Ok();
}

void LoadAof(Context& ctx) {
  const Status loaded = ctx.services().persistence->ReloadLog();
  if (!loaded.ok()) return ctx.reply.Error("ERR " + loaded.message());
  log::Info("Append Only File loaded by DEBUG LOADAOF");
  ctx.reply.Ok();
}

void RewriteAllOptions(Context& ctx) {
  const Status written = ctx.services().config->Rewrite(true);
  written.ok() ? ctx.reply.Ok() : ctx.reply.Error("ERR " + written.message());
}

std::string HexOf(const Sha1Digest& digest) {
  std::string hex;
  for (const uint8_t byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

void Digest(Context& ctx) { ctx.reply.Simple(HexOf(DigestOfAll(ctx.keyspace))); }

void DigestValue(Context& ctx) {
  const Args keys = ctx.args.subspan(2);
  ctx.reply.Array(static_cast<int64_t>(keys.size()));
  for (const std::string_view key : keys) {
    ctx.reply.Simple(HexOf(DigestOfValue(ctx.db().Peek(key))));
  }
}

void ChangeReplId(Context& ctx) {
  ctx.services().replication->ChangeReplicationId();
  ctx.reply.Ok();
}

// Ends the process as a crash would: nothing is saved or flushed.
void Segfault(Context&) { __builtin_trap(); }

// As one of our own mistakes would.
void Panic(Context&) { RHA_CHECK(!"DEBUG PANIC"); }

void Log(Context& ctx) {
  log::Warn("DEBUG LOG: {}", ctx.arg(2));
  ctx.reply.Ok();
}

// Settings of Redis' own machinery, for its tests; there is nothing to set here.
void Accept(Context& ctx) { ctx.reply.Ok(); }

void ReplyBuffer(Context& ctx) {
  const bool known =
      EqualsIgnoreCase(ctx.arg(2), "peak-reset-time") || EqualsIgnoreCase(ctx.arg(2), "resizing");
  known ? ctx.reply.Ok() : UnknownSubcommand(ctx);
}

// A hash table as Redis tells of its own, in so far as ours has the same: no chains, and one table
// at a time.
std::string TableText(size_t slots, size_t elements) {
  const std::string head = "Hash table 0 stats (main hash table):\n";
  if (elements == 0) return head + "No stats available for empty dictionaries\n";
  return head + fmt::format(" table size: {}\n number of elements: {}\n", slots, elements);
}

void HashTableOfDb(Context& ctx) {
  int64_t index = 0;
  if (!ParseInteger(ctx, ctx.arg(2), &index)) return;
  if (index < 0 || index >= ctx.keyspace.databases()) {
    return ctx.reply.Error("ERR Out of range database");
  }
  const keyspace::Db& db = ctx.keyspace.db(static_cast<int>(index));
  // A lifetime stands in its key's entry.
  ctx.reply.Verbatim("txt", "[Dictionary HT]\n" + TableText(db.slots(), db.size()) +
                                "[Expires HT]\n" + TableText(db.slots(), db.expiring()));
}

void HashTableOfKey(Context& ctx) {
  const keyspace::Item item = ctx.db().Peek(ctx.arg(2));
  if (!item) return ctx.reply.Error("ERR no such key");
  if (item.entry().kind() == structs::Entry::Kind::kPointer) {
    const auto& value = types::LargeOf<types::LargeValue>(item.entry());
    if (value.slots() != 0) {
      return ctx.reply.Verbatim("txt", TableText(value.slots(), value.size()));
    }
  }
  ctx.reply.Error(
      "ERR The value stored at the specified key is not represented using an hash table");
}

void Replicate(Context& ctx) {
  ctx.PropagateArgs(ctx.args.subspan(2), dispatch::kReplicas);
  ctx.reply.Ok();
}

// Fills the keyspace: DEBUG POPULATE count [prefix] [size].
void Populate(Context& ctx) {
  int64_t count = 0, size = 0;
  if (!ParsePositive(ctx, ctx.arg(2), &count)) return;
  const std::string prefix = ctx.argc() > 3 ? std::string(ctx.arg(3)) : "key";
  if (ctx.argc() > 4 && !ParsePositive(ctx, ctx.arg(4), &size)) return;
  for (int64_t i = 0; i < count; ++i) {
    const std::string key = prefix + ":" + std::to_string(i);
    if (ctx.db().Exists(key)) continue;
    std::string value = "value:" + std::to_string(i);
    if (size > 0) value.resize(static_cast<size_t>(size), '\0');
    ctx.db().Put(key, value, keyspace::kNoExpiry, keyspace::events::kSet);
  }
  ctx.PropagateNothing();
  ctx.reply.Ok();
}

void Protocol(Context& ctx) {
  const std::string_view kind = ctx.arg(2);
  resp::Writer& reply = ctx.reply;
  const auto numbers = [&] {
    for (int i = 0; i < 3; ++i) reply.Integer(i);
  };
  if (EqualsIgnoreCase(kind, "string")) return reply.Bulk("Hello World");
  if (EqualsIgnoreCase(kind, "integer")) return reply.Integer(12345);
  if (EqualsIgnoreCase(kind, "double")) return reply.Double(3.141);
  if (EqualsIgnoreCase(kind, "null")) return reply.Null();
  if (EqualsIgnoreCase(kind, "array")) return reply.Array(3), numbers();
  if (EqualsIgnoreCase(kind, "set")) return reply.Set(3), numbers();
  if (EqualsIgnoreCase(kind, "bignum")) {
    return reply.BigNumber("1234567999999999999999999999999999999");
  }
  if (EqualsIgnoreCase(kind, "true")) return reply.Bool(true);
  if (EqualsIgnoreCase(kind, "false")) return reply.Bool(false);
  if (EqualsIgnoreCase(kind, "verbatim"))
    return reply.Verbatim("txt", "This is a verbatim\nstring");
  if (EqualsIgnoreCase(kind, "attrib")) {
    if (reply.protocol() == 3)
      reply.Raw("|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n");
    return reply.Bulk("Some real reply following the attribute");
  }
  if (EqualsIgnoreCase(kind, "push")) {
    if (reply.protocol() != 3) return reply.Error("ERR RESP2 is not supported by this command");
    reply.Push(2);
    reply.Bulk("server-cpu-usage");
    reply.Integer(42);
    return reply.Bulk("Some real reply following the push reply");
  }
  if (EqualsIgnoreCase(kind, "map")) {
    reply.Map(3);
    for (int i = 0; i < 3; ++i) {
      reply.Integer(i);
      reply.Bool(i == 1);
    }
    return;
  }
  reply.Error(
      "ERR Wrong protocol type name. Please use one of the following: "
      "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

constexpr size_t kAnyWords = SIZE_MAX;
struct Subcommand {
  std::string_view name;
  size_t words_min;
  size_t words_max;
  Handler handler;
};
constexpr Subcommand kSubcommands[] = {
    {"sleep", 3, 3, Sleep},
    {"set-active-expire", 3, 3, SetActiveExpire},
    {"set-disable-deny-scripts", 3, 3, SetDisableDenyScripts},
    {"set-skip-checksum-validation", 3, 3, SetSkipChecksumValidation},
    {"error", 3, 3, [](Context& ctx) { ctx.reply.Error(ctx.arg(2)); }},
    {"fail-snapshot", 2, 2, FailSnapshot},
    {"aof-flush-sleep", 3, 3, AofFlushSleep},
    {"object", 3, 3, Object},
    {"digest", 2, 2, Digest},
    {"digest-value", 2, kAnyWords, DigestValue},
    {"reload", 2, kAnyWords, Reload},
    {"loadaof", 2, kAnyWords, LoadAof},
    {"change-repl-id", 2, 2, ChangeReplId},
    {"config-rewrite-force-all", 2, 2, RewriteAllOptions},
    {"segfault", 2, kAnyWords, Segfault},
    {"panic", 2, kAnyWords, Panic},
    {"log", 3, 3, Log},
    {"mallctl", 3, kAnyWords, Mallctl},
    {"mallctl-str", 3, kAnyWords, MallctlText},
    {"populate", 3, 5, Populate},
    {"protocol", 3, 3, Protocol},
    {"htstats", 3, 3, HashTableOfDb},
    {"htstats-key", 3, 3, HashTableOfKey},
    {"quicklist-packed-threshold", 3, kAnyWords, Accept},
    {"replicate", 3, kAnyWords, Replicate},
    {"pause-cron", 3, 3, PauseCron},
    {"replybuffer", 4, 4, ReplyBuffer},
};

void Debug(Context& ctx) {
  if (ctx.argc() == 2 && EqualsIgnoreCase(ctx.arg(1), "help")) {
    return WriteHelp(
        ctx,
        {"AOF-FLUSH-SLEEP <microsec>",
         "    Server will sleep before each write of the AOF, this is used for testing.",
         "CHANGE-REPL-ID",
         "    Change the replication IDs of the instance.",
         "CONFIG-REWRITE-FORCE-ALL",
         "    Like CONFIG REWRITE but writes all configuration options, including keywords not",
         "    listed in original configuration file or default values.",
         "DIGEST",
         "    Output a hex signature representing the current DB content.",
         "DIGEST-VALUE <key> [<key> ...]",
         "    Output a hex signature of the values of all the specified keys.",
         "ERROR <string>",
         "    Return a Redis protocol error with <string> as message.",
         "FAIL-SNAPSHOT",
         "    The RDB file or AOF base that is being written fails.",
         "HTSTATS <dbid>",
         "    Return hash table statistics of the specified Redis database.",
         "HTSTATS-KEY <key>",
         "    Like HTSTATS but for the hash table stored at <key>'s value.",
         "LOADAOF",
         "    Flush the AOF buffers on disk and reload the AOF in memory.",
         "LOG <message>",
         "    Write <message> to the server log.",
         "MALLCTL <key> [<val>]",
         "    Get or set a malloc tuning integer.",
         "MALLCTL-STR <key> [VOID]",
         "    Get a malloc tuning string, or do what the name stands for.",
         "OBJECT <key>",
         "    Show low level info about <key> and associated value.",
         "PANIC",
         "    Crash the server as a broken invariant does.",
         "PAUSE-CRON <0|1>",
         "    Stop periodic cron job processing.",
         "POPULATE <count> [<prefix>] [<size>]",
         "    Create <count> string keys named key:<num>.",
         "PROTOCOL <type>",
         "    Reply with a test value of the specified type.",
         "REPLICATE <command> [<arg> ...]",
         "    Send a command to the replicas, without executing it.",
         "RELOAD [option ...]",
         "    Save the RDB on disk and reload it back to memory.",
         "SEGFAULT",
         "    Crash the server.",
         "SET-ACTIVE-EXPIRE <0|1>",
         "    Setting it to 0 disables expiring keys in background when they are not",
         "    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the",
         "    default.",
         "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
         "    Setting it to 1 lets RESTORE take payloads whatever their checksum is.",
         "SLEEP <seconds>",
         "    Stop the server for <seconds>. Decimals allowed."});
  }
  for (const Subcommand& subcommand : kSubcommands) {
    if (!EqualsIgnoreCase(ctx.arg(1), subcommand.name)) continue;
    if (ctx.argc() < subcommand.words_min || ctx.argc() > subcommand.words_max) break;
    return subcommand.handler(ctx);
  }
  UnknownSubcommand(ctx);
}

constexpr CommandSpec kRows[] = {
    {"debug", Debug, -2, kAdmin | kNoscript | kLoading | kStale | kProtected},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows DebugRows() { return kRows; }

}  // namespace rha::node::commands
