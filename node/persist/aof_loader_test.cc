#include "node/persist/aof_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "common/resp/writer.h"
#include "node/keyspace/db.h"
#include "node/persist/aof_note.h"
#include "node/persist/file_io.h"
#include "node/types/string.h"

namespace rha::node::persist {
namespace {

using codec::StringSink;
using testing::HasSubstr;

std::string Command(std::initializer_list<std::string_view> words) {
  std::string text;
  resp::AppendRequest(words, &text);
  return text;
}

class AofLoaderTest : public testing::Test {
 protected:
  // Files of this content, in order.
  AofLoader LoaderOf(const std::vector<std::string>& files) {
    std::vector<AofLoader::File> list;
    for (const std::string& text : files) {
      fds_.emplace_back(::memfd_create("aof", MFD_CLOEXEC));
      EXPECT_EQ(::write(fds_.back().get(), text.data(), text.size()),
                static_cast<ssize_t>(text.size()));
      list.push_back({"/proc/self/fd/" + std::to_string(fds_.back().get())});
    }
    applied_.clear();
    open_ = false;
    return {std::move(list),
            {.keyspace = &keyspace_,
             .databases = 16,
             .take = [this](std::string_view input) { return TakeFew(input); },
             .apply = [this](resp::Args args) { return Apply(args); },
             .in_transaction = [this] { return open_; }},
            {}};
  }
  AofLoader::Taken TakeFew(std::string_view input) {
    AofLoader::Taken taken;
    std::vector<std::string_view> words;
    for (int i = 0; i < 3 && taken.refusal.empty(); ++i, words.clear()) {
      const size_t bytes = resp::ParseWholeRequest(input.substr(taken.bytes), &words);
      if (bytes == 0) break;
      taken.refusal = Apply(words);
      if (taken.refusal.empty()) taken.bytes += bytes;
      if (taken.refusal.empty() && !open_) taken.whole = taken.bytes;
    }
    return taken;
  }
  std::string Apply(resp::Args args) {
    if (args[0] == "BLA") return "Unknown command 'BLA'";
    if (args[0] == "MULTI") open_ = true;
    if (args[0] == "EXEC") open_ = false;
    for (const std::string_view word : args) applied_ += std::string(word) + " ";
    return {};
  }
  std::string Base(const RdbInfo& info) {
    StringSink sink;
    keyspace::Keyspace keyspace(16, 1, {});
    keyspace.db(0).Put("based", "v", keyspace::kNoExpiry, keyspace::events::kSet);
    EXPECT_TRUE(WriteDataset(sink, keyspace, {.info = info}).ok());
    return sink.text();
  }

