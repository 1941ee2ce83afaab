// MIGRATE: keys of this server become keys of another one.
//
//   handler   DUMP of each key ─▶ MigrationService (app) ─▶ RESTORE there ─▶ FinishMove: DEL here
//
// The loop goes on meanwhile; only the client waits. So a key may change while its value is on its
// way: it is then kept, and the client told. (Redis lets nobody in until the other side has
// answered.)
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "node/codec/payload.h"
#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/dispatch/engine.h"

namespace rha::node::commands {
namespace {

using dispatch::MigrationService;
using keyspace::Item;
using keyspace::Watcher;
namespace events = keyspace::events;

constexpr size_t kFirstOption = 6;
constexpr int64_t kTimeoutDefaultMs = 1000;
// Of all that are under way; one alone may be larger.
constexpr size_t kMigrationBytesMax = 64 << 20;

struct MigrateOptions {
  bool copy = false, replace = false;
  std::vector<std::string> auth;
  size_t first_key = 3, keys_end = 4;
};

// False: the error is written.
bool ParseOptions(Context& ctx, MigrateOptions* options) {
  for (size_t i = kFirstOption; i < ctx.argc(); ++i) {
    const std::string_view word = ctx.arg(i);
    const size_t more = ctx.argc() - 1 - i;
    if (EqualsIgnoreCase(word, "copy")) {
      options->copy = true;
    } else if (EqualsIgnoreCase(word, "replace")) {
      options->replace = true;
    } else if (EqualsIgnoreCase(word, "auth") && more >= 1) {
      options->auth = {"AUTH", std::string(ctx.arg(i + 1))};
      i += 1;
    } else if (EqualsIgnoreCase(word, "auth2") && more >= 2) {
      options->auth = {"AUTH", std::string(ctx.arg(i + 1)), std::string(ctx.arg(i + 2))};
      i += 2;
    } else if (EqualsIgnoreCase(word, "keys")) {
      if (!ctx.arg(3).empty()) {
        ctx.reply.Error(
            "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");
        return false;
      }
      options->first_key = i + 1;
      options->keys_end = ctx.argc();
      return true;
    } else {
      return ctx.SyntaxError(), false;
    }
  }
  return true;
}

// Behind AUTH one word, behind AUTH2 two.
bool IsSecret(const Context& ctx, size_t wanted) {
  for (size_t i = kFirstOption; i < ctx.argc(); ++i) {
    const std::string_view word = ctx.arg(i);
    if (EqualsIgnoreCase(word, "keys")) return false;
    const size_t secrets = EqualsIgnoreCase(word, "auth2") ? 2 : EqualsIgnoreCase(word, "auth");
    if (wanted > i && wanted <= i + secrets) return true;
    i += secrets;
  }
  return false;
}

// Whether a key has changed since its value was taken.
struct Leaving {
  std::string key;
  std::unique_ptr<Watcher> watcher;  // none: it is only copied
};

struct Move {
  std::vector<Leaving> keys;
  bool copy = false;
};

// As when the command began: much may have happened since.
bool MayDelete(Context& ctx) {
  const dispatch::NodeState& state = ctx.state();
  const bool enough_copies =
      !state.copies_missing && state.good_replicas >= state.min_replicas_to_write;
  return !state.is_replica && !state.undecided && enough_copies && !state.last_save_failed &&
         state.log_error.empty() && !ctx.engine().Paused();
}

// What happens here once the other side has answered.
void FinishMove(Context& ctx, const Move& move, const MigrationService::Outcome& outcome) {
  const bool may_delete = MayDelete(ctx);
  std::vector<std::string_view> deleted = {"DEL"};
  const char* kept = nullptr;
  for (size_t i = 0; i < move.keys.size() && !move.copy; ++i) {
    const Leaving& leaving = move.keys[i];
    if (!outcome.accepted[i] || !ctx.db().Exists(leaving.key)) continue;
    if (!may_delete) {
      kept =
          "ERR The keys were copied, but this node may not delete them now: it is no longer a "
          "primary, its writes are held back, its disk fails, or replicas are missing";
    } else if (leaving.watcher->dirty()) {
      kept =
          "ERR A key has changed while it was being copied, and was kept: the target has its "
          "older value";
    } else if (ctx.db().Erase(leaving.key)) {
      deleted.push_back(leaving.key);
    }
  }
  ctx.PropagateNothing();
  if (deleted.size() > 1) ctx.PropagateArgs(deleted);
  if (!outcome.error.empty()) return ctx.reply.Error(outcome.error);
  if (kept != nullptr) return ctx.reply.Error(kept);
  ctx.reply.Ok();
}

// Takes the values as they are now.
void Pack(Context& ctx, const MigrateOptions& options, MigrationService::Request* request,
          Move* move) {
  for (size_t i = options.first_key; i < options.keys_end; ++i) {
    const std::string_view key = ctx.arg(i);
    const Item item = ctx.db().Read(key);
    if (!item) continue;
    const codec::RdbOutput payload = codec::PayloadOf(item.entry(), ctx.options().rdb_compression);
    const int64_t ttl_ms =
        item.has_expiry() ? std::max<int64_t>(item.expire_at_ms() - ctx.now_ms, 1) : 0;
    request->values.push_back({std::string(key), std::string(payload.buffered()), ttl_ms});
    Leaving& leaving = move->keys.emplace_back(Leaving{std::string(key), nullptr});
    if (options.copy) continue;
    leaving.watcher = std::make_unique<Watcher>(Watcher::Hears::kEverything);
    ctx.keyspace.watches().Watch(*leaving.watcher, ctx.session.db, key, false);
  }
}

void Migrate(Context& ctx) {
  MigrateOptions options;
  int64_t timeout_ms = 0, db = 0;
  if (!ParseOptions(ctx, &options) || !ParseInteger(ctx, ctx.arg(5), &timeout_ms) ||
      !ParseInteger(ctx, ctx.arg(4), &db)) {
    return;
  }
  if (db < 0) return ctx.reply.Error("ERR DB index is out of range");
  if (timeout_ms <= 0) timeout_ms = kTimeoutDefaultMs;
  timeout_ms = std::min<int64_t>(timeout_ms, INT32_MAX);
  if (!ctx.MayWait()) {
    return ctx.reply.Error(
        "ERR MIGRATE waits for another server: it can be part of no transaction and no script");
  }
  MigrationService::Request request{.host = std::string(ctx.arg(1)),
                                    .port = std::string(ctx.arg(2)),
                                    .auth = options.auth,
                                    .db = db,
                                    .timeout = Millis(timeout_ms),
                                    .replace = options.replace};
  auto move = std::make_shared<Move>();
  move->copy = options.copy;
  Pack(ctx, options, &request, move.get());
  if (move->keys.empty()) return ctx.reply.Simple("NOKEY");
  // What is not yet in enough copies is told to nobody, be it another server.
  request.may_leave = [&state = ctx.state(), told = ctx.state().replication_offset] {
    return state.committed_offset >= told;
  };

  const size_t others = ctx.services().migration->bytes_under_way();
  if (others > 0 && others + request.bytes() > kMigrationBytesMax) {
    return ctx.reply.Error("ERR the values of other MIGRATE commands, " + std::to_string(others) +
                           " bytes, are still under way: try again when they have arrived");
  }

  dispatch::Engine::Beside beside{ctx.session.id, ctx.session.db, &ctx.spec,
                                  std::vector<std::string>(ctx.args.begin(), ctx.args.end()),
                                  ctx.engine().NextWait()};
  ctx.Block({.kind = dispatch::BlockKind::kRemote, .wait = beside.wait});
  ctx.services().migration->Migrate(
      std::move(request), [&engine = ctx.engine(), beside, move](const auto& outcome) {
        engine.Finish(beside, [move, outcome](Context& late) { FinishMove(late, *move, outcome); });
      });
}

constexpr CommandSpec kRows[] = {
    {"migrate",
     Migrate,
     -6,
     kWrite | kMovableKeys,
     kAclKeyspace | kAclDangerous,
     {AtUnless(3, "KEYS", kFirstOption, kTakes),
      Listed("KEYS", kFirstOption, kTakes | kKeyIncomplete)},
     IsSecret},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows MigrateRows() { return kRows; }

}  // namespace rha::node::commands
