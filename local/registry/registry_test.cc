// What writes mean, against a store in memory and a clock moved by hand.
#include "local/registry/registry.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "local/object/json.h"
#include "local/registry/built_in_types.h"

namespace rha::local::registry {
namespace {

using nlohmann::json;
using object::Str;

class RegistryTest : public ::testing::Test {
 protected:
  RegistryTest() : store_(std::move(store::Store::Open("")).value()), registry_(*store_, clock_) {
    Must(
        Create({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "default"}}}}));
  }

  static json Must(const Answer<Object>& answer) {
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().message);
    return answer.ok() ? **answer : json();
  }
  ResourcePtr Of(const json& object) {
    return registry_.catalog().FindKind(Str(object, {"apiVersion"}), Str(object, {"kind"}));
  }
  Answer<Object> Create(const json& object, const WriteOptions& options = {}) {
    return registry_.Create({*Of(object), "default", ""}, object, options);
  }
  Answer<Object> Update(const json& object, const WriteOptions& options = {}) {
    return registry_.Update({*Of(object), "default", object::Name(object)}, object, options);
  }
  Answer<Deleted> Delete(const json& object, const DeleteOptions& options = {}) {
    return registry_.Delete({*Of(object), "default", object::Name(object)}, options);
  }

  static json ConfigMap(const std::string& name) {
    return {{"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"metadata", {{"name", name}}},
            {"data", {{"a", "1"}}}};
  }
  static json Definition() {
    return json::parse(R"({
      "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
      "metadata": {"name": "things.example.com"},
      "spec": {"group": "example.com", "scope": "Namespaced",
               "names": {"plural": "things", "kind": "Thing"},
               "versions": [{"name": "v1", "served": true, "storage": true,
                 "subresources": {"status": {}, "scale": {
                   "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}},
                 "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                   "spec": {"type": "object", "properties": {
                     "replicas": {"type": "integer", "default": 3}}},
                   "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}
                 }}}}]}})");
  }
  json Thing() {
    Must(Create(Definition()));
    return Must(Create({{"apiVersion", "example.com/v1"},
                        {"kind", "Thing"},
                        {"metadata", {{"name", "x"}}},
                        {"spec", json::object()}}));
  }

  ManualClock clock_;
  std::unique_ptr<store::Store> store_;
  Registry registry_;
};

TEST_F(RegistryTest, ACreatedObjectHasWhatTheSystemOwns) {
  const json object = Must(Create(ConfigMap("c")));
  EXPECT_EQ(object::Uid(object).size(), 36u);
  EXPECT_EQ(Str(object, {"metadata", "creationTimestamp"}), "2023-11-14T22:13:20Z");
  EXPECT_EQ(Create(ConfigMap("c")).error().reason, "AlreadyExists");
}

TEST_F(RegistryTest, AStaleUpdateIsAConflict) {
  json object = Must(Create(ConfigMap("c")));
  json newer = object;
  newer["data"]["a"] = "2";
  Must(Update(newer));
  object["data"]["a"] = "3";
  EXPECT_EQ(Update(object).error().code, 409);
}

TEST_F(RegistryTest, AnUpdateThatChangesNothingIsNotWritten) {
  const json object = Must(Create(ConfigMap("c")));
  const uint64_t version = store_->Version();
  EXPECT_EQ(Must(Update(object)), object);
  EXPECT_EQ(store_->Version(), version);
}

TEST_F(RegistryTest, GenerationCountsTheSpecAlone) {
  json thing = Thing();
  EXPECT_EQ(thing["spec"]["replicas"], 3);
  EXPECT_EQ(thing["metadata"]["generation"], 1);
  thing["metadata"]["labels"]["a"] = "b";
  thing = Must(Update(thing));
  EXPECT_EQ(thing["metadata"]["generation"], 1);
  thing["spec"]["replicas"] = 5;
  thing["status"]["phase"] = "ignored here";
  thing = Must(Update(thing));
  EXPECT_EQ(thing["metadata"]["generation"], 2);
  EXPECT_EQ(object::Find(thing, {"status"}), nullptr);
}

