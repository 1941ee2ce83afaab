#include "node/persist/aof_manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace rha::node::persist {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kWhole[] =
    "file a.aof.3.base.rdb seq 3 type b\n"
    "file a.aof.2.incr.aof seq 2 type h\n"
    "file a.aof.5.incr.aof seq 5 type i\n"
    "file a.aof.7.incr.aof seq 7 type i\n";

AofManifest Parsed(std::string_view text) {
  auto manifest = AofManifest::Parse(text);
  EXPECT_TRUE(manifest.ok()) << manifest.status().message();
  return std::move(manifest).value_or({});
}

std::string Refusal(std::string_view text) { return AofManifest::Parse(text).status().message(); }

TEST(AofManifest, ReadsWhatItWrites) {
  const AofManifest manifest = Parsed(kWhole);
  EXPECT_EQ(manifest.base, (AofFile{"a.aof.3.base.rdb", 3}));
  EXPECT_THAT(manifest.history, ElementsAre(AofFile{"a.aof.2.incr.aof", 2}));
  EXPECT_EQ(manifest.increments.size(), 2u);
  EXPECT_EQ(manifest.Format(), kWhole);
}

TEST(AofManifest, KnowsNamesWithBlanksCommentsAndKeysThatComeLater) {
  const AofManifest manifest =
      Parsed("# by hand\nfile \"my \\\"own\\\" file\" seq 1 type b size 12\n");
  EXPECT_EQ(manifest.base->name, "my \"own\" file");
  EXPECT_EQ(Parsed(manifest.Format()), manifest);
}

TEST(AofManifest, RefusesWhatIsNotSoundInRedisWords) {
  EXPECT_THAT(Refusal(""), HasSubstr("Found an empty AOF manifest"));
  for (const char* text : {
           "\n", "file a seq 1 type i\n\n", "filx a seq 1 type b\n", "file a type i\n",
           "file a seq 1 type i newkey\n", "file a seq x type i\n", "file a seq 0 type i\n",
           "file a seq 99999999999999999999 type i\n", "file a seq 18446744073709551615 type i\n",
           "file \"a seq 1 type i\n",
           "file a seq 1 type i",  // cut
       }) {
    EXPECT_THAT(Refusal(text), HasSubstr("Invalid AOF manifest file format")) << text;
  }
  EXPECT_THAT(Refusal("file a seq 2 type i\nfile b seq 1 type i\n"),
              HasSubstr("line 2: Found a non-monotonic sequence number"));
  EXPECT_THAT(Refusal("file a seq 1 type b\nfile b seq 2 type b\n"),
              HasSubstr("Found duplicate base file information"));
  EXPECT_THAT(Refusal("file a seq 1 type b\nfile a seq 1 type h\n"), HasSubstr("name twice"));
  EXPECT_THAT(Refusal("file a seq 1 type x\n"), HasSubstr("Unknown AOF file type"));
  EXPECT_THAT(Refusal("file ../a seq 1 type b\n"), HasSubstr("File can't be a path"));
  EXPECT_THAT(Refusal("file .. seq 1 type b\n"), HasSubstr("File can't be a path"));
  EXPECT_THAT(Refusal("file " + std::string(2000, 'a') + " seq 1 type b\n"),
              HasSubstr("too long line"));
}

TEST(AofManifest, ARewriteMakesHistoryOfAllBeforeItsIncrement) {
  AofManifest manifest = Parsed(kWhole);
  manifest.AddIncrement(manifest.NextIncrement("a.aof"));
  manifest.ReplaceBase(manifest.NextBase("a.aof", "rdb"), manifest.increments.size() - 1);
  EXPECT_EQ(manifest.base, (AofFile{"a.aof.4.base.rdb", 4}));
  EXPECT_THAT(manifest.increments, ElementsAre(AofFile{"a.aof.8.incr.aof", 8}));
  EXPECT_THAT(manifest.history,
              ElementsAre(AofFile{"a.aof.5.incr.aof", 5}, AofFile{"a.aof.7.incr.aof", 7},
                          AofFile{"a.aof.3.base.rdb", 3}, AofFile{"a.aof.2.incr.aof", 2}));
}

TEST(AofManifest, ANewFileNeverTakesTheNameOfOneThatIsToBeRemoved) {
  const AofManifest manifest = Parsed("file a.aof.1.incr.aof seq 1 type h\n");
  EXPECT_EQ(manifest.NextIncrement("a.aof"), (AofFile{"a.aof.2.incr.aof", 2}));
}

}  // namespace
}  // namespace rha::node::persist
