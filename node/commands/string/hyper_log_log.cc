// HyperLogLogs, which are strings: PFADD, PFCOUNT, PFMERGE, PFDEBUG, PFSELFTEST.
#include "node/structs/hyper_log_log.h"

#include <optional>
#include <string>

#include "node/commands/families.h"
#include "node/commands/parse.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Event;
using keyspace::Item;
using keyspace::Type;
using structs::HllChange;
using structs::HllEncoding;
using structs::HllRegisters;
using types::DecimalText;
using types::String;
using types::StringView;
namespace events = keyspace::events;

// The cached count alone: nobody is notified.
constexpr Event kCounted{0, ""};

size_t SparseBytesMax(const Context& ctx) {
  return static_cast<size_t>(ctx.keyspace.form_limits().hll_sparse_max_bytes);
}

void Corrupt(Context& ctx) { ctx.reply.Error("INVALIDOBJ Corrupted HLL object detected"); }

void NoHll(Context& ctx) {
  ctx.reply.Error("WRONGTYPE Key is not a valid HyperLogLog string value.");
}

// False: the error is written.
bool IsHll(Context& ctx, std::string_view bytes) {
  if (structs::HllEncodingOf(bytes)) return true;
  NoHll(ctx);
  return false;
}

// The key's bytes, which lie in `scratch` or in the key; empty: there is no such key. False: the
// error is written.
bool ReadHll(Context& ctx, std::string_view key, DecimalText& scratch, std::string_view* hll) {
  const Item item = ctx.db().Read(key);
  if (!IsOrAbsent(ctx, item, Type::kString)) return false;
  *hll = item ? item.As<StringView>().View(scratch) : std::string_view();
  return !item || IsHll(ctx, *hll);
}

bool IsDense(std::string_view hll) { return structs::HllEncodingOf(hll) == HllEncoding::kDense; }

void PfAdd(Context& ctx) {
  Edit edit = ctx.db().WriteOrCreate(ctx.arg(1), Type::kString);
  if (!IsOrAbsent(ctx, edit.item(), Type::kString)) return;
  DecimalText scratch;
  const std::string_view bytes = edit.item().As<StringView>().View(scratch);
  const std::optional<HllEncoding> encoding = structs::HllEncodingOf(bytes);
  if (!edit.created() && !encoding) return NoHll(ctx);
  const Args elements = ctx.args.subspan(2);
  uint64_t changes = edit.created();
  if (encoding == HllEncoding::kDense) {
    const std::span<char> hll = edit.As<String>().Bytes();
    for (const std::string_view element : elements) {
      changes += structs::AddToDenseHll(hll, element);
    }
    edit.Commit(events::kPfAdd, changes);
  } else {
    std::string hll = edit.created() ? structs::NewHll() : std::string(bytes);
    for (const std::string_view element : elements) {
      const HllChange change = structs::AddToHll(&hll, element, SparseBytesMax(ctx));
      if (change == HllChange::kCorrupt) return Corrupt(ctx);
      changes += change == HllChange::kChanged;
    }
    if (changes > 0) {
      structs::ForgetCount(hll);
      edit.As<String>().Rewrite(hll);
      edit.Commit(events::kPfAdd, changes);
    }
  }
  ctx.reply.Integer(changes > 0);
}

// Keeps the count in the key, which is a change that replicas are told of; what a reader of a
// replica found is nobody else's business.
void KeepCount(Context& ctx, uint64_t count) {
  if (ctx.state().is_replica && ctx.session.kind != SessionKind::kPrimary) ctx.PropagateNothing();
  Edit edit = ctx.db().Write(ctx.arg(1));
  structs::CacheCount(edit.As<String>().Bytes(), count);
  edit.Commit(kCounted);
}

void CountOne(Context& ctx) {
  DecimalText scratch;
  std::string_view hll;
  if (!ReadHll(ctx, ctx.arg(1), scratch, &hll)) return;
  if (hll.empty()) return ctx.reply.Integer(0);
  auto count = structs::CachedCount(hll);
  if (!count) {
    HllRegisters registers{};
    if (!structs::MergeHll(hll, &registers)) return Corrupt(ctx);
    count = structs::EstimateHll(registers);
    KeepCount(ctx, *count);
  }
  ctx.reply.Integer(static_cast<int64_t>(*count));
}

