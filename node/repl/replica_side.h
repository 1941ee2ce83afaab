// This node as a replica: finds its primary, synchronises, applies the stream, acknowledges.
//
//   Idle ──Follow()──▶ Waiting ─▶ Connecting ─▶ Handshake ──+CONTINUE────────────▶ Streaming
//                         ▲                         │ +FULLRESYNC                   ▲    │
//                         │                         ▼                               │    │
//                         │                     Receiving ─▶ Checking ─▶ Loading ───┘    │
//                         └── any failure; the data stay unless Loading had begun ───────┘
//                             (with repl-diskless-load swapdb also then)
//
// Invariants
//  * The dataset always stands at stream().offset() of stream().history(): bytes are added to the
//    stream exactly when the commands in them have been applied, and a transaction counts only as
//    a whole.
//  * Nothing is flushed before a whole snapshot with the right checksum lies on disk; the old data
//    are freed before new ones come. Until those are whole, NodeState::dataset says so.
//  * With repl-diskless-load swapdb the new data are loaded beside the old ones and take their
//    place in one step; meanwhile the old ones are served if they are of the same history.
//  * CLIENT PAUSE holds back the first command that it holds back of clients, and all behind it.
//    What was received by then is applied before this node leads or is sealed. A link that ends
//    meanwhile is down and another one is sought, which begins where the data stand and so brings
//    it again; until it does, what was received is kept, for the end of the pause or that order.
//  * A command that cannot be applied ends the link; it is never skipped. If part of it was applied
//    (EXEC), the dataset belongs to no history any more and is replaced at the next connection.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/net/reactor.h"
#include "common/resp/parser.h"
#include "node/dispatch/batch.h"
#include "node/dispatch/session.h"
#include "node/repl/apply_trouble.h"
#include "node/repl/incoming_snapshot.h"
#include "node/repl/primary_link.h"
#include "node/repl/repl_config.h"
#include "node/repl/replica_fsm.h"
#include "node/repl/stream.h"
#include "node/repl/stream_pace.h"

namespace rha::net {
class Resolver;
}
namespace rha::node::dispatch {
class Engine;
}
namespace rha::node::persist {
class SnapshotService;
}

namespace rha::node::repl {

class ReplicaSide final : public LinkOwner {
 public:
  struct Dependencies {
    net::Reactor& reactor;
    net::Resolver& resolver;
    dispatch::Engine& engine;
    const ReplConfig& config;
    Stream& stream;
    persist::SnapshotService& snapshots;
    // Replicas of ours must ask again: another history, or another name of it.
    std::function<void(const std::string& why)> disconnect_replicas;
    // The dataset is of this epoch from now on; 0: of nobody's.
    std::function<void(uint64_t epoch)> on_dataset;
    // It has all that the primary had when this node asked it.
    std::function<void()> on_proven;
    // No primary of an older epoch is followed (RoleOrder::kSeal).
    std::function<uint64_t()> promised_epoch;
    std::function<void(bool serves_us)> on_handover;
    // The dataset that comes (PersistenceService::DatasetCame) is just what this file holds.
    std::function<void(int fd)> offer_file;
  };
  explicit ReplicaSide(Dependencies dependencies);
  ~ReplicaSide() override;

  struct Target {
    std::string host;
    uint16_t port = 0;
    bool operator==(const Target&) const = default;
  };
  enum class Phase {
    kIdle,
    kWaiting,
    kConnecting,
    kHandshake,
    kReceiving,
    kChecking,
    kLoading,
    kStreaming
  };

  // Begins to connect before it returns. `take_over`: the target is a replica of ours that is to
  // lead from now on; what it answers is told to on_handover.
  void Follow(Target target, bool take_over = false);
  void Stop();
  // Applies what has come, also what CLIENT PAUSE has held back: before this node goes on alone.
  void ApplyAllThatCame();
  // Takes nothing more from the primary, and asks nobody, until Follow() or Stop().
  void Seal();
  void Cron();
  // Tells the primary how far this node has come.
  void Acknowledge();
  bool acknowledges_batches() const { return streaming() && acknowledge_batches_; }

  Phase phase() const { return phase_; }
  bool active() const { return target_.has_value(); }
  const std::optional<Target>& target() const { return target_; }
  bool streaming() const { return phase_ == Phase::kStreaming; }
  bool packed() const { return streaming() && fsm_->packed(); }
  bool syncing() const {
    return phase_ == Phase::kReceiving || phase_ == Phase::kChecking || phase_ == Phase::kLoading;
  }
  // Bytes received, applied or not.
  int64_t read_offset() const;
  const IncomingSnapshot* incoming() const { return incoming_.get(); }
  int64_t SecondsSinceHeard() const;
  // The last bytes of the primary, which hears this node as well; -1: it does not, or none came.
  int64_t MillisSinceInTouch() const;
  int64_t SecondsDown() const;
  // Why the last attempt ended; empty while all is well.
  const std::string& last_error() const { return last_error_; }
  const char* RoleWord() const;

