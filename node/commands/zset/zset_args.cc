#include "node/commands/zset/zset_args.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

namespace rha::node::commands {

using types::MemberEnd;
using types::MemberInterval;
using types::RankRange;
using types::ScoreInterval;

namespace {

using ScoreBound = structs::SortedSet::ScoreBound;

// What almost every number is. False: it may still be one (hexadecimal, a plus, out of range).
bool ParsePlain(std::string_view text, double* value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stop == end && !std::isnan(*value);
}

// Redis reads these by strtod alone: an empty text is 0, blanks may lead, a zero byte ends it.
bool ParseBound(std::string_view text, ScoreBound* bound) {
  bound->inclusive = text.empty() || text[0] != '(';
  if (!bound->inclusive) text.remove_prefix(1);
  if (ParsePlain(text, &bound->score)) return true;
  const std::string copy(text);
  char* end = nullptr;
  bound->score = std::strtod(copy.c_str(), &end);
  return *end == '\0' && !std::isnan(bound->score);
}

bool ParseEnd(std::string_view text, MemberEnd* end) {
  if (text.empty()) return false;
  const std::string_view rest = text.substr(1);
  switch (text[0]) {
    case '-':
      end->kind = MemberEnd::Kind::kLeast;
      return rest.empty();
    case '+':
      end->kind = MemberEnd::Kind::kGreatest;
      return rest.empty();
    case '(':
    case '[':
      *end = {MemberEnd::Kind::kMember, {rest, text[0] == '['}};
      return true;
    default:
      return false;
  }
}

}  // namespace

bool ParseScore(std::string_view text, double* score) {
  if (ParsePlain(text, score)) return true;
  if (text.empty() || std::isspace(static_cast<unsigned char>(text[0])) != 0) return false;
  const std::string copy(text);
  char* end = nullptr;
  errno = 0;
  *score = std::strtod(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size() || std::isnan(*score)) return false;
  return errno != ERANGE || (std::isfinite(*score) && *score != 0);
}

bool ParseScore(Context& ctx, std::string_view text, double* score) {
  if (ParseScore(text, score)) return true;
  ctx.reply.Error("ERR value is not a valid float");
  return false;
}

bool ParseInterval(Context& ctx, std::string_view low, std::string_view high,
                   ScoreInterval* interval) {
  if (ParseBound(low, &interval->low) && ParseBound(high, &interval->high)) return true;
  ctx.reply.Error("ERR min or max is not a float");
  return false;
}

bool ParseInterval(Context& ctx, std::string_view low, std::string_view high,
                   MemberInterval* interval) {
  if (ParseEnd(low, &interval->low) && ParseEnd(high, &interval->high)) return true;
  ctx.reply.Error("ERR min or max not valid string range item");
  return false;
}

RankRange RanksAt(size_t size, Indexes indexes, types::Direction direction) {
  const auto [first, count] = Within(size, indexes);
  if (direction == types::Direction::kUp || count == 0) return {first, count};
  return {size - first - count, count};
}

}  // namespace rha::node::commands
