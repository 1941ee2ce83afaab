// Pruning, defaulting, validation and CEL rules.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "local/schema/cel.h"
#include "local/schema/cel_rules.h"
#include "local/schema/quantity.h"
#include "local/schema/structural.h"

namespace rha::local::schema {
namespace {

using nlohmann::json;

const json kSchema = json::parse(R"({
  "type": "object", "required": ["spec"],
  "properties": {
    "spec": {
      "type": "object", "required": ["size"],
      "properties": {
        "replicas": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
        "size": {"type": "string", "pattern": "^[0-9]+Gi$"},
        "mode": {"type": "string", "enum": ["Async", "Majority"]},
        "port": {"x-kubernetes-int-or-string": true},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        "config": {"type": "object", "additionalProperties": {"type": "string"}, "default": {}},
        "users": {"type": "array", "x-kubernetes-list-type": "map",
                  "x-kubernetes-list-map-keys": ["name"],
                  "items": {"type": "object", "required": ["name"],
                            "properties": {"name": {"type": "string"}}}}
      },
      "x-kubernetes-validations": [
        {"rule": "self.replicas % 2 == 1", "message": "replicas must be odd"},
        {"rule": "!has(oldSelf.size) || self.size == oldSelf.size", "message": "size is immutable",
         "fieldPath": ".size"}
      ]
    }
  }})");

std::string FirstError(const char* spec) {
  const auto causes = Validate(kSchema, json{{"spec", json::parse(spec)}});
  return causes.empty() ? "" : causes[0].field + ": " + causes[0].message;
}

TEST(Structural, UnknownFieldsArePruned) {
  json object = json::parse(R"({"apiVersion": "x/v1", "metadata": {"name": "a"},
      "spec": {"size": "1Gi", "relicas": 3, "free": {"any": 1}, "config": {"a": "b"},
               "users": [{"name": "a", "age": 3}]}})");
  EXPECT_EQ(Prune(kSchema, object),
            (std::vector<std::string>{"spec.relicas", "spec.users[0].age"}));
  EXPECT_EQ(object["spec"]["free"], (json{{"any", 1}}));
  EXPECT_EQ(object["metadata"]["name"], "a");
}

TEST(Structural, DefaultsFillMissingFieldsOfPresentParents) {
  json object = json::parse(R"({"spec": {"size": "1Gi"}})");
  ApplyDefaults(kSchema, object);
  EXPECT_EQ(object["spec"]["replicas"], 3);
  EXPECT_EQ(object["spec"]["config"], json::object());
  json empty = json::object();
  ApplyDefaults(kSchema, empty);
  EXPECT_TRUE(empty.empty());
}

TEST(Structural, ErrorsNameTheField) {
  EXPECT_EQ(FirstError(R"({"size": "1Gi"})"), "");
  EXPECT_EQ(FirstError(R"({})"), "spec.size: Required value");
  EXPECT_EQ(
      FirstError(R"({"size": "1Gi", "replicas": 10})"),
      "spec.replicas: Invalid value: 10: spec.replicas in body should be less than or equal to 9");
  EXPECT_EQ(
      FirstError(R"({"size": "1Gi", "replicas": "x"})"),
      "spec.replicas: Invalid value: \"string\": spec.replicas in body must be of type integer: "
      "\"string\"");
  EXPECT_EQ(FirstError(R"({"size": "big"})"),
            "spec.size: Invalid value: \"big\": spec.size in body should match '^[0-9]+Gi$'");
  EXPECT_EQ(FirstError(R"({"size": "1Gi", "mode": "Fast"})"),
            "spec.mode: Unsupported value: \"Fast\": supported values: \"Async\", \"Majority\"");
  EXPECT_EQ(FirstError(R"({"size": "1Gi", "users": [{"name": "a"}, {"name": "a"}]})"),
            "spec.users[1]: Duplicate value: {\"name\":\"a\"}");
  EXPECT_EQ(FirstError(R"({"size": "1Gi", "port": "http"})"), "");
  EXPECT_NE(FirstError(R"({"size": "1Gi", "port": true})"), "");
}

