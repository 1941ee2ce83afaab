// GET, SET and their relatives: whole values in and out, with and without a time to live.
#include <optional>
#include <string>
#include <vector>

#include "node/commands/expiry.h"
#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/commands/string/set_options.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;
using keyspace::kNoExpiry;
using keyspace::Type;
using structs::DecimalText;
using types::StringView;
namespace events = keyspace::events;

void ReplyValue(Context& ctx, const Item& item) {
  DecimalText scratch;
  ctx.reply.Bulk(item.As<StringView>().View(scratch));
}

// Writes the value or null. False: it is not a string, the error is written.
bool GetOrReply(Context& ctx, std::string_view key) {
  const Item item = ctx.db().Read(key);
  if (!IsOrAbsent(ctx, item, Type::kString)) return false;
  item ? ReplyValue(ctx, item) : ctx.reply.Null();
  return true;
}

void Get(Context& ctx) { GetOrReply(ctx, ctx.arg(1)); }

struct SetRequest {
  std::string_view key, value;
  SetOptions options;
};
enum class SetReply : uint8_t { kStatus, kNumber };

// Replicas need not know what was asked for, nor what was compared.
void PropagateWithoutQuestions(Context& ctx, const SetOptions& options) {
  std::vector<std::string_view> words;
  for (size_t i = 0; i < ctx.argc(); ++i) {
    const std::string_view word = ctx.arg(i);
    if (i >= 3 && EqualsIgnoreCase(word, "get")) continue;
    if (i >= 3 && options.compares() && ReadComparison(word)) {
      ++i;  // with the value
      continue;
    }
    words.push_back(word);
  }
  ctx.PropagateArgs(words);
}

// What SET, SETNX, SETEX and PSETEX have in common.
void SetGeneric(Context& ctx, const SetRequest& request, SetReply style) {
  using If = SetOptions::If;
  const SetOptions& options = request.options;
  int64_t expire_at_ms = kNoExpiry;
  if (options.expiry && !ParseExpiry(ctx, *options.expiry, &expire_at_ms)) return;

  if (options.get && !GetOrReply(ctx, request.key)) return;
  if (options.condition != If::kAlways || options.keep_ttl) {
    const Item old = ctx.db().Peek(request.key);
    if (options.compares() && !IsOrAbsent(ctx, old, Type::kString)) return;
    if (!options.Admits(old)) {
      if (!options.get) style == SetReply::kNumber ? ctx.reply.Integer(0) : ctx.reply.Null();
      return;
    }
    if (options.keep_ttl && old) expire_at_ms = old.expire_at_ms();
  }
  ctx.db().Put(request.key, request.value, expire_at_ms, events::kSet);
  if (options.expiry) {
    ctx.db().Notify(events::kExpire, request.key);
    if (ctx.state().feed_active()) {
      DecimalText number;
      ctx.Propagate({"SET", request.key, request.value, "PXAT",
                     structs::FormatDecimal(expire_at_ms, number)});
    }
  } else if (options.get || options.compares()) {
    PropagateWithoutQuestions(ctx, options);
  }
  if (!options.get) style == SetReply::kNumber ? ctx.reply.Integer(1) : ctx.reply.Ok();
}

void Set(Context& ctx) {
  SetRequest request{ctx.arg(1), ctx.arg(2), {}};
  if (ctx.argc() > 3 && !ParseSetOptions(ctx, 3, &request.options)) return ctx.SyntaxError();
  SetGeneric(ctx, request, SetReply::kStatus);
}

void SetNx(Context& ctx) {
  SetRequest request{ctx.arg(1), ctx.arg(2), {}};
  request.options.condition = SetOptions::If::kAbsent;
  SetGeneric(ctx, request, SetReply::kNumber);
}

void SetWithTtl(Context& ctx, bool in_seconds) {
  SetRequest request{ctx.arg(1), ctx.arg(3), {}};
  request.options.expiry = {ctx.arg(2), in_seconds};
  SetGeneric(ctx, request, SetReply::kStatus);
}
void SetEx(Context& ctx) { SetWithTtl(ctx, true); }
void PSetEx(Context& ctx) { SetWithTtl(ctx, false); }

// False: syntax error.
bool ParseGetExOptions(const Context& ctx, bool* persist, std::optional<ExpiryArg>* expiry) {
  for (size_t i = 2; i < ctx.argc(); ++i) {
    const bool more = i + 1 < ctx.argc();
    if (!*expiry && EqualsIgnoreCase(ctx.arg(i), "persist")) {
      *persist = true;
    } else if (!*persist && more && ReadExpiryOption(ctx.arg(i), ctx.arg(i + 1), expiry)) {
      ++i;
    } else {
      return false;
    }
  }
  return true;
}

