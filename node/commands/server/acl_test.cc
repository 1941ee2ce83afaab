#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "common/acl/acl_file.h"
#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kNoKey[] =
    "-NOPERM this user has no permissions to access one of the keys used as arguments";
constexpr char kNoChannel[] =
    "-NOPERM this user has no permissions to access one of the channels used as arguments";
constexpr char kOk[] = "+OK";

std::string NoCommand(const std::string& name) {
  return "-NOPERM this user has no permissions to run the '" + name + "' command";
}

class AclTest : public CommandTest {
 protected:
  // A reference keeps its users from one test to the next.
  AclTest() {
    for (const char* user : {"alice", "bob"}) Run({"acl", "deluser", user});
    Run({"acl", "log", "reset"});
  }
  // `other_` is that user from now on.
  void AsAlice(std::vector<std::string_view> rules) {
    rules.insert(rules.begin(), {"acl", "setuser", "alice", "reset", "on", "nopass"});
    EXPECT_EQ(Run(rules), kOk);
    EXPECT_EQ(RunOn(other_, {"auth", "alice", "x"}), kOk);
  }
  std::string Ask(std::initializer_list<std::string_view> words) { return RunOn(other_, words); }
  std::string DryRun(std::initializer_list<std::string_view> words) {
    std::vector<std::string_view> all = {"acl", "dryrun", "alice"};
    all.insert(all.end(), words);
    return Run(all);
  }
  static std::string Text(const std::string& text) { return "$" + text; }
  const acl::DenialEntry& LastDenial() { return engine_.permissions().denials().entries().front(); }
};

TEST_F(AclTest, WhoConnectsIsTheDefaultUser) {
  EXPECT_EQ(Run({"acl", "whoami"}), "$default");
  EXPECT_EQ(Run({"acl", "getuser", "default"}),
            "[$flags, [$on, $nopass], $passwords, [], $commands, $+@all, $keys, $~*, $channels, "
            "$&*, $selectors, []]");
  EXPECT_EQ(Run({"acl", "getuser", "nobody"}), "(nil)");
}

TEST_F(AclTest, AGroupThatIsCalledStreamsHidesNoStream) {
  Run({"del", "hidden", "own"});
  for (const char* key : {"hidden", "own"}) {
    EXPECT_EQ(Run({"xgroup", "create", key, "streams", "0", "mkstream"}), kOk);
  }
  AsAlice({"+xread", "+xreadgroup", "~own", "~c", "~streams"});
  EXPECT_EQ(Ask({"xread", "streams", "hidden", "0"}), kNoKey);
  EXPECT_EQ(Ask({"xread", "count", "1", "streams", "own", "hidden", "0", "0"}), kNoKey);
  EXPECT_EQ(Ask({"xreadgroup", "count", "1", "group", "streams", "c", "streams", "own", ">"}),
            "(nil)");
  OursAlone();  // Redis 7.0 takes the group's name for the option, and reads the hidden stream
  EXPECT_EQ(Ask({"xreadgroup", "count", "1", "group", "streams", "c", "streams", "hidden", ">"}),
            kNoKey);
}

TEST_F(AclTest, WhatIsCalledStoreHidesNoDestination) {
  AsAlice({"+sort", "%R~*", "%RW~get"});
  EXPECT_EQ(Ask({"sort", "l", "store", "hidden", "get", "store", "get", "#"}), kNoKey);
  EXPECT_EQ(Ask({"sort", "l", "get", "store", "store", "get", "limit", "0", "1"}), ":0");
}

TEST_F(AclTest, AUserMayDoWhatItsRulesSay) {
  AsAlice({"+get", "+set", "+acl|whoami", "~a*"});
  EXPECT_EQ(Ask({"acl", "whoami"}), "$alice");
  EXPECT_EQ(Ask({"set", "a1", "x"}), kOk);
  EXPECT_EQ(Ask({"get", "b"}), kNoKey);
  EXPECT_EQ(Ask({"del", "a1"}), NoCommand("del"));
  EXPECT_EQ(Ask({"acl", "users"}), NoCommand("acl|users"));
  EXPECT_EQ(Ask({"nosuch"}), "-ERR unknown command 'nosuch', with args beginning with: ");
  EXPECT_EQ(Ask({"get"}), "-ERR wrong number of arguments for 'get' command");
}

