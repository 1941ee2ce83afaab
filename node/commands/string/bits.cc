// Bits of strings: SETBIT, GETBIT, BITCOUNT, BITPOS, BITOP.
#include "node/commands/string/bits.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/store.h"
#include "node/structs/bits.h"

namespace rha::node::commands {

using keyspace::Edit;
using keyspace::Item;
using keyspace::kNoExpiry;
using keyspace::Type;
using structs::BitOperation;
using structs::DecimalText;
using types::String;
using types::StringView;
namespace events = keyspace::events;

bool ParseBitOffset(Context& ctx, std::string_view text, int width, uint64_t* offset) {
  const bool counted = width != 0 && text.starts_with('#');
  if (counted) text.remove_prefix(1);
  int64_t number = 0;
  if (!structs::ParseDecimal(text, &number) || number < 0 ||
      (counted && __builtin_mul_overflow(number, width, &number)) ||
      number / 8 >= StringBytesMax(ctx)) {
    ctx.reply.Error("ERR bit offset is not an integer or out of range");
    return false;
  }
  *offset = static_cast<uint64_t>(number);
  return true;
}

namespace {

void SetBit(Context& ctx) {
  uint64_t offset = 0;
  int64_t bit = 0;
  if (!ParseBitOffset(ctx, ctx.arg(2), 0, &offset)) return;
  if (!structs::ParseDecimal(ctx.arg(3), &bit) || (bit != 0 && bit != 1)) {
    return ctx.reply.Error("ERR bit is not an integer or out of range");
  }
  Edit edit = ctx.db().WriteOrCreate(ctx.arg(1), Type::kString);
  if (!IsOrAbsent(ctx, edit.item(), Type::kString)) return;
  DecimalText scratch;
  const std::string_view bytes = edit.item().As<StringView>().View(scratch);
  const size_t at = offset / 8;
  const auto before = static_cast<int64_t>(structs::ReadBits(bytes, offset, 1));
  const bool changed = at >= bytes.size() || before != bit;
  char byte = at < bytes.size() ? bytes[at] : '\0';
  structs::WriteBits({&byte, 1}, offset % 8, 1, static_cast<uint64_t>(bit));
  edit.As<String>().Overwrite(at, {&byte, 1});
  edit.Commit(events::kSetBit, changed);
  ctx.reply.Integer(before);
}

void GetBit(Context& ctx) {
  uint64_t offset = 0;
  if (!ParseBitOffset(ctx, ctx.arg(2), 0, &offset)) return;
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kString)) return;
  DecimalText scratch;
  const std::string_view bytes = item ? item.As<StringView>().View(scratch) : std::string_view();
  ctx.reply.Integer(static_cast<int64_t>(structs::ReadBits(bytes, offset, 1)));
}

// The part of a string that BITCOUNT and BITPOS look at, in bits: from `first` to before `end`.
struct BitRange {
  uint64_t first = 0, end = 0;
};

// BYTE or BIT, if there is such an argument. False: the error is written.
bool ParseUnit(Context& ctx, size_t at, bool* in_bits) {
  if (at >= ctx.argc()) return true;
  *in_bits = EqualsIgnoreCase(ctx.arg(at), "bit");
  if (*in_bits || EqualsIgnoreCase(ctx.arg(at), "byte")) return true;
  ctx.SyntaxError();
  return false;
}

// [start [end [BYTE | BIT]]] from argument `at` on. None: the error is written. An end before the
// start is nothing, or, where both count from the end and BITPOS asks, what clamping leaves.
std::optional<BitRange> ParseBitRange(Context& ctx, size_t at, size_t size, bool clamps) {
  int64_t start = 0, end = -1;
  bool in_bits = false;
  if (at < ctx.argc() && !ParseInteger(ctx, ctx.arg(at), &start)) return std::nullopt;
  // Of several mistakes BITPOS tells that of the unit before that of the end.
  if (clamps && !ParseUnit(ctx, at + 2, &in_bits)) return std::nullopt;
  if (at + 1 < ctx.argc() && !ParseInteger(ctx, ctx.arg(at + 1), &end)) return std::nullopt;
  if (!clamps && start < 0 && end < 0 && start > end) return BitRange{};
  if (!clamps && !ParseUnit(ctx, at + 2, &in_bits)) return std::nullopt;
  const uint64_t unit = in_bits ? 1 : 8;
  const auto [first, count] = WithinString(size * 8 / unit, {start, end});
  return BitRange{first * unit, (first + count) * unit};
}

// The bytes that the range touches. Bits of the first and last that are outside it read as
// `filler`, which `edges` holds.
std::array<std::string_view, 3> PartsWithin(std::string_view bytes, const BitRange& range,
                                            bool filler, std::array<char, 2>& edges) {
  const uint64_t first_byte = range.first / 8, end_byte = (range.end + 7) / 8;
  bytes = bytes.substr(first_byte, end_byte - first_byte);
  const int before = static_cast<int>(range.first % 8);
  const int after = static_cast<int>(end_byte * 8 - range.end);
  if (before == 0 && after == 0) return {bytes};
  const bool one = bytes.size() == 1;
  edges = {bytes.front(), bytes.back()};
  const std::span<char> first(edges.data(), 1), last(one ? first : std::span(&edges[1], 1));
  structs::WriteBits(first, 0, before, filler ? 0xff : 0);
  structs::WriteBits(last, static_cast<uint64_t>(8 - after), after, filler ? 0xff : 0);
  if (one) return {std::string_view(edges.data(), 1)};
  return {std::string_view(edges.data(), 1), bytes.substr(1, bytes.size() - 2),
          std::string_view(&edges[1], 1)};
}

