// XADD, XTRIM, XDEL, XLEN, XSETID: the entries of a stream.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/stream/stream_args.h"

namespace rha::node::commands {
namespace {

using keyspace::Edit;
using keyspace::Item;
using keyspace::Type;
using structs::StreamLog;
using types::Stream;
using types::StreamValue;
using types::StreamView;
namespace events = keyspace::events;

// MAXLEN, MINID and LIMIT, as XADD and XTRIM have them.
struct TrimOptions {
  std::optional<StreamLog::Trim> trim;
  size_t value_at = 0;  // the argument that says how much stays
  bool limited = false;
};

bool ParseLimit(Context& ctx, size_t at, TrimOptions* options, int64_t* limit) {
  if (!ParseInteger(ctx, ctx.arg(at), limit)) return false;
  options->limited = true;
  if (*limit >= 0) return true;
  ctx.reply.Error("ERR The LIMIT argument must be >= 0.");
  return false;
}

// "maxlen" or "minid" stands at `at`; moves on to its last word.
bool ParseKept(Context& ctx, bool by_id, size_t* at, TrimOptions* options) {
  if (options->trim) {
    ctx.reply.Error(
        "ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
    return false;
  }
  StreamLog::Trim trim;
  const std::string_view next = ctx.arg(*at + 1);
  const bool more = *at + 2 < ctx.argc();
  trim.exact = !(more && next == "~");
  if (more && (next == "~" || next == "=")) ++*at;
  options->value_at = ++*at;
  if (by_id) {
    if (!ParseStreamId(ctx, ctx.arg(*at), &trim.kept_from)) return false;
  } else {
    int64_t kept = 0;
    if (!ParseInteger(ctx, ctx.arg(*at), &kept)) return false;
    if (kept < 0) return ctx.reply.Error("ERR The MAXLEN argument must be >= 0."), false;
    trim.kept_entries = static_cast<size_t>(kept);
  }
  options->trim = trim;
  return true;
}

// What one command may take by `~` if it does not say: a hundred blocks.
size_t DefaultLimit(Context& ctx) {
  constexpr int64_t kBlocks = 100, kEntriesMax = 1'000'000, kEntriesUnlimited = 10'000;
  const int64_t entries = ctx.keyspace.form_limits().stream_node_max_entries;
  if (entries <= 0) return kEntriesUnlimited;
  return static_cast<size_t>(std::min(std::min(entries, kEntriesMax) * kBlocks, kEntriesMax));
}

bool CheckLimit(Context& ctx, TrimOptions* options, int64_t limit) {
  if (limit != 0 && !options->trim) {
    ctx.reply.Error(
        "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    return false;
  }
  // The primary has written what it has done.
  if (ctx.session.kind == SessionKind::kPrimary) return true;
  if (options->limited && (!options->trim || options->trim->exact)) {
    ctx.reply.Error("ERR syntax error, LIMIT cannot be used without the special ~ option");
    return false;
  }
  if (options->trim && !options->trim->exact) {
    options->trim->removed_max = options->limited ? static_cast<size_t>(limit) : DefaultLimit(ctx);
  }
  return true;
}

// What stays, exactly, in place of what was asked for: replicas may have other blocks.
void RewriteTrim(const TrimOptions& options, const StreamValue& stream,
                 std::vector<std::string>* words) {
  if (options.trim->exact) return;
  std::string kept = options.trim->kept_entries
                         ? std::to_string(stream.length())
                         : FormatStreamId(stream.log().FirstId().value_or(StreamId::Max()));
  (*words)[options.value_at - 1].assign(1, '=');
  (*words)[options.value_at] = std::move(kept);
}

void PropagateWords(Context& ctx, const std::vector<std::string>& words) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  ctx.PropagateArgs(views);
}

std::vector<std::string> WordsOf(const Context& ctx) { return {ctx.args.begin(), ctx.args.end()}; }

// ---------------------------------------------------------------- XADD

struct AddOptions {
  TrimOptions trim;
  bool no_create = false;
  size_t id_at = 0;
  enum class IdKind : uint8_t { kAny, kAnySeq, kGiven } id_kind = IdKind::kAny;
  StreamId id;
};

bool ParseNewId(Context& ctx, AddOptions* options) {
  using IdKind = AddOptions::IdKind;
  const std::string_view text = ctx.arg(options->id_at);
  options->id_kind = IdKind::kGiven;
  if (text.ends_with("-*") && ParseStreamId(text.substr(0, text.size() - 2), 0, &options->id)) {
    options->id_kind = IdKind::kAnySeq;
    return text.find('-') == text.size() - 2 || ParseStreamId(ctx, text, &options->id);
  }
  return ParseStreamId(ctx, text, &options->id);
}

bool ParseAdd(Context& ctx, AddOptions* options) {
  int64_t limit = 0;
  size_t at = 2;
  for (; at < ctx.argc(); ++at) {
    const std::string_view word = ctx.arg(at);
    const bool more = at + 1 < ctx.argc();
    if (word == "*") break;
    if (more && (EqualsIgnoreCase(word, "maxlen") || EqualsIgnoreCase(word, "minid"))) {
      if (!ParseKept(ctx, EqualsIgnoreCase(word, "minid"), &at, &options->trim)) return false;
    } else if (more && EqualsIgnoreCase(word, "limit")) {
      if (!ParseLimit(ctx, ++at, &options->trim, &limit)) return false;
    } else if (EqualsIgnoreCase(word, "nomkstream")) {
      options->no_create = true;
    } else {
      options->id_at = at;
      if (!ParseNewId(ctx, options)) return false;
      break;
    }
  }
  options->id_at = at;
  if (!CheckLimit(ctx, &options->trim, limit)) return false;
  const size_t texts = ctx.argc() - std::min(ctx.argc(), at + 1);
  if (texts < 2 || texts % 2 != 0) return WrongArity(ctx), false;
  if (options->id_kind == AddOptions::IdKind::kGiven && options->id.is_zero()) {
    ctx.reply.Error("ERR The ID specified in XADD must be greater than 0-0");
    return false;
  }
  return true;
}

// The id of the new entry. False: none can follow `last`.
bool ChooseId(const Context& ctx, const AddOptions& options, StreamId last, StreamId* id) {
  using IdKind = AddOptions::IdKind;
  *id = options.id;
  if (options.id_kind == IdKind::kAny) {
    *id = {static_cast<uint64_t>(std::max<int64_t>(ctx.now_ms, 0)), 0};
    if (id->ms > last.ms) return true;
    *id = last;
    return id->Increment();
  }
  if (options.id_kind == IdKind::kAnySeq && id->ms == last.ms) {
    if (last.seq == UINT64_MAX) return false;
    id->seq = last.seq + 1;
  }
  return *id > last;
}

void PropagateAdd(Context& ctx, const AddOptions& options, StreamId id, const StreamValue& stream) {
  const bool id_given = options.id_kind == AddOptions::IdKind::kGiven;
  const bool exact = !options.trim.trim || options.trim.trim->exact;
  if (id_given && exact) return;
  if (exact) {  // the usual case: only the id is another one
    std::vector<std::string_view> words(ctx.args.begin(), ctx.args.end());
    const std::string text = FormatStreamId(id);
    words[options.id_at] = text;
    return ctx.PropagateArgs(words);
  }
  std::vector<std::string> words = WordsOf(ctx);
  words[options.id_at] = FormatStreamId(id);
  RewriteTrim(options.trim, stream, &words);
  PropagateWords(ctx, words);
}

void XAdd(Context& ctx) {
  AddOptions options;
  if (!ParseAdd(ctx, &options)) return;
  const structs::StreamFields entry = ctx.args.subspan(options.id_at + 1);
  const std::string_view key = ctx.arg(1);
  Edit edit = options.no_create ? ctx.db().Write(key) : ctx.db().WriteOrCreate(key, Type::kStream);
  if (!edit) return ctx.reply.Null();
  if (edit.type() != Type::kStream) return ctx.WrongType();
  const StreamId last = edit.created() ? StreamId() : edit.item().As<StreamView>()->last_id();
  if (last == StreamId::Max()) {
    return ctx.reply.Error(
        "ERR The stream has exhausted the last possible ID, unable to add more items");
  }
  StreamId id;
  if (!ChooseId(ctx, options, last, &id)) {
    return ctx.reply.Error(
        "ERR The ID specified in XADD is equal or smaller than the target stream top item");
  }
  if (!StreamLog::Fits(entry)) return ctx.reply.Error("ERR Elements are too large to be stored");
  const auto stream = edit.As<Stream>();
  stream->Append(id, entry, types::StreamLimitsOf(ctx.keyspace.form_limits()));
  WriteStreamId(ctx.reply, id);
  const size_t trimmed = options.trim.trim ? stream->Trim(*options.trim.trim) : 0;
  edit.Commit(events::kXAdd);
  if (trimmed > 0) ctx.db().Notify(events::kXTrim, key);
  PropagateAdd(ctx, options, id, *stream);
}

// ---------------------------------------------------------------- the others

void XTrim(Context& ctx) {
  TrimOptions options;
  int64_t limit = 0;
  for (size_t at = 2; at < ctx.argc(); ++at) {
    const std::string_view word = ctx.arg(at);
    const bool by_id = EqualsIgnoreCase(word, "minid");
    if (at + 1 < ctx.argc() && (by_id || EqualsIgnoreCase(word, "maxlen"))) {
      if (!ParseKept(ctx, by_id, &at, &options)) return;
    } else if (at + 1 < ctx.argc() && EqualsIgnoreCase(word, "limit")) {
      if (!ParseLimit(ctx, ++at, &options, &limit)) return;
    } else {
      return ctx.SyntaxError();
    }
  }
  if (!options.trim && limit == 0) {
    return ctx.reply.Error("ERR syntax error, XTRIM must be called with a trimming strategy");
  }
  if (!CheckLimit(ctx, &options, limit)) return;
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!edit) return ctx.reply.Integer(0);
  if (edit.type() != Type::kStream) return ctx.WrongType();
  const auto stream = edit.As<Stream>();
  const size_t removed = stream->Trim(*options.trim);
  edit.Commit(events::kXTrim, removed);
  if (removed > 0 && !options.trim->exact) {
    std::vector<std::string> words = WordsOf(ctx);
    RewriteTrim(options, *stream, &words);
    PropagateWords(ctx, words);
  }
  ctx.reply.Integer(static_cast<int64_t>(removed));
}

void XDel(Context& ctx) {
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!edit) return ctx.reply.Integer(0);
  if (edit.type() != Type::kStream) return ctx.WrongType();
  std::vector<StreamId> ids;
  if (!ParseStreamIds(ctx, 2, &ids)) return;
  const auto stream = edit.As<Stream>();
  const auto erased =
      std::count_if(ids.begin(), ids.end(), [&](StreamId id) { return stream->Erase(id); });
  edit.Commit(events::kXDel, static_cast<uint64_t>(erased));
  ctx.reply.Integer(erased);
}

void XLen(Context& ctx) {
  const Item item = ctx.db().Read(ctx.arg(1));
  if (!IsOrAbsent(ctx, item, Type::kStream)) return;
  ctx.reply.Integer(item ? static_cast<int64_t>(item.As<StreamView>()->length()) : 0);
}

struct SetIdOptions {
  StreamId last_id, max_deleted_id;
  int64_t entries_added = -1;
};

bool ParseSetId(Context& ctx, SetIdOptions* options) {
  if (!ParseStreamId(ctx, ctx.arg(2), &options->last_id)) return false;
  for (size_t at = 3; at < ctx.argc(); at += 2) {
    if (at + 1 == ctx.argc()) return ctx.SyntaxError(), false;
    if (EqualsIgnoreCase(ctx.arg(at), "entriesadded")) {
      if (!ParseInteger(ctx, ctx.arg(at + 1), &options->entries_added)) return false;
      if (options->entries_added < 0) {
        return ctx.reply.Error("ERR entries_added must be positive"), false;
      }
    } else if (EqualsIgnoreCase(ctx.arg(at), "maxdeletedid")) {
      if (!ParseStreamId(ctx, ctx.arg(at + 1), &options->max_deleted_id)) return false;
      if (options->last_id < options->max_deleted_id) {
        ctx.reply.Error(
            "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
        return false;
      }
    } else {
      return ctx.SyntaxError(), false;
    }
  }
  return true;
}

void XSetId(Context& ctx) {
  SetIdOptions options;
  if (!ParseSetId(ctx, &options)) return;
  Edit edit = ctx.db().Write(ctx.arg(1));
  if (!edit) return ctx.reply.Error("ERR no such key");
  if (edit.type() != Type::kStream) return ctx.WrongType();
  const auto view = edit.item().As<StreamView>();
  if (const auto last = view->log().LastId(); last && options.last_id < *last) {
    return ctx.reply.Error(
        "ERR The ID specified in XSETID is smaller than the target stream top item");
  }
  const auto length = static_cast<int64_t>(view->length());
  if (options.entries_added != -1 && length > options.entries_added) {
    return ctx.reply.Error(
        "ERR The entries_added specified in XSETID is smaller than the target stream length");
  }
  StreamValue::Counters counters = view->counters();
  counters.last_id = options.last_id;
  if (options.entries_added != -1) {
    counters.entries_added = static_cast<uint64_t>(options.entries_added);
  }
  if (!options.max_deleted_id.is_zero()) counters.max_deleted_id = options.max_deleted_id;
  edit.As<Stream>()->set_counters(counters);
  edit.CommitUnwatched(1, &events::kXSetId);
  ctx.reply.Ok();
}

constexpr CommandSpec kRows[] = {
    {"xadd", XAdd, -5, kWrite | kDenyOom | kFast, kAclStream, {At(1, kKeyRw | kKeyUpdate)}},
    {"xtrim", XTrim, -4, kWrite, kAclStream, {At(1, kDeletes)}},
    {"xdel", XDel, -3, kWrite | kFast, kAclStream, {At(1, kDeletes)}},
    {"xlen", XLen, 2, kReadonly | kFast, kAclStream, {At(1, kLooksAt)}},
    {"xsetid", XSetId, -3, kWrite | kDenyOom | kFast, kAclStream, {At(1, kUpdates)}},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows StreamAddRows() { return kRows; }

}  // namespace rha::node::commands
