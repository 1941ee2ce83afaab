#include "sidecar/shell/trust.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <unistd.h>

#include "sidecar/shell/limits.h"
#include "sidecar/shell/options.h"
#include "sidecar/shell/state_file.h"

namespace rha::sidecar::shell {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kOldKey[] = "0123456789abcdef0123456789abcdef";
constexpr char kNewKey[] = "fedcba9876543210fedcba9876543210";

class TrustTest : public testing::Test {
 protected:
  TrustTest() {
    char name[] = "/tmp/rha-trust-XXXXXX";
    folder_ = ::mkdtemp(name);
    options_.members = {{"demo-0", "h0", ""}, {"demo-1", "h1", ""}};
    options_.self = "demo-0";
    options_.cluster_uid = "uid-1";
  }
  ~TrustTest() override {
    for (const char* name : {"password", "admin", "key"}) ::unlink(Path(name).c_str());
    ::rmdir(folder_.c_str());
  }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  std::string Write(const std::string& name, const std::string& text) {
    EXPECT_TRUE(WriteTextFile(Path(name), text).ok());
    return Path(name);
  }

  std::string folder_;
  Options options_;
  MonoTime now_{std::chrono::hours(1)};
};

TEST_F(TrustTest, APasswordIsForApplicationsAndTheAdministratorsForEverything) {
  options_.password_file = Write("password", "app\n");
  options_.admin_password_file = Write("admin", "boss\n");
  Trust trust = *Trust::Make(options_, now_);
  EXPECT_EQ(trust.AtFirst(), Rights::kNothing);
  EXPECT_EQ(trust.Authenticate("default", "app", now_), Rights::kApplications);
  EXPECT_EQ(trust.Authenticate("admin", "boss", now_), Rights::kEverything);
  for (const char* wrong : {"", "ap", "app\n", "boss"}) {
    EXPECT_EQ(trust.Authenticate("default", wrong, now_), Rights::kNothing) << wrong;
  }
  EXPECT_EQ(trust.Authenticate("admin", "app", now_), Rights::kNothing);
  EXPECT_EQ(trust.Authenticate("somebody", "app", now_), Rights::kNothing);
}

TEST_F(TrustTest, WithoutAPasswordAConfiguredGroupIsStillNotEverybodysToAdminister) {
  Trust trust = *Trust::Make(options_, now_);
  EXPECT_EQ(trust.AtFirst(), Rights::kApplications);
  EXPECT_EQ(trust.Authenticate("default", "any", now_), Rights::kApplications);
  EXPECT_EQ(trust.Authenticate("admin", "any", now_), Rights::kNothing);
}

TEST_F(TrustTest, AClassicGroupKeepsRedisRules) {
  options_.members.clear();
  EXPECT_EQ(Trust::Make(options_, now_)->AtFirst(), Rights::kEverything);
  options_.password = "app";
  Trust trust = *Trust::Make(options_, now_);
  EXPECT_EQ(trust.AtFirst(), Rights::kNothing);
  EXPECT_EQ(trust.Authenticate("default", "app", now_), Rights::kEverything);
}

TEST_F(TrustTest, OldAndNewPasswordCountWhileTheyChange) {
  options_.password_file = Write("password", "old\n");
  Trust trust = *Trust::Make(options_, now_);
  Write("password", "new\n");
  EXPECT_EQ(trust.Authenticate("default", "new", now_), Rights::kApplications);
  EXPECT_EQ(trust.Authenticate("default", "old", now_), Rights::kApplications);
  now_ += kSecretOverlap;
  EXPECT_EQ(trust.Authenticate("default", "new", now_), Rights::kApplications);
  EXPECT_EQ(trust.Authenticate("default", "old", now_), Rights::kNothing);
}

TEST_F(TrustTest, WhatWasReplacedTwiceCountsForItsOwnTime) {
  options_.password_file = Write("password", "one\n");
  Trust trust = *Trust::Make(options_, now_);
  for (const char* next : {"two\n", "three\n"}) {
    Write("password", next);
    now_ += kSecretOverlap / 2;
    EXPECT_EQ(trust.Authenticate("default", "one", now_), Rights::kApplications);
  }
  now_ += kSecretOverlap * 3 / 4;
  EXPECT_EQ(trust.Authenticate("default", "one", now_), Rights::kNothing);
  EXPECT_EQ(trust.Authenticate("default", "two", now_), Rights::kApplications);
}

TEST_F(TrustTest, AFileThatGoesAwayOrIsEmptiedChangesNothing) {
  options_.password_file = Write("password", "old\n");
  Trust trust = *Trust::Make(options_, now_);
  ::unlink(Path("password").c_str());
  EXPECT_EQ(trust.Authenticate("default", "old", now_), Rights::kApplications);
  Write("password", "\n");
  EXPECT_EQ(trust.Authenticate("default", "old", now_), Rights::kApplications);
  Write("password", "\nthe second line\n");
  now_ += kSecretOverlap;
  EXPECT_EQ(trust.Authenticate("default", "old", now_), Rights::kApplications);
  EXPECT_EQ(trust.Authenticate("default", "", now_), Rights::kNothing);
}

TEST_F(TrustTest, SecretsThatAreNotThereEndTheStart) {
  options_.password_file = Path("password");
  EXPECT_THAT(Trust::Make(options_, now_).status().message(), HasSubstr("requirepass-file"));
  options_.password_file.clear();
  options_.peer_key_file = Write("key", "short\n");
  EXPECT_THAT(Trust::Make(options_, now_).status().message(), HasSubstr("at least 32"));
}

TEST_F(TrustTest, AReplacedKeyIsGivenFirstAndTheOldOneStillCounts) {
  options_.peer_key_file = Write("key", std::string(kOldKey) + "\n");
  Trust trust = *Trust::Make(options_, now_);
  EXPECT_THAT(trust.Keys(now_).all(), ElementsAre(kOldKey));
  Write("key", std::string(kNewKey) + "\n");
  EXPECT_THAT(trust.Keys(now_).all(), ElementsAre(kNewKey, kOldKey));
  now_ += kSecretOverlap;
  EXPECT_THAT(trust.Keys(now_).all(), ElementsAre(kNewKey));
  Write("key", "nonsense\n");
  EXPECT_THAT(trust.Keys(now_).all(), ElementsAre(kNewKey));
}

}  // namespace
}  // namespace rha::sidecar::shell