void GetEx(Context& ctx) {
  const std::string_view key = ctx.arg(1);
  bool persist = false;
  std::optional<ExpiryArg> expiry;
  if (!ParseGetExOptions(ctx, &persist, &expiry)) return ctx.SyntaxError();

  const Item found = ctx.db().Read(key);
  if (!IsOrAbsent(ctx, found, Type::kString)) return;
  if (!found) return ctx.reply.Null();
  int64_t expire_at_ms = kNoExpiry;
  if (expiry && !ParseExpiry(ctx, *expiry, &expire_at_ms)) return;
  ReplyValue(ctx, found);

  if (expiry) {
    EndLifeAt(ctx, key, ctx.db().Write(key), expire_at_ms);
  } else if (persist && found.has_expiry()) {
    ctx.db().Write(key).ClearExpiry(events::kPersist);
    ctx.Propagate({"PERSIST", key});
  }
}

void GetDel(Context& ctx) {
  if (!GetOrReply(ctx, ctx.arg(1))) return;
  if (ctx.db().Erase(ctx.arg(1))) ctx.Propagate({"DEL", ctx.arg(1)});
}

void GetSet(Context& ctx) {
  if (!GetOrReply(ctx, ctx.arg(1))) return;
  ctx.db().Put(ctx.arg(1), ctx.arg(2), kNoExpiry, events::kSet);
  ctx.Propagate({"SET", ctx.arg(1), ctx.arg(2)});
}

void MGet(Context& ctx) {
  ctx.reply.Array(static_cast<int64_t>(ctx.argc() - 1));
  for (size_t i = 1; i < ctx.argc(); ++i) {
    const Item item = ctx.db().Read(ctx.arg(i));
    const bool is_text = item && item.type() == Type::kString;
    is_text ? ReplyValue(ctx, item) : ctx.reply.Null();
  }
}

bool PairsComplete(Context& ctx) {
  if (ctx.argc() % 2 == 1) return true;
  WrongArity(ctx);
  return false;
}

void PutPairs(Context& ctx) {
  for (size_t i = 1; i < ctx.argc(); i += 2) {
    ctx.db().Put(ctx.arg(i), ctx.arg(i + 1), kNoExpiry, events::kSet);
  }
}

void MSet(Context& ctx) {
  if (!PairsComplete(ctx)) return;
  PutPairs(ctx);
  ctx.reply.Ok();
}

void MSetNx(Context& ctx) {
  if (!PairsComplete(ctx)) return;
  for (size_t i = 1; i < ctx.argc(); i += 2) {
    if (ctx.db().Exists(ctx.arg(i))) return ctx.reply.Integer(0);
  }
  PutPairs(ctx);
  ctx.reply.Integer(1);
}

// GET shows what was there, and a comparison tells of it.
uint16_t UseBySet(Args words) {
  for (const std::string_view word : words.subspan(std::min<size_t>(words.size(), 3))) {
    for (const std::string_view looks : {"get", "ifeq", "ifne"}) {
      if (EqualsIgnoreCase(word, looks)) return kReadsUpdates;
    }
  }
  return kOverwrites;
}

constexpr CommandSpec kRows[] = {
    {"get", Get, 2, kReadonly | kFast, kAclString, {At(1, kReads)}},
    {"set",
     Set,
     -3,
     kWrite | kDenyOom,
     kAclString,
     {At(1, kReadsUpdates | kKeyVariable)},
     nullptr,
     UseBySet},
    {"setnx", SetNx, 3, kWrite | kDenyOom | kFast, kAclString, {At(1, kCreates)}},
    {"setex", SetEx, 4, kWrite | kDenyOom, kAclString, {At(1, kOverwrites)}},
    {"psetex", PSetEx, 4, kWrite | kDenyOom, kAclString, {At(1, kOverwrites)}},
    {"getex", GetEx, -2, kWrite | kFast, kAclString, {At(1, kReadsUpdates)}},
    {"getdel", GetDel, 2, kWrite | kFast, kAclString, {At(1, kTakes)}},
    {"getset", GetSet, 3, kWrite | kDenyOom | kFast, kAclString, {At(1, kReadsUpdates)}},
    {"mget", MGet, -2, kReadonly | kFast, kAclString, {Keys(1, -1, kReads)}},
    {"mset", MSet, -3, kWrite | kDenyOom, kAclString, {Keys(1, -1, kOverwrites, 2)}},
    {"msetnx", MSetNx, -3, kWrite | kDenyOom, kAclString, {Keys(1, -1, kCreates, 2)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows GetSetRows() { return kRows; }

}  // namespace rha::node::commands