TEST(Rules, CreateAndUpdate) {
  const json even = json::parse(R"({"spec": {"size": "1Gi", "replicas": 2}})");
  const auto causes = CheckRules(kSchema, even, nullptr);
  ASSERT_EQ(causes.size(), 1u);
  EXPECT_EQ(causes[0].field, "spec");
  EXPECT_EQ(causes[0].message, "Invalid value: \"object\": replicas must be odd");
  const json odd = json::parse(R"({"spec": {"size": "1Gi", "replicas": 3}})");
  const json grown = json::parse(R"({"spec": {"size": "2Gi", "replicas": 3}})");
  EXPECT_TRUE(CheckRules(kSchema, odd, nullptr).empty());
  ASSERT_EQ(CheckRules(kSchema, grown, &odd).size(), 1u);
  EXPECT_EQ(CheckRules(kSchema, grown, &odd)[0].field, "spec.size");
}

std::string Cel(const char* text, const char* self = "{}") {
  const auto parsed = ParseCel(text);
  if (!parsed.ok()) return "parse: " + parsed.status().message();
  const auto value = EvaluateCel(*parsed, {{"self", json::parse(self)}});
  return value.ok() ? value->dump() : "error: " + value.status().message();
}

TEST(CelTest, Operators) {
  EXPECT_EQ(Cel("1 + 2 * 3 == 7 && !(2 > 3)"), "true");
  EXPECT_EQ(Cel("-7 / 2"), "-3");
  EXPECT_EQ(Cel("'a' + 'b' in ['ab'] ? 'yes' : 'no'"), "\"yes\"");
  EXPECT_EQ(Cel("9223372036854775807 + 1"), "error: integer overflow");
  EXPECT_EQ(Cel("1 / 0"), "error: division by zero");
  EXPECT_EQ(Cel("1 < 'a'"), "error: no such overload: <");
}

TEST(CelTest, AnErrorOnOneSideYieldsToTheOtherThatDecides) {
  EXPECT_EQ(Cel("self.gone == 1 || true"), "true");
  EXPECT_EQ(Cel("self.gone == 1 && false"), "false");
  EXPECT_EQ(Cel("self.gone == 1 || false"), "error: no such key: gone");
}

TEST(CelTest, FieldsMacrosAndFunctions) {
  EXPECT_EQ(Cel("has(self.a) && !has(self.b)", R"({"a": 0})"), "true");
  EXPECT_EQ(Cel("self.all(x, x > 0) && self.exists(x, x == 2)", "[1, 2]"), "true");
  EXPECT_EQ(Cel("self.filter(x, x > 1).map(x, x * 2)", "[1, 2, 3]"), "[4,6]");
  EXPECT_EQ(Cel("self.all(k, k.startsWith('a') && self[k] > 0)", R"({"ab": 1})"), "true");
  EXPECT_EQ(Cel("size(self) == 2 && self.matches('^a.+$')", R"("aé")"), "true");
  EXPECT_EQ(Cel("quantity('1Gi').isGreaterThan(quantity('1000Mi'))"), "true");
  EXPECT_EQ(Cel("self.?a.orValue(5)"), "5");
}

TEST(CelTest, BadTextIsRefused) {
  EXPECT_TRUE(Cel("1 +").starts_with("parse: "));
  EXPECT_TRUE(Cel("(1").starts_with("parse: "));
  EXPECT_TRUE(Cel("'open").starts_with("parse: "));
  EXPECT_TRUE(Cel("unknown(1)").starts_with("error: unknown function"));
}

TEST(Quantities, Parse) {
  EXPECT_EQ(ParseQuantity("500m"), 0.5);
  EXPECT_EQ(ParseQuantity("1Ki"), 1024.0);
  EXPECT_EQ(ParseQuantity("2e3"), 2000.0);
  EXPECT_FALSE(ParseQuantity("1X"));
  EXPECT_FALSE(ParseQuantity(""));
}

}  // namespace
}  // namespace rha::local::schema
