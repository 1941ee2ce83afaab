#include "local/object/patch.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace rha::local::object {
namespace {

using nlohmann::json;

json Strategic(const char* target_text, const char* patch_text) {
  json target = json::parse(target_text);
  const Status done = StrategicMergePatch(target, json::parse(patch_text), FieldType::BuiltIn());
  EXPECT_TRUE(done.ok()) << done.message();
  return target;
}

TEST(StrategicMerge, ContainersMergeByName) {
  EXPECT_EQ(
      Strategic(R"({"spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b"}]}})",
                R"({"spec": {"containers": [{"name": "a", "image": "2"}]}})"),
      json::parse(R"({"spec": {"containers": [{"name": "a", "image": "2"}, {"name": "b"}]}})"));
}

TEST(StrategicMerge, NewItemsComeFirst) {
  EXPECT_EQ(Strategic(R"({"env": [{"name": "a"}]})", R"({"env": [{"name": "b"}]})"),
            json::parse(R"({"env": [{"name": "b"}, {"name": "a"}]})"));
}

TEST(StrategicMerge, DeletesAnItemByDirective) {
  EXPECT_EQ(Strategic(R"({"spec": {"volumes": [{"name": "a"}, {"name": "b"}]}})",
                      R"({"spec": {"volumes": [{"name": "a", "$patch": "delete"}]}})"),
            json::parse(R"({"spec": {"volumes": [{"name": "b"}]}})"));
}

TEST(StrategicMerge, OrdersAsAsked) {
  EXPECT_EQ(Strategic(R"({"env": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]})",
                      R"({"$setElementOrder/env": [{"name": "b"}, {"name": "a"}],
                          "env": [{"name": "a", "value": "3"}]})"),
            json::parse(R"({"env": [{"name": "b", "value": "2"}, {"name": "a", "value": "3"}]})"));
}

TEST(StrategicMerge, RemovesScalarsFromASet) {
  EXPECT_EQ(Strategic(R"({"metadata": {"finalizers": ["a", "b"]}})",
                      R"({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}})"),
            json::parse(R"({"metadata": {"finalizers": ["b"]}})"));
}

TEST(StrategicMerge, ListsWithoutAKeyAreReplacedAndNullDeletes) {
  EXPECT_EQ(Strategic(R"({"args": ["a"], "x": 1, "y": {"z": 1}})",
                      R"({"args": ["b"], "x": null, "y": {"$patch": "replace", "w": 2}})"),
            json::parse(R"({"args": ["b"], "y": {"w": 2}})"));
}

TEST(JsonPatch, AFailedTestRefusesAll) {
  const json target = json::parse(R"({"a": 1})");
  EXPECT_EQ(*JsonPatch(target, json::parse(R"([{"op": "replace", "path": "/a", "value": 2}])")),
            json::parse(R"({"a": 2})"));
  EXPECT_FALSE(
      JsonPatch(target, json::parse(R"([{"op": "test", "path": "/a", "value": 2}])")).ok());
  EXPECT_FALSE(JsonPatch(target, json::parse(R"([{"op": "remove", "path": "/nope"}])")).ok());
}

}  // namespace
}  // namespace rha::local::object