void BitCount(Context& ctx) {
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kString)) return;
  if (!item) return ctx.reply.Integer(0);
  if (ctx.argc() == 3 || ctx.argc() > 5) return ctx.SyntaxError();
  DecimalText scratch;
  const std::string_view bytes = item.As<StringView>().View(scratch);
  const auto range = ParseBitRange(ctx, 2, bytes.size(), false);
  if (!range) return;
  if (range->first == range->end) return ctx.reply.Integer(0);
  std::array<char, 2> edges;
  uint64_t count = 0;
  for (const std::string_view part : PartsWithin(bytes, *range, false, edges)) {
    count += structs::CountOnes(part);
  }
  ctx.reply.Integer(static_cast<int64_t>(count));
}

void BitPos(Context& ctx) {
  int64_t bit = 0;
  if (!ParseInteger(ctx, ctx.arg(2), &bit)) return;
  if (bit != 0 && bit != 1) return ctx.reply.Error("ERR The bit argument must be 1 or 0.");
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kString)) return;
  if (!item) return ctx.reply.Integer(bit == 1 ? -1 : 0);
  if (ctx.argc() > 6) return ctx.SyntaxError();
  DecimalText scratch;
  const std::string_view bytes = item.As<StringView>().View(scratch);
  const auto range = ParseBitRange(ctx, 3, bytes.size(), true);
  if (!range) return;
  if (range->first == range->end) return ctx.reply.Integer(-1);
  const bool wanted = bit == 1;
  std::array<char, 2> edges;
  uint64_t at = range->first / 8 * 8;
  for (const std::string_view part : PartsWithin(bytes, *range, !wanted, edges)) {
    const uint64_t found = structs::FindBit(part, wanted);
    at += found;
    if (found < part.size() * 8) break;
  }
  if (at < range->end) return ctx.reply.Integer(static_cast<int64_t>(at));
  // Without an end the string goes on with zeros.
  ctx.reply.Integer(!wanted && ctx.argc() < 5 ? static_cast<int64_t>(bytes.size() * 8) : -1);
}

std::optional<BitOperation> ParseOperation(std::string_view word) {
  constexpr struct {
    const char* name;
    BitOperation operation;
  } kOperations[] = {{"and", BitOperation::kAnd},
                     {"or", BitOperation::kOr},
                     {"xor", BitOperation::kXor},
                     {"not", BitOperation::kNot}};
  for (const auto& each : kOperations) {
    if (EqualsIgnoreCase(word, each.name)) return each.operation;
  }
  return std::nullopt;
}

void BitOp(Context& ctx) {
  const auto operation = ParseOperation(ctx.arg(1));
  if (!operation) return ctx.SyntaxError();
  if (*operation == BitOperation::kNot && ctx.argc() != 4) {
    return ctx.reply.Error("ERR BITOP NOT must be called with a single source key.");
  }
  std::vector<std::string_view> inputs;
  std::vector<DecimalText> scratch(ctx.argc() - 3);
  std::string old;
  size_t size = 0;
  for (size_t i = 3; i < ctx.argc(); ++i) {
    const Item item = ctx.db().Read(ctx.arg(i));
    if (!IsOrAbsent(ctx, item, Type::kString)) return;
    inputs.push_back(item ? item.As<StringView>().View(scratch[i - 3]) : std::string_view());
    if (ctx.arg(i) == ctx.arg(2) && !inputs.back().empty()) {
      old = inputs.back();  // which the result takes the place of
      inputs.back() = old;
    }
    size = std::max(size, inputs.back().size());
  }
  if (size == 0) {
    ctx.db().Erase(ctx.arg(2));
  } else {
    const auto combine = [&](std::span<char> result) {
      structs::CombineBits(*operation, inputs, result);
    };
    ctx.db().PutFilled(ctx.arg(2), size, combine, events::kSet);
  }
  ctx.reply.Integer(static_cast<int64_t>(size));
}

constexpr CommandSpec kRows[] = {
    {"setbit", SetBit, 4, kWrite | kDenyOom, kAclBitmap, {At(1, kReadsUpdates)}},
    {"getbit", GetBit, 3, kReadonly | kFast, kAclBitmap, {At(1, kReads)}},
    {"bitcount", BitCount, -2, kReadonly, kAclBitmap, {At(1, kReads)}},
    {"bitpos", BitPos, -3, kReadonly, kAclBitmap, {At(1, kReads)}},
    {"bitop", BitOp, -4, kWrite | kDenyOom, kAclBitmap, {At(2, kOverwrites), Keys(3, -1, kReads)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows BitRows() { return kRows; }

}  // namespace rha::node::commands
