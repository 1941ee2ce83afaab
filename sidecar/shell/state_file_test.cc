#include "sidecar/shell/state_file.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>

#include "common/base/clock.h"
#include "common/base/prng.h"
#include "common/env/testing/power_loss_disk.h"
#include "sidecar/core/limits.h"
#include "sidecar/shell/sentinel_lines.h"

namespace rha::sidecar::shell {
namespace {

using testing::HasSubstr;
using testing::Not;

core::PersistedState SomeState() {
  core::PersistedState state;
  state.my_id = std::string(40, 'a');
  state.current_epoch = 7;
  state.may_vote = false;
  core::PersistedGroup group;
  group.name = "demo";
  group.primary = {"10.0.0.1", 6379};
  group.primary_member = "demo-0";
  group.quorum = 2;
  group.down_after = Millis(1000);
  group.failover_timeout = core::kFailoverTimeoutDefault;
  group.parallel_syncs = 1;
  group.auth_password = "two words \"quoted\"";
  group.config_epoch = 6;
  group.config_leader = std::string(40, 'b');
  group.leader_epoch = 7;
  group.leader_id = std::string(40, 'c');
  group.replicas = {{"10.0.0.2", 6379}};
  group.peers = {{{"10.0.0.3", 26379}, std::string(40, 'd')}};
  group.lineage = {{6, std::string(40, 'e')}, {4, std::string(40, 'f')}};
  state.groups.emplace(group.name, group);
  return state;
}

TEST(StateFile, ReadsBackWhatItWrote) {
  const core::PersistedState state = SomeState();
  const auto read = DecodeState(EncodeState(state), "demo");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->my_id, state.my_id);
  EXPECT_EQ(read->current_epoch, 7u);
  EXPECT_FALSE(read->may_vote);
  const core::PersistedGroup& group = read->groups.at("demo");
  EXPECT_EQ(group.primary, (core::Address{"10.0.0.1", 6379}));
  EXPECT_EQ(group.primary_member, "demo-0");
  EXPECT_EQ(group.config_epoch, 6u);
  EXPECT_EQ(group.config_leader, std::string(40, 'b'));
  EXPECT_EQ(group.leader_epoch, 7u);
  EXPECT_EQ(group.leader_id, std::string(40, 'c'));
  EXPECT_EQ(group.replicas, state.groups.at("demo").replicas);
  ASSERT_EQ(group.peers.size(), 1u);
  EXPECT_EQ(group.peers[0].id, std::string(40, 'd'));
  EXPECT_EQ(group.lineage, state.groups.at("demo").lineage);
}

TEST(StateFile, ReadsBackAStateWithoutAPrimary) {
  core::PersistedState state = SomeState();
  core::PersistedGroup& group = state.groups.at("demo");
  group.primary = {};
  group.primary_member.clear();
  group.leader_id.clear();
  group.config_leader.clear();
  group.lineage.clear();
  const auto read = DecodeState(EncodeState(state), "demo");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_TRUE(read->groups.at("demo").primary.empty());
}

TEST(StateFile, AnyChangedOrMissingByteIsNoticed) {
  const std::string text = EncodeState(SomeState());
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(DecodeState(damaged, "demo").ok()) << "byte " << i;
    EXPECT_FALSE(DecodeState(text.substr(0, i), "demo").ok()) << "cut at " << i;
  }
  EXPECT_FALSE(DecodeState(text + "x", "demo").ok());
  EXPECT_EQ(DecodeState("", "demo").status().code(), Code::kCorrupt);
}

TEST(StateFile, IsReadByAGroupThatHasGotAnotherName) {
  const auto read = DecodeState(EncodeState(SomeState()), "other");
  ASSERT_TRUE(read.ok()) << read.status().message();
  ASSERT_EQ(read->groups.size(), 1u);
  EXPECT_EQ(read->groups.at("other").name, "other");
  EXPECT_EQ(read->groups.at("other").config_epoch, 6u);
}

TEST(StateFile, AHugeEpochIsNoDamageAndLeavesRoomForElections) {
  core::PersistedState state = SomeState();
  state.current_epoch = state.groups.at("demo").config_epoch = UINT64_MAX;
  const auto read = DecodeState(EncodeState(state), "demo");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->current_epoch, core::kEpochInFileMax);
  EXPECT_EQ(read->groups.at("demo").config_epoch, core::kEpochInFileMax);
}

class OnDisk : public testing::Test {
 protected:
  OnDisk() {
    char name[] = "/tmp/rha-state-XXXXXX";
    folder_ = ::mkdtemp(name);
    path_ = folder_ + "/sentinel.state";
  }
  ~OnDisk() override { std::filesystem::remove_all(folder_); }
  void Put(const std::string& text) { ASSERT_TRUE(WriteTextFile(path_, text).ok()); }