  // Database the stream has selected, to be kept with the offset.
  int selected_db() const;
  void set_selected_db(int db) { selected_db_ = db; }

  // ---- LinkOwner
  void OnLinkConnected() override;
  void OnLinkInput() override;
  std::chrono::microseconds OnLinkDrained() override;
  void OnLinkEnded(const std::string& why) override;

 private:
  class PrimarySession;

  void Connect();
  void ConnectTo(const std::string& ip);
  void Fail(std::string why, bool expected = false);
  void DropLink();
  void ReconnectLater();
  void SetPhase(Phase phase);
  void PublishState();

  void HandshakeInput();
  void OnFsmMoved();
  void EndHandover(bool serves_us);
  void BeginSnapshot(const ReceivingSnapshot& announced);
  void ReceiveInput();
  void SnapshotComplete();
  void BeginLoad();
  Status LoadAside();
  void GiveUpOldData();
  void CannotGoOn(const std::string& what, const std::string& refusal, size_t committed,
                  bool changed);
  void LeaveHistory(const std::string& why);
  void LoadSlice();
  void LoadFailed(const Status& status);
  void Loaded();

  void BeginStreaming(int db);
  void LookAtEpoch();
  // How far one go over the input has come.
  struct Applied {
    size_t used;           // executed
    size_t committed = 0;  // of that, without half a transaction
    size_t logged = 0;     // of that, handed to the append-only file or left out of it
    bool asked = false;    // for an acknowledgement
  };
  enum class Outcome : uint8_t { kApplied, kNotNow, kFailed };
  void ApplyInput();
  Outcome ApplyBatch(Applied* applied);
  Outcome ApplyOne(resp::Args args, dispatch::Resolved resolved, size_t bytes, Applied* applied);
  void GoOn(uint64_t session_id);
  void OnKilled(uint64_t session_id);
  void BeginParsing();
  void KeepHeldBack();
  bool TakeUpHeldBack();
  void ApplyHeldBack(bool at_once);
  // Why it cannot be applied; empty: it was.
  std::string Apply(resp::Args args, dispatch::Resolved resolved);
  static std::string Describe(resp::Args args);
  void Commit(size_t bytes);
  void Log(size_t from, size_t to);
  bool IsGetack(resp::Args args) const;

  net::Reactor& reactor_;
  net::Resolver& resolver_;
  dispatch::Engine& engine_;
  const ReplConfig& config_;
  Stream& stream_;
  persist::SnapshotService& snapshots_;
  std::function<void(const std::string&)> disconnect_replicas_;
  std::function<void(uint64_t)> on_dataset_;
  std::function<void()> on_proven_;
  std::function<uint64_t()> promised_epoch_;
  std::function<void(bool)> on_handover_;
  std::function<void(int)> offer_file_;

  Phase phase_ = Phase::kIdle;
  std::optional<Target> target_;
  bool take_over_ = false;
  uint64_t attempt_ = 0;  // answers to earlier attempts are ignored
  Millis pause_{0};       // before the next attempt
  net::TimerId retry_timer_ = 0, slice_timer_ = 0;

  std::unique_ptr<PrimaryLink> link_;
  std::optional<ReplicaFsm> fsm_;
  std::unique_ptr<IncomingSnapshot> incoming_;
  std::string incoming_id_;
  int64_t incoming_offset_ = 0;
  bool may_continue_ = true;                   // the dataset is what the history says
  bool old_data_gone_ = true;                  // of the load under way: their memory is free
  std::unique_ptr<keyspace::Keyspace> aside_;  // where it goes on, if not in place of the old data

  std::unique_ptr<PrimarySession> session_;
  resp::RequestParser parser_;    // of what is no plain request
  dispatch::RequestBatch batch_;  // of those that are
  bool proof_pending_ = false;    // the primary had more when this node asked it
  bool epoch_pending_ = false;    // the data are not yet of the epoch that the primary names
  // Bytes of the input that were executed but not committed (open MULTI).
  size_t applied_ahead_ = 0;
  // A link that ended while CLIENT PAUSE held back what had come over it: of use for as long as the
  // data stand where they stood then.
  struct HeldBack {
    std::unique_ptr<PrimaryLink> link;
    std::optional<ReplicaFsm> fsm;
    std::unique_ptr<PrimarySession> session;
    size_t applied_ahead;
    std::string history_id;
    int64_t offset;
  };
  std::optional<HeldBack> held_back_;
  bool acknowledge_batches_ = false;
  StreamPace pace_;
  ApplyTrouble trouble_;  // with this primary's stream
  int selected_db_ = 0;
  int logged_db_ = 0;  // that was selected where the log ends

  MonoTime down_since_;
  std::string last_error_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace rha::node::repl
