// What a start finds after the power has failed at any step, by seed: a state that was promised.
//
// RHA_POWER_LOSS_SEEDS=10000 node_persist_test --gtest_filter='PowerLoss*'
#include <gtest/gtest.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/env/files.h"
#include "common/env/testing/power_loss_disk.h"
#include "common/resp/writer.h"
#include "node/keyspace/db.h"
#include "node/persist/aof_folder.h"
#include "node/persist/aof_loader.h"
#include "node/persist/aof_note.h"
#include "node/persist/file_io.h"
#include "node/persist/rdb_file.h"

namespace rha::node::persist {
namespace {

namespace fs = std::filesystem;
using env::PowerLossDisk;
using keyspace::Keyspace;

uint64_t Seeds() {
  const char* const wanted = std::getenv("RHA_POWER_LOSS_SEEDS");
  return wanted == nullptr ? 100 : std::strtoull(wanted, nullptr, 10);
}

// The dataset counts: change n sets key n. So it is right if it is 1..n, and says how far it came.
int64_t Count(const Keyspace& keyspace) {
  const auto count = static_cast<int64_t>(keyspace.db(0).size());
  keyspace.db(0).ForEach([&](const keyspace::Item& item) {
    int64_t n = 0;
    std::from_chars(item.key().data(), item.key().data() + item.key().size(), n);
    EXPECT_TRUE(n >= 1 && n <= count) << item.key() << " of " << count;
  });
  return count;
}

// What app/append_only does with its folder, without threads and commands.
class Node {
 public:
  Node(PowerLossDisk& disk, const std::string& dir, Prng& chance)
      : disk_(disk), chance_(chance), folder_(disk, {dir, "log", "a"}) {}

  int64_t changes() const { return changes_; }
  int64_t promised() const { return promised_; }
  // How much of that a choice among copies knows of, and what it must know of after this.
  int64_t ranked() const { return ranked_; }
  int64_t promised_rank() const { return promised_rank_; }
  // What was there at the start; nothing: that came to no answer.
  std::optional<int64_t> found() const { return found_; }

  // False: this start does not come to an end, because a step fails.
  bool Start() {
    folder_.RemoveLeftovers();
    const Status found = folder_.Find();
    if (!found.ok()) return false;
    if (folder_.manifest().empty()) {
      found_ = 0;
      return Rewrite(true);
    }
    std::vector<AofLoader::File> files;
    for (const AofFile& file : folder_.manifest().InOrder()) {
      files.push_back({folder_.place().PathOf(file.name)});
    }
    EXPECT_TRUE(folder_.SizesOnDisk().ok()) << folder_.SizesOnDisk().status().message();
    AofLoader loader(std::move(files),
                     {.keyspace = &keyspace_,
                      .databases = keyspace_.databases(),
                      .take = nullptr,
                      .apply = [this](resp::Args args) { return Apply(args); },
                      .in_transaction = [this] { return in_transaction_; }},
                     {});
    const Status loaded = loader.Finish();
    EXPECT_TRUE(loaded.ok()) << loaded.message();
    found_ = changes_ = Count(keyspace_);
    ranked_ = loader.info().repl_offset;
    EXPECT_LE(ranked_, changes_);
    if (!loader.info().repl_id.empty()) {
      EXPECT_EQ(ranked_, changes_);
    }
    if (loader.cut_at() && !folder_.CutLast(*loader.cut_at()).ok()) return false;
    if (!folder_.Continue().ok()) return false;
    promised_ = changes_;
    promised_rank_ = ranked_;
    sound_ = true;
    return true;
  }

  void Work() {
    for (size_t turns = 1 + chance_.Below(12); turns > 0 && !disk_.dead(); --turns) {
      Turn();
      if (!sound_ || chance_.Below(4) == 0) Rewrite(!sound_);
    }
  }

 private:
  std::string Apply(resp::Args args) {
    if (args[0] == "MULTI") {
      in_transaction_ = true;
    } else if (args[0] == "EXEC") {
      in_transaction_ = false;
      for (const std::string& key : std::exchange(queued_, {})) Set(key);
    } else if (args[0] == "SET" && in_transaction_) {
      queued_.emplace_back(args[1]);
    } else if (args[0] == "SET") {
      Set(std::string(args[1]));
    }
    return {};
  }
  void Set(const std::string& key) { keyspace_.db(0).LoadString(key, "v", kNoExpiry); }

