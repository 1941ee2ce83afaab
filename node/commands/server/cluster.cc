// CLUSTER, ASKING, READONLY, READWRITE: there is no cluster here, which clients find out by asking.
#include "node/commands/families.h"
#include "node/commands/parse.h"

namespace rha::node::commands {
namespace {

void NoCluster(Context& ctx) { ctx.reply.Error("ERR This instance has cluster support disabled"); }

constexpr uint32_t kSees = kStale;
constexpr uint32_t kWatches = kStale | kAdmin;
constexpr uint32_t kChanges = kStale | kAdmin | kNoAsyncLoading;

constexpr CommandSpec kRows[] = {
    {"cluster", nullptr, -2, kContainer},
    {"cluster|addslots", NoCluster, -3, kChanges},
    {"cluster|addslotsrange", NoCluster, -4, kChanges},
    {"cluster|bumpepoch", NoCluster, 2, kChanges},
    {"cluster|count-failure-reports", NoCluster, 3, kWatches},
    {"cluster|countkeysinslot", NoCluster, 3, kSees},
    {"cluster|delslots", NoCluster, -3, kChanges},
    {"cluster|delslotsrange", NoCluster, -4, kChanges},
    {"cluster|failover", NoCluster, -2, kChanges},
    {"cluster|flushslots", NoCluster, 2, kChanges},
    {"cluster|forget", NoCluster, 3, kChanges},
    {"cluster|getkeysinslot", NoCluster, 4, kSees},
    {"cluster|help", NoCluster, 2, kLoading | kStale},
    {"cluster|info", NoCluster, 2, kSees},
    {"cluster|keyslot", NoCluster, 3, kSees},
    {"cluster|links", NoCluster, 2, kSees},
    {"cluster|meet", NoCluster, -4, kChanges},
    {"cluster|myid", NoCluster, 2, kSees},
    {"cluster|myshardid", NoCluster, 2, kSees},
    {"cluster|nodes", NoCluster, 2, kSees},
    {"cluster|replicas", NoCluster, 3, kWatches},
    {"cluster|replicate", NoCluster, 3, kChanges},
    {"cluster|reset", NoCluster, -2, kAdmin | kStale | kNoscript},
    {"cluster|saveconfig", NoCluster, 2, kChanges},
    {"cluster|set-config-epoch", NoCluster, 3, kChanges},
    {"cluster|setslot", NoCluster, -4, kChanges},
    {"cluster|shards", NoCluster, 2, kSees},
    {"cluster|slaves", NoCluster, 3, kWatches},
    {"cluster|slots", NoCluster, 2, kSees},
    {"asking", NoCluster, 1, kFast, kAclConnection},
    {"readonly", NoCluster, 1, kFast | kLoading | kStale, kAclConnection},
    {"readwrite", NoCluster, 1, kFast | kLoading | kStale, kAclConnection},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ClusterRows() { return kRows; }

}  // namespace rha::node::commands
