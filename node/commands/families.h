// The rows of each file of commands; all.cc gathers them.
#pragma once

#include "node/dispatch/command.h"

namespace rha::node::commands {

dispatch::CommandRows GetSetRows();            // string/get_set.cc
dispatch::CommandRows ConditionalRows();       // string/conditional.cc
dispatch::CommandRows CounterRows();           // string/counter.cc
dispatch::CommandRows RangeRows();             // string/range.cc
dispatch::CommandRows BitRows();               // string/bits.cc
dispatch::CommandRows BitFieldRows();          // string/bitfield.cc
dispatch::CommandRows HyperLogLogRows();       // string/hyper_log_log.cc
dispatch::CommandRows LcsRows();               // string/lcs.cc
dispatch::CommandRows HashFieldRows();         // hash/fields.cc
dispatch::CommandRows HashCounterRows();       // hash/counter.cc
dispatch::CommandRows HashRandomRows();        // hash/random.cc
dispatch::CommandRows HashLifetimeRows();      // hash/lifetimes.cc
dispatch::CommandRows HashGetSetEndRows();     // hash/get_set_ends.cc
dispatch::CommandRows SetMemberRows();         // set/members.cc
dispatch::CommandRows SetRandomRows();         // set/random.cc
dispatch::CommandRows SetCombineRows();        // set/combine.cc
dispatch::CommandRows ZsetAddRows();           // zset/add.cc
dispatch::CommandRows ZsetCombineRows();       // zset/combine.cc
dispatch::CommandRows ZsetPopRows();           // zset/pop.cc
dispatch::CommandRows ZsetRangeRows();         // zset/range.cc
dispatch::CommandRows ZsetReadRows();          // zset/read.cc
dispatch::CommandRows ZsetRemoveRows();        // zset/remove.cc
dispatch::CommandRows GeoPlaceRows();          // geo/places.cc
dispatch::CommandRows GeoSearchRows();         // geo/search.cc
dispatch::CommandRows StreamAddRows();         // stream/add.cc
dispatch::CommandRows StreamClaimRows();       // stream/claim.cc
dispatch::CommandRows StreamGroupRows();       // stream/group.cc
dispatch::CommandRows StreamInfoRows();        // stream/info.cc
dispatch::CommandRows StreamPendingRows();     // stream/pending.cc
dispatch::CommandRows StreamRangeRows();       // stream/range.cc
dispatch::CommandRows StreamReadRows();        // stream/read.cc
dispatch::CommandRows StreamRemoveRows();      // stream/remove.cc
dispatch::CommandRows ListEndRows();           // list/ends.cc
dispatch::CommandRows ListElementRows();       // list/elements.cc
dispatch::CommandRows ListMoveRows();          // list/move.cc
dispatch::CommandRows ListFirstOfRows();       // list/first_of.cc
dispatch::CommandRows GenericKeyRows();        // key/generic.cc
dispatch::CommandRows DumpRows();              // key/dump.cc
dispatch::CommandRows MigrateRows();           // key/migrate.cc
dispatch::CommandRows ExpireRows();            // key/expire.cc
dispatch::CommandRows ScanRows();              // key/scan.cc
dispatch::CommandRows SortRows();              // key/sort.cc
dispatch::CommandRows ObjectRows();            // key/object.cc
dispatch::CommandRows ScriptRows();            // script/eval.cc
dispatch::CommandRows FunctionRows();          // script/function.cc
dispatch::CommandRows TransactionRows();       // transactions.cc
dispatch::CommandRows PubsubRows();            // pubsub.cc
dispatch::CommandRows ConnectionRows();        // connection.cc
dispatch::CommandRows ClientRows();            // server/client.cc
dispatch::CommandRows ClientTrackingRows();    // server/client_tracking.cc
dispatch::CommandRows AclRows();               // server/acl.cc
dispatch::CommandRows DatabaseRows();          // server/database.cc
dispatch::CommandRows InfoRows();              // server/info.cc
dispatch::CommandRows ConfigRows();            // server/config.cc
dispatch::CommandRows CommandRowsOfCommand();  // server/command.cc
dispatch::CommandRows DebugRows();             // server/debug.cc
dispatch::CommandRows ObserveRows();           // server/observe.cc
dispatch::CommandRows LatencyRows();           // server/latency.cc
dispatch::CommandRows MemoryRows();            // server/memory.cc
dispatch::CommandRows LolwutRows();            // server/lolwut.cc
dispatch::CommandRows ClusterRows();           // server/cluster.cc
dispatch::CommandRows ModuleRows();            // server/module.cc
dispatch::CommandRows PersistenceRows();       // server/persistence.cc
dispatch::CommandRows ReplicationRows();       // replication.cc
dispatch::CommandRows MemberRows();            // members.cc

}  // namespace rha::node::commands
