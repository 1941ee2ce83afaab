// A modelled data node: role, replication and restart as the sidecar sees them through PING, INFO
// and SLAVEOF. Its data is the list of writes it holds; its offset is that list's length.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/sim/queue.h"

namespace rha::sim {

class SimNode {
 public:
  explicit SimNode(int host) : host_(host) {}

  // A new process. `keep_data`: restored from its disk.
  void Start(bool keep_data, uint64_t unique);
  void Kill();

  void BecomePrimary(uint64_t unique);
  void Follow(const std::string& host, uint16_t port);
  std::string InfoText(LogicalTime now) const;
  bool Append(uint32_t write);  // false: not a primary

  // One replication step towards `primary`, which may be nullptr (unreachable). `full_sync` draws
  // how long a full resynchronisation takes.
  void Replicate(const SimNode* primary, LogicalTime now, const std::function<Millis()>& full_sync);

  int host() const { return host_; }
  bool alive() const { return alive_; }
  bool undecided() const { return undecided_; }
  bool primary() const { return alive_ && !undecided_ && primary_; }
  bool link_up() const { return link_up_; }
  const std::string& follows() const { return follows_; }
  const std::vector<uint32_t>& log() const { return log_; }

  bool paused = false;

 private:
  bool SharesHistory(const SimNode& primary) const;

  int host_;
  bool alive_ = false;
  bool undecided_ = true;
  bool primary_ = false;
  std::string follows_;  // ip of the primary
  uint16_t follows_port_ = 0;
  bool link_up_ = false;
  LogicalTime link_down_since_{};
  LogicalTime sync_done_{};  // of the full resynchronisation under way
  bool syncing_ = false;
  bool streamed_ = false;  // replid_ names a stream this process was part of
  std::string run_id_;
  std::string replid_;
  std::string replid2_;
  int64_t second_offset_ = -1;
  std::vector<uint32_t> log_;
};

}  // namespace rha::sim
