#include "sidecar/core/lineage.h"

#include "sidecar/core/mutants.h"

namespace rha::sidecar::core {
namespace {

// The node follows the group's present primary, or is it: its data belongs to this config epoch. A
// primary that says by which epoch it became one must mean this one, and so must a replica that
// says of which epoch its data are: it may have been following since before that promotion.
bool HoldsCurrentData(const Group& group, const Node& node) {
  const Info& info = node.info;
  if (info.undecided || info.loading || group.config_epoch == 0) return false;
  if (node.id == group.primary) {
    return info.role == Role::kPrimary &&
           info.role_epoch.value_or(group.config_epoch) == group.config_epoch;
  }
  return info.role == Role::kReplica && info.primary_link_up && group.Primary() != nullptr &&
         info.primary == group.Primary()->address &&
         info.data_epoch.value_or(group.config_epoch) == group.config_epoch;
}

}  // namespace

std::optional<Epoch> EpochOf(const std::vector<DataMark>& lineage, const Info& info) {
  for (const std::string* replid : {&info.replid, &info.replid2}) {
    if (replid->empty()) continue;
    for (const DataMark& mark : lineage) {
      if (mark.replid == *replid) return mark.epoch;
    }
  }
  return std::nullopt;
}

bool Remember(std::vector<DataMark>& lineage, DataMark mark) {
  if (mark.replid.empty() || (!lineage.empty() && lineage.front() == mark)) return false;
  std::erase_if(lineage, [&](const DataMark& old) { return old.replid == mark.replid; });
  lineage.insert(lineage.begin(), std::move(mark));
  if (lineage.size() > kLineageMax) lineage.resize(kLineageMax);
  return true;
}

void UpdateHistory(Context& c, Group& group, Node& node) {
  History& history = node.history;
  std::vector<DataMark> seen;  // of a node beside another sidecar: what it showed last
  if (history.has_data) seen.push_back({history.data_epoch, history.replid});
  const auto remembered = EpochOf(node.local ? group.lineage : seen, node.info);
  const bool current = HoldsCurrentData(group, node);
  history.offset = node.info.Offset();
  history.replid = node.info.replid;
  history.has_data = current || node.info.keys > 0 || remembered.has_value();
  const Epoch proven = node.info.data_epoch.value_or(remembered.value_or(0));
  history.data_epoch = current ? group.config_epoch : proven;
  if (Mutated(Mutant::kEpochRestamped) && history.has_data) {
    history.data_epoch = group.config_epoch;
  }
  if (node.local && current && Remember(group.lineage, {group.config_epoch, history.replid})) {
    c.NeedPersist();
  }
}

}  // namespace rha::sidecar::core