TEST_F(AclTest, RightsChangeWhileASessionHasThem) {
  AsAlice({"+get", "~*"});
  EXPECT_EQ(Ask({"get", "a"}), "(nil)");
  EXPECT_EQ(Run({"acl", "setuser", "alice", "-get"}), kOk);
  EXPECT_EQ(Ask({"get", "a"}), NoCommand("get"));
  EXPECT_EQ(Run({"acl", "setuser", "alice", "+@all"}), kOk);
  EXPECT_EQ(Ask({"get", "a"}), "(nil)");
}

TEST_F(AclTest, AuthAndItsLikeNeedNoRight) {
  AsAlice({});
  EXPECT_EQ(Ask({"ping"}), NoCommand("ping"));
  EXPECT_EQ(Ask({"auth", "default", ""}), kOk);
  EXPECT_EQ(Ask({"auth", "alice", "x"}), kOk);
  EXPECT_EQ(Ask({"reset"}), "+RESET");
  EXPECT_EQ(Ask({"acl", "whoami"}), "$default");
  EXPECT_THAT(Ask({"hello", "3", "auth", "alice", "x"}), HasSubstr("$server, $redis"));
  EXPECT_EQ(Ask({"acl", "whoami"}), NoCommand("acl|whoami"));
}

TEST_F(AclTest, WrongPasswordsAndUsersAreToldAlike) {
  constexpr char kWrong[] = "-WRONGPASS invalid username-password pair or user is disabled.";
  EXPECT_EQ(Run({"acl", "setuser", "alice", ">secret"}), kOk);
  EXPECT_EQ(Ask({"auth", "alice", "secret"}), kWrong);  // off
  EXPECT_EQ(Run({"acl", "setuser", "alice", "on"}), kOk);
  EXPECT_EQ(Ask({"auth", "alice", "wrong"}), kWrong);
  EXPECT_EQ(Ask({"auth", "nobody", "secret"}), kWrong);
  EXPECT_EQ(Ask({"hello", "3", "auth", "alice", "wrong"}), kWrong);
  EXPECT_EQ(Ask({"auth", "alice", "secret"}), kOk);
  OursAlone();
  ASSERT_EQ(engine_.permissions().denials().entries().size(), 3u);
  EXPECT_EQ(LastDenial().object, "hello");
  EXPECT_EQ(LastDenial().user, "alice");
  EXPECT_EQ(LastDenial().reason_name(), "auth");
}

TEST_F(AclTest, WhatSetAndBitFieldReallyDoIsJudged) {
  AsAlice({"+@all", "%R~read*", "%W~write*"});
  EXPECT_EQ(DryRun({"set", "write", "x"}), kOk);
  EXPECT_EQ(DryRun({"set", "write", "x", "GET"}),
            Text("This user has no permissions to access the 'write' key"));
  EXPECT_EQ(DryRun({"set", "read", "x"}),
            Text("This user has no permissions to access the 'read' key"));
  EXPECT_EQ(DryRun({"bitfield", "read", "get", "u4", "0", "overflow", "fail"}), kOk);
  EXPECT_EQ(DryRun({"bitfield", "read", "get", "u4", "0", "incrby", "u4", "0", "1"}),
            Text("This user has no permissions to access the 'read' key"));
  EXPECT_EQ(DryRun({"bitfield", "read", "get", "u4"}),
            Text("This user has no permissions to access the 'read' key"));
  EXPECT_EQ(DryRun({"copy", "read1", "write1"}), kOk);
  EXPECT_EQ(DryRun({"copy", "write1", "read1"}),
            Text("This user has no permissions to access the 'write1' key"));
  EXPECT_EQ(DryRun({"strlen", "write1"}), kOk);
  EXPECT_EQ(DryRun({"zunionstore", "write", "2", "read1", "write1"}),
            Text("This user has no permissions to access the 'write1' key"));
  EXPECT_EQ(DryRun({"sort", "read", "store", "x", "store", "write"}), kOk);
}

