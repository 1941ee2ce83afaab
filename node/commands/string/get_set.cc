// GET, SET and their relatives: whole values in and out, with and without a time to live.
#include <optional>
#include <string>
#include <vector>

#include "node/commands/expiry.h"
#include "node/commands/families.h"
#include "node/commands/parse.h"

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

struct SetOptions {
  enum class If : uint8_t { kAlways, kAbsent, kPresent };
  If condition = If::kAlways;
  bool get = false;
  bool keep_ttl = false;
  std::optional<ExpiryArg> expiry;
};

// EX, PX, EXAT or PXAT with the text behind it. False: none of these, or another one was before.
bool ReadExpiryOption(std::string_view word, std::string_view text,
                      std::optional<ExpiryArg>* expiry) {
  struct Kind {
    std::string_view word;
    bool in_seconds, absolute;
  };
  constexpr Kind kKinds[] = {
      {"ex", true, false}, {"px", false, false}, {"exat", true, true}, {"pxat", false, true}};
  for (const Kind& kind : kKinds) {
    if (!EqualsIgnoreCase(word, kind.word)) continue;
    // The same kind may be repeated, the last one counts; two kinds may not.
    const std::optional<ExpiryArg>& before = *expiry;
    if (before && (before->in_seconds != kind.in_seconds || before->absolute != kind.absolute)) {
      return false;
    }
    *expiry = {text, kind.in_seconds, kind.absolute};
    return true;
  }
  return false;
}

// False: syntax error.
bool ParseSetOptions(const Context& ctx, SetOptions* options) {
  using If = SetOptions::If;
  for (size_t i = 3; i < ctx.argc(); ++i) {
    const std::string_view word = ctx.arg(i);
    const bool more = i + 1 < ctx.argc();
    if (EqualsIgnoreCase(word, "nx") && options->condition != If::kPresent) {
      options->condition = If::kAbsent;
    } else if (EqualsIgnoreCase(word, "xx") && options->condition != If::kAbsent) {
      options->condition = If::kPresent;
    } else if (EqualsIgnoreCase(word, "get")) {
      options->get = true;
    } else if (EqualsIgnoreCase(word, "keepttl") && !options->expiry) {
      options->keep_ttl = true;
    } else if (!options->keep_ttl && more &&
               ReadExpiryOption(word, ctx.arg(i + 1), &options->expiry)) {
      ++i;
    } else {
      return false;
    }
  }
  return true;
}

// Without GET, which replicas need not know of.
void PropagateWithoutGet(Context& ctx) {
  std::vector<std::string_view> words;
  for (size_t i = 0; i < ctx.argc(); ++i) {
    if (i < 3 || !EqualsIgnoreCase(ctx.arg(i), "get")) words.push_back(ctx.arg(i));
  }
  ctx.PropagateArgs(words);
}

struct SetRequest {
  std::string_view key, value;
  SetOptions options;
};
enum class SetReply : uint8_t { kStatus, kNumber };

// What SET, SETNX, SETEX and PSETEX have in common.
void SetGeneric(Context& ctx, const SetRequest& request, SetReply style) {
  using If = SetOptions::If;
  const SetOptions& options = request.options;
  int64_t expire_at_ms = kNoExpiry;
  if (options.expiry && !ParseExpiry(ctx, *options.expiry, &expire_at_ms)) return;

  if (options.get && !GetOrReply(ctx, request.key)) return;
  if (options.condition != If::kAlways || options.keep_ttl) {
    const Item old = ctx.db().Peek(request.key);
    if ((options.condition == If::kAbsent && old) || (options.condition == If::kPresent && !old)) {
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
  } else if (options.get) {
    PropagateWithoutGet(ctx);
  }
  if (!options.get) style == SetReply::kNumber ? ctx.reply.Integer(1) : ctx.reply.Ok();
}

void Set(Context& ctx) {
  SetRequest request{ctx.arg(1), ctx.arg(2), {}};
  if (ctx.argc() > 3 && !ParseSetOptions(ctx, &request.options)) return ctx.SyntaxError();
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

// Only GET looks at what was there.
uint16_t UseBySet(Args words) {
  for (const std::string_view word : words.subspan(std::min<size_t>(words.size(), 3))) {
    if (EqualsIgnoreCase(word, "get")) return kReadsUpdates;
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
