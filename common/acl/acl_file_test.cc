#include "common/acl/acl_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "common/acl/test_catalogue.h"
#include "common/env/files.h"
#include "common/env/testing/faulty_disk.h"

namespace rha::acl {
namespace {

constexpr std::string_view kNothingChanged =
    "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";

class AclFileTest : public testing::Test {
 protected:
  AclFileTest() { RHA_CHECK(mkdtemp(folder_) != nullptr); }
  ~AclFileTest() override { std::filesystem::remove_all(folder_); }
  std::string Fault(std::string_view text) const {
    const auto parsed = ParseAclFile(text, "users.acl", book_);
    if (parsed.ok()) return "";
    std::string message = parsed.status().message();
    EXPECT_TRUE(message.ends_with(kNothingChanged)) << message;
    return message.substr(0, message.size() - kNothingChanged.size());
  }

  char folder_[32] = "/tmp/acl_file_test.XXXXXX";
  Rulebook book_{&TestCatalogue()};
};

TEST_F(AclFileTest, ALineIsAUser) {
  const auto parsed = ParseAclFile(
      "user alice on nopass ~* &* +@all\r\n\n  user bob off (~a +get) \nuser default off", "f",
      book_);
  ASSERT_TRUE(parsed.ok());
  ASSERT_EQ(parsed->size(), 3u);
  EXPECT_EQ((*parsed)[0].Text(TestCatalogue()), "on nopass ~* &* +@all");
  EXPECT_EQ((*parsed)[1].Text(TestCatalogue()),
            "off resetchannels -@all (~a resetchannels -@all +get)");
  EXPECT_EQ((*parsed)[2].Text(TestCatalogue()), "off resetchannels -@all");
}

TEST_F(AclFileTest, EachWrongLineIsNamedWithItsCause) {
  EXPECT_EQ(Fault("user a on\nbob\nuser c +nosuch +other on\nuser a off"),
            "users.acl:2 should start with user keyword followed by the username. "
            "users.acl:3: Error in applying operation '+nosuch': Unknown command or category name "
            "in ACL. users.acl:3: Error in applying operation '+other': Unknown command or "
            "category name in ACL. WARNING: Duplicate user 'a' found on line 4. ");
  EXPECT_EQ(Fault("user a (+get"), "users.acl:1: Unmatched parenthesis in selector definition. ");
  EXPECT_EQ(Fault("# a comment"),
            "users.acl:1 should start with user keyword followed by the username. ");
}

TEST_F(AclFileTest, AWrongRuleIsNotShownSinceItMayBeAPassword) {
  EXPECT_EQ(Fault("user a secret1 secret2"), "users.acl:1: Syntax error. ");
  EXPECT_EQ(Fault("user a <secret"),
            "users.acl:1: The password you are trying to remove from the user does not exist. ");
}

TEST_F(AclFileTest, WhatIsWrittenIsReadAgain) {
  const std::string path = std::string(folder_) + "/users.acl";
  Users users(TestCatalogue());
  using Rules = std::vector<std::string_view>;
  ASSERT_TRUE(users.Set("bob", Rules{"on", ">pass", "%R~a*", "+@read", "(&b +set)"}).ok());
  ASSERT_TRUE(WriteAclFile(path, users).ok());
  struct stat facts {};
  ASSERT_EQ(stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0077, 0u);  // its owner's alone

  auto read = ReadAclFile(path, book_);
  ASSERT_TRUE(read.ok());
  Users again(TestCatalogue());
  (void)again.ReplaceAll(std::move(*read));
  EXPECT_EQ(AclFileText(again), AclFileText(users));
  EXPECT_NE(again.Authenticate("bob", "pass"), nullptr);
}

TEST_F(AclFileTest, AFileThatIsNotThereIsNamed) {
  const auto read = ReadAclFile(std::string(folder_) + "/none", book_);
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.status().message().find("Error loading ACLs, "), std::string::npos);
  EXPECT_NE(read.status().message().find(std::string(folder_) + "/none"), std::string::npos);
}

TEST_F(AclFileTest, WhereverWritingFailsTheOldFileStaysWhole) {
  const std::string path = std::string(folder_) + "/users.acl";
  Users users(TestCatalogue());
  ASSERT_TRUE(WriteAclFile(path, users).ok());
  const std::string before = AclFileText(users);
  ASSERT_TRUE(users.Set("alice", std::vector<std::string_view>{"on"}).ok());
  for (size_t step = 0;; ++step) {
    env::FaultyDisk disk;
    disk.dies_at = step;
    const Status written = WriteAclFile(path, users, disk);
    const std::string now = *env::ReadTextFile(path);
    EXPECT_TRUE(now == before || now == AclFileText(users)) << now;
    if (written.ok()) break;
    ASSERT_LT(step, 20u);
  }
  EXPECT_EQ(*env::ReadTextFile(path), AclFileText(users));
}

}  // namespace
}  // namespace rha::acl