  keyspace::Keyspace keyspace_{16, 1, {}};
  std::vector<UniqueFd> fds_;
  std::string applied_;
  bool open_ = false;
};

const std::string kId(40, 'a');

TEST_F(AofLoaderTest, ReadsABaseAndItsIncrementsInOrder) {
  AofLoader loader = LoaderOf({Base({}) + Command({"SET", "tail", "1"}), Command({"SET", "a", "1"}),
                               "", "#TS:1700000000\r\n" + Command({"DEL", "a"})});
  ASSERT_TRUE(loader.Finish().ok());
  EXPECT_EQ(applied_, "SET tail 1 SET a 1 DEL a ");
  EXPECT_EQ(keyspace_.db(0).size(), 1u);
  EXPECT_FALSE(loader.cut_at());
  EXPECT_EQ(loader.bytes_loaded(), loader.bytes_total());
}

TEST_F(AofLoaderTest, AFileThatIsCutAnywhereLoadsItsWholeCommandsAndSaysWhereTheyEnd) {
  const std::string first = Command({"SET", "k", "v"});
  const std::string unit = Command({"MULTI"}) + Command({"INCR", "c"}) + Command({"EXEC"});
  const std::string text = first + unit + Command({"SET", "k", std::string(70'000, 'x')});
  for (size_t bytes = 0; bytes < text.size(); bytes += bytes < 200 ? 1 : 997) {
    AofLoader loader = LoaderOf({text.substr(0, bytes)});
    ASSERT_TRUE(loader.Finish().ok()) << bytes;
    const size_t whole = bytes < first.size()                 ? 0
                         : bytes < first.size() + unit.size() ? first.size()
                                                              : first.size() + unit.size();
    EXPECT_EQ(loader.cut_at().value_or(bytes), whole) << bytes;
    EXPECT_EQ(loader.cut_at().has_value(), whole != bytes) << bytes;
  }
}

TEST_F(AofLoaderTest, ZerosAtTheEndAreACutAndZerosBeforeDataAreNot) {
  const std::string whole = Command({"SET", "k", "v"});
  AofLoader loader = LoaderOf({whole + std::string(3 << 20, '\0')});
  ASSERT_TRUE(loader.Finish().ok());
  EXPECT_EQ(loader.cut_at(), whole.size());
  EXPECT_THAT(LoaderOf({whole + std::string(3 << 20, '\0') + whole}).Finish().message(),
              HasSubstr("Bad file format"));
}

TEST_F(AofLoaderTest, WhatIsNoCommandNamesTheFileAndThePlace) {
  const std::string whole = Command({"SET", "k", "v"});
  for (const std::string& text : {whole + "!!!" + whole, whole + "SET inline word\r\n",
                                  whole + "*1\r\n+OK\r\n", whole + "*x\r\n"}) {
    AofLoader loader = LoaderOf({text});
    const std::string error = loader.Finish().message();
    EXPECT_THAT(error, HasSubstr("Bad file format reading the append only file"));
    EXPECT_THAT(error, HasSubstr("at offset " + std::to_string(whole.size())));
    EXPECT_THAT(error, HasSubstr("/proc/self/fd/"));
  }
  EXPECT_THAT(LoaderOf({Command({"BLA"})}).Finish().message(),
              HasSubstr("Unknown command 'BLA' reading the append only file"));
}

TEST_F(AofLoaderTest, WhatWasWrittenAfterAMomentIsNotRead) {
  const std::string a = Command({"SET", "a", "1"}), b = Command({"SET", "b", "2"});
  const std::string first = "#TS:100\r\n" + a, second = "#TS:200\r\n" + b;
  const auto load = [&](int64_t until_s) {
    AofLoader loader = LoaderOf({first + second, "#TS:300\r\n" + a});
    loader.set_until(until_s);
    EXPECT_TRUE(loader.Finish().ok());
    return loader.stop();
  };
  EXPECT_FALSE(load(300));
  EXPECT_EQ(applied_, "SET a 1 SET b 2 SET a 1 ");
  const auto late = load(299);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->file, 1u);
  EXPECT_EQ(late->offset, 0u);
  EXPECT_EQ(late->time_stamp_s, 300);
  const auto early = load(150);
  ASSERT_TRUE(early);
  EXPECT_EQ(early->file, 0u);
  EXPECT_EQ(early->offset, first.size());
  EXPECT_EQ(applied_, "SET a 1 ");
}

TEST_F(AofLoaderTest, OnlyTheLastFileMayBeCut) {
  const std::string text = Command({"SET", "k", "v"});
  EXPECT_THAT(LoaderOf({text.substr(0, 10), text}).Finish().message(),
              HasSubstr("not the last one"));
  EXPECT_FALSE(LoaderOf({Base({}).substr(0, 60)}).Finish().ok());
}

TEST_F(AofLoaderTest, AHistoryIsContinuedOnlyIfNothingFollowsWhatWasSaidOfItAndCountsInAnyCase) {
  RdbInfo info{.repl_id = kId,
               .repl_offset = 100,
               .repl_stream_db = 2,
               .cluster_uid = "uid",
               .data_epoch = 7};
  const std::string command = Command({"SET", "k", "v"});
  using Place = std::pair<std::string, int64_t>;
  const auto place_after = [&](const std::vector<std::string>& files) {
    AofLoader loader = LoaderOf(files);
    EXPECT_TRUE(loader.Finish().ok());
    EXPECT_EQ(loader.info().data_epoch, 7u);
    EXPECT_EQ(loader.info().cluster_uid, "uid");
    return Place(loader.info().repl_id, loader.info().repl_offset);
  };
  EXPECT_EQ(place_after({Base(info)}), Place(kId, 100));
  EXPECT_EQ(place_after({Base(info), command}), Place("", 100));
  std::string offset;
  AppendAofOffset(133, 2, &offset);
  EXPECT_EQ(place_after({Base(info), command + offset}), Place(kId, 133));
  EXPECT_EQ(place_after({Base(info), command + offset + command}), Place("", 133));
  EXPECT_EQ(place_after({Base(info), command + offset, command}), Place("", 133));
  EXPECT_EQ(place_after({Base(info), command + offset + command.substr(0, 9)}), Place(kId, 133));
  // The last turn of who lost its power, in pieces.
  EXPECT_EQ(place_after({Base(info), command + offset + command + command.substr(0, 9)}),
            Place("", 133));
  EXPECT_EQ(place_after({Base(info), command + offset + Command({"MULTI"}) + command}),
            Place(kId, 133));
  info.repl_offset = 5;
  EXPECT_EQ(place_after({Base(info), command + FormatAofHistory(info)}), Place(kId, 5));
  info.repl_id.clear();
  EXPECT_EQ(place_after({Base(info), command + FormatAofHistory(info) + offset}), Place("", 133));
}

TEST_F(AofLoaderTest, ANoteThatMakesNoSenseSaysNothing) {
  RdbInfo info{.repl_id = kId, .repl_offset = 1};
  for (const char* line :
       {"#TS:1", "#", "#redisha-offset", "#redisha-offset x 1", "#redisha-offset -1 0",
        "#redisha-offset 1", "#redisha-offset 1 0 0", "#redisha-offset 9223372036854775807 0",
        "#redisha-history a 1 0 - 1", "#redisha-history - 1 0 -", "#redisha-history - 1 0 - x"}) {
    EXPECT_FALSE(ReadAofNote(line, &info)) << line;
    EXPECT_EQ(info.repl_offset, 1);
  }
}

}  // namespace
}  // namespace rha::node::persist
