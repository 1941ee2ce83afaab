// REDISHA: what the members of one RedisHA say to each other, and to nobody else.
//
//   REDISHA HELLO uid name nonce address   who is there? (common/trust/peer_proof.h)
//   REDISHA PROVE proof...                 a peer session from here on
//   REDISHA ROLE epoch leader PRIMARY [COPIES n] | REPLICA host port | SEAL [COPIES n]
//   REDISHA ADOPT uid                      for people: see repl/role_memory.h
#include <algorithm>
#include <bit>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "common/base/log.h"
#include "node/commands/families.h"
#include "node/commands/help.h"
#include "node/commands/parse.h"
#include "node/dispatch/engine_options.h"

namespace rha::node::commands {
namespace {

constexpr int64_t kCopiesMax = 64;  // of a change, that an order may want

using dispatch::Membership;
using dispatch::PeerState;

// Copies for common/trust. A word longer than any it could take stands for "not one".
std::vector<std::string> WordsFrom(const Context& ctx, size_t first) {
  std::vector<std::string> words;
  for (size_t i = first; i < ctx.argc(); ++i) {
    words.emplace_back(ctx.arg(i).substr(0, trust::kNameBytesMax + 1));
  }
  return words;
}

// Closing costs a stranger who guesses a connection for each guess.
void RefusePeer(Context& ctx, std::string_view code, const std::string& why) {
  ctx.session.peer.reset();
  ctx.reply.Error(std::string(code) + " " + why);
  ctx.session.Close(Session::CloseMode::kAfterReply);
}

void PeerHello(Context& ctx) {
  const Membership& membership = ctx.options().membership;
  if (!membership.known()) {
    return ctx.reply.Error("ERR this node belongs to no RedisHA: it has no redisha-peer-key-file");
  }
  if (ctx.session.kind != SessionKind::kClient || ctx.session.peer != nullptr) {
    return RefusePeer(ctx, "ERR", "REDISHA HELLO is said once");
  }
  const std::string reached_at =
      ctx.session.unix_socket ? trust::kUnixSocketAddress : ctx.session.local_address;
  trust::Responder responder(membership.self, {reached_at, membership.announced_address},
                             trust::NewNonce());
  const auto reply = responder.OnHello(membership.keys, WordsFrom(ctx, 2));
  if (!reply.ok()) {
    return RefusePeer(ctx, trust::RefusalWord(reply.status()), reply.status().message());
  }
  ctx.session.peer = std::make_unique<PeerState>(std::move(responder));
  ctx.reply.Array(static_cast<int64_t>(reply->size()));
  for (const std::string& word : *reply) ctx.reply.Bulk(word);
}

void PeerProve(Context& ctx) {
  if (ctx.session.peer == nullptr)
    return ctx.reply.Error("ERR REDISHA PROVE follows REDISHA HELLO");
  const Status proved =
      ctx.session.peer->responder.OnProve(ctx.options().membership.keys, WordsFrom(ctx, 2));
  if (!proved.ok()) {
    const uint64_t failed = ++ctx.stats().failed_proofs;
    // Ever more rarely: strangers who go on trying must not fill the log.
    if (std::has_single_bit(failed)) {
      log::Warn("{} is no member of this RedisHA: {} (failed proofs so far: {})",
                ctx.session.peer_address, proved.message(), failed);
    }
    return RefusePeer(ctx, "WRONGPROOF", proved.message());
  }
  ctx.session.Authenticate(nullptr);
  ctx.reply.Ok();
}

// [COPIES count] is what follows the first `words`. False: the error is written.
bool ParseCopies(Context& ctx, size_t words, dispatch::RoleOrder* order) {
  if (ctx.argc() == words) return true;
  int64_t copies = 0;
  if (ctx.argc() != words + 2 || !EqualsIgnoreCase(ctx.arg(words), "copies")) {
    ctx.SyntaxError();
    return false;
  }
  if (!structs::ParseDecimal(ctx.arg(words + 1), &copies) || copies < 1 || copies > kCopiesMax) {
    ctx.reply.Error("ERR the number of copies is out of range");
    return false;
  }
  order->copies = static_cast<int>(copies);
  return true;
}

// False: the error is written.
bool ParseRole(Context& ctx, dispatch::RoleOrder* order) {
  int64_t epoch = 0, port = 0;
  if (!structs::ParseDecimal(ctx.arg(2), &epoch) || epoch <= 0) {
    ctx.reply.Error("ERR the epoch is a number above 0");
    return false;
  }
  if (!trust::IsName(ctx.arg(3))) {
    ctx.reply.Error("ERR the leader is a word without blanks");
    return false;
  }
  order->epoch = static_cast<uint64_t>(epoch);
  order->leader = ctx.arg(3);
  const std::string_view role = ctx.arg(4);
  if (EqualsIgnoreCase(role, "primary")) return ParseCopies(ctx, 5, order);
  if (EqualsIgnoreCase(role, "seal")) {
    order->kind = dispatch::RoleOrder::Kind::kSeal;
    return ParseCopies(ctx, 5, order);
  }
  if (ctx.argc() < 7 || !EqualsIgnoreCase(role, "replica")) {
    ctx.SyntaxError();
    return false;
  }
  order->kind = dispatch::RoleOrder::Kind::kFollow;
  if (!trust::IsName(ctx.arg(5)) || !structs::ParseDecimal(ctx.arg(6), &port) || port <= 0 ||
      port > std::numeric_limits<uint16_t>::max()) {
    ctx.reply.Error("ERR Invalid master host or port");
    return false;
  }
  order->host = ctx.arg(5);
  order->port = static_cast<uint16_t>(port);
  return ParseCopies(ctx, 7, order);
}

void PeerRole(Context& ctx) {
  if (!ctx.session.is_peer() || ctx.session.kind != SessionKind::kClient) {
    return ctx.reply.Error(
        "NOPERM roles are assigned by members that proved themselves (REDISHA HELLO)");
  }
  dispatch::RoleOrder order;
  if (!ParseRole(ctx, &order)) return;
  const Status assigned = ctx.services().replication->AssignRole(order);
  if (!assigned.ok()) return ctx.reply.Error(assigned.message());
  ctx.reply.Ok();
}

void Adopt(Context& ctx) {
  const Status adopted = ctx.services().replication->AdoptDataset(ctx.arg(2));
  if (!adopted.ok()) return ctx.reply.Error(adopted.message());
  log::Warn("the dataset of cluster {} was taken over by client {}", ctx.arg(2),
            ctx.session.peer_address);
  ctx.reply.Ok();
}

void Help(Context& ctx) {
  WriteHelp(
      ctx,
      {"HELLO <cluster-uid> <name> <nonce> <address-dialled>", "    Begin to prove to be a member.",
       "PROVE <proof> [<proof> ...]", "    Prove to hold the cluster's key.",
       "ROLE <epoch> <leader> (PRIMARY|SEAL) [COPIES <count>]",
       "ROLE <epoch> <leader> REPLICA <host> <port> [COPIES <count>]",
       "    Assign a role, or end the present one. For members alone.", "ADOPT <cluster-uid>",
       "    Take over the foreign dataset found here (INFO redisha_dataset_uid)."});
}

constexpr uint32_t kAnytime = kNoscript | kLoading | kStale | kFast | kUndecidedOk;
constexpr uint32_t kBeforeAuth =
    kAnytime | kNoAuth | kNoMulti | kSkipMonitor | kSkipSlowlog | kOverLimitOk;

constexpr CommandSpec kRows[] = {
    {"redisha", nullptr, -2, kAnytime | kContainer},
    {"redisha|hello", PeerHello, 6, kBeforeAuth, kAclConnection},
    {"redisha|prove", PeerProve, -3, kBeforeAuth, kAclConnection},
    {"redisha|role", PeerRole, -5, kAdmin | kNoscript | kStale | kNoAsyncLoading | kUndecidedOk,
     kAclDangerous},
    {"redisha|adopt", Adopt, 3, kAdmin | kNoscript | kStale | kNoAsyncLoading | kUndecidedOk,
     kAclDangerous},
    {"redisha|help", Help, 2, kLoading | kStale},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows MemberRows() { return kRows; }

}  // namespace rha::node::commands