TEST_F(RegistryTest, TheStatusSubresourceChangesTheStatusAlone) {
  json thing = Thing();
  thing["spec"]["replicas"] = 9;
  thing["status"] = {{"phase", "Good"}};
  WriteOptions options;
  options.subresource = "status";
  thing = Must(Update(thing, options));
  EXPECT_EQ(thing["status"]["phase"], "Good");
  EXPECT_EQ(thing["spec"]["replicas"], 3);
}

TEST_F(RegistryTest, ScaleReadsAndWritesOneNumber) {
  const json thing = Thing();
  const Place place{*Of(thing), "default", "x"};
  EXPECT_EQ((*registry_.GetScale(place))["spec"]["replicas"], 3);
  EXPECT_EQ((*registry_.UpdateScale(place, {{"spec", {{"replicas", 5}}}}, {}))["spec"]["replicas"],
            5);
  EXPECT_FALSE(registry_.UpdateScale(place, {{"spec", {{"replicas", -1}}}}, {}).ok());
}

TEST_F(RegistryTest, FinalizersHoldADeletion) {
  json object = ConfigMap("c");
  object["metadata"]["finalizers"] = {"example.com/wait"};
  object = Must(Create(object));
  ASSERT_TRUE(Delete(object).ok());
  json marked = **registry_.Get({*Of(object), "default", "c"});
  EXPECT_NE(Str(marked, {"metadata", "deletionTimestamp"}), "");
  json more = marked;
  more["metadata"]["finalizers"].push_back("example.com/late");
  EXPECT_EQ(Update(more).error().code, 422);
  marked["metadata"].erase("finalizers");
  Must(Update(marked));
  EXPECT_FALSE(registry_.Get({*Of(object), "default", "c"}).ok());
}

TEST_F(RegistryTest, ARunningPodGetsItsGraceAndThenGoes) {
  json pod = Must(Create(json::parse(R"({"apiVersion": "v1", "kind": "Pod",
      "metadata": {"name": "p"},
      "spec": {"nodeName": "local", "containers": [{"name": "c", "image": "i"}]}})")));
  EXPECT_FALSE((*Delete(pod)).gone);
  DeleteOptions now;
  now.grace_period_seconds = 0;
  clock_.Advance(Millis(60'000));  // also after the grace has passed
  EXPECT_TRUE((*Delete(pod, now)).gone);
}

TEST_F(RegistryTest, DryRunStoresNothing) {
  WriteOptions options;
  options.dry_run = true;
  EXPECT_EQ(Must(Create(ConfigMap("c"), options))["data"]["a"], "1");
  EXPECT_FALSE(registry_.Get({*Of(ConfigMap("c")), "default", "c"}).ok());
}

TEST_F(RegistryTest, MisspeltFieldsOfBuiltInKindsAreNamed) {
  json object = ConfigMap("c");
  object["dataa"] = json::object();
  WriteOptions strict;
  strict.validation = "Strict";
  const auto refused = Create(object, strict);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message,
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: "
            "unknown field \"dataa\"");
  object.erase("dataa");
  object["data"]["a"] = 1;
  EXPECT_EQ(Create(object).error().code, 400);
}

TEST_F(RegistryTest, ServicesGetAddressesOfTheirOwn) {
  const json service = json::parse(R"({"apiVersion": "v1", "kind": "Service",
      "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}})");
  json other = service;
  other["metadata"]["name"] = "b";
  const std::string first = Str(Must(Create(service)), {"spec", "clusterIP"});
  const std::string second = Str(Must(Create(other)), {"spec", "clusterIP"});
  EXPECT_TRUE(first.starts_with("127.96."));
  EXPECT_NE(first, second);
}

TEST_F(RegistryTest, BothGroupsOfEventsShareTheirObjects) {
  Must(Create(json::parse(R"({"apiVersion": "events.k8s.io/v1", "kind": "Event",
      "metadata": {"name": "e"}, "note": "happened",
      "regarding": {"kind": "Pod", "name": "p"}})")));
  const auto core = registry_.catalog().Find("", "v1", "events");
  const json event = **registry_.Get({*core, "default", "e"});
  EXPECT_EQ(event["message"], "happened");
  EXPECT_EQ(event["involvedObject"]["name"], "p");
  EXPECT_EQ(event["apiVersion"], "v1");
}

}  // namespace
}  // namespace rha::local::registry