TEST_F(AclTest, DryRunTellsWhatItCannotJudge) {
  AsAlice({});
  EXPECT_EQ(DryRun({"get", "a"}), Text("This user has no permissions to run the 'get' command"));
  EXPECT_EQ(DryRun({"nosuch", "a"}), "-ERR Command 'nosuch' not found");
  EXPECT_EQ(DryRun({"config", "nosuch"}), "-ERR Command 'config' not found");
  EXPECT_EQ(DryRun({"set", "a"}), "-ERR wrong number of arguments for 'set' command");
  EXPECT_EQ(Run({"acl", "dryrun", "nobody", "get", "a"}), "-ERR User 'nobody' not found");
}

TEST_F(AclTest, ChannelsAreRights) {
  AsAlice({"+@pubsub", "&news:*"});
  EXPECT_EQ(Ask({"publish", "news:1", "x"}), ":0");
  EXPECT_EQ(Ask({"publish", "old", "x"}), kNoChannel);
  EXPECT_EQ(Ask({"spublish", "old", "x"}), kNoChannel);
  EXPECT_EQ(Ask({"psubscribe", "news:1*"}), kNoChannel);
  EXPECT_EQ(Ask({"unsubscribe", "old"}), "[$unsubscribe, $old, :0]");
  EXPECT_EQ(Ask({"psubscribe", "news:*"}), "[$psubscribe, $news:*, :1]");
}

TEST_F(AclTest, AQueuedCommandIsJudgedAgainWhenItRuns) {
  AsAlice({"+@all", "~*"});
  EXPECT_EQ(Ask({"multi"}), kOk);
  EXPECT_EQ(Ask({"incr", "a"}), "+QUEUED");
  EXPECT_EQ(Ask({"get", "a"}), "+QUEUED");
  EXPECT_EQ(Ask({"get", "b"}), "+QUEUED");
  EXPECT_EQ(Run({"acl", "setuser", "alice", "-incr", "resetkeys", "~a"}), kOk);
  const std::string changed =
      "-NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC "
      "call. This command is no longer allowed for the following reason: no permission to ";
  EXPECT_EQ(Ask({"exec"}), "[" + changed + "execute the command or subcommand, (nil), " + changed +
                               "touch the specified keys]");
  OursAlone();
  EXPECT_EQ(LastDenial().where_name(), "multi");
  EXPECT_EQ(LastDenial().object, "b");
}

TEST_F(AclTest, ARefusalInATransactionEndsIt) {
  AsAlice({"+@all", "-incr", "~*"});
  EXPECT_EQ(Ask({"multi"}), kOk);
  EXPECT_EQ(Ask({"incr", "a"}), NoCommand("incr"));
  EXPECT_EQ(Ask({"exec"}), "-EXECABORT Transaction discarded because of previous errors.");
}

TEST_F(AclTest, SortFollowsPatternsForWhoMayReadEveryKey) {
  AsAlice({"(+sort ~list)"});
  Run({"rpush", "list", "1"});
  EXPECT_EQ(Ask({"sort", "list"}), "[$1]");
  EXPECT_EQ(Ask({"sort", "list", "by", "nosort"}), "[$1]");
  EXPECT_EQ(Ask({"sort", "list", "by", "v*"}),
            "-ERR BY option of SORT denied due to insufficient ACL permissions.");
  EXPECT_EQ(Ask({"sort", "list", "get", "#"}),
            "-ERR GET option of SORT denied due to insufficient ACL permissions.");
  EXPECT_EQ(Run({"acl", "setuser", "alice", "(+sort ~list %R~*)"}), kOk);
  EXPECT_EQ(Ask({"sort", "list", "by", "v*", "get", "#"}), "[$1]");
}

TEST_F(AclTest, SessionsOfAUserThatIsGoneAreClosed) {
  OursAlone();
  AsAlice({"+@all", "~*"});
  EXPECT_EQ(Run({"acl", "deluser", "nobody", "alice"}), ":1");
  EXPECT_TRUE(other_.closing);
  EXPECT_FALSE(other_.authenticated);
  EXPECT_FALSE(session_.closing);
  EXPECT_EQ(Run({"acl", "deluser", "bob", "default"}), "-ERR The 'default' user cannot be removed");
}

TEST_F(AclTest, WhoRemovesItselfGetsTheAnswer) {
  OursAlone();
  AsAlice({"+@all", "~*"});
  EXPECT_EQ(Ask({"acl", "deluser", "alice"}), ":1");
  EXPECT_TRUE(other_.closing);
}

