// A value as bytes, for another server or another time: DUMP, RESTORE.
//
// What a payload says is always checked as thoroughly as `sanitize-dump-payload yes` asks for.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/log.h"
#include "node/codec/payload.h"
#include "node/codec/printable.h"
#include "node/codec/rdb_format.h"
#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/dispatch/engine_options.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;
using keyspace::KeyUse;
using keyspace::kNoExpiry;
namespace events = keyspace::events;

void Dump(Context& ctx) {
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!item) return ctx.reply.Null();
  ctx.reply.Bulk(codec::PayloadOf(item.entry(), ctx.options().rdb_compression).buffered());
}

struct RestoreOptions {
  bool replace = false;
  bool absolute = false;
  KeyUse use;
};

// False: the error is written.
bool ParseRestoreOptions(Context& ctx, RestoreOptions* options) {
  for (size_t i = 4; i < ctx.argc(); ++i) {
    const std::string_view word = ctx.arg(i);
    const bool valued = i + 1 < ctx.argc();
    int64_t value = 0;
    if (EqualsIgnoreCase(word, "replace")) {
      options->replace = true;
    } else if (EqualsIgnoreCase(word, "absttl")) {
      options->absolute = true;
    } else if (EqualsIgnoreCase(word, "idletime") && valued && !options->use.frequency()) {
      if (!ParseInteger(ctx, ctx.arg(++i), &value)) return false;
      if (value < 0) return ctx.reply.Error("ERR Invalid IDLETIME value, must be >= 0"), false;
      options->use = KeyUse::Idle(static_cast<uint64_t>(value));
    } else if (EqualsIgnoreCase(word, "freq") && valued && !options->use.idle_seconds()) {
      if (!ParseInteger(ctx, ctx.arg(++i), &value)) return false;
      if (value < 0 || value > UINT8_MAX) {
        return ctx.reply.Error("ERR Invalid FREQ value, must be >= 0 and <= 255"), false;
      }
      options->use = KeyUse::Frequency(static_cast<uint8_t>(value));
    } else {
      return ctx.SyntaxError(), false;
    }
  }
  return true;
}

// Unix milliseconds, or kNoExpiry for 0. False: the error is written.
bool ParseRestoreTtl(Context& ctx, bool absolute, int64_t* expire_at_ms) {
  int64_t ttl = 0;
  if (!ParseInteger(ctx, ctx.arg(2), &ttl)) return false;
  if (ttl < 0) return ctx.reply.Error("ERR Invalid TTL value, must be >= 0"), false;
  *expire_at_ms = ttl == 0 ? kNoExpiry : absolute ? ttl : Later(ctx.now_ms, ttl);
  return true;
}

// What a payload holds. Of a string the text, which lies in it or in `scratch`.
struct Restored {
  std::string_view text;
  std::optional<types::Value> collection;
};
Result<Restored> Decode(Context& ctx, std::string_view content, std::string& scratch) {
  codec::RdbInput input(content, static_cast<uint64_t>(StringBytesMax(ctx)));
  Restored restored;
  RHA_ASSIGN_OR_RETURN(const uint8_t type, input.Byte("a type"));
  if (type == codec::kTypeString) {
    RHA_ASSIGN_OR_RETURN(restored.text, input.PassingString("string", scratch));
    return restored;
  }
  codec::ValueReader reader(input);
  RHA_ASSIGN_OR_RETURN(
      restored.collection,
      codec::BuildValue(type, reader, {ctx.keyspace.form_limits(), ctx.keyspace.secret()}));
  return restored;
}

// The key's time is over already: whatever was there has gone. As a file or a replica it would be
// kept until the primary says so.
bool IsOver(const Context& ctx, int64_t expire_at_ms) {
  return expire_at_ms != kNoExpiry && expire_at_ms <= ctx.now_ms && !ctx.state().loading &&
         !ctx.state().is_replica;
}

void PropagateRestore(Context& ctx, const RestoreOptions& options, int64_t expire_at_ms) {
  if (expire_at_ms == kNoExpiry || options.absolute) return;
  structs::DecimalText number;
  std::vector<std::string_view> words(ctx.args.begin(), ctx.args.end());
  words[2] = structs::FormatDecimal(expire_at_ms, number);
  words.emplace_back("ABSTTL");
  ctx.PropagateArgs(words);
}

void Restore(Context& ctx) {
  RestoreOptions options;
  if (!ParseRestoreOptions(ctx, &options)) return;
  const std::string_view key = ctx.arg(1);
  if (!options.replace && ctx.db().Exists(key)) {
    return ctx.reply.Error("BUSYKEY Target key name already exists.");
  }
  int64_t expire_at_ms = kNoExpiry;
  if (!ParseRestoreTtl(ctx, options.absolute, &expire_at_ms)) return;
  const auto payload = codec::OpenPayload(ctx.arg(3), ctx.options().verify_payload_checksums);
  if (!payload) return ctx.reply.Error("ERR DUMP payload version or checksum are wrong");
  ++ctx.stats().payloads_checked;
  std::string scratch;
  Result<Restored> restored = Decode(ctx, payload->content, scratch);
  if (!restored.ok()) {
    log::Debug("RESTORE {}: {}", codec::Printable(key), restored.status().message());
    return ctx.reply.Error("ERR Bad data format");
  }

  if (IsOver(ctx, expire_at_ms)) {
    if (ctx.db().Erase(key)) ctx.Propagate({"DEL", key});
    return ctx.reply.Ok();
  }
  if (restored->collection) {
    ctx.db().PutNew(key, std::move(*restored->collection), expire_at_ms, events::kRestore);
  } else {
    ctx.db().PutNew(key, restored->text, expire_at_ms, events::kRestore);
  }
  ctx.db().SetUse(key, options.use);
  PropagateRestore(ctx, options, expire_at_ms);
  ctx.reply.Ok();
}

constexpr uint32_t kRestoreAcl = kAclKeyspace | kAclDangerous;
constexpr CommandSpec kRows[] = {
    {"dump", Dump, 2, kReadonly, kAclKeyspace, {At(1, kReads)}},
    {"restore", Restore, -4, kWrite | kDenyOom, kRestoreAcl, {At(1, kOverwrites)}},
    {"restore-asking", Restore, -4, kWrite | kDenyOom | kAsking, kRestoreAcl, {At(1, kOverwrites)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows DumpRows() { return kRows; }

}  // namespace rha::node::commands
