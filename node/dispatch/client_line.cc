#include "node/dispatch/client_line.h"

#include "common/acl/user.h"
#include "node/dispatch/blocking.h"
#include "node/dispatch/command.h"
#include "node/dispatch/peers.h"
#include "node/dispatch/pubsub.h"
#include "node/dispatch/tracking.h"

namespace rha::node::dispatch {
namespace {

std::string FlagsOf(const Session& session) {
  std::string flags;
  if (session.kind == SessionKind::kReplica) flags += 'S';
  if (session.monitor) flags += 'O';
  if (session.kind == SessionKind::kPrimary) flags += 'M';
  if (session.pubsub != nullptr) flags += 'P';
  if (session.transaction.open) flags += 'x';
  if (session.blocked != nullptr) flags += 'b';
  if (const TrackingState* tracking = session.tracking.get()) {
    flags += 't';
    if (tracking->redirect_broken) flags += 'R';
    if (tracking->broadcasts()) flags += 'B';
  }
  if (session.watcher.dirty()) flags += 'd';
  if (session.unix_socket) flags += 'U';
  if (session.no_evict) flags += 'e';
  if (session.no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

}  // namespace

std::string ClientLine(const Session& session, int64_t now_ms) {
  const PubsubState* pubsub = session.pubsub.get();
  const auto number = [](auto value) { return std::to_string(value); };
  std::string line = "id=" + number(session.id);
  line += " addr=" + session.peer_address + " laddr=" + session.local_address;
  line += " fd=" + number(session.fd()) + " name=" + session.name;
  line += " age=" + number((now_ms - session.created_unix_ms) / 1000);
  line += " idle=" + number((now_ms - session.last_command_unix_ms) / 1000);
  line += " flags=" + FlagsOf(session) + " db=" + number(session.db);
  line += " sub=" + number(pubsub != nullptr ? pubsub->channels.size() : 0);
  line += " psub=" + number(pubsub != nullptr ? pubsub->patterns.size() : 0);
  line += " ssub=" + number(pubsub != nullptr ? pubsub->shard_channels.size() : 0);
  line +=
      " multi=" + (session.transaction.open ? number(session.transaction.commands.size()) : "-1");
  line += " qbuf=" + number(session.input_bytes()) + " qbuf-free=0";
  line += " argv-mem=" + number(session.argument_bytes());
  line += " multi-mem=" + number(session.transaction.bytes) + " rbs=0 rbp=0";
  const resp::OutputChain& out = session.out();
  line += " obl=" + number(out.front().size());
  line += " oll=" + number(out.empty() ? 0 : out.chunks() - 1);
  line += " omem=" + number(session.output_memory_bytes());
  line += " tot-mem=" + number(session.memory_bytes());
  line += " events=r cmd=";
  line += session.last_command != nullptr ? session.last_command->name : "NULL";
  line += " user=" + (session.user != nullptr ? session.user->name() : "(superuser)");
  line += " redir=" + (session.tracking != nullptr ? number(session.tracking->redirect) : "-1");
  line += " resp=" + number(session.protocol);
  // Since 7.4; there it stands behind "multi".
  line += " watch=" + number(session.watcher.keys().size());
  line += " lib-name=" + session.library_name + " lib-ver=" + session.library_version;
  return line;
}

}  // namespace rha::node::dispatch
