#include "common/acl/users.h"

#include <gtest/gtest.h>

#include "common/acl/test_catalogue.h"

namespace rha::acl {
namespace {

using Rules = std::vector<std::string_view>;

std::string NameOf(const User* user) { return user == nullptr ? "nobody" : user->name(); }

class UsersTest : public testing::Test {
 protected:
  std::string Set(std::string_view name, const Rules& rules) {
    const Status set = users_.Set(name, rules);
    return set.ok() ? "" : set.message();
  }
  std::string Text(std::string_view name) const { return users_.Find(name)->Text(TestCatalogue()); }

  Users users_{TestCatalogue()};
};

TEST_F(UsersTest, ThereIsAlwaysADefaultUser) {
  EXPECT_EQ(NameOf(users_.Find("default")), "default");
  EXPECT_EQ(users_.Remove("default"), nullptr);
  EXPECT_EQ(NameOf(users_.Authenticate("default", "anything")), "default");
}

TEST_F(UsersTest, AUserLogsInWithAPasswordOnceOn) {
  EXPECT_EQ(Set("alice", {">secret"}), "");
  EXPECT_EQ(users_.Authenticate("alice", "secret"), nullptr);
  EXPECT_EQ(Set("alice", {"on"}), "");
  EXPECT_EQ(NameOf(users_.Authenticate("alice", "secret")), "alice");
  EXPECT_EQ(users_.Authenticate("alice", "wrong"), nullptr);
  EXPECT_EQ(users_.Authenticate("bob", "secret"), nullptr);
}

TEST_F(UsersTest, AUserStaysWhereItIsWhileItsRulesChange) {
  EXPECT_EQ(Set("alice", {"on"}), "");
  const User* const alice = users_.Find("alice");
  EXPECT_EQ(Set("alice", {"+get"}), "");
  EXPECT_EQ(users_.Find("alice"), alice);
  const auto removed = users_.Remove("alice");
  EXPECT_EQ(removed.get(), alice);
  EXPECT_EQ(users_.Find("alice"), nullptr);
}

TEST_F(UsersTest, ANameHasNoBlanksAndAFaultMakesNoUser) {
  EXPECT_EQ(Set("a b", {}), "Usernames can't contain spaces or null characters");
  EXPECT_EQ(Set(std::string_view("a\0b", 3), {}),
            "Usernames can't contain spaces or null characters");
  EXPECT_NE(Set(std::string(kUserNameBytesMax + 1, 'a'), {}), "");
  EXPECT_NE(Set("alice", {"nonsense"}), "");
  EXPECT_EQ(users_.Find("alice"), nullptr);
}

TEST_F(UsersTest, UsersAreBounded) {
  for (size_t i = 1; i < kUsersMax; ++i) ASSERT_EQ(Set(std::to_string(i), {}), "");
  EXPECT_EQ(Set("one more", {}), "Usernames can't contain spaces or null characters");
  EXPECT_EQ(Set("more", {}), "There can't be more than 10000 users: delete one with ACL DELUSER");
  EXPECT_EQ(Set("1", {"on"}), "");
}

TEST_F(UsersTest, RequirepassIsThePasswordOfTheDefaultUser) {
  users_.SetDefaultPassword("secret", {});
  EXPECT_FALSE(users_.default_user().open());
  EXPECT_EQ(NameOf(users_.Authenticate("default", "secret")), "default");
  EXPECT_EQ(users_.Authenticate("default", ""), nullptr);
  users_.SetDefaultPassword("", {});
  EXPECT_EQ(Text("default"), "on nopass ~* &* +@all");
}

TEST_F(UsersTest, APasswordThatWasReplacedCountsForTheDefaultUserAlone) {
  EXPECT_EQ(Set("alice", {"on", ">alice"}), "");
  users_.SetDefaultPassword("new", {"old"});
  EXPECT_EQ(NameOf(users_.Authenticate("default", "new")), "default");
  EXPECT_EQ(NameOf(users_.Authenticate("default", "old")), "default");
  EXPECT_EQ(users_.Authenticate("alice", "old"), nullptr);
  EXPECT_EQ(users_.default_user().passwords().size(), 1u);
  EXPECT_EQ(Set("default", {"resetpass", ">third"}), "");
  EXPECT_EQ(users_.Authenticate("default", "old"), nullptr);
}

TEST_F(UsersTest, AReplacedPasswordThatWasForgottenDoesNotComeBack) {
  users_.SetDefaultPassword("new", {"old", "older"});
  users_.KeepReplaced({"old"});
  EXPECT_EQ(users_.Authenticate("default", "older"), nullptr);
  users_.KeepReplaced({"old", "older"});
  EXPECT_EQ(users_.Authenticate("default", "older"), nullptr);
  EXPECT_NE(users_.Authenticate("default", "old"), nullptr);
}

TEST_F(UsersTest, AFixedPasswordOutlivesAFileOfUsers) {
  users_.SetDefaultPassword("secret", {});
  users_.set_default_password_fixed(true);
  User open("default", users_.book());
  for (const char* rule : {"on", "nopass", "+get"}) (void)open.Apply(users_.book(), rule);
  EXPECT_TRUE(users_.ReplaceAll({open}).empty());
  EXPECT_EQ(users_.Authenticate("default", ""), nullptr);
  EXPECT_NE(users_.Authenticate("default", "secret"), nullptr);
  EXPECT_NE(Text("default").find("+get"), std::string::npos);
}

TEST_F(UsersTest, RulesOfTheDefaultUserOutliveItsPassword) {
  EXPECT_EQ(Set("default", {"off", "-config"}), "");
  users_.SetDefaultPassword("secret", {});
  EXPECT_EQ(Text("default").substr(0, 4), "off ");
  EXPECT_EQ(users_.Authenticate("default", "secret"), nullptr);
}

TEST_F(UsersTest, ALineOfAConfigurationSaysAllOfAUser) {
  EXPECT_TRUE(users_.Define("default", Rules{"on", "nopass", "~*", "+@all"}).ok());
  EXPECT_EQ(Text("default"), "on nopass sanitize-payload ~* resetchannels +@all");
  const Status fault = users_.Define("bob", Rules{"on", "<hidden"});
  EXPECT_EQ(fault.message(),
            "Error loading ACL rule '<...' for the user named 'bob': The password you are trying "
            "to remove from the user does not exist");
}

TEST_F(UsersTest, AFilesUsersTakeThePlaceOfAll) {
  users_.SetDefaultPassword("secret", {"old"});
  EXPECT_EQ(Set("alice", {"on"}), "");
  EXPECT_EQ(Set("default", {"off"}), "");
  const User* const kept = &users_.default_user();
  const auto removed = users_.ReplaceAll({User("bob", users_.book())});
  ASSERT_EQ(removed.size(), 1u);
  EXPECT_EQ(removed[0]->name(), "alice");
  EXPECT_EQ(users_.all().size(), 2u);
  // Not named: as requirepass says.
  EXPECT_EQ(&users_.default_user(), kept);
  EXPECT_EQ(NameOf(users_.Authenticate("default", "secret")), "default");
  EXPECT_EQ(users_.Authenticate("default", "other"), nullptr);

  User off("default", users_.book());
  EXPECT_EQ(users_.ReplaceAll({off}).size(), 1u);
  EXPECT_EQ(Text("default"), "off resetchannels -@all");
  EXPECT_EQ(&users_.default_user(), kept);
  EXPECT_EQ(users_.Authenticate("default", "secret"), nullptr);
}

}  // namespace
}  // namespace rha::acl
