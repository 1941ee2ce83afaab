// REDISHA: how a member of the RedisHA proves to be one (common/trust/peer_proof.h). Words and
// errors are those of the node's command of this name.
#include <vector>

#include "common/base/log.h"
#include "sidecar/shell/client.h"
#include "sidecar/shell/command.h"
#include "sidecar/shell/server.h"

namespace rha::sidecar::shell {
namespace {

std::vector<std::string> WordsFrom(const CommandContext& c, size_t first) {
  return {c.args.begin() + static_cast<ptrdiff_t>(first), c.args.end()};
}

// Each guess costs a stranger his connection.
void Refuse(CommandContext& c, const std::string& code, const std::string& why) {
  c.client.proof.reset();
  c.reply.Error(code + " " + why);
  c.client.CloseAfterReply();
}

void ProofHello(CommandContext& c) {
  Trust& trust = c.server.trust();
  if (!trust.is_member()) {
    c.reply.Error("ERR this sentinel belongs to no RedisHA: it has no redisha-peer-key-file");
    return;
  }
  if (c.client.proof) return Refuse(c, "ERR", "REDISHA HELLO is said once");
  trust::Responder responder = trust.NewResponder(c.client.local());
  const auto answer = responder.OnHello(trust.Keys(c.server.Now()), WordsFrom(c, 2));
  if (!answer.ok()) {
    return Refuse(c, trust::RefusalWord(answer.status()), answer.status().message());
  }
  c.client.proof = std::move(responder);
  c.reply.Array(static_cast<int64_t>(answer->size()));
  for (const std::string& word : *answer) c.reply.Bulk(word);
}

void ProofProve(CommandContext& c) {
  if (!c.client.proof) return c.reply.Error("ERR REDISHA PROVE follows REDISHA HELLO");
  Trust& trust = c.server.trust();
  const Status proved = c.client.proof->OnProve(trust.Keys(c.server.Now()), WordsFrom(c, 2));
  if (!proved.ok()) {
    log::Warn("client {} is no member of this RedisHA: {}", c.client.peer(), proved.message());
    return Refuse(c, "WRONGPROOF", proved.message());
  }
  c.client.member = c.client.proof->peer();
  c.client.member_id = trust.MemberId(c.client.member);
  c.server.AdmitMember(c.client);
  c.reply.Ok();
}

const Command kSubcommands[] = {
    {"hello", 6, ProofHello, Rights::kNothing, "Begin to prove to be a member of the RedisHA.",
     "HELLO <cluster-uid> <name> <nonce> <address-dialled>"},
    {"prove", -3, ProofProve, Rights::kNothing, "Prove to hold its key.",
     "PROVE <proof> [<proof> ...]"},
};

}  // namespace

std::span<const Command> ProofSubcommands() { return kSubcommands; }

}  // namespace rha::sidecar::shell
