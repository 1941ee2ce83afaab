// A modelled data node as the sidecar sees it through PING, INFO and SLAVEOF: role, a stream that
// arrives late, full synchronisation, a disk that is not its memory, and time to load.
//
//   memory ──written──▶ page cache ──synced──▶ disk
//
// A process that dies leaves what was written, a machine that loses power what was synced. The
// offset a node reports is the number of writes it holds.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "tests/sim/history.h"
#include "tests/sim/queue.h"

namespace rha::sim {

enum class Disk : uint8_t {
  kNone,        // save "", appendonly no
  kSnapshots,   // an RDB file every so often
  kLogSeconds,  // appendfsync everysec
  kLogAlways,   // appendfsync always
};

// A data set, and in which reign its stream was last written: the epoch of the order that made its
// writer primary, which the node keeps with its data. Later reigns are newer whatever their length,
// and whenever the order was obeyed: a process that stood still does so when it goes on.
struct Copy {
  uint64_t reign = 0;
  Position position;
  bool Newer(const Copy& than) const {
    return std::pair(reign, position.length) > std::pair(than.reign, than.position.length);
  }
};

// How a node hands its role over: FAILOVER, the pause of clients' writes, both or neither.
enum class HandsOver : uint8_t { kOurs, kBoth, kPause, kFailover, kNeither };

class SimNode {
 public:
  SimNode(int host, Histories& histories, Disk disk)
      : host_(host), histories_(histories), disk_kind_(disk) {}

  // A new process. `keep_data`: what its disk holds is loaded, which takes `load`.
  void Start(bool keep_data, uint64_t unique, LogicalTime now, Millis load);
  void Kill(bool power_loss);
  // The last snapshot, of a process that was told to end.
  void SaveAtEnd(LogicalTime now);

  // As Redis does: it starts in the role its file says, at first as a replica of `first`, or as
  // the primary at that very address (pod-0).
  void KeepRole(const std::string& first);
  // All refuse while the node loads. `reign`: the epoch of the order; `copies`: so many must have a
  // write before it is told.
  bool BecomePrimary(uint64_t unique, uint64_t reign, LogicalTime now, int copies = 1);
  void Seal(uint64_t reign, LogicalTime now, int copies);
  // The newest (epoch, leader) that gave it a role is kept on its disk; older orders are refused.
  bool Obeys(uint64_t epoch, const std::string& leader);
  bool Follow(const std::string& host, uint16_t port, LogicalTime now);
  std::string InfoText(LogicalTime now) const;
  // Only on a primary.
  Position Append(LogicalTime now);

  // ---- as a replica ----------------------------------------------------------------------------
  // One step of getting and keeping a link to `primary`; nullptr: no packet passes. A link that is
  // up only stalls then.
  void Connect(const SimNode* primary, LogicalTime now, const std::function<Millis()>& full_sync,
               const std::function<Millis()>& lag);
  // The primary has sent `position`; it arrives after `lag`, never before what was sent earlier.
  void Feed(Position position, LogicalTime now, Millis lag);
  // Takes what has arrived. True: the data changed.
  bool TakeArrived(LogicalTime now, bool reachable);
  // Its data change of themselves, as when it acts on its own clock: a fault.
  void ChangeAlone();
  bool ReplicatesFrom(const SimNode& primary) const {
    return link_up_ && source_ == primary.host_ && source_role_ == primary.role_count_;
  }
  // ---- as a primary whose writes need copies ---------------------------------------------------
  // The replica says how much it has.
  void TakeAck(int host, int64_t length) { acks_[host] = length; }
  void ForgetAck(int host) { acks_.erase(host); }
  int copies() const { return copies_; }
  bool copies_missing() const {
    return static_cast<int>(acks_.size()) < copies_ - 1 && !counts_connected;
  }
  // So much of its data may be told; all of it without copies.
  int64_t Committed();

  // Writes what is due to the disk.
  void Sync(LogicalTime now);

