// The StatefulSet controller against a registry in memory: whose pods are its own.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "local/controllers/all.h"
#include "local/controllers/client.h"
#include "local/object/json.h"

namespace rha::local::controllers {
namespace {

using object::Json;
using object::Str;

class StatefulSetTest : public ::testing::Test {
 protected:
  StatefulSetTest()
      : store_(std::move(store::Store::Open("")).value()),
        registry_(*store_, clock_),
        client_(registry_, "test") {
    client_.Create(
        {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "default"}}}});
  }

  Object MakeSet(int replicas = 2, const char* update = "RollingUpdate") {
    const Json labels = {{"app", "x"}};
    const Json containers = Json::array({{{"name", "c"}, {"image", "i"}}});
    const Json claim = {{"metadata", {{"name", "data"}}},
                        {"spec",
                         {{"accessModes", {"ReadWriteOnce"}},
                          {"resources", {{"requests", {{"storage", "1Gi"}}}}}}}};
    return client_.Create(
        {{"apiVersion", "apps/v1"},
         {"kind", "StatefulSet"},
         {"metadata", {{"name", "demo"}, {"namespace", "default"}}},
         {"spec",
          {{"replicas", replicas},
           {"serviceName", "demo"},
           {"podManagementPolicy", "Parallel"},
           {"updateStrategy", {{"type", update}}},
           {"selector", {{"matchLabels", labels}}},
           {"volumeClaimTemplates", Json::array({claim})},
           {"template",
            {{"metadata", {{"labels", labels}}}, {"spec", {{"containers", containers}}}}}}}});
  }
  void Reconcile() { controller_->Reconcile({"default", "demo"}); }
  Object Pod(const std::string& name) const { return client_.Get(kPods, "default", name); }
  Object Set() const { return client_.Get(kStatefulSets, "default", "demo"); }
  std::string OwnerOf(const std::string& name) const {
    const Object pod = Pod(name);
    const Json* owner = pod == nullptr ? nullptr : ControllerOf(*pod);
    return owner == nullptr ? "" : Str(*owner, {"uid"});
  }
  // What a deletion with --cascade=orphan leaves.
  void Orphan() {
    for (const char* kind : {kPods, kRevisions}) {
      for (const Object& object : client_.List(kind, "default")) {
        client_.Patch(*object, {{"metadata", {{"ownerReferences", nullptr}}}});
      }
    }
    client_.Delete(*Set());
  }
  int64_t StatusReplicas() const { return object::Int(*Set(), {"status", "replicas"}); }

  ManualClock clock_;
  std::unique_ptr<store::Store> store_;
  registry::Registry registry_;
  Client client_;
  ControllerPtr controller_ = MakeStatefulSetController(registry_);
};

TEST_F(StatefulSetTest, OrphanedPodsAndRevisionsAreAdoptedAsTheyAre) {
  MakeSet();
  Reconcile();
  const std::string uid = object::Uid(*Pod("demo-0"));
  Orphan();
  const Object set = MakeSet();
  Reconcile();
  EXPECT_EQ(OwnerOf("demo-0"), object::Uid(*set));
  EXPECT_EQ(OwnerOf("demo-1"), object::Uid(*set));
  EXPECT_EQ(object::Uid(*Pod("demo-0")), uid) << "it was replaced";
  EXPECT_EQ(StatusReplicas(), 2);
  EXPECT_EQ(object::Int(*Set(), {"status", "updatedReplicas"}), 2) << "the template is the same";
  const auto revisions = client_.Owned(kRevisions, "default", object::Uid(*set));
  ASSERT_EQ(revisions.size(), 1u);
  EXPECT_EQ(object::Int(*revisions[0], {"revision"}), 1);
}