TEST_F(AclTest, ListenersThatMayNotListenAnyMoreAreClosed) {
  OursAlone();
  AsAlice({"+@all", "&a", "&b*"});
  Ask({"subscribe", "a"});
  Ask({"psubscribe", "b*"});
  EXPECT_EQ(Run({"acl", "setuser", "alice", "&c"}), kOk);
  EXPECT_FALSE(other_.closing);
  EXPECT_EQ(Run({"acl", "setuser", "alice", "resetchannels", "&*"}), kOk);
  EXPECT_FALSE(other_.closing);
  EXPECT_EQ(Run({"acl", "setuser", "alice", "resetchannels", "&a", "&bb"}), kOk);
  EXPECT_TRUE(other_.closing);
}

TEST_F(AclTest, WhileTheDefaultUserIsOffNobodyIsIt) {
  OursAlone();
  AsAlice({"+@all", "~*"});
  EXPECT_EQ(Run({"acl", "setuser", "default", "off"}), kOk);
  dispatch::Session late;
  engine_.Join(late);
  EXPECT_EQ(RunOn(late, {"get", "a"}), "-NOAUTH Authentication required.");
  EXPECT_THAT(RunOn(late, {"auth", "default", ""}), StartsWith("-WRONGPASS "));
  EXPECT_EQ(RunOn(late, {"auth", "alice", ""}), kOk);
  EXPECT_EQ(RunOn(late, {"reset"}), "+RESET");
  EXPECT_EQ(RunOn(late, {"get", "a"}), "-NOAUTH Authentication required.");
  EXPECT_EQ(Run({"get", "a"}), "(nil)");  // who was there already stays
  EXPECT_EQ(Run({"acl", "setuser", "default", "on"}), kOk);
  EXPECT_EQ(RunOn(late, {"get", "a"}), "(nil)");
  engine_.Leave(late);
}

TEST_F(AclTest, TheLogNumbersItsEntriesAsRedis72Does) {
  OursAlone();
  AsAlice({"+get", "~a"});
  Ask({"get", "b"});
  Ask({"set", "a", "x"});
  const std::string log = Run({"acl", "log"});
  EXPECT_THAT(log, HasSubstr(", $entry-id, :1, $timestamp-created, :"));
  EXPECT_THAT(log, HasSubstr(", $timestamp-last-updated, :"));
}

TEST_F(AclTest, TheLogTellsWhoWasRefusedWhat) {
  AsAlice({"+get", "~a"});
  Ask({"get", "b"});
  Ask({"get", "b"});
  Ask({"set", "a", "x"});
  const std::string log = Run({"acl", "log"});
  EXPECT_THAT(log,
              StartsWith("[[$count, :1, $reason, $command, $context, $toplevel, $object, $set, "
                         "$username, $alice, $age-seconds, $"));
  EXPECT_THAT(log, HasSubstr("[$count, :2, $reason, $key, $context, $toplevel, $object, $b, "));
  EXPECT_THAT(log, HasSubstr(" cmd=get user=alice "));
  EXPECT_THAT(Run({"acl", "log", "1"}), Not(HasSubstr("$count, :2")));
  EXPECT_EQ(Run({"acl", "log", "-1"}), "[]");
  EXPECT_EQ(Run({"acl", "log", "x"}), "-ERR value is not an integer or out of range");
  EXPECT_EQ(Run({"acl", "log", "reset"}), kOk);
  EXPECT_EQ(Run({"acl", "log"}), "[]");
}

TEST_F(AclTest, ClientsAreNamedAndKilledByUser) {
  AsAlice({"+@all", "~*"});
  EXPECT_THAT(Ask({"client", "info"}), HasSubstr(" user=alice "));
  EXPECT_EQ(Run({"client", "kill", "user", "nobody"}), "-ERR No such user 'nobody'");
  EXPECT_EQ(Run({"client", "kill", "user", "alice"}), ":1");
  EXPECT_TRUE(other_.closing);
}