  int host() const { return host_; }
  bool alive() const { return alive_; }
  bool loading(LogicalTime now) const { return alive_ && now < loading_until_; }
  uint64_t reign() const { return reign_; }  // of its promotion, while it is primary
  bool undecided() const { return undecided_; }
  bool proven() const { return proven_; }               // it has all that it ever acknowledged
  uint64_t role_epoch() const { return order_.first; }  // of the newest order it knows
  bool primary() const { return alive_ && !undecided_ && primary_; }
  bool link_up() const { return link_up_; }
  const std::string& follows() const { return follows_; }
  // What it holds, or would hold once its disk is loaded.
  const Copy& copy() const { return data_; }
  // What no crash takes away.
  Position safe() const { return disk_kind_ == Disk::kNone ? data_.position : synced_.position; }

  // ---- handing over (handover.cc) --------------------------------------------------------------
  enum class Handover : uint8_t { kNone, kWaits, kInProgress };
  Handover handover = Handover::kNone;
  int handover_to = -1;
  uint64_t handover_epoch = 0;  // of the failover that it is for
  LogicalTime handover_until{};
  LogicalTime pause_until{};  // CLIENT PAUSE ... WRITE
  bool write_waits = false;   // held back, and not yet executed
  HandsOver moves = HandsOver::kNeither;
  bool HoldsWrites(LogicalTime now) const {
    return handover != Handover::kNone || now < pause_until;
  }
  bool KnowsFailover() const { return moves != HandsOver::kPause && moves != HandsOver::kNeither; }
  bool KnowsPause() const { return moves != HandsOver::kFailover && moves != HandsOver::kNeither; }

  bool paused = false;
  bool busy = false;  // with a script, and says so
  bool stands_still() const { return paused || busy; }
  bool fenced = false;               // a firewall lets no stream through to it
  bool stopping = false;             // told to end: it takes no more writes
  bool disk_full = false;            // nothing more reaches the disk, and it takes no writes
  bool tells_data_epoch = true;      // in INFO; an older one leaves it to its sidecar
  bool tells_epochs = true;          // Redis' own knows none
  bool tells_seconds = false;        // as Redis does, since when its primary is not heard
  bool obeys_any_epoch = false;      // a fault: orders are not ordered
  bool flushes_before_load = false;  // a fault: the old data goes before the new is whole
  bool counts_connected = false;     // a fault: of those connected a majority is enough

 private:
  bool SharesHistory(const SimNode& primary) const;
  void LeaveStream(LogicalTime now);
  void FinishSync(const SimNode* primary, LogicalTime now);
  void Wrote();
  void LookAtReign();

  const int host_;
  Histories& histories_;
  const Disk disk_kind_;
  bool alive_ = false;
  bool keeps_role_ = false;
  bool undecided_ = true;
  bool primary_ = false;
  uint64_t reign_ = 0;
  std::pair<uint64_t, std::string> order_;
  LogicalTime loading_until_{};
  uint64_t role_count_ = 0;  // changes of role and process; streams do not outlive them
  std::string run_id_;
  std::string replid_;
  std::string replid2_;
  int64_t second_offset_ = -1;
  bool streamed_ = false;  // replid_ names a stream this process was part of

  bool sealed_ = false;
  uint64_t promised_ = 0;       // the newest order that sealed it: nobody older is followed
  int64_t reign_start_ = 0;     // where its reign began in the stream
  uint64_t pending_reign_ = 0;  // of the primary, until it has what that had when its reign began
  int64_t pending_start_ = 0;
  int64_t proven_from_ = -1;  // what the primary had when it was asked; -1: nothing is to be proven
  bool proven_ = false;       // the data are all that this process ever acknowledged
  int copies_ = 1;
  int64_t committed_ = -1;
  std::map<int, int64_t> acks_;

  Copy data_;
  Copy written_;
  Copy synced_;
  std::string disk_replid_;  // that `written_` was part of
  LogicalTime sync_due_{};

  std::string follows_;  // ip of the primary
  uint16_t follows_port_ = 0;
  bool link_up_ = false;
  LogicalTime link_down_since_{};
  LogicalTime heard_at_{};  // the last bytes of the primary
  int source_ = -1;         // the link's other end, and its role then
  uint64_t source_role_ = 0;
  struct Arrival {
    LogicalTime time;
    Position position;
  };
  std::deque<Arrival> arriving_;
  // A full synchronisation: received while the link holds, then loaded. The old data stays until
  // the new one is whole.
  bool receiving_ = false;
  bool swapping_ = false;
  Copy incoming_;
  LogicalTime sync_done_{};
};

}  // namespace rha::sim
