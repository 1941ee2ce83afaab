// Who may be connected, and who leaves for whom.
//
//   client      counts for maxclients
//   stranger    has not authenticated where a password is set. Counts too, but leaves when there is
//               no room for another, the oldest first
//   member      proved to be of our RedisHA: counts for nothing, so that neither strangers nor
//               applications can cut replication or make a node look dead
//   over limit  has come, or was a stranger, when there was no room: it may prove to be a member
//               and nothing else. Only on a node that has members
//
// Connections are known by their sessions' ids, which ascend. Pure. Thread rule: the loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_set>

namespace rha::node::app {

class Admission {
 public:
  struct Limits {
    size_t clients_max;
    bool has_members;  // this node belongs to a RedisHA
  };
  struct Arrival {
    bool admitted = true;
    bool over_limit = false;
    std::optional<uint64_t> put_over_limit;  // a stranger that loses its place
    std::optional<uint64_t> leaves;          // to be closed
  };
  Arrival Arrive(uint64_t id, bool authenticated, const Limits& limits);

  // A stranger has authenticated.
  void BecomeClient(uint64_t id);
  // Whatever it was until now.
  void BecomeMember(uint64_t id);
  // A connection is closing: its place is free. Once each.
  void Leave(uint64_t id);

  // One who may do nothing yet holds so many bytes. Who must leave, since all of them together hold
  // too many: the one that holds the most.
  std::optional<uint64_t> Hold(uint64_t id, size_t bytes);

  size_t counted() const { return clients_ + strangers_.size(); }

 private:
  using Waiting = std::map<uint64_t, size_t>;  // id → bytes, oldest first

  bool Forget(Waiting& waiting, uint64_t id);

  size_t clients_ = 0;
  Waiting strangers_, over_limit_;
  size_t waiting_bytes_ = 0;  // of both
  std::unordered_set<uint64_t> members_;
};

}  // namespace rha::node::app