void PfCount(Context& ctx) {
  if (ctx.argc() == 2) return CountOne(ctx);
  HllRegisters registers{};
  for (const std::string_view key : ctx.args.subspan(1)) {
    DecimalText scratch;
    std::string_view hll;
    if (!ReadHll(ctx, key, scratch, &hll)) return;
    if (!hll.empty() && !structs::MergeHll(hll, &registers)) return Corrupt(ctx);
  }
  ctx.reply.Integer(static_cast<int64_t>(structs::EstimateHll(registers)));
}

// The target is one of the sources.
void PfMerge(Context& ctx) {
  HllRegisters registers{};
  bool dense = false;
  std::string target = structs::NewHll();
  for (size_t i = 1; i < ctx.argc(); ++i) {
    DecimalText scratch;
    std::string_view hll;
    if (!ReadHll(ctx, ctx.arg(i), scratch, &hll)) return;
    if (hll.empty()) continue;
    dense = dense || IsDense(hll);
    if (!structs::MergeHll(hll, &registers)) return Corrupt(ctx);
    if (i == 1) target = hll;
  }
  if ((dense && !structs::MakeHllDense(&target)) ||
      !structs::RaiseHll(&target, registers, SparseBytesMax(ctx))) {
    return Corrupt(ctx);
  }
  Edit edit = ctx.db().WriteOrCreate(ctx.arg(1), Type::kString);
  edit.As<String>().Rewrite(target);
  edit.Commit(events::kPfAdd);
  ctx.reply.Ok();
}

// Turns it dense, which replicas are told of. False: the error is written.
bool TurnDense(Context& ctx, std::string* hll) {
  if (IsDense(*hll)) return true;
  if (!structs::MakeHllDense(hll)) return Corrupt(ctx), false;
  Edit edit = ctx.db().Write(ctx.arg(2));
  edit.As<String>().Rewrite(*hll);
  edit.CommitUnwatched(1);
  return true;
}

void ReplyRegisters(Context& ctx, std::string* hll) {
  if (!TurnDense(ctx, hll)) return;
  HllRegisters registers{};
  structs::MergeHll(*hll, &registers);
  ctx.reply.Array(structs::kHllRegisters);
  for (const uint8_t value : registers) ctx.reply.Integer(value);
}

void PfDebug(Context& ctx) {
  const std::string_view word = ctx.arg(1);
  DecimalText scratch;
  std::string_view bytes;
  if (!ReadHll(ctx, ctx.arg(2), scratch, &bytes)) return;
  if (bytes.empty()) return ctx.reply.Error("ERR The specified key does not exist");
  std::string hll(bytes);
  const bool sparse = !IsDense(hll);
  if (EqualsIgnoreCase(word, "getreg")) return ReplyRegisters(ctx, &hll);
  if (EqualsIgnoreCase(word, "encoding")) return ctx.reply.Simple(sparse ? "sparse" : "dense");
  if (EqualsIgnoreCase(word, "todense")) {
    if (TurnDense(ctx, &hll)) ctx.reply.Integer(sparse);
    return;
  }
  if (!EqualsIgnoreCase(word, "decode")) {
    return ctx.reply.Error("ERR Unknown PFDEBUG subcommand '" +
                           std::string(word.substr(0, word.find('\0'))) + "'");
  }
  if (!sparse) return ctx.reply.Error("ERR HLL encoding is not sparse");
  ctx.reply.Bulk(structs::DescribeSparseHll(hll));
}

void PfSelfTest(Context& ctx) {
  const std::string fault = structs::TestHll(ctx.keyspace.prng(), SparseBytesMax(ctx));
  fault.empty() ? ctx.reply.Ok() : ctx.reply.Error("TESTFAILED " + fault);
}

constexpr CommandSpec kRows[] = {
    {"pfadd", PfAdd, -2, kWrite | kDenyOom | kFast, kAclHyperLogLog, {At(1, kInserts)}},
    {"pfcount", PfCount, -2, kReadonly | kMayReplicate, kAclHyperLogLog, {Keys(1, -1, kRewrites)}},
    {"pfmerge",
     PfMerge,
     -2,
     kWrite | kDenyOom,
     kAclHyperLogLog,
     {At(1, kReadsInserts), Keys(2, -1, kReads)}},
    {"pfdebug", PfDebug, 3, kWrite | kDenyOom | kAdmin, kAclHyperLogLog, {At(2, kRewrites)}},
    {"pfselftest", PfSelfTest, 1, kAdmin, kAclHyperLogLog},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows HyperLogLogRows() { return kRows; }

}  // namespace rha::node::commands