TEST_F(StatefulSetTest, OnlyItsOwnNamesWithItsOwnLabelsAndNoControllerAreAdopted) {
  const auto put_pod = [this](const char* name, Json labels, Json owners) {
    client_.Create({{"apiVersion", "v1"},
                    {"kind", "Pod"},
                    {"metadata",
                     {{"name", name},
                      {"namespace", "default"},
                      {"labels", std::move(labels)},
                      {"ownerReferences", std::move(owners)}}},
                    {"spec", {{"containers", Json::array({{{"name", "c"}, {"image", "i"}}})}}}});
  };
  const Json ours = {{"app", "x"}};
  Json owner = {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"name", "o"}, {"uid", "other"}};
  put_pod("demo-0", ours, Json::array({owner}));
  owner["controller"] = true;
  put_pod("demo-1", ours, Json::array({owner}));
  put_pod("demo-2", {{"app", "y"}}, Json::array());
  put_pod("demo-x", ours, Json::array());
  put_pod("demo-03", ours, Json::array());
  put_pod("other-0", ours, Json::array());
  const Object set = MakeSet(1, "OnDelete");
  Reconcile();
  ASSERT_EQ(OwnerOf("demo-0"), object::Uid(*set));
  EXPECT_EQ(object::Items(*Pod("demo-0"), {"metadata", "ownerReferences"}).size(), 2u)
      << "an owner that is no controller stays";
  EXPECT_EQ(OwnerOf("demo-1"), "other");
  for (const char* name : {"demo-2", "demo-x", "demo-03", "other-0"}) {
    ASSERT_NE(Pod(name), nullptr) << name;
    EXPECT_EQ(OwnerOf(name), "") << name;
  }
  EXPECT_EQ(StatusReplicas(), 1);
}

TEST_F(StatefulSetTest, APodThatLosesItsLabelsIsReleased) {
  const Object set = MakeSet();
  Reconcile();
  client_.Patch(*Pod("demo-1"), {{"metadata", {{"labels", {{"app", "y"}}}}}});
  Reconcile();
  EXPECT_EQ(OwnerOf("demo-1"), "");
  EXPECT_EQ(StatusReplicas(), 1);
}

TEST_F(StatefulSetTest, APodIsNotAdoptedOnItsWayOut) {
  MakeSet();
  Reconcile();
  client_.Patch(*Pod("demo-1"), {{"metadata", {{"finalizers", {"example.com/hold"}}}}});
  Orphan();
  client_.Delete(*Pod("demo-1"));
  ASSERT_NE(Pod("demo-1"), nullptr);
  const Object set = MakeSet();
  Reconcile();
  EXPECT_EQ(OwnerOf("demo-0"), object::Uid(*set));
  EXPECT_EQ(OwnerOf("demo-1"), "");
}

TEST_F(StatefulSetTest, AnOrphanWakesTheSetOfItsName) {
  struct Sink : WorkSink {
    void Add(const Work& work) override { added.push_back(work); }
    std::vector<Work> added;
  } sink;
  const Json pod = {{"metadata", {{"name", "my-demo-12"}, {"namespace", "default"}}}};
  controller_->OnEvent(
      {.key = {kPods, "default", "my-demo-12"}, .object = std::make_shared<const Json>(pod)}, sink);
  ASSERT_EQ(sink.added.size(), 1u);
  EXPECT_EQ(sink.added[0], (Work{"default", "my-demo"}));
}

TEST_F(StatefulSetTest, NoPodIsMadeForAClaimThatIsBeingDeleted) {
  MakeSet(1);
  Reconcile();
  const Object claim = client_.Get(kClaims, "default", "data-demo-0");
  client_.Patch(*claim, {{"metadata", {{"finalizers", {"kubernetes.io/pvc-protection"}}}}});
  client_.Delete(*client_.Get(kClaims, "default", "data-demo-0"));
  client_.Delete(*Pod("demo-0"), {.grace_period_seconds = 0});
  ASSERT_EQ(Pod("demo-0"), nullptr);
  Reconcile();
  EXPECT_EQ(Pod("demo-0"), nullptr);
  client_.Patch(*client_.Get(kClaims, "default", "data-demo-0"),
                {{"metadata", {{"finalizers", nullptr}}}});
  Reconcile();
  EXPECT_NE(Pod("demo-0"), nullptr);
}

}  // namespace
}  // namespace rha::local::controllers
