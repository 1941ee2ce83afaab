#include "local/registry/rbac.h"

#include <gmock/gmock.h>

namespace rha::local::registry {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kRbac = ".rbac.authorization.k8s.io";

Access Of(const std::string& verb, const std::string& resource, const std::string& name = "",
          const std::string& name_space = "default", const std::string& group = "") {
  const size_t slash = resource.find('/');
  return {verb,
          group,
          resource.substr(0, slash),
          slash == std::string::npos ? "" : resource.substr(slash + 1),
          name_space,
          name,
          ""};
}

TEST(RuleTest, VerbsGroupsResourcesAndNames) {
  const json rule = json::parse(R"({"apiGroups": [""], "resources": ["pods", "*/status"],
                                    "verbs": ["get", "patch"], "resourceNames": ["demo-0"]})");
  EXPECT_TRUE(RuleAllows(rule, Of("get", "pods", "demo-0")));
  EXPECT_TRUE(RuleAllows(rule, Of("patch", "nodes/status", "demo-0")));
  EXPECT_FALSE(RuleAllows(rule, Of("get", "pods", "demo-1")));
  EXPECT_FALSE(RuleAllows(rule, Of("get", "pods", "")));
  EXPECT_FALSE(RuleAllows(rule, Of("get", "pods/log", "demo-0")));
  EXPECT_FALSE(RuleAllows(rule, Of("list", "pods", "demo-0")));
  EXPECT_FALSE(RuleAllows(rule, Of("get", "pods", "demo-0", "default", "apps")));
}

TEST(RuleTest, StarsAndPaths) {
  const json all = json::parse(R"({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]})");
  EXPECT_TRUE(RuleAllows(all, Of("delete", "pods/exec", "x", "y", "apps")));
  EXPECT_FALSE(RuleAllows(all, {.verb = "get", .path = "/metrics"}));
  const json paths =
      json::parse(R"({"nonResourceURLs": ["/metrics", "/debug/*"], "verbs": ["get"]})");
  EXPECT_TRUE(RuleAllows(paths, {.verb = "get", .path = "/metrics"}));
  EXPECT_TRUE(RuleAllows(paths, {.verb = "get", .path = "/debug/heap"}));
  EXPECT_FALSE(RuleAllows(paths, {.verb = "get", .path = "/metrics/x"}));
  EXPECT_FALSE(RuleAllows(paths, Of("get", "pods")));
}

class AuthorizerTest : public testing::Test {
 protected:
  AuthorizerTest() : store_(*store::Store::Open("")), authorizer_(*store_) {
    Put("roles", "default", "reader",
        R"({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]})");
    Put("clusterroles", "", "secrets",
        R"({"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]})");
    Put("rolebindings", "default", "one",
        R"({"roleRef": {"kind": "Role", "name": "reader"},
            "subjects": [{"kind": "ServiceAccount", "name": "demo"}]})");
    Put("rolebindings", "other", "two",
        R"({"roleRef": {"kind": "ClusterRole", "name": "secrets"},
            "subjects": [{"kind": "ServiceAccount", "name": "demo", "namespace": "default"}]})");
    Put("clusterrolebindings", "", "three",
        R"({"roleRef": {"kind": "ClusterRole", "name": "secrets"},
            "subjects": [{"kind": "Group", "name": "system:serviceaccounts:ops"}]})");
  }
  void Put(const std::string& kind, const std::string& space, const std::string& name,
           const char* text) {
    json object = json::parse(text);
    object["metadata"] = {{"name", name}};
    if (!space.empty()) object["metadata"]["namespace"] = space;
    ASSERT_TRUE(store_->Put({kind + kRbac, space, name}, object, 0).ok());
  }

  std::unique_ptr<store::Store> store_;
  Authorizer authorizer_;
  const User demo_ = UserNamed("system:serviceaccount:default:demo");
};

TEST_F(AuthorizerTest, OnlyWhatABindingGivesWhereItGivesIt) {
  EXPECT_TRUE(authorizer_.Allows(demo_, Of("list", "pods")));
  EXPECT_FALSE(authorizer_.Allows(demo_, Of("list", "pods", "", "other")));
  EXPECT_FALSE(authorizer_.Allows(demo_, Of("list", "pods", "", "")));
  EXPECT_TRUE(authorizer_.Allows(demo_, Of("get", "secrets", "s", "other")));
  EXPECT_FALSE(authorizer_.Allows(demo_, Of("get", "secrets", "s")));
  EXPECT_FALSE(authorizer_.Allows(UserNamed("demo"), Of("list", "pods")));
}

TEST_F(AuthorizerTest, GroupsOfAccountsAndAdministrators) {
  const User ops = UserNamed("system:serviceaccount:ops:x");
  EXPECT_TRUE(authorizer_.Allows(ops, Of("get", "secrets", "s", "anywhere")));
  EXPECT_FALSE(authorizer_.Allows(ops, Of("list", "secrets", "", "ops")));
  EXPECT_TRUE(authorizer_.Allows({"admin", {kMasters}}, Of("delete", "nodes", "n", "")));
}

TEST_F(AuthorizerTest, NobodyGrantsWhatHeDoesNotHold) {
  const json own = json::parse(
      R"({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["a"]}]})");
  EXPECT_THAT(authorizer_.Lacking(demo_, own, "default"), IsEmpty());
  EXPECT_THAT(authorizer_.Lacking(demo_, own, "other"), testing::SizeIs(1));
  const json more = json::parse(
      R"({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "*"]}]})");
  EXPECT_THAT(authorizer_.Lacking(demo_, more, "default"),
              ElementsAre(R"({APIGroups:[""], Resources:["pods"], Verbs:["*"]})"));
  const json binding = json::parse(R"({"roleRef": {"kind": "ClusterRole", "name": "secrets"}})");
  EXPECT_THAT(authorizer_.Lacking(demo_, binding, "default"), testing::SizeIs(1));
  EXPECT_THAT(authorizer_.Lacking(demo_, binding, "other"), IsEmpty());
}

TEST(AccessTest, DenialsAreKubernetesWords) {
  EXPECT_EQ(
      Of("create", "pods/exec", "x").Denial({"jane", {}}),
      R"(User "jane" cannot create resource "pods/exec" in API group "" in the namespace "default")");
  EXPECT_EQ(Of("list", "nodes", "", "").Denial({"jane", {}}),
            R"(User "jane" cannot list resource "nodes" in API group "" at the cluster scope)");
}

}  // namespace
}  // namespace rha::local::registry
