// BITFIELD, BITFIELD_RO: numbers of any width at any place in a string.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/string/bits.h"
#include "node/structs/bits.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Item;
using keyspace::Type;
using structs::DecimalText;
using types::String;
using types::StringView;
namespace events = keyspace::events;

enum class Overflow : uint8_t { kWrap, kSaturate, kFail };

// Values travel as 64 bits; an unsigned field has 63 at most.
struct Field {
  bool is_signed = false;
  int width = 0;
  uint64_t offset = 0;

  int64_t Min() const { return is_signed ? static_cast<int64_t>(~uint64_t{0} << (width - 1)) : 0; }
  int64_t Max() const {
    return static_cast<int64_t>((uint64_t{1} << (is_signed ? width - 1 : width)) - 1);
  }
  int64_t Read(std::string_view bytes) const {
    return Wrapped(structs::ReadBits(bytes, offset, width));
  }
  // The number that its lowest bits stand for.
  int64_t Wrapped(uint64_t bits) const {
    const int unused = 64 - width;
    return is_signed ? static_cast<int64_t>(bits << unused) >> unused
                     : static_cast<int64_t>(bits << unused >> unused);
  }
  // What the field holds after SET; none: it cannot hold it, and is to fail.
  std::optional<int64_t> Set(int64_t value, Overflow overflow) const {
    // As Redis has it, a negative number is too large for an unsigned field.
    const bool above = value > Max() || (!is_signed && value < 0);
    return Fit(value, above, value < Min(), overflow);
  }
  // Likewise after INCRBY.
  std::optional<int64_t> Add(int64_t value, int64_t more, Overflow overflow) const {
    int64_t sum = 0;
    const bool beyond64 = __builtin_add_overflow(value, more, &sum);
    return Fit(sum, beyond64 ? more > 0 : sum > Max(), beyond64 ? more < 0 : sum < Min(), overflow);
  }

 private:
  std::optional<int64_t> Fit(int64_t value, bool above, bool below, Overflow overflow) const {
    if (!above && !below) return value;
    if (overflow == Overflow::kFail) return std::nullopt;
    if (overflow == Overflow::kSaturate) return above ? Max() : Min();
    return Wrapped(static_cast<uint64_t>(value));
  }
};

struct Operation {
  enum class Kind : uint8_t { kGet, kSet, kIncrBy } kind;
  Field field;
  int64_t value = 0;
  Overflow overflow = Overflow::kWrap;
};

bool ParseField(Context& ctx, size_t at, Field* field) {
  std::string_view type = ctx.arg(at);
  const char sign = type.empty() ? '\0' : type.front();
  int64_t width = 0;
  field->is_signed = sign == 'i';
  if ((sign != 'i' && sign != 'u') || !structs::ParseDecimal(type.substr(1), &width) || width < 1 ||
      width > (field->is_signed ? 64 : 63)) {
    ctx.reply.Error(
        "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but "
        "i64 is.");
    return false;
  }
  field->width = static_cast<int>(width);
  return ParseBitOffset(ctx, ctx.arg(at + 1), field->width, &field->offset);
}

std::optional<Overflow> ParseOverflow(std::string_view word) {
  if (EqualsIgnoreCase(word, "wrap")) return Overflow::kWrap;
  if (EqualsIgnoreCase(word, "sat")) return Overflow::kSaturate;
  if (EqualsIgnoreCase(word, "fail")) return Overflow::kFail;
  return std::nullopt;
}

// None: the error is written.
std::optional<std::vector<Operation>> ParseOperations(Context& ctx) {
  using Kind = Operation::Kind;
  std::vector<Operation> operations;
  Overflow overflow = Overflow::kWrap;
  for (size_t i = 2; i < ctx.argc();) {
    const std::string_view word = ctx.arg(i);
    const size_t left = ctx.argc() - i - 1;
    if (EqualsIgnoreCase(word, "overflow") && left >= 1) {
      const auto chosen = ParseOverflow(ctx.arg(i + 1));
      if (!chosen) {
        ctx.reply.Error("ERR Invalid OVERFLOW type specified");
        return std::nullopt;
      }
      overflow = *chosen;
      i += 2;
      continue;
    }
    Operation operation{Kind::kGet, {}, 0, overflow};
    if (EqualsIgnoreCase(word, "set")) operation.kind = Kind::kSet;
    if (EqualsIgnoreCase(word, "incrby")) operation.kind = Kind::kIncrBy;
    const bool get = operation.kind == Kind::kGet;
    if ((get && !EqualsIgnoreCase(word, "get")) || left < (get ? 2 : 3)) {
      ctx.SyntaxError();
      return std::nullopt;
    }
    if (!ParseField(ctx, i + 1, &operation.field)) return std::nullopt;
    if (!get && !ParseInteger(ctx, ctx.arg(i + 3), &operation.value)) return std::nullopt;
    operations.push_back(operation);
    i += get ? 3 : 4;
  }
  return operations;
}

