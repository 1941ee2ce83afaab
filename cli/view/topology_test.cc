#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/view/sentinel_event.h"
#include "cli/view/testing.h"
#include "cli/view/topology_text.h"

namespace rha::cli {
namespace {

using ::testing::HasSubstr;

constexpr const char* kReplicaPage =
    "# HELP redis_up Whether it answers\n"
    "redis_up 1\n"
    "redis_instance_info{role=\"slave\",os=\"a \\\"quoted\\\" {brace}\"} 1\n"
    "redisha_sentinel_info{version=\"0.1.0\",self=\"cart-1\"} 1\n"
    "redis_master_repl_offset 1000\n"
    "redis_slave_priority 100\n"
    "redis_master_link_up{master_host=\"10.0.0.1\",master_port=\"6379\"} 1\n"
    "redis_master_sync_in_progress{master_host=\"10.0.0.1\",master_port=\"6379\"} 0\n"
    "redisha_sentinel_has_majority{group=\"shop.cart\"} 1\n"
    "redisha_sentinel_primary_known{group=\"shop.cart\"} 1\n"
    "redis_sentinel_master_status{master_name=\"shop.cart\",master_address=\"10.0.0.1:6379\"} 1\n"
    "redisha_sentinel_epoch 7\n"
    "not a sample\n"
    "broken{a=\"b\n";

TEST(MetricsPage, ReadsWhatAPodSaysOfItself) {
  const PodFacts facts = FactsOf(MetricsPage::Parse(kReplicaPage));
  EXPECT_TRUE(facts.node_up);
  EXPECT_EQ(facts.role, "slave");
  EXPECT_EQ(facts.version, "0.1.0");
  EXPECT_EQ(facts.offset, 1000);
  EXPECT_TRUE(facts.link_up);
  EXPECT_FALSE(facts.syncing);
  EXPECT_EQ(facts.follows, "10.0.0.1:6379");
  EXPECT_EQ(facts.priority, 100);
  EXPECT_TRUE(facts.hears_majority);
  EXPECT_EQ(facts.primary, "10.0.0.1:6379");
  EXPECT_EQ(facts.epoch, 7);
}

TEST(MetricsPage, AnEmptyPageSaysNothing) {
  const PodFacts facts = FactsOf(MetricsPage::Parse(""));
  EXPECT_FALSE(facts.node_up);
  EXPECT_EQ(facts.primary, "");
  EXPECT_FALSE(facts.priority);
}

Topology Drawn() {
  Topology topology{.subject = Healthy(), .facts = {}, .zones = {{"node-a", "zone-1"}}};
  topology.subject.pods[1]["spec"]["nodeName"] = "node-b";
  topology.subject.pods[1]["status"]["podIP"] = "10.0.0.2";
  topology.subject.pods[2]["status"]["podIP"] = "10.0.0.3";
  PodFacts facts = FactsOf(MetricsPage::Parse(kReplicaPage));
  topology.facts["cart-1"] = facts;
  facts.role = "master";
  facts.offset = 3'000;
  topology.facts["cart-0"] = facts;
  topology.facts["cart-2"] = {.problem = "connection refused"};
  return topology;
}

TEST(TopologyText, Golden) {
  EXPECT_EQ(TopologyText(Drawn()),
            "RedisHA shop/cart: Ready\n"
            "\n"
            "  writes ─▶ cart:6379 ─▶ ● cart-0     primary   takes writes    on "
            "node-a in zone-1\n"
            "                       ├─▶ ● cart-1   replica   2.0 KB behind   on "
            "node-b\n"
            "                       └─▶ ● cart-2   replica   not reached     on "
            "node-a in zone-1\n"
            "  reads  ─▶ cart-replicas:6379 ─▶ cart-1, cart-2\n"
            "  who is primary? ─▶ cart-sentinel:26379 ─▶ cart-0, cart-1, cart-2   as shop.cart\n"
            "\n"
            "  SENTINEL   HEARS A MAJORITY   NAMES    EPOCH   REMARK\n"
            "  cart-0     yes                cart-0   7\n"
            "  cart-1     yes                cart-0   7\n"
            "  cart-2     -                  -        -       connection refused\n"
            "\n"
            "  cart-0, cart-2 share the machine node-a: with it goes the majority\n");
}

TEST(TopologyText, DrawsWhatHasNoPrimaryAndNoPods) {
  Topology topology = Drawn();
  topology.subject.pods.clear();
  EXPECT_THAT(TopologyText(topology), HasSubstr("writes ─▶ cart:6379 ─▶ nobody\n"));
  EXPECT_THAT(TopologyText({.subject = {Json::object(), {}}, .facts = {}, .zones = {}}),
              HasSubstr("nobody"));
}

TEST(TopologyJson, SaysTheLagInBytes) {
  const Json out = TopologyJson(Drawn());
  EXPECT_EQ(out["primary"], "cart-0");
  EXPECT_EQ(out["pods"][1]["lagBytes"], 2'000);
  EXPECT_EQ(out["pods"][2]["problem"], "connection refused");
}

TEST(SentinelEvent, IsSaidWithPodsNames) {
  Subject subject = Healthy();
  subject.redisha["status"]["clusterUID"] = "u";
  subject.pods[1]["status"]["podIP"] = "10.0.0.2";
  const PodNames names(subject);
  const auto said = [&names](const char* channel, const char* text) {
    return Describe(SentinelEvent::Parse(channel, text), names);
  };
  EXPECT_EQ(said("+switch-master", "shop.cart 10.0.0.1 6379 10.0.0.2 6379"),
            "names cart-1 as primary");
  EXPECT_EQ(said("+sdown", "slave 10.0.0.2:6379 10.0.0.2 6379 @ shop.cart 10.0.0.1 6379"), "");
  EXPECT_EQ(said("+odown", "master shop.cart 10.0.0.9 6379 #quorum 2/2"), "a quorum agrees (2/2)");
  // printf %s u/cart-1 | sha1sum
  EXPECT_EQ(said("+vote-for-leader", "7457c9bd176d3a4a4034361b71df859477488c95 7"),
            "votes for the sentinel of cart-1 in epoch 7");
  EXPECT_EQ(said("+switch-master", ""), "names  as primary");
}

}  // namespace
}  // namespace rha::cli
