#include "tests/sim/sim_node.h"

#include <algorithm>
#include <cstdio>

namespace rha::sim {
namespace {

constexpr Millis kSnapshotPeriod{1500};
constexpr Millis kLogSyncPeriod{1000};

std::string HexId(char prefix, uint64_t number) {
  char text[41];
  std::snprintf(text, sizeof text, "%c%039llx", prefix, static_cast<unsigned long long>(number));
  return text;
}

}  // namespace

void SimNode::Start(bool keep_data, uint64_t unique, LogicalTime now, Millis load) {
  alive_ = true;
  paused = stopping = busy = false;
  handover = Handover::kNone;
  pause_until = {};
  write_waits = false;
  if (!keeps_role_) {
    undecided_ = true;
    primary_ = false;
    follows_.clear();
  }
  LeaveStream(now);
  streamed_ = sealed_ = proven_ = false;
  promised_ = pending_reign_ = 0;
  copies_ = 1;
  ++role_count_;
  run_id_ = HexId('a', unique);
  if (!keep_data) order_ = {};
  if (!keep_data || disk_kind_ == Disk::kNone) written_ = synced_ = Copy{};
  data_ = synced_ = written_;
  loading_until_ = data_.position.empty() ? now : now + load;
  // Redis 7: a restored primary keeps its history as the secondary id, an empty one starts afresh.
  replid2_ = data_.position.empty() ? std::string(40, '0') : disk_replid_;
  second_offset_ = data_.position.empty() ? -1 : data_.position.length;
  replid_ = HexId('b', unique);
}

void SimNode::KeepRole(const std::string& first) {
  keeps_role_ = true;
  undecided_ = false;
  primary_ = host_ == 0;
  if (primary_) return;
  follows_ = first;
  follows_port_ = 6379;
}

void SimNode::Kill(bool power_loss) {
  alive_ = false;
  link_up_ = false;
  swapping_ = receiving_ = false;
  arriving_.clear();
  if (power_loss) written_ = synced_;
  if (disk_kind_ == Disk::kNone) written_ = synced_ = Copy{};
  data_ = written_;
}

void SimNode::SaveAtEnd(LogicalTime now) {
  if (disk_kind_ != Disk::kSnapshots || disk_full || loading(now) || swapping_) return;
  written_ = synced_ = data_;
  disk_replid_ = replid_;
}

bool SimNode::BecomePrimary(uint64_t unique, uint64_t reign, LogicalTime now, int copies) {
  if (loading(now) || swapping_) return false;
  copies_ = copies;
  proven_ = true;
  sealed_ = false;
  pending_reign_ = 0;
  if (primary()) {
    if (reign <= reign_) return true;
    ++role_count_;  // its replicas connect again, and learn of which epoch the data are
    acks_.clear();
    committed_ = -1;
    reign_start_ = data_.position.length;
    data_.reign = reign_ = reign;
    Wrote();
    return true;
  }
  undecided_ = false;
  primary_ = true;
  follows_.clear();
  LeaveStream(now);
  ++role_count_;
  // A restored node that has not streamed since keeps its secondary id: that is its history.
  if (streamed_) {
    replid2_ = replid_;
    second_offset_ = data_.position.length;
  }
  streamed_ = true;
  replid_ = HexId('b', unique);
  acks_.clear();
  committed_ = -1;
  reign_start_ = data_.position.length;
  data_.reign = reign_ = reign;
  Wrote();
  return true;
}

// A primary goes on sending what it has; a replica takes no more.
void SimNode::Seal(uint64_t reign, LogicalTime now, int copies) {
  if (copies > 1) promised_ = std::max(promised_, reign);
  if (std::exchange(sealed_, true)) return;
  if (!primary()) return undecided_ ? void() : LeaveStream(now);
  undecided_ = true;
  primary_ = false;
  copies_ = 1;
}

int64_t SimNode::Committed() {
  const size_t others =
      counts_connected ? (acks_.size() + 1) / 2 : static_cast<size_t>(copies_ - 1);
  if (copies_ == 1 || others == 0) return data_.position.length;
  if (acks_.size() < others) return committed_;
  std::vector<int64_t> lengths;
  for (const auto& [host, length] : acks_) lengths.push_back(length);
  std::sort(lengths.rbegin(), lengths.rend());
  const int64_t length = std::min(lengths[others - 1], data_.position.length);
  if (length >= reign_start_) committed_ = std::max(committed_, length);
  return committed_;
}

void SimNode::ChangeAlone() {
  if (alive_ && !primary_ && !data_.position.empty()) {
    data_.position = histories_.Append(data_.position);
  }
}

bool SimNode::Obeys(uint64_t epoch, const std::string& leader) {
  const auto order = std::pair(epoch, leader);
  if (order < order_ && !obeys_any_epoch) return false;
  order_ = std::max(order_, order);
  return true;
}

bool SimNode::Follow(const std::string& host, uint16_t port, LogicalTime now) {
  if (loading(now)) return false;
  if (!sealed_ && !undecided_ && !primary_ && follows_ == host && follows_port_ == port)
    return true;
  sealed_ = undecided_ = primary_ = false;
  copies_ = 1;
  follows_ = host;
  follows_port_ = port;
  LeaveStream(now);
  ++role_count_;
  return true;
}

Position SimNode::Append(LogicalTime now) {
  Sync(now);
  data_.position = histories_.Append(data_.position);
  Wrote();
  return data_.position;
}

void SimNode::Wrote() {
  if (disk_full) return;
  if (disk_kind_ == Disk::kNone || disk_kind_ == Disk::kSnapshots) return;
  written_ = data_;
  disk_replid_ = replid_;
  if (disk_kind_ == Disk::kLogAlways) synced_ = written_;
}

void SimNode::Sync(LogicalTime now) {
  if (!alive_ || paused || disk_full || now < sync_due_ || loading(now)) return;
  if (disk_kind_ == Disk::kSnapshots) {
    sync_due_ = now + kSnapshotPeriod;
    written_ = synced_ = data_;
    disk_replid_ = replid_;
  } else if (disk_kind_ == Disk::kLogSeconds) {
    sync_due_ = now + kLogSyncPeriod;
    synced_ = written_;
  }
}

void SimNode::LeaveStream(LogicalTime now) {
  if (link_up_) link_down_since_ = now;
  link_up_ = false;
  receiving_ = swapping_ = false;
  proven_from_ = -1;
  source_ = -1;
  arriving_.clear();
}

bool SimNode::SharesHistory(const SimNode& primary) const {
  if (data_.position.length > primary.data_.position.length) return false;
  const bool same = replid_ == primary.replid_;
  const bool before = (replid_ == primary.replid2_ || replid2_ == primary.replid2_) &&
                      data_.position.length <= primary.second_offset_;
  if (!same && !before) return false;
  return histories_.Holds(primary.data_.position, data_.position);
}

void SimNode::Connect(const SimNode* primary, LogicalTime now,
                      const std::function<Millis()>& full_sync,
                      const std::function<Millis()>& lag) {
  if (!alive_ || paused || undecided_ || primary_ || sealed_ || loading(now)) return;
  if (fenced) return LeaveStream(now);
  const bool gone =
      primary != nullptr && (!primary->alive_ || primary->undecided_ || primary->loading(now) ||
                             primary == this || (!primary->primary_ && !primary->link_up_));
  const bool other = primary != nullptr && source_ >= 0 &&
                     (source_ != primary->host_ || source_role_ != primary->role_count_);
  if (swapping_) return FinishSync(gone || other ? nullptr : primary, now);
  if (gone || other) {
    // What was sent before the other end went still arrives.
    if (!link_up_ || arriving_.empty()) LeaveStream(now);
    return;
  }
  if (primary == nullptr || primary->paused) return;
  if (!primary->busy) heard_at_ = now;
  if (link_up_) return;
  if (primary->data_.reign < promised_) return;
  if (receiving_ && now < sync_done_) return;
  const bool received = std::exchange(receiving_, false);
  if (!received && !SharesHistory(*primary)) {
    receiving_ = true;
    sync_done_ = now + full_sync();
    source_ = primary->host_;
    source_role_ = primary->role_count_;
    return;
  }
  source_ = primary->host_;
  source_role_ = primary->role_count_;
  replid_ = primary->replid_;
  replid2_ = primary->replid2_;
  second_offset_ = primary->second_offset_;
  streamed_ = true;
  if (!received) {
    link_up_ = true;
    pending_reign_ = primary->data_.reign;
    pending_start_ = primary->reign_start_;
    proven_from_ = primary->data_.position.length;
    LookAtReign();
    return Feed(primary->data_.position, now, lag());
  }
  incoming_ = primary->data_;
  swapping_ = true;
  proven_ = false;
  sync_done_ = now + full_sync();
  if (flushes_before_load) data_ = written_ = synced_ = Copy{};
  FinishSync(primary, now);
}

// Who has less than the primary had when its reign began holds data of an earlier one.
void SimNode::LookAtReign() {
  if (proven_from_ >= 0 && data_.position.length >= proven_from_) {
    proven_ = true;
    proven_from_ = -1;
  }
  if (pending_reign_ == 0 || data_.position.length < pending_start_) return;
  data_.reign = std::exchange(pending_reign_, 0);
  Wrote();
}

// What was received is loaded, whatever became of the sender. nullptr: it has gone.
void SimNode::FinishSync(const SimNode* primary, LogicalTime now) {
  if (now < sync_done_) return;
  swapping_ = false;
  proven_ = true;
  pending_reign_ = 0;
  data_ = incoming_;
  Wrote();
  link_up_ = primary != nullptr;
  if (!link_up_) return LeaveStream(now);
  arriving_.push_back({now, primary->data_.position});
}

void SimNode::Feed(Position position, LogicalTime now, Millis lag) {
  const LogicalTime last = arriving_.empty() ? now : arriving_.back().time;
  arriving_.push_back({std::max(last, now + lag), position});
}

bool SimNode::TakeArrived(LogicalTime now, bool reachable) {
  if (arriving_.empty() || !reachable || !alive_ || paused) return false;
  const Position before = data_.position;
  while (!arriving_.empty() && arriving_.front().time <= now) {
    data_.position = arriving_.front().position;
    arriving_.pop_front();
  }
  if (data_.position == before) return false;
  LookAtReign();
  Wrote();
  return true;
}

std::string SimNode::InfoText(LogicalTime now) const {
  const bool replica = undecided_ || !primary_;
  const bool loads = loading(now) || swapping_;
  // Like Redis, a loading node counts the keys it has so far and has no offset yet.
  const int64_t keys = loading(now) ? data_.position.length / 2 : data_.position.length;
  const std::string offset = std::to_string(loading(now) ? 0 : data_.position.length);
  std::string text;
  text.reserve(640);
  text += "# Server\r\nrun_id:" + run_id_ + "\r\n# Persistence\r\nloading:";
  text += loads ? "1\r\n" : "0\r\n";
  text += replica ? "# Replication\r\nrole:slave\r\n" : "# Replication\r\nrole:master\r\n";
  if (undecided_) text += "redisha_undecided:1\r\n";
  if (moves == HandsOver::kOurs) text += "redisha_version:1\r\n";
  if (KnowsFailover()) {
    text += "master_failover_state:";
    text += handover == Handover::kNone ? "no-failover\r\n" : "failover-in-progress\r\n";
  }
  if (sealed_) text += "redisha_sealed:1\r\n";
  text += proven_ ? "redisha_copy_proven:1\r\n" : "redisha_copy_proven:0\r\n";
  if (copies_ > 1) text += "redisha_copies:" + std::to_string(copies_) + "\r\n";
  if (tells_epochs) {
    text += "redisha_role_epoch:" + std::to_string(order_.first) + "\r\n";
    text += "redisha_role_leader:" + order_.second + "\r\n";
  }
  if (tells_epochs && tells_data_epoch)
    text += "redisha_data_epoch:" + std::to_string(data_.reign) + "\r\n";
  if (replica) {
    text += "master_host:" + follows_ + "\r\nmaster_port:" + std::to_string(follows_port_) + "\r\n";
    text += link_up_ ? "master_link_status:up\r\n" : "master_link_status:down\r\n";
    if (link_up_) {
      const auto heard = std::chrono::duration_cast<Millis>(now - heard_at_).count();
      text += tells_seconds ? "master_last_io_seconds_ago:" + std::to_string(heard / 1000)
                            : "redisha_master_heard_ms_ago:" + std::to_string(heard);
      text += "\r\n";
    } else {
      const auto down = std::chrono::duration_cast<std::chrono::seconds>(now - link_down_since_);
      const auto seconds = streamed_ ? down.count() : -1;  // Redis: never up since it started
      text += "master_link_down_since_seconds:" + std::to_string(seconds) + "\r\n";
    }
    text += "slave_repl_offset:" + offset + "\r\nreplica_announced:1\r\nslave_priority:";
    text += std::to_string(keeps_role_ ? 100 - host_ : 100) + "\r\n";
  }
  text += "master_replid:" + replid_ + "\r\nmaster_replid2:" + replid2_ + "\r\n";
  text += "master_repl_offset:" + offset +
          "\r\nsecond_repl_offset:" + std::to_string(second_offset_) + "\r\n# Keyspace\r\n";
  if (keys > 0) text += "db0:keys=" + std::to_string(keys) + ",expires=0,avg_ttl=0\r\n";
  return text;
}

}  // namespace rha::sim
