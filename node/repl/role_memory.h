// What a member of a RedisHA must never forget, in a file beside its data: the newest order that
// gave it a role, and whose data these are.
//
// An order names the epoch of the election behind it and the member that won it. A node obeys what
// is at least as new as the newest it has ever heard; anything older comes from a leader that was
// paused or cut off, and is refused. The order is durable before it is obeyed. An election has one
// winner; should two ever claim an epoch, all nodes side with the same, the greater id. Whoever
// does not know the winner says "*", which is less than every id.
//
// A volume belongs to one cluster. A node that finds the data of another one (a volume attached by
// mistake, a name used twice) neither promotes nor wipes them: it takes no role until a person has
// given it an empty volume or said REDISHA ADOPT.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/env/slot_file.h"

namespace rha::node::repl {

struct RoleRecord {
  std::string uid;      // the cluster whose data lie here
  std::string adopted;  // the cluster whose data were taken over; empty: none
  uint64_t epoch = 0;   // 0: no order has come yet
  std::string leader;
  bool operator==(const RoleRecord&) const = default;

  // Whether an order may be obeyed.
  bool Yields(uint64_t to_epoch, std::string_view to_leader) const {
    return to_epoch > epoch || (to_epoch == epoch && to_leader >= leader);
  }
};

std::string EncodeRoleRecord(const RoleRecord& record);
Result<RoleRecord> DecodeRoleRecord(std::string_view text);

class RoleMemory {
 public:
  static Result<RoleMemory> Open(std::string path, std::string uid);

  // Ok: an order of that epoch may be obeyed, and will be remembered. The message of an error
  // begins with a code for the one who asked.
  Status Accept(uint64_t epoch, std::string_view leader);
  // The dataset that was loaded says it belongs to `uid` (empty: it does not say).
  void OnDataset(std::string_view uid);
  // It is ours from now on.
  Status Adopt(std::string_view uid);

  // What to answer to whoever would change a node with foreign data.
  std::string ForeignRefusal() const;
  // The other cluster whose data lie here; empty: they are ours.
  const std::string& foreign_uid() const { return foreign_uid_; }
  const std::string& uid() const { return uid_; }
  uint64_t epoch() const { return record_.epoch; }
  const std::string& leader() const { return record_.leader; }

 private:
  RoleMemory(env::SlotFile file, std::string uid) : file_(std::move(file)), uid_(std::move(uid)) {}
  Status Keep(RoleRecord record);

  env::SlotFile file_;
  std::string uid_;
  std::string foreign_uid_;
  RoleRecord record_;
};

}  // namespace rha::node::repl