TEST_F(AclTest, ErrorsNameTheRuleAndChangeNothing) {
  EXPECT_EQ(Run({"acl", "setuser", "alice", "on", "+nosuch"}),
            "-ERR Error in ACL SETUSER modifier '+nosuch': Unknown command or category name in "
            "ACL");
  EXPECT_EQ(Run({"acl", "setuser", "alice", "(+get", "~a"}),
            "-ERR Unmatched parenthesis in acl selector starting at '(+get'.");
  EXPECT_EQ(Run({"acl", "getuser", "alice"}), "(nil)");
  EXPECT_EQ(Run({"acl", "setuser", "a b"}),
            "-ERR Usernames can't contain spaces or null characters");
  EXPECT_EQ(Run({"acl", "cat", "nosuch"}), "-ERR Unknown category 'nosuch'");
  EXPECT_EQ(Run({"acl", "cat", "read", "write"}),
            "-ERR unknown subcommand or wrong number of arguments for 'cat'. Try ACL HELP.");
  EXPECT_THAT(Run({"acl", "genpass", "0"}), StartsWith("-ERR ACL GENPASS argument must be"));
  EXPECT_THAT(Run({"acl", "genpass", "4097"}), StartsWith("-ERR ACL GENPASS argument must be"));
  EXPECT_EQ(Run({"acl", "genpass", "5"}).size(), 3u);
  EXPECT_EQ(Run({"acl", "genpass"}).size(), 65u);
  EXPECT_THAT(Run({"acl", "load"}),
              StartsWith("-ERR This Redis instance is not configured to use"));
  EXPECT_THAT(Run({"acl", "save"}),
              StartsWith("-ERR This Redis instance is not configured to use"));
}

TEST_F(AclTest, RulesAreSecretsOfWhoSetsThem) {
  OursAlone();
  engine_.slowlog().set_threshold_us(0);
  Run({"acl", "setuser", "alice", ">s3cret"});
  EXPECT_THAT(Run({"slowlog", "get"}), AllOf(HasSubstr("$acl, $setuser, $(redacted), $(redacted)"),
                                             Not(HasSubstr("s3cret"))));
}

TEST_F(AclTest, AMemberIsNotJudged) {
  OursAlone();
  Run({"acl", "setuser", "default", "-@all"});
  EXPECT_EQ(Ask({"get", "a"}), NoCommand("get"));
  other_.Authenticate(nullptr);
  EXPECT_EQ(Ask({"get", "a"}), "(nil)");
  EXPECT_EQ(Ask({"acl", "whoami"}), "(nil)");
}

class AclFileCommandTest : public AclTest {
 protected:
  AclFileCommandTest() {
    OursAlone();
    RHA_CHECK(mkdtemp(folder_) != nullptr);
    engine_.options().acl_file = path();
  }
  ~AclFileCommandTest() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return std::string(folder_) + "/users.acl"; }

 private:
  char folder_[40] = "/tmp/acl_command_test.XXXXXX";
};

TEST_F(AclFileCommandTest, WhatIsSavedIsLoaded) {
  AsAlice({"+get", "~a*"});
  EXPECT_EQ(Run({"acl", "save"}), kOk);
  const std::string users = Run({"acl", "list"});
  EXPECT_EQ(Run({"acl", "setuser", "bob"}), kOk);
  EXPECT_EQ(Run({"acl", "setuser", "alice", "reset"}), kOk);
  EXPECT_EQ(Run({"acl", "load"}), kOk);
  EXPECT_EQ(Run({"acl", "list"}), users);
  EXPECT_TRUE(other_.closing) << "as Redis 7.0: who is another user than the default one";
  EXPECT_FALSE(session_.closing);
}

TEST_F(AclFileCommandTest, AFileThatIsWrongChangesNothing) {
  AsAlice({"+get", "~a*"});
  const std::string users = Run({"acl", "list"});
  std::ofstream(path()) << "user alice on\nuser eve onn\n";
  EXPECT_THAT(Run({"acl", "load"}), AllOf(StartsWith("-ERR " + path() + ":2: Syntax error. "),
                                          HasSubstr("no change to the previously active")));
  EXPECT_EQ(Run({"acl", "list"}), users);
  EXPECT_FALSE(other_.closing);
}

TEST_F(AclFileCommandTest, AFileThatCannotBeWrittenIsToldOf) {
  engine_.options().acl_file = "/nonexistent/users.acl";
  EXPECT_THAT(Run({"acl", "save"}), StartsWith("-ERR There was an error trying to save the ACLs."));
  EXPECT_THAT(Run({"acl", "load"}), StartsWith("-ERR Error loading ACLs, "));
}

}  // namespace
}  // namespace rha::node::commands
