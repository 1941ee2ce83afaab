#include "sidecar/shell/access.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <unistd.h>

#include "sidecar/shell/limits.h"
#include "sidecar/shell/options.h"
#include "sidecar/shell/state_file.h"

namespace rha::sidecar::shell {
namespace {

using testing::HasSubstr;

class AccessTest : public testing::Test {
 protected:
  AccessTest() {
    char name[] = "/tmp/rha-access-XXXXXX";
    folder_ = ::mkdtemp(name);
    options_.members = {{"demo-0", "h0", ""}, {"demo-1", "h1", ""}};
    options_.self = "demo-0";
    options_.cluster_uid = "uid-1";
  }
  ~AccessTest() override {
    for (const char* name : {"password", "admin"}) ::unlink(Path(name).c_str());
    ::rmdir(folder_.c_str());
  }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  std::string Write(const std::string& name, const std::string& text) {
    EXPECT_TRUE(WriteTextFile(Path(name), text).ok());
    return Path(name);
  }
  void Make() {
    trust_ = *Trust::Make(options_, now_);
    auto made = Access::Make(options_, *trust_, now_);
    ASSERT_TRUE(made.ok()) << made.status().message();
    access_ = std::move(*made);
  }
  Rights AtFirst() { return access_->Welcome(&who_, now_); }
  Rights LogIn(const char* name, std::string_view password) {
    return access_->LogIn(name, password, &who_, now_);
  }
  // By the rules of who logged in last.
  bool May(std::string_view name, std::vector<std::string_view> words) {
    return access_->Ask(who_, name, words, [] { return "id=1"; }) == acl::Denied::kNothing;
  }

  std::string folder_;
  Options options_;
  MonoTime now_{std::chrono::hours(1)};
  std::optional<Trust> trust_;
  std::unique_ptr<Access> access_;
  Identity who_;
};

TEST_F(AccessTest, APasswordIsForApplicationsAndTheAdministratorsForEverything) {
  options_.password_file = Write("password", "app\n");
  options_.admin_password_file = Write("admin", "boss\n");
  Make();
  EXPECT_EQ(AtFirst(), Rights::kNothing);
  EXPECT_EQ(LogIn("default", "app"), Rights::kApplications);
  EXPECT_EQ(LogIn("admin", "boss"), Rights::kEverything);
  for (const char* wrong : {"", "ap", "app\n", "boss"}) {
    EXPECT_EQ(LogIn("default", wrong), Rights::kNothing) << wrong;
  }
  EXPECT_EQ(who_.user, "admin") << "who could not become somebody else is who he was";
  EXPECT_EQ(LogIn("admin", "app"), Rights::kNothing);
  EXPECT_EQ(LogIn("somebody", "app"), Rights::kNothing);
}

TEST_F(AccessTest, WithoutAPasswordAConfiguredGroupIsStillNotEverybodysToAdminister) {
  Make();
  EXPECT_EQ(AtFirst(), Rights::kApplications);
  EXPECT_EQ(LogIn("default", "any"), Rights::kApplications);
  EXPECT_EQ(LogIn("admin", "any"), Rights::kNothing);
}

TEST_F(AccessTest, AClassicGroupKeepsRedisRules) {
  options_.members.clear();
  Make();
  EXPECT_EQ(AtFirst(), Rights::kEverything);
  options_.password = "app";
  Make();
  EXPECT_EQ(AtFirst(), Rights::kNothing);
  EXPECT_EQ(LogIn("default", "app"), Rights::kEverything);
}

TEST_F(AccessTest, OldAndNewPasswordCountWhileTheyChange) {
  options_.password_file = Write("password", "old\n");
  Make();
  Write("password", "new\n");
  EXPECT_EQ(LogIn("default", "new"), Rights::kApplications);
  EXPECT_EQ(LogIn("default", "old"), Rights::kApplications);
  now_ += kSecretOverlap;
  EXPECT_EQ(LogIn("default", "new"), Rights::kApplications);
  EXPECT_EQ(LogIn("default", "old"), Rights::kNothing);
}

TEST_F(AccessTest, WhatWasReplacedTwiceCountsForItsOwnTime) {
  options_.password_file = Write("password", "one\n");
  Make();
  for (const char* next : {"two\n", "three\n"}) {
    Write("password", next);
    now_ += kSecretOverlap / 2;
    EXPECT_EQ(LogIn("default", "one"), Rights::kApplications);
  }
  now_ += kSecretOverlap * 3 / 4;
  EXPECT_EQ(LogIn("default", "one"), Rights::kNothing);
  EXPECT_EQ(LogIn("default", "two"), Rights::kApplications);
}

TEST_F(AccessTest, AFileThatGoesAwayOrIsEmptiedChangesNothing) {
  options_.password_file = Write("password", "old\n");
  Make();
  ::unlink(Path("password").c_str());
  EXPECT_EQ(LogIn("default", "old"), Rights::kApplications);
  Write("password", "\n");
  EXPECT_EQ(LogIn("default", "old"), Rights::kApplications);
  Write("password", "\nthe second line\n");
  now_ += kSecretOverlap;
  EXPECT_EQ(LogIn("default", "old"), Rights::kApplications);
  EXPECT_EQ(LogIn("default", ""), Rights::kNothing);
}

TEST_F(AccessTest, AUserMayDoWhatItsRulesSay) {
  options_.user_lines = {{"default", "off"},
                         {"app", "on", ">s", "&+switch-master", "+subscribe", "+psubscribe",
                          "+sentinel|get-master-addr-by-name"}};
  Make();
  EXPECT_EQ(AtFirst(), Rights::kNothing) << "the default user is off";
  EXPECT_EQ(LogIn("default", "any"), Rights::kNothing);
  EXPECT_EQ(LogIn("app", "s"), Rights::kEverything) << "which its rules make less of";
  EXPECT_TRUE(May("subscribe", {"subscribe", "+switch-master"}));
  EXPECT_FALSE(May("subscribe", {"subscribe", "+switch-master", "+sdown"}));
  EXPECT_FALSE(May("psubscribe", {"psubscribe", "*"}));
  EXPECT_TRUE(
      May("sentinel|get-master-addr-by-name", {"sentinel", "get-master-addr-by-name", "demo"}));
  EXPECT_FALSE(May("sentinel|failover", {"sentinel", "failover", "demo"}));
  EXPECT_FALSE(May("ping", {"ping"}));
  EXPECT_TRUE(May("auth", {"auth", "x"})) << "for which nobody needs a right";
  ASSERT_FALSE(access_->denials().entries().empty());
  EXPECT_EQ(access_->denials().entries().front().object, "ping");
}

TEST_F(AccessTest, UsersThatCannotBeHonouredEndTheStart) {
  const auto error = [&] {
    trust_ = *Trust::Make(options_, now_);
    return Access::Make(options_, *trust_, now_).status().message();
  };
  options_.user_lines = {{"app", "on", "+get"}};
  EXPECT_THAT(error(), HasSubstr("Unknown command"));
  options_.user_lines = {{"admin", "on"}};
  EXPECT_EQ(error(), "");
  options_.admin_password_file = Write("admin", "boss\n");
  EXPECT_THAT(error(), HasSubstr("give this one another name"));
  options_.user_lines = {{"app", "on"}};
  options_.acl_file = "/tmp/users.acl";
  EXPECT_THAT(error(), HasSubstr("not both"));
}

}  // namespace
}  // namespace rha::sidecar::shell
