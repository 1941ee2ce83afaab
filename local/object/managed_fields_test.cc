#include "local/object/managed_fields.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "local/object/json.h"

namespace rha::local::object {
namespace {

using nlohmann::json;

const FieldType kType = FieldType::BuiltIn();

json ConfigMap(const json& data) {
  return {
      {"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "x"}}}, {"data", data}};
}

Writer By(const std::string& manager) { return {manager, "", "v1", 1'700'000'000'000}; }

TEST(ServerSideApply, AFieldNoLongerSentIsRemoved) {
  const json first =
      *ServerSideApply(nullptr, ConfigMap({{"a", "1"}, {"b", "2"}}), kType, By("me"), false);
  const json second = *ServerSideApply(first, ConfigMap({{"a", "1"}}), kType, By("me"), false);
  EXPECT_EQ(second["data"], (json{{"a", "1"}}));
}

TEST(ServerSideApply, AFieldThatAnotherOwnsStaysWhenOneStopsSendingIt) {
  json object = *ServerSideApply(nullptr, ConfigMap({{"a", "1"}}), kType, By("me"), false);
  object = *ServerSideApply(object, ConfigMap({{"a", "1"}}), kType, By("you"), false);
  object = *ServerSideApply(object, ConfigMap({{"b", "2"}}), kType, By("me"), false);
  EXPECT_EQ(object["data"], (json{{"a", "1"}, {"b", "2"}}));
}

TEST(ServerSideApply, ChangingAnothersFieldIsAConflictThatNamesTheOwner) {
  const json object = *ServerSideApply(nullptr, ConfigMap({{"a", "1"}}), kType, By("me"), false);
  const auto refused = ServerSideApply(object, ConfigMap({{"a", "2"}}), kType, By("you"), false);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 409);
  EXPECT_EQ(refused.error().message, "Apply failed with 1 conflict: conflict with \"me\": .data.a");
  EXPECT_EQ(refused.error().details["causes"][0]["field"], ".data.a");
}

TEST(ServerSideApply, ForceTakesTheField) {
  json object = *ServerSideApply(nullptr, ConfigMap({{"a", "1"}}), kType, By("me"), false);
  object = *ServerSideApply(object, ConfigMap({{"a", "2"}}), kType, By("you"), true);
  EXPECT_EQ(object["data"]["a"], "2");
  ASSERT_EQ(object["metadata"]["managedFields"].size(), 1u);
  EXPECT_EQ(object["metadata"]["managedFields"][0]["manager"], "you");
}

TEST(ServerSideApply, ApplyingTheSameAgainChangesNothing) {
  const json once = *ServerSideApply(nullptr, ConfigMap({{"a", "1"}}), kType, By("me"), false);
  Writer later = By("me");
  later.now_unix_ms += 60'000;
  EXPECT_EQ(*ServerSideApply(once, ConfigMap({{"a", "1"}}), kType, later, false), once);
}

TEST(TrackUpdate, AnUpdateTakesWhatItChanges) {
  const json before =
      *ServerSideApply(nullptr, ConfigMap({{"a", "1"}, {"b", "2"}}), kType, By("me"), false);
  json after = before;
  after["data"]["a"] = "9";
  TrackUpdate(before, after, kType, By("editor"));
  const auto conflict =
      ServerSideApply(after, ConfigMap({{"a", "1"}, {"b", "2"}}), kType, By("me"), false);
  ASSERT_FALSE(conflict.ok());
  EXPECT_EQ(conflict.error().message,
            "Apply failed with 1 conflict: conflict with \"editor\" using v1: .data.a");
}

TEST(TrackUpdate, AnEmptyListResetsTheRecord) {
  const json before = *ServerSideApply(nullptr, ConfigMap({{"a", "1"}}), kType, By("me"), false);
  json after = before;
  after["metadata"]["managedFields"] = json::array();
  TrackUpdate(before, after, kType, By("editor"));
  EXPECT_EQ(Find(after, {"metadata", "managedFields"}), nullptr);
}

}  // namespace
}  // namespace rha::local::object