  void Turn() {
    std::string bytes;
    const int64_t count = chance_.Between(1, 3);
    const bool transaction = chance_.Below(3) == 0;
    if (transaction) resp::AppendRequest({"MULTI"}, &bytes);
    for (int64_t i = 0; i < count; ++i) {
      const std::string key = std::to_string(++changes_);
      resp::AppendRequest({"SET", key, "v"}, &bytes);
      Set(key);
    }
    if (transaction) resp::AppendRequest({"EXEC"}, &bytes);
    AppendAofOffset(changes_, 0, &bytes);
    while (!folder_.Write(bytes).ok() && !disk_.dead()) {  // as the writer does
    }
    if (chance_.Below(2) == 0) Sync();
  }

  void Sync() {
    if (!folder_.open()) return;
    if (folder_.Sync().ok() && sound_) promised_ = promised_rank_ = changes_;
    GiveUpIfSuspect();
  }

  void GiveUpIfSuspect() {
    if (!folder_.suspect() || disk_.dead()) return;
    folder_.Close();
    sound_ = false;
  }

  // The image takes the place of all, as when what follows the set cannot be written.
  bool Exchange() {
    const SaveRequest image{.path = folder_.place().PathOf("temp-a.base.rdb"),
                            .fd = -1,
                            .info = Described(),
                            .options = {},
                            .disk = &disk_};
    Status replaced = SaveRdbFile(keyspace_, image);
    if (replaced.ok()) replaced = folder_.BeginFrom(image.path, false);
    GiveUpIfSuspect();
    if (!replaced.ok()) return false;
    sound_ = true;
    promised_ = promised_rank_ = changes_;
    return true;
  }

  RdbInfo Described() const {
    RdbInfo info;
    info.repl_id = std::string(40, 'a');
    info.repl_offset = changes_;
    return info;
  }

  bool Rewrite(bool apart) {
    if (folder_.open() && chance_.Below(3) == 0) return Exchange();
    if (!folder_.BeginIncrement(apart).ok()) {
      GiveUpIfSuspect();
      return false;
    }
    std::string path = folder_.place().PathOf("temp-a.base.rdb");
    const SaveRequest image{
        .path = path, .fd = -1, .info = Described(), .options = {}, .disk = &disk_};
    Status replaced = SaveRdbFile(keyspace_, image);
    if (replaced.ok() && chance_.Below(2) == 0) replaced = MakeUnsynced(&path);
    if (replaced.ok() && chance_.Below(2) == 0) Turn();
    // A sync that failed meanwhile: the increment is not to be built upon.
    if (replaced.ok() && !folder_.open()) return false;
    if (replaced.ok()) replaced = folder_.ReplaceBase(path, false);
    if (!replaced.ok()) {
      if (!sound_) folder_.Close();
      GiveUpIfSuspect();
      return false;
    }
    sound_ = true;
    promised_ = promised_rank_ = changes_;
    return true;
  }

  // As the file of a full synchronisation is.
  Status MakeUnsynced(std::string* path) {
    RHA_ASSIGN_OR_RETURN(const std::string bytes, env::ReadTextFileUpTo(*path, size_t{1} << 20));
    *path = folder_.place().PathOf("temp-a.received.rdb");
    RHA_RETURN_IF_ERROR(disk_.Remove(*path));
    RHA_ASSIGN_OR_RETURN(const UniqueFd file, disk_.OpenToAppend(*path, true, 0644));
    return disk_.Write(file.get(), bytes, *path);
  }

