// What the commands of sorted sets share: reading scores and intervals, and writing members with
// their scores. The readers return false after having written the error reply, as those of parse.h.
// Thread rule: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "node/commands/parse.h"
#include "node/types/zset.h"

namespace rha::node::commands {

// False: not a number. Writes no error.
bool ParseScore(std::string_view text, double* score);
// Likewise, and "ERR value is not a valid float".
bool ParseScore(Context& ctx, std::string_view text, double* score);

// "1.5", "(1.5", "-inf"
bool ParseInterval(Context& ctx, std::string_view low, std::string_view high,
                   types::ScoreInterval* interval);
// "[a", "(a", "-", "+". The interval's texts are the arguments'.
bool ParseInterval(Context& ctx, std::string_view low, std::string_view high,
                   types::MemberInterval* interval);
// `kDown`: index 0 is the greatest.
types::RankRange RanksAt(size_t size, Indexes indexes, types::Direction direction);

// How members and scores stand in a reply.
enum class PairShape : uint8_t {
  kMembers,  // [a, b]
  kFlat,     // [a, 1, b, 2]
  kNested,   // [[a, 1], [b, 2]]
  kBare,     // a, 1, b, 2: within an array that was begun already
};
// Of commands with WITHSCORES.
inline PairShape ShapeOf(const Context& ctx, bool with_scores) {
  if (!with_scores) return PairShape::kMembers;
  return ctx.reply.protocol() == 3 ? PairShape::kNested : PairShape::kFlat;
}

// A visitor that writes what it sees.
class PairWriter {
 public:
  PairWriter(resp::Writer& reply, PairShape shape, size_t pairs) : reply_(reply), shape_(shape) {
    if (shape == PairShape::kBare) return;
    reply.Array(static_cast<int64_t>(shape == PairShape::kFlat ? pairs * 2 : pairs));
  }
  void operator()(std::string_view member, double score) const {
    if (shape_ == PairShape::kNested) reply_.Array(2);
    reply_.Bulk(member);
    if (shape_ != PairShape::kMembers) reply_.Double(score);
  }

 private:
  resp::Writer& reply_;
  PairShape shape_;
};

}  // namespace rha::node::commands