  std::string folder_, path_;
};

TEST_F(OnDisk, KeepsTheNewestStateInReservedSpace) {
  core::PersistedState state = SomeState();
  {
    auto file = OpenStateFile(path_, "demo");
    ASSERT_TRUE(file.ok()) << file.status().message();
    EXPECT_FALSE(file->state);
    const auto reserved = std::filesystem::file_size(path_);
    EXPECT_THAT(OpenStateFile(path_, "demo").status().message(), HasSubstr("in use"));
    for (core::Epoch epoch = 8; epoch < 12; ++epoch) {
      state.current_epoch = epoch;
      ASSERT_TRUE(file->store(state).ok());
    }
    EXPECT_EQ(std::filesystem::file_size(path_), reserved);
  }
  const auto again = OpenStateFile(path_, "demo");
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->state->current_epoch, 11u);
}

TEST_F(OnDisk, TakesOverTheTextOfAnEarlierVersion) {
  Put(EncodeState(SomeState()));
  for (int opening = 0; opening < 2; ++opening) {
    const auto file = OpenStateFile(path_, "demo");
    ASSERT_TRUE(file.ok()) << file.status().message();
    ASSERT_TRUE(file->state);
    EXPECT_EQ(file->state->current_epoch, 7u);
  }
  EXPECT_FALSE(std::filesystem::exists(path_ + ".new"));
}

TEST_F(OnDisk, RefusesWhatIsDamagedOrNotOursAndSaysWhatToDo) {
  std::string cut = EncodeState(SomeState());
  cut[3] ^= 1;
  for (const std::string& text : {std::string("port 6379\n"), cut}) {
    Put(text);
    for (int opening = 0; opening < 2; ++opening) {
      const auto file = OpenStateFile(path_, "demo");
      EXPECT_EQ(file.status().code(), Code::kCorrupt);
      EXPECT_THAT(file.status().message(), HasSubstr("restore it, or remove it if"));
    }
  }
}

// Three lives of a sidecar whose power fails at any step: it never remembers less than it was
// promised, nor more than it ever tried to keep.
TEST_F(OnDisk, RemembersWhatWasPromisedWhateverThePowerDoes) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Prng chance(seed);
    std::filesystem::remove(path_);
    std::filesystem::remove(path_ + ".new");
    core::PersistedState state = SomeState();
    if (chance.Chance(0.5)) Put(EncodeState(state));  // of an earlier version
    core::Epoch promised = std::filesystem::exists(path_) ? state.current_epoch : 0;
    env::PowerLossDisk disk(folder_);
    for (int life = 0; life < 3; ++life) {
      disk.dies_at = chance.Below(20);
      {
        auto file = OpenStateFile(path_, "demo", disk);
        while (file.ok() && !disk.dead()) {
          ++state.current_epoch;
          if (file->store(state).ok()) promised = state.current_epoch;
        }
      }
      disk.LosePower(chance);
      const auto found = OpenStateFile(path_, "demo", disk);
      ASSERT_TRUE(found.ok()) << found.status().message();
      const core::Epoch remembered = found->state ? found->state->current_epoch : 0;
      EXPECT_GE(remembered, promised);
      EXPECT_LE(remembered, state.current_epoch);
      promised = remembered;
    }
  }
}

TEST_F(OnDisk, AConfigurationThatWasCutShortIsWrittenAnew) {
  const core::PersistedState state = SomeState();
  Put("port 1234\nrequirepass secret\n");
  const StateStore store = ConfigFileStore(path_);
  ASSERT_TRUE(store(state).ok());
  const std::string whole = *ReadTextFile(path_);
  EXPECT_THAT(whole, HasSubstr("requirepass secret\n"));
  Put("");
  ASSERT_TRUE(store(state).ok());
  EXPECT_EQ(*ReadTextFile(path_), whole);
  std::filesystem::remove(path_);
  ASSERT_TRUE(store(state).ok());
  EXPECT_EQ(*ReadTextFile(path_), whole);
  Put("port 4321\n" + whole);  // a person's edit
  ASSERT_TRUE(store(state).ok());
  EXPECT_TRUE(ReadTextFile(path_)->starts_with("port 4321\n"));
}