  PowerLossDisk& disk_;
  Prng& chance_;
  AofFolder folder_;
  Keyspace keyspace_{1};
  bool in_transaction_ = false, sound_ = false;
  std::vector<std::string> queued_;
  int64_t changes_ = 0, promised_ = 0, ranked_ = 0, promised_rank_ = 0;
  std::optional<int64_t> found_;
};

class PowerLossTest : public testing::Test {
 protected:
  PowerLossTest() {
    char path[] = "/tmp/rha-power-XXXXXX";
    root_ = ::mkdtemp(path);
  }
  ~PowerLossTest() override { fs::remove_all(root_); }
  std::string root_;
};

TEST_F(PowerLossTest, AnAppendOnlyFileHoldsWhatWasPromisedAndNothingThatNeverWas) {
  const uint64_t seeds = Seeds();
  for (uint64_t seed = 1; seed <= seeds && !HasFailure(); ++seed) {
    Prng chance(seed);
    const std::string dir = root_ + "/" + std::to_string(seed);
    fs::create_directories(dir + "/log");
    PowerLossDisk disk(dir);
    int64_t promised = 0, promised_rank = 0, reached = 0;
    for (int life = 0; life < 6 && !HasFailure(); ++life) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " life " + std::to_string(life));
      if (life < 5) disk.dies_at = chance.Below(60);
      if (chance.Below(2) == 0) disk.fails_at = chance.Below(40);
      disk.failure = chance.Below(2) == 0 ? Code::kIo : Code::kExhausted;
      Node node(disk, dir, chance);
      const bool started = node.Start();
      if (node.found()) {
        EXPECT_GE(*node.found(), promised);
        EXPECT_GE(node.ranked(), promised_rank);
        EXPECT_LE(*node.found(), reached);
      }
      if (started) node.Work();
      promised = std::max(promised, node.promised());
      promised_rank = std::max(promised_rank, node.promised_rank());
      reached = std::max(promised, node.changes());
      if (chance.Below(3) == 0) {
        disk.Killed();
      } else {
        disk.LosePower(chance);
      }
    }
    fs::remove_all(dir);
  }
}

// The manifest of the rewrite is found after the kill, but not for ever.
TEST_F(PowerLossTest, AKillInARewriteAndAPowerLossAtTheNextStartLoseNothingThatWasPromised) {
  for (size_t kill_at = 20; kill_at < 50 && !HasFailure(); ++kill_at) {
    for (size_t loss_at = 0; loss_at < 12 && !HasFailure(); ++loss_at) {
      SCOPED_TRACE(std::to_string(kill_at) + " " + std::to_string(loss_at));
      Prng chance(kill_at * 100 + loss_at);
      const std::string dir = root_ + "/" + std::to_string(kill_at) + "-" + std::to_string(loss_at);
      fs::create_directories(dir + "/log");
      PowerLossDisk disk(dir);
      disk.dies_at = kill_at;
      Node killed(disk, dir, chance);
      if (killed.Start()) killed.Work();
      disk.Killed();
      disk.dies_at = loss_at;
      (void)Node(disk, dir, chance).Start();
      disk.LosePower(chance);
      Node last(disk, dir, chance);
      EXPECT_TRUE(last.Start());
      EXPECT_GE(last.found(), killed.promised());
    }
  }
}

TEST_F(PowerLossTest, AnRdbFileIsTheOldOneOrTheNewOneAndTheNewOneOnceThatWasSaid) {
  for (uint64_t seed = 1; seed <= Seeds(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Prng chance(seed);
    const std::string dir = root_ + "/" + std::to_string(seed);
    fs::create_directory(dir);
    PowerLossDisk disk(dir);
    Keyspace keyspace(1);
    const SaveRequest request{
        .path = dir + "/dump.rdb", .fd = -1, .info = {}, .options = {}, .disk = &disk};
    keyspace.db(0).LoadString("1", "v", kNoExpiry);
    ASSERT_TRUE(SaveRdbFile(keyspace, request).ok());
    keyspace.db(0).LoadString("2", "v", kNoExpiry);
    (chance.Below(2) == 0 ? disk.dies_at : disk.fails_at) = disk.steps + chance.Below(20);
    const bool saved = SaveRdbFile(keyspace, request).ok();
    disk.LosePower(chance);
    Keyspace found(1);
    auto source = FileSource::Open(request.path);
    ASSERT_TRUE(source.ok());
    RdbLoader loader(std::move(source).value(), &found, {}, 1);
    const Status loaded = loader.Finish();
    EXPECT_TRUE(loaded.ok()) << loaded.message();
    EXPECT_GE(Count(found), saved ? 2 : 1);
    fs::remove_all(dir);
  }
}

}  // namespace
}  // namespace rha::node::persist
