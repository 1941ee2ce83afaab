#include "node/commands/hash/field_words.h"

#include <string>

#include "node/commands/string/set_options.h"

namespace rha::node::commands {
namespace {

bool Fail(Context& ctx, std::string_view error) {
  ctx.reply.Error(error);
  return false;
}

bool ParseFieldCount(Context& ctx, size_t at, size_t words_each, size_t* words) {
  int64_t count = 0;
  if (!ParseIntegerOr(ctx, ctx.arg(at), 1, "ERR Parameter `numFields` should be greater than 0",
                      &count)) {
    return false;
  }
  if (static_cast<uint64_t>(count) > (ctx.argc() - at - 1) / words_each) {
    return Fail(ctx, "ERR The `numfields` parameter must match the number of arguments");
  }
  *words = static_cast<size_t>(count) * words_each;
  return true;
}

constexpr const char* kOneEndOfGet =
    "ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified";
constexpr const char* kOneEndOfSet =
    "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";

// FNX, FXX, KEEPTTL or PERSIST. Nothing: it is none of these here.
std::optional<bool> ReadFlag(Context& ctx, std::string_view word, FieldCommand command,
                             FieldOptions* options) {
  using If = FieldOptions::If;
  const bool sets = command == FieldCommand::kSet;
  const bool absent = sets && EqualsIgnoreCase(word, "fnx");
  if (absent || (sets && EqualsIgnoreCase(word, "fxx"))) {
    if (options->condition != If::kAlways) {
      return Fail(ctx, "ERR Only one of FXX or FNX arguments can be specified");
    }
    options->condition = absent ? If::kAllAbsent : If::kAllPresent;
    return true;
  }
  if (!EqualsIgnoreCase(word, sets ? "keepttl" : "persist")) return std::nullopt;
  if (options->keeps_end || options->persists || options->expiry) {
    return Fail(ctx, sets ? kOneEndOfSet : kOneEndOfGet);
  }
  (sets ? options->keeps_end : options->persists) = true;
  return true;
}

void PropagateFields(Context& ctx, std::vector<std::string_view> words,
                     const std::vector<std::string_view>& fields) {
  const std::string count = std::to_string(fields.size());
  words.push_back("FIELDS");
  words.push_back(count);
  words.insert(words.end(), fields.begin(), fields.end());
  ctx.PropagateArgs(words);
}

}  // namespace

bool ParseFields(Context& ctx, size_t at, size_t words_each, Args* fields) {
  if (at == 0 || at >= ctx.argc() || !EqualsIgnoreCase(ctx.arg(at - 1), "fields")) {
    return Fail(ctx, "ERR Mandatory argument FIELDS is missing or not at the right position");
  }
  size_t words = 0;
  if (!ParseFieldCount(ctx, at, words_each, &words)) return false;
  if (words != ctx.argc() - at - 1) {
    return Fail(ctx, "ERR The `numfields` parameter must match the number of arguments");
  }
  *fields = ctx.args.subspan(at + 1);
  return true;
}

bool ParseFieldOptions(Context& ctx, FieldCommand command, FieldOptions* options) {
  const bool sets = command == FieldCommand::kSet;
  for (size_t at = 2; at < ctx.argc(); ++at) {
    const std::string_view word = ctx.arg(at);
    const bool more = at + 1 < ctx.argc();
    if (more && options->fields.empty() && EqualsIgnoreCase(word, "fields")) {
      size_t words = 0;
      if (!ParseFieldCount(ctx, ++at, sets ? 2 : 1, &words)) return false;
      options->fields = ctx.args.subspan(at + 1, words);
      at += words;
      continue;
    }
    if (const auto read = ReadFlag(ctx, word, command, options)) {
      if (!*read) return false;
      continue;
    }
    std::optional<ExpiryArg> expiry;
    if (!more || !ReadExpiryOption(word, ctx.arg(at + 1), &expiry)) {
      return Fail(ctx, "ERR unknown argument: " + std::string(word.substr(0, 128)));
    }
    if (options->keeps_end || options->persists || options->expiry) {
      return Fail(ctx, sets ? kOneEndOfSet : kOneEndOfGet);
    }
    options->expiry = expiry;
    ++at;
  }
  return !options->fields.empty() || Fail(ctx, "ERR missing FIELDS argument");
}

bool ParseFieldEnd(Context& ctx, const ExpiryArg& arg, int64_t* end_ms) {
  int64_t value = 0;
  if (!ParseInteger(ctx, arg.text, &value)) return false;
  if (arg.may_be_past && value < 0) return Fail(ctx, "ERR invalid expire time, must be >= 0");
  bool valid = value > 0 || arg.may_be_past;
  if (arg.in_seconds) valid = valid && !__builtin_mul_overflow(value, 1000, &value);
  if (!arg.absolute) valid = valid && !__builtin_add_overflow(value, ctx.now_ms, &value);
  if (!valid || value > types::kFieldEndMaxMs) {
    return Fail(ctx, "ERR invalid expire time in '" + std::string(ctx.spec.name) + "' command");
  }
  *end_ms = value;
  return true;
}

bool EndsAtOnce(const Context& ctx, int64_t end_ms) {
  return end_ms <= ctx.now_ms && !ctx.state().loading && !ctx.state().is_replica;
}

void PropagateErased(Context& ctx, std::string_view key,
                     const std::vector<std::string_view>& fields) {
  if (fields.empty()) return;
  std::vector<std::string_view> words = {"HDEL", key};
  words.insert(words.end(), fields.begin(), fields.end());
  ctx.PropagateArgs(words);
}

void PropagateEnd(Context& ctx, std::string_view key, int64_t end_ms,
                  const std::vector<std::string_view>& fields) {
  structs::DecimalText end;
  if (fields.empty()) return;
  PropagateFields(ctx, {"HPEXPIREAT", key, structs::FormatDecimal(end_ms, end)}, fields);
}

void PropagatePersisted(Context& ctx, std::string_view key,
                        const std::vector<std::string_view>& fields) {
  if (!fields.empty()) PropagateFields(ctx, {"HPERSIST", key}, fields);
}

}  // namespace rha::node::commands
