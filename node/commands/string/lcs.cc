// LCS: the longest common subsequence of two strings, by the textbook table.
#include <string>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/dispatch/engine_options.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;

struct LcsOptions {
  bool only_length = false, indexes = false, with_length = false;
  int64_t length_min = 0;
};

// A common run: both ends included.
struct Match {
  size_t a_first, a_last, b_first, b_last;
  size_t length() const { return a_last - a_first + 1; }
};

class LcsTable {
 public:
  LcsTable(std::string_view a, std::string_view b)
      : a_(a), b_(b), cells_((a.size() + 1) * (b.size() + 1)) {
    for (size_t i = 1; i <= a.size(); ++i) {
      for (size_t j = 1; j <= b.size(); ++j) {
        At(i, j) =
            a[i - 1] == b[j - 1] ? At(i - 1, j - 1) + 1 : std::max(At(i - 1, j), At(i, j - 1));
      }
    }
  }

  size_t length() { return At(a_.size(), b_.size()); }

  // Walks back from the end: the subsequence, and its runs from the last to the first.
  std::string Trace(std::vector<Match>* matches) {
    std::string common(length(), '\0');
    size_t left = common.size(), i = a_.size(), j = b_.size();
    bool open = false;
    while (i > 0 && j > 0) {
      if (a_[i - 1] != b_[j - 1]) {
        At(i - 1, j) > At(i, j - 1) ? --i : --j;
        open = false;
        continue;
      }
      common[--left] = a_[i - 1];
      if (open && matches->back().a_first == i && matches->back().b_first == j) {
        matches->back().a_first = i - 1;
        matches->back().b_first = j - 1;
      } else {
        matches->push_back({i - 1, i - 1, j - 1, j - 1});
        open = true;
      }
      --i;
      --j;
    }
    return common;
  }

 private:
  uint32_t& At(size_t i, size_t j) { return cells_[i * (b_.size() + 1) + j]; }

  std::string_view a_, b_;
  std::vector<uint32_t> cells_;
};

// False: the error is written.
bool ParseOptions(Context& ctx, LcsOptions* options) {
  for (size_t i = 3; i < ctx.argc(); ++i) {
    const std::string_view word = ctx.arg(i);
    if (EqualsIgnoreCase(word, "idx")) {
      options->indexes = true;
    } else if (EqualsIgnoreCase(word, "len")) {
      options->only_length = true;
    } else if (EqualsIgnoreCase(word, "withmatchlen")) {
      options->with_length = true;
    } else if (EqualsIgnoreCase(word, "minmatchlen") && i + 1 < ctx.argc()) {
      if (!ParseInteger(ctx, ctx.arg(++i), &options->length_min)) return false;
    } else {
      return ctx.SyntaxError(), false;
    }
  }
  if (options->only_length && options->indexes) {
    ctx.reply.Error("ERR If you want both the length and indexes, please just use IDX.");
    return false;
  }
  return true;
}

void WriteMatches(Context& ctx, const LcsOptions& options, const std::vector<Match>& all) {
  std::vector<Match> shown;
  for (const Match& match : all) {
    if (static_cast<int64_t>(match.length()) >= options.length_min) shown.push_back(match);
  }
  const auto pair = [&](size_t first, size_t last) {
    ctx.reply.Array(2);
    ctx.reply.Integer(static_cast<int64_t>(first));
    ctx.reply.Integer(static_cast<int64_t>(last));
  };
  ctx.reply.Bulk("matches");
  ctx.reply.Array(static_cast<int64_t>(shown.size()));
  for (const Match& match : shown) {
    ctx.reply.Array(options.with_length ? 3 : 2);
    pair(match.a_first, match.a_last);
    pair(match.b_first, match.b_last);
    if (options.with_length) ctx.reply.Integer(static_cast<int64_t>(match.length()));
  }
}

void Lcs(Context& ctx) {
  std::string texts[2];
  for (size_t i = 0; i < 2; ++i) {
    const Item item = ctx.db().Read(ctx.arg(i + 1));
    if (!item) continue;
    if (item.type() != keyspace::Type::kString) {
      return ctx.reply.Error("ERR The specified keys must contain string values");
    }
    texts[i] = item.As<types::StringView>().ToString();
  }
  LcsOptions options;
  if (!ParseOptions(ctx, &options)) return;
  const uint64_t cells = (texts[0].size() + 1) * (texts[1].size() + 1);
  if (cells > static_cast<uint64_t>(ctx.options().bulk_bytes_max) / sizeof(uint32_t)) {
    return ctx.reply.Error(
        "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  LcsTable table(texts[0], texts[1]);
  if (options.only_length) return ctx.reply.Integer(static_cast<int64_t>(table.length()));
  std::vector<Match> matches;
  const std::string common = table.Trace(&matches);
  if (!options.indexes) return ctx.reply.Bulk(common);
  ctx.reply.Map(2);
  WriteMatches(ctx, options, matches);
  ctx.reply.Bulk("len");
  ctx.reply.Integer(static_cast<int64_t>(table.length()));
}

constexpr CommandSpec kRows[] = {
    {"lcs", Lcs, -3, kReadonly, kAclString, {Keys(1, 2, kReads)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows LcsRows() { return kRows; }

}  // namespace rha::node::commands
