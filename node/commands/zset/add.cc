// Giving members scores: ZADD, ZINCRBY.
#include <cmath>
#include <optional>

#include "node/commands/families.h"
#include "node/commands/zset/zset_args.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using types::Zset;
namespace events = keyspace::events;

struct AddOptions {
  bool nx = false, xx = false, gt = false, lt = false;
  bool count_changed = false;
  bool increment = false;
  size_t pairs_at = 2;

  bool plain() const { return !(nx || xx || gt || lt || increment); }
};

bool* OptionNamed(std::string_view word, AddOptions* options) {
  if (word.size() < 2 || word.size() > 4) return nullptr;
  if (EqualsIgnoreCase(word, "nx")) return &options->nx;
  if (EqualsIgnoreCase(word, "xx")) return &options->xx;
  if (EqualsIgnoreCase(word, "gt")) return &options->gt;
  if (EqualsIgnoreCase(word, "lt")) return &options->lt;
  if (EqualsIgnoreCase(word, "ch")) return &options->count_changed;
  if (EqualsIgnoreCase(word, "incr")) return &options->increment;
  return nullptr;
}

// False: the error is written. Otherwise all scores are numbers.
bool ParseAdd(Context& ctx, AddOptions* options) {
  size_t& at = options->pairs_at;
  for (; at < ctx.argc(); ++at) {
    bool* option = OptionNamed(ctx.arg(at), options);
    if (option == nullptr) break;
    *option = true;
  }
  const size_t words = ctx.argc() - at;
  if (words == 0 || words % 2 != 0) return ctx.SyntaxError(), false;
  const auto& [nx, xx, gt, lt, ch, increment, pairs_at] = *options;
  if (nx && xx) {
    return ctx.reply.Error("ERR XX and NX options at the same time are not compatible"), false;
  }
  if ((gt && nx) || (lt && nx) || (gt && lt)) {
    ctx.reply.Error("ERR GT, LT, and/or NX options at the same time are not compatible");
    return false;
  }
  if (increment && words > 2) {
    return ctx.reply.Error("ERR INCR option supports a single increment-element pair"), false;
  }
  double score;
  for (size_t i = at; i < ctx.argc(); i += 2) {
    if (!ParseScore(ctx, ctx.arg(i), &score)) return false;
  }
  return true;
}

enum class Outcome : uint8_t { kAdded, kUpdated, kSame, kRefused, kNotANumber };

// `score` is the new one afterwards.
Outcome AddOne(Zset& zset, const AddOptions& options, std::string_view member, double* score) {
  if (!options.plain()) {
    const std::optional<double> current = zset.Score(member);
    if (current ? options.nx : options.xx) return Outcome::kRefused;
    if (current) {
      if (options.increment) *score += *current;
      if (std::isnan(*score)) return Outcome::kNotANumber;
      if (options.lt && *score >= *current) return Outcome::kRefused;
      if (options.gt && *score <= *current) return Outcome::kRefused;
    }
  }
  const Zset::Change change = zset.Put(member, *score);
  if (change == Zset::Change::kSame) return Outcome::kSame;
  return change == Zset::Change::kAdded ? Outcome::kAdded : Outcome::kUpdated;
}

void AddGeneric(Context& ctx, const AddOptions& options) {
  const std::string_view key = ctx.arg(1);
  Edit edit = options.xx ? ctx.db().Write(key) : ctx.db().WriteOrCreate(key, keyspace::Type::kZset);
  if (!edit) return options.increment ? ctx.reply.Null() : ctx.reply.Integer(0);
  if (edit.type() != keyspace::Type::kZset) return ctx.WrongType();

  uint64_t added = 0, updated = 0;
  Outcome outcome = Outcome::kRefused;
  double score = 0;
  auto zset = edit.As<Zset>();
  for (size_t i = options.pairs_at; i < ctx.argc(); i += 2) {
    ParseScore(ctx.arg(i), &score);
    outcome = AddOne(zset, options, ctx.arg(i + 1), &score);
    if (outcome == Outcome::kAdded) ++added;
    if (outcome == Outcome::kUpdated) ++updated;
  }
  edit.Commit(options.increment ? events::kZIncr : events::kZAdd, added + updated);

  if (outcome == Outcome::kNotANumber) {
    return ctx.reply.Error("ERR resulting score is not a number (NaN)");
  }
  if (!options.increment) {
    return ctx.reply.Integer(static_cast<int64_t>(options.count_changed ? added + updated : added));
  }
  outcome == Outcome::kRefused ? ctx.reply.Null() : ctx.reply.Double(score);
}

void ZAdd(Context& ctx) {
  AddOptions options;
  if (ParseAdd(ctx, &options)) AddGeneric(ctx, options);
}

void ZIncrBy(Context& ctx) {
  AddOptions options{.increment = true};
  if (ParseAdd(ctx, &options)) AddGeneric(ctx, options);
}

constexpr CommandSpec kRows[] = {
    {"zadd", ZAdd, -4, kWrite | kDenyOom | kFast, kAclSortedSet, {At(1, kUpdates)}},
    {"zincrby", ZIncrBy, 4, kWrite | kDenyOom | kFast, kAclSortedSet, {At(1, kReadsUpdates)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ZsetAddRows() { return kRows; }

}  // namespace rha::node::commands
