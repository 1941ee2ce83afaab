#include "tests/sim/sim_node.h"

#include <algorithm>
#include <cstdio>

namespace rha::sim {
namespace {

std::string HexId(char prefix, uint64_t number) {
  char text[41];
  std::snprintf(text, sizeof text, "%c%039llx", prefix, static_cast<unsigned long long>(number));
  return text;
}

}  // namespace

void SimNode::Start(bool keep_data, uint64_t unique) {
  alive_ = true;
  paused = false;
  undecided_ = true;
  primary_ = false;
  follows_.clear();
  link_up_ = false;
  syncing_ = false;
  streamed_ = false;
  run_id_ = HexId('a', unique);
  if (!keep_data) log_.clear();
  // Redis 7: a restored primary keeps its history as the secondary id, an empty one starts afresh.
  replid2_ = log_.empty() ? std::string(40, '0') : replid_;
  second_offset_ = log_.empty() ? -1 : static_cast<int64_t>(log_.size());
  replid_ = HexId('b', unique);
}

void SimNode::Kill() {
  alive_ = false;
  link_up_ = false;
}

void SimNode::BecomePrimary(uint64_t unique) {
  if (primary()) return;
  undecided_ = false;
  primary_ = true;
  follows_.clear();
  link_up_ = false;
  syncing_ = false;
  // A restored node that has not streamed since keeps its secondary id: that is its history.
  if (streamed_) {
    replid2_ = replid_;
    second_offset_ = static_cast<int64_t>(log_.size());
  }
  streamed_ = true;
  replid_ = HexId('b', unique);
}

void SimNode::Follow(const std::string& host, uint16_t port) {
  if (!undecided_ && !primary_ && follows_ == host && follows_port_ == port) return;
  undecided_ = false;
  primary_ = false;
  follows_ = host;
  follows_port_ = port;
  link_up_ = false;
  syncing_ = false;
}

bool SimNode::Append(uint32_t write) {
  if (!primary()) return false;
  log_.push_back(write);
  return true;
}

bool SimNode::SharesHistory(const SimNode& primary) const {
  const auto size = static_cast<int64_t>(log_.size());
  if (size > static_cast<int64_t>(primary.log_.size())) return false;
  const bool same = replid_ == primary.replid_;
  const bool before = (replid_ == primary.replid2_ || replid2_ == primary.replid2_) &&
                      size <= primary.second_offset_;
  if (!same && !before) return false;
  return std::equal(log_.begin(), log_.end(), primary.log_.begin());
}

void SimNode::Replicate(const SimNode* primary, LogicalTime now,
                        const std::function<Millis()>& full_sync) {
  if (!alive_ || paused || undecided_ || primary_) return;
  if (primary == nullptr || !primary->alive_ || primary->paused || primary->undecided_ ||
      primary == this || (!primary->primary_ && !primary->link_up_)) {
    if (link_up_) link_down_since_ = now;
    link_up_ = false;
    syncing_ = false;
    return;
  }
  if (!link_up_ && !SharesHistory(*primary)) {
    if (!syncing_) {
      syncing_ = true;
      sync_done_ = now + full_sync();
    }
    if (now < sync_done_) return;
  }
  syncing_ = false;
  link_up_ = true;
  streamed_ = true;
  log_ = primary->log_;
  replid_ = primary->replid_;
  replid2_ = primary->replid2_;
  second_offset_ = primary->second_offset_;
}

std::string SimNode::InfoText(LogicalTime now) const {
  const bool replica = undecided_ || !primary_;
  const std::string offset = std::to_string(log_.size());
  std::string text = "# Server\r\nrun_id:" + run_id_ + "\r\n# Persistence\r\nloading:0\r\n";
  text += "# Replication\r\nrole:" + std::string(replica ? "slave" : "master") + "\r\n";
  if (undecided_) text += "redisha_undecided:1\r\n";
  if (replica) {
    text += "master_host:" + follows_ + "\r\nmaster_port:" + std::to_string(follows_port_) + "\r\n";
    text += "master_link_status:" + std::string(link_up_ ? "up" : "down") + "\r\n";
    if (!link_up_) {
      const auto down = std::chrono::duration_cast<std::chrono::seconds>(now - link_down_since_);
      text += "master_link_down_since_seconds:" + std::to_string(down.count()) + "\r\n";
    }
    text += "slave_repl_offset:" + offset + "\r\nslave_priority:100\r\nreplica_announced:1\r\n";
  }
  text += "master_replid:" + replid_ + "\r\nmaster_replid2:" + replid2_ + "\r\n";
  text += "master_repl_offset:" + offset +
          "\r\nsecond_repl_offset:" + std::to_string(second_offset_) + "\r\n# Keyspace\r\n";
  if (!log_.empty()) text += "db0:keys=" + offset + ",expires=0,avg_ttl=0\r\n";
  return text;
}

}  // namespace rha::sim