TEST(RewriteConfig, KeepsTheUsersLinesAndReplacesTheState) {
  const std::string config =
      "port 26379\n# mine\nsentinel announce-ip 1.2.3.4\n"
      "sentinel monitor old 1.1.1.1 1 1\nsentinel myid " +
      std::string(40, 'f') + "\nrequirepass \"x y\"\n";
  core::PersistedState state = SomeState();
  state.globals.announce_ip = "1.2.3.4";
  const std::string once = RewriteConfig(config, state);
  EXPECT_THAT(once, HasSubstr("port 26379\n# mine\nsentinel announce-ip 1.2.3.4\n"));
  EXPECT_THAT(once, HasSubstr("requirepass \"x y\"\n"));
  EXPECT_THAT(once, HasSubstr("sentinel monitor demo 10.0.0.1 6379 2\n"));
  EXPECT_THAT(once, HasSubstr("sentinel auth-pass demo \"two words \\\"quoted\\\"\"\n"));
  EXPECT_THAT(once,
              HasSubstr("sentinel known-sentinel demo 10.0.0.3 26379 " + std::string(40, 'd')));
  EXPECT_THAT(once, Not(HasSubstr("old")));
  EXPECT_THAT(once, Not(HasSubstr("failover-timeout")));  // the default, as Redis leaves it out
  EXPECT_THAT(once, Not(HasSubstr("redisha-")));          // redis-sentinel must be able to read it
  EXPECT_EQ(RewriteConfig(once, state), once);
}

TEST(RewriteConfig, EachLineKeepsItsPlaceAndItsComment) {
  core::PersistedState state = SomeState();
  state.groups.at("demo").renamed_commands = {{"CONFIG", "guarded"}};
  const std::string config =
      "# quick\nSENTINEL down-after-milliseconds demo 30000\n"
      "sentinel known-slave demo 9.9.9.9 1\n"
      "# whom\nsentinel monitor demo 1.1.1.1 1 1\n"
      "sentinel rename-command demo config old\nsentinel deny-scripts-reconfig yes\n";
  const core::PersistedGroup& group = state.groups.at("demo");
  const std::string down = std::to_string(group.down_after.count());
  const std::string once = RewriteConfig(config, state);
  EXPECT_TRUE(once.starts_with("# quick\nsentinel down-after-milliseconds demo " + down + "\n"))
      << once;
  EXPECT_THAT(once, HasSubstr("# whom\nsentinel monitor demo 10.0.0.1 6379 2\n"
                              "sentinel rename-command demo CONFIG guarded\n"
                              "sentinel deny-scripts-reconfig yes\n"));
  EXPECT_THAT(once, Not(HasSubstr("9.9.9.9")));
  EXPECT_EQ(RewriteConfig(once, state), once);
}

TEST(RewriteConfig, CannotBeEscapedByAName) {
  core::PersistedState state = SomeState();
  state.groups.at("demo").auth_password = "x\nsentinel monitor evil 6.6.6.6 6 1";
  const auto lines = ParseConfigText(RewriteConfig("", state));
  ASSERT_TRUE(lines.ok());
  for (const ConfigLine& line : *lines) {
    if (line.words.size() > 2 && line.words[1] == "monitor") {
      EXPECT_EQ(line.words[2], "demo");
    }
  }
}

TEST(SentinelLines, RefusesWhatIsNotUnderstood) {
  core::PersistedState state;
  const auto apply = [&](std::vector<std::string> words) {
    return ApplyStateLine(words, &state).status().message();
  };
  EXPECT_THAT(apply({"sentinel", "monitor", "a", "h", "0", "1"}), HasSubstr("Invalid port"));
  EXPECT_THAT(apply({"sentinel", "monitor", "a", "h", "1", "x"}), HasSubstr("Quorum"));
  EXPECT_THAT(apply({"sentinel", "myid", "xyz"}), HasSubstr("Malformed"));
  EXPECT_THAT(apply({"sentinel", "current-epoch", "-1"}), HasSubstr("epoch"));
  EXPECT_THAT(apply({"sentinel", "config-epoch", "nobody", "1"}), HasSubstr("No such master"));
  EXPECT_EQ(apply({"sentinel", "monitor", "a", "h", "1", "1"}), "");
  EXPECT_THAT(apply({"sentinel", "monitor", "a", "h", "1", "1"}), HasSubstr("Duplicate"));
  EXPECT_THAT(apply({"sentinel", "parallel-syncs", "a"}), HasSubstr("number of arguments"));
  EXPECT_THAT(apply({"sentinel", "down-after-milliseconds", "a", "0"}), HasSubstr("zero"));
  EXPECT_FALSE(*ApplyStateLine({"sentinel", "announce-ip", "x"}, &state));
}

}  // namespace
}  // namespace rha::sidecar::shell
