// Giving members of a sorted set scores: ZADD says these, GEOADD computes them of places.
// Thread rule: the engine's thread.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "node/commands/parse.h"
#include "node/types/zset.h"

namespace rha::node::commands {

struct AddOptions {
  bool nx = false, xx = false, gt = false, lt = false;
  bool count_changed = false;
  bool increment = false;

  bool plain() const { return !(nx || xx || gt || lt || increment); }
};

// Where the members stand: the last of each `step` words from `first` on, to the end.
struct AddWords {
  size_t first;
  size_t step;
};

enum class Added : uint8_t { kNew, kUpdated, kSame, kRefused, kNotANumber };

// `score` is the new one afterwards.
inline Added AddOne(types::Zset& zset, const AddOptions& options, std::string_view member,
                    double* score) {
  if (!options.plain()) {
    const std::optional<double> current = zset.Score(member);
    if (current ? options.nx : options.xx) return Added::kRefused;
    if (current) {
      if (options.increment) *score += *current;
      if (std::isnan(*score)) return Added::kNotANumber;
      if (options.lt && *score >= *current) return Added::kRefused;
      if (options.gt && *score <= *current) return Added::kRefused;
    }
  }
  const types::Zset::Change change = zset.Put(member, *score);
  if (change == types::Zset::Change::kSame) return Added::kSame;
  return change == types::Zset::Change::kAdded ? Added::kNew : Added::kUpdated;
}

// Writes the reply, and returns how many members were added or changed. `score_at(word)` is the
// score of the member whose words begin there.
template <typename ScoreAt>
uint64_t AddMembers(Context& ctx, const AddOptions& options, AddWords words, ScoreAt score_at) {
  namespace events = keyspace::events;
  const std::string_view key = ctx.arg(1);
  keyspace::Edit edit =
      options.xx ? ctx.db().Write(key) : ctx.db().WriteOrCreate(key, keyspace::Type::kZset);
  if (!edit) return options.increment ? ctx.reply.Null() : ctx.reply.Integer(0), 0;
  if (edit.type() != keyspace::Type::kZset) return ctx.WrongType(), 0;

  uint64_t added = 0, updated = 0;
  Added last = Added::kRefused;
  double score = 0;
  auto zset = edit.As<types::Zset>();
  for (size_t i = words.first; i < ctx.argc(); i += words.step) {
    score = score_at(i);
    last = AddOne(zset, options, ctx.arg(i + words.step - 1), &score);
    if (last == Added::kNew) ++added;
    if (last == Added::kUpdated) ++updated;
  }
  edit.Commit(options.increment ? events::kZIncr : events::kZAdd, added + updated);

  if (last == Added::kNotANumber) {
    ctx.reply.Error("ERR resulting score is not a number (NaN)");
  } else if (!options.increment) {
    ctx.reply.Integer(static_cast<int64_t>(options.count_changed ? added + updated : added));
  } else {
    last == Added::kRefused ? ctx.reply.Null() : ctx.reply.Double(score);
  }
  return added + updated;
}

}  // namespace rha::node::commands
