// Our side of the handshake with a primary: what to say next, and what its answers mean.
//
//   Connecting ──connected──▶ Greeting ──all answered──▶ AskingToSync ──+CONTINUE──▶ Continued
//                             PING                       PSYNC id n
//                             [AUTH]                       │ +FULLRESYNC
//                             REPLCONF listening-port …    ▼
//                             REPLCONF capa …            AwaitingSnapshot ──$len, $EOF──▶ Receiving
//                                                                                        Snapshot
//
// A member of a RedisHA lets the primary prove itself first and then proves itself, instead of
// AUTH: no password goes to who cannot, and nobody else is followed.
//
//   Connecting ──connected──▶ ProvingPrimary ──believed──▶ Greeting
//                             REDISHA HELLO                REDISHA PROVE, PING, REPLCONF …
//
//   any state ──error, refusal──▶ Failed (the shell closes and tries again)
//
// The greeting goes out in one write; PSYNC waits for the answers, because Redis refuses it while
// it still owes replies (syncCommand).
// Events are method calls; each returns the bytes to send. Thread rule: one owner. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/trust/peer_proof.h"

namespace rha::node::repl {

// How a member of a RedisHA introduces itself.
struct Introduction {
  trust::Initiator initiator;
  trust::PeerKeys keys;
};

struct HandshakeOptions {
  std::optional<Introduction> introduction;  // none: AUTH
  std::string user, password;                // no password: no AUTH
  uint16_t listening_port = 0;
  std::string announced_ip;  // empty: the primary takes the connection's
  bool take_over = false;    // the other is a replica of ours and is to lead (PSYNC … FAILOVER)
  bool packed = false;       // ask for a compressed stream
  std::string id = "?";      // what to ask for
  int64_t offset = -1;       // the first byte we lack, counted from 1
};

struct Connecting {};
struct ProvingPrimary {
  // Of the answer to REDISHA HELLO, which is the only one of more than one line.
  size_t words_expected = 0;
  bool text_is_next = false;
  std::vector<std::string> words;
};
struct Greeting {
  enum class Step { kProof, kPing, kAuth, kPort, kIp, kCapabilities, kPacked, kExtension };
  std::deque<Step> unanswered;
};
struct AskingToSync {};
struct AwaitingSnapshot {
  std::string id;
  int64_t offset;  // bytes of history the snapshot stands for
};
struct ReceivingSnapshot {
  std::string id;
  int64_t offset;
  int64_t length;  // -1: ended by the mark
  std::string end_mark;
};
struct ContinuedStream {
  std::string new_id;  // empty: the same as before
};
struct Failed {
  std::string reason;
  // The primary asked for patience (it is loading, or has lost its own primary): not worth a
  // warning.
  bool temporary;
  bool sync_refused = false;  // it was the answer to PSYNC, and final
};
using ReplicaState = std::variant<Connecting, ProvingPrimary, Greeting, AskingToSync,
                                  AwaitingSnapshot, ReceivingSnapshot, ContinuedStream, Failed>;

class ReplicaFsm {
 public:
  explicit ReplicaFsm(HandshakeOptions options) : options_(std::move(options)) {}

  // The connection stands. Returns what to send.
  std::string OnConnected();
  // One line of the primary, without its end. Returns what to send.
  std::string OnLine(std::string_view line);

  const ReplicaState& state() const { return state_; }
  // A primary of our own kind: it wants to hear of every batch that was applied.
  bool primary_is_redisha() const { return primary_is_redisha_; }
  // The stream comes compressed (stream_packer.h).
  bool packed() const { return packed_; }
  // Of which epoch it says its data are (repl_shell.h); 0: it does not say.
  uint64_t primary_data_epoch() const { return primary_data_epoch_; }
  // ... from this offset on; who does not have that much holds data of an earlier one.
  int64_t primary_epoch_start() const { return primary_epoch_start_; }
  // How far it was when it said so: whoever has that much has all that it ever acknowledged to it.
  int64_t primary_offset() const { return primary_offset_; }
  // For master_link_status and ROLE: "connect", "handshake" ...
  const char* RoleWord() const;

 private:
  std::string Greet(std::string out);
  // Returns what to send.
  std::string OnHelloReply(ProvingPrimary& proving, std::string_view line);
  void OnGreeting(Greeting& greeting, std::string_view line);
  void NoteDataEpoch(std::string_view said);
  void OnSyncReply(std::string_view line);
  void OnSnapshotHeader(AwaitingSnapshot awaiting, std::string_view line);
  void Fail(std::string reason, bool temporary = false) {
    state_ = Failed{std::move(reason), temporary};
  }

  HandshakeOptions options_;
  ReplicaState state_ = Connecting{};
  bool primary_is_redisha_ = false;
  bool packed_ = false;
  uint64_t primary_data_epoch_ = 0;
  int64_t primary_epoch_start_ = 0, primary_offset_ = 0;
};

}  // namespace rha::node::repl
