// Selectors, JSONPath, times, base64 and YAML.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "local/object/base64.h"
#include "local/object/json.h"
#include "local/object/json_path.h"
#include "local/object/selector.h"
#include "local/object/times.h"

namespace rha::local::object {
namespace {

using nlohmann::json;

const json kPod = json::parse(R"({
  "metadata": {"name": "a", "labels": {"app": "web", "tier": "back"}},
  "spec": {"nodeName": "local"},
  "status": {"conditions": [{"type": "Ready", "status": "True"}]}})");

bool Selects(const char* text) { return ParseLabelSelector(text)->Matches(kPod); }

TEST(LabelSelector, AllForms) {
  EXPECT_TRUE(Selects(""));
  EXPECT_TRUE(Selects("app=web,tier==back"));
  EXPECT_TRUE(Selects("app in (web, x),tier notin (front)"));
  EXPECT_TRUE(Selects("app,!gone,other!=x"));
  EXPECT_FALSE(Selects("app!=web"));
  EXPECT_FALSE(Selects("gone"));
  EXPECT_FALSE(Selects("app in (x)"));
  EXPECT_FALSE(ParseLabelSelector("a b").ok());
}

TEST(FieldSelector, ComparesPaths) {
  EXPECT_TRUE(ParseFieldSelector("metadata.name=a,spec.nodeName!=other")->Matches(kPod));
  EXPECT_FALSE(ParseFieldSelector("metadata.name=b")->Matches(kPod));
  EXPECT_FALSE(ParseFieldSelector("metadata.name").ok());
}

TEST(JsonPathTest, FiltersIndexesAndKeys) {
  const auto text = [](const char* path) {
    const auto found = JsonPath(kPod, path);
    return found.empty() ? std::string("-") : found[0]->get<std::string>();
  };
  EXPECT_EQ(text(".metadata.name"), "a");
  EXPECT_EQ(text(R"(.status.conditions[?(@.type=="Ready")].status)"), "True");
  EXPECT_EQ(text(".status.conditions[-1].type"), "Ready");
  EXPECT_EQ(text(".metadata.labels['app']"), "web");
  EXPECT_EQ(text(".metadata.nothing[0].x"), "-");
}

TEST(Times, AgesAreThoseOfKubectl) {
  EXPECT_EQ(HumanDuration(45'000), "45s");
  EXPECT_EQ(HumanDuration(150'000), "2m30s");
  EXPECT_EQ(HumanDuration(3'600'000), "60m");
  EXPECT_EQ(HumanDuration(5LL * 3'600'000 + 60'000), "5h1m");
  EXPECT_EQ(HumanDuration(400LL * 86'400'000), "400d");
  EXPECT_EQ(ParseTimestamp("1970-01-02T00:00:00Z"), 86'400'000);
  EXPECT_EQ(ParseTimestamp("1970-01-02T01:00:00.250+01:00"), 86'400'250);
  EXPECT_EQ(Timestamp(86'400'000), "1970-01-02T00:00:00Z");
  EXPECT_FALSE(ParseTimestamp("yesterday"));
}

TEST(Base64, RoundTripsAndRefusesGarbage) {
  for (const char* text : {"", "a", "ab", "abc", "abcd"}) {
    EXPECT_EQ(*Base64Decode(Base64Encode(text)), text);
  }
  EXPECT_EQ(Base64Encode("v"), "dg==");
  EXPECT_FALSE(Base64Decode("a*b").ok());
}

TEST(Yaml, TypesOfScalars) {
  EXPECT_EQ(*ParseYaml("a: 1\nb: '1'\nc: true\nd: 1.5\ne: ~\nf: [x, 0x10]\ng: 1Gi\n"),
            json::parse(R"({"a": 1, "b": "1", "c": true, "d": 1.5, "e": null, "f": ["x", 16],
                            "g": "1Gi"})"));
  EXPECT_EQ(ParseYamlStream("a: 1\n---\n---\nb: 2\n")->size(), 2u);
  EXPECT_FALSE(ParseYaml("a: [1").ok());
}

TEST(Json, HostileNestingIsRefused) {
  EXPECT_FALSE(ParseJson(std::string(5000, '[')).ok());
  EXPECT_FALSE(ParseJson("{\"a\":").ok());
}

}  // namespace
}  // namespace rha::local::object