void WriteFields(Context& ctx, const std::vector<Operation>& operations, uint64_t end) {
  Edit edit = ctx.db().WriteOrCreate(ctx.arg(1), Type::kString);
  if (!IsOrAbsent(ctx, edit.item(), Type::kString)) return;
  uint64_t changes = 0;
  const size_t size_before = edit.created() ? 0 : edit.item().As<StringView>().size();
  String value = edit.As<String>();
  value.Overwrite(std::max<size_t>(value.size(), (end + 7) / 8), {});
  const bool grown = value.size() > size_before;
  ctx.reply.Array(static_cast<int64_t>(operations.size()));
  for (const Operation& operation : operations) {
    const Field& field = operation.field;
    DecimalText scratch;
    const std::string_view bytes = value.View(scratch);
    const int64_t before = field.Read(bytes);
    if (operation.kind == Operation::Kind::kGet) {
      ctx.reply.Integer(before);
      continue;
    }
    const bool set = operation.kind == Operation::Kind::kSet;
    const auto after = set ? field.Set(operation.value, operation.overflow)
                           : field.Add(before, operation.value, operation.overflow);
    if (!after) {
      ctx.reply.Null();
      continue;
    }
    ctx.reply.Integer(set ? before : *after);
    if (*after == before && !grown) continue;
    const uint64_t first = field.offset / 8;
    const uint64_t last = (field.offset + static_cast<uint64_t>(field.width) - 1) / 8;
    std::string window(bytes.substr(first, last - first + 1));
    structs::WriteBits(window, field.offset % 8, field.width, static_cast<uint64_t>(*after));
    value.Overwrite(first, window);
    ++changes;
  }
  // A string that became longer is a change also if no field could be set: replicas must have it.
  edit.Commit(events::kSetBit, changes > 0 ? changes : grown);
}

void ReadFields(Context& ctx, const std::vector<Operation>& operations) {
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kString)) return;
  DecimalText scratch;
  const std::string_view bytes = item ? item.As<StringView>().View(scratch) : std::string_view();
  ctx.reply.Array(static_cast<int64_t>(operations.size()));
  for (const Operation& operation : operations) ctx.reply.Integer(operation.field.Read(bytes));
}

void BitField(Context& ctx) {
  const auto operations = ParseOperations(ctx);
  if (!operations) return;
  uint64_t end = 0;  // of what is written
  for (const Operation& operation : *operations) {
    if (operation.kind == Operation::Kind::kGet) continue;
    end = std::max(end, operation.field.offset + static_cast<uint64_t>(operation.field.width));
  }
  if (end == 0) return ReadFields(ctx, *operations);
  if ((ctx.spec.flags & kReadonly) != 0) {
    return ctx.reply.Error("ERR BITFIELD_RO only supports the GET subcommand");
  }
  WriteFields(ctx, *operations, end);
}

// It only reads if all that it is asked for is GET.
uint16_t UseByBitField(Args words) {
  for (size_t i = 2; i < words.size();) {
    const size_t left = words.size() - i - 1;
    if (EqualsIgnoreCase(words[i], "get") && left >= 2) {
      i += 3;
    } else if (EqualsIgnoreCase(words[i], "overflow") && left >= 1) {
      i += 2;
    } else {
      return kReadsUpdates;
    }
  }
  return kReads;
}

constexpr CommandSpec kRows[] = {
    {"bitfield",
     BitField,
     -2,
     kWrite | kDenyOom,
     kAclBitmap,
     {At(1, kReadsUpdates | kKeyVariable)},
     nullptr,
     UseByBitField},
    {"bitfield_ro", BitField, -2, kReadonly | kFast, kAclBitmap, {At(1, kReads)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows BitFieldRows() { return kRows; }

}  // namespace rha::node::commands
