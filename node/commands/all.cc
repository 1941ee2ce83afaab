#include "node/commands/all.h"

#include "node/commands/families.h"

namespace rha::node::commands {

std::vector<dispatch::CommandRows> AllCommands() {
  return {
      GetSetRows(),       CounterRows(),     ReplicationRows(),   PersistenceRows(),
      ConnectionRows(),   TransactionRows(), PubsubRows(),        ClientRows(),
      DatabaseRows(),     InfoRows(),        ConfigRows(),        RangeRows(),
      LcsRows(),          HashFieldRows(),   HashCounterRows(),   HashRandomRows(),
      SetMemberRows(),    SetRandomRows(),   SetCombineRows(),    GenericKeyRows(),
      DumpRows(),         MigrateRows(),     HashLifetimeRows(),  HashGetSetEndRows(),
      ExpireRows(),       ScanRows(),        ObjectRows(),        CommandRowsOfCommand(),
      DebugRows(),        ObserveRows(),     ListEndRows(),       SortRows(),
      ScriptRows(),       ListElementRows(), ListMoveRows(),      ListFirstOfRows(),
      ZsetAddRows(),      ZsetCombineRows(), ZsetPopRows(),       ZsetRangeRows(),
      ZsetReadRows(),     ZsetRemoveRows(),  MemberRows(),        BitRows(),
      BitFieldRows(),     AclRows(),         StreamAddRows(),     StreamClaimRows(),
      StreamGroupRows(),  StreamInfoRows(),  StreamPendingRows(), StreamRangeRows(),
      StreamReadRows(),   HyperLogLogRows(), LatencyRows(),       MemoryRows(),
      LolwutRows(),       ClusterRows(),     ModuleRows(),        ConditionalRows(),
      StreamRemoveRows(), GeoPlaceRows(),    GeoSearchRows(),     ClientTrackingRows(),
      FunctionRows(),
  };
}

}  // namespace rha::node::commands
