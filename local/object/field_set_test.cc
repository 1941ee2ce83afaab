#include "local/object/field_set.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace rha::local::object {
namespace {

using nlohmann::json;

TEST(FieldSet, ListItemsAreNamedByTheirKeys) {
  const json service = json::parse(
      R"({"spec": {"ports": [{"port": 6379, "name": "redis"}], "selector": {"a": "b"}}})");
  const FieldSet fields = FieldsOf(service, FieldType::BuiltIn());
  EXPECT_EQ(
      FieldPaths(fields),
      (std::vector<std::string>{".spec.ports[port=6379,protocol=\"TCP\"]",
                                ".spec.ports[port=6379,protocol=\"TCP\"].name",
                                ".spec.ports[port=6379,protocol=\"TCP\"].port", ".spec.selector"}));
}

TEST(FieldSet, SurvivesItsWrittenForm) {
  const json object =
      json::parse(R"({"metadata": {"finalizers": ["x"], "labels": {"a/b": "c"}}, "data": {}})");
  const FieldSet fields = FieldsOf(object, FieldType::BuiltIn());
  EXPECT_EQ(FieldSet::FromJson(fields.ToJson()), fields);
}

TEST(FieldSet, ChangedFieldsAreLeavesThatDiffer) {
  const json before = json::parse(R"({"a": 1, "b": {"c": 2, "d": [1, 2]}})");
  const json after = json::parse(R"({"a": 1, "b": {"c": 3, "d": [1, 2], "e": {}}})");
  EXPECT_EQ(FieldPaths(ChangedFields(before, after, FieldType::BuiltIn())),
            (std::vector<std::string>{".b.c", ".b.e"}));
}

TEST(FieldSet, RemovingTheLastFieldOfAMapRemovesTheMap) {
  json object = json::parse(R"({"metadata": {"labels": {"a": "1"}, "name": "x"}})");
  const FieldSet gone =
      FieldSet::FromJson(json::parse(R"({"f:metadata": {"f:labels": {"f:a": {}}}})"));
  RemoveFields(object, gone, FieldType::BuiltIn());
  EXPECT_EQ(object, json::parse(R"({"metadata": {"name": "x"}})"));
}

TEST(FieldSet, AppliedListItemsMergeWithThoseOfOthers) {
  const json live = json::parse(
      R"({"spec": {"containers": [{"name": "a", "image": "1", "tty": true}, {"name": "b"}]}})");
  const json applied =
      json::parse(R"({"spec": {"containers": [{"name": "c"}, {"name": "a", "image": "2"}]}})");
  EXPECT_EQ(MergeApplied(live, applied, FieldType::BuiltIn()),
            json::parse(R"({"spec": {"containers": [{"name": "a", "image": "2", "tty": true},
                            {"name": "b"}, {"name": "c"}]}})"));
}

TEST(FieldSet, AListWithoutKeysIsReplaced) {
  EXPECT_EQ(MergeApplied(json::parse(R"({"args": ["a"]})"), json::parse(R"({"args": ["b"]})"),
                         FieldType::BuiltIn()),
            json::parse(R"({"args": ["b"]})"));
}

}  // namespace
}  // namespace rha::local::object
