#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class GeoTest : public CommandTest {
 protected:
  void AddSicily() {
    EXPECT_EQ(Run({"geoadd", "s", "13.361389", "38.115556", "Palermo", "15.087269", "37.502669",
                   "Catania"}),
              ":2");
  }
};

TEST_F(GeoTest, PlacesAreScores) {
  AddSicily();
  EXPECT_EQ(Run({"zscore", "s", "Palermo"}), "$3479099956230698");
  EXPECT_EQ(Run({"geodist", "s", "Palermo", "Catania"}), "$166274.1516");
  EXPECT_EQ(Run({"geodist", "s", "Palermo", "Catania", "KM"}), "$166.2742");
  EXPECT_EQ(Run({"geodist", "s", "Palermo", "nobody"}), "(nil)");
  EXPECT_EQ(Run({"geodist", "none", "a", "b"}), "(nil)");
  EXPECT_EQ(Run({"geohash", "s", "Palermo", "nobody"}), "[$sqc8b49rny0, (nil)]");
  EXPECT_EQ(Run({"geopos", "s", "Palermo", "nobody"}),
            "[[$13.36138933897018433, $38.11555639549629859], (nil)]");
  EXPECT_EQ(Run({"geopos", "none"}), "[]");
}

TEST_F(GeoTest, AddingKnowsTheConditionsOfZadd) {
  AddSicily();
  EXPECT_EQ(Run({"geoadd", "s", "nx", "1", "1", "Palermo", "2", "2", "new"}), ":1");
  EXPECT_EQ(Run({"geoadd", "s", "XX", "CH", "1", "1", "Palermo", "2", "2", "nobody"}), ":1");
  EXPECT_EQ(Run({"geoadd", "none", "xx", "1", "1", "a"}), ":0");
  EXPECT_EQ(Run({"geoadd", "s", "xx", "nx", "1", "1", "a"}), "-ERR syntax error");
  EXPECT_EQ(Run({"geoadd", "s", "1", "1", "a", "2"}), "-ERR syntax error");
  EXPECT_EQ(Run({"geoadd", "s", "ch", "ch", "ch"}), "-ERR syntax error");
  EXPECT_EQ(Run({"geoadd", "s", "gt", "1", "a"}), "-ERR value is not a valid float");
  EXPECT_EQ(Run({"geoadd", "s", "1", "1", "a", "200", "100", "b"}),
            "-ERR invalid longitude,latitude pair 200.000000,100.000000");
  EXPECT_EQ(Run({"zcard", "s"}), ":3");
}

TEST_F(GeoTest, ReplicasAreToldTheScores) {
  AddSicily();
  Run({"geoadd", "s", "CH", "13.361389", "38.115556", "Palermo"});
  Run({"geoadd", "s", "CH", "15.087269", "37.502669", "Palermo"});
  EXPECT_THAT(propagated(),
              ElementsAre("[0] zadd s 3479099956230698 Palermo 3479447370796909 Catania",
                          "[0] zadd s CH 3479447370796909 Palermo"));
}

TEST_F(GeoTest, SearchesNearAPointOrAMember) {
  AddSicily();
  Run({"geoadd", "s", "12.758489", "38.788135", "edge1", "17.241510", "38.788135", "edge2"});
  EXPECT_EQ(Run({"geosearch", "s", "fromlonlat", "15", "37", "byradius", "200", "km", "asc"}),
            "[$Catania, $Palermo]");
  EXPECT_EQ(Run({"geosearch", "s", "fromlonlat", "15", "37", "bybox", "400", "400", "km", "asc",
                 "withcoord", "withdist", "count", "2"}),
            "[[$Catania, $56.4413, [$15.08726745843887329, $37.50266842333162032]], "
            "[$Palermo, $190.4424, [$13.36138933897018433, $38.11555639549629859]]]");
  EXPECT_EQ(Run({"geosearch", "s", "bybox", "400", "400", "km", "fromlonlat", "15", "37", "desc"}),
            "[$edge1, $edge2, $Palermo, $Catania]");
  EXPECT_EQ(Run({"georadius", "s", "15", "37", "200", "km", "withhash", "count", "1"}),
            "[[$Catania, :3479447370796909]]");
  EXPECT_EQ(Run({"georadiusbymember", "s", "Palermo", "50", "km"}), "[$Palermo]");
  EXPECT_EQ(Run({"georadiusbymember_ro", "s", "Palermo", "170", "km", "desc"}),
            "[$Catania, $edge1, $Palermo]");
  EXPECT_EQ(Run({"geosearch", "none", "frommember", "x", "byradius", "1", "m"}), "[]");
}

TEST_F(GeoTest, ResultsAreStoredAsScoresOrDistances) {
  AddSicily();
  EXPECT_EQ(Run({"geosearchstore", "d", "s", "fromlonlat", "15", "37", "byradius", "100", "km"}),
            ":1");
  EXPECT_EQ(Run({"zrange", "d", "0", "-1", "withscores"}), "[$Catania, $3479447370796909]");
  EXPECT_EQ(Run({"georadius", "s", "15", "37", "200", "km", "storedist", "d"}), ":2");
  EXPECT_EQ(Run({"zrange", "d", "0", "-1"}), "[$Catania, $Palermo]");
  EXPECT_EQ(Run({"georadiusbymember", "s", "Catania", "1", "km", "store", "x", "STORE", "s"}),
            ":1");
  EXPECT_EQ(Run({"zrange", "s", "0", "-1"}), "[$Catania]");
  EXPECT_EQ(Run({"exists", "x"}), ":0");
  EXPECT_EQ(Run({"georadius", "s", "-15", "37", "200", "km", "store", "d"}), ":0");
  EXPECT_EQ(Run({"exists", "d"}), ":0");
  Run({"set", "d", "v"});
  EXPECT_EQ(Run({"geosearchstore", "d", "none", "frommember", "a", "byradius", "1", "m"}), ":0");
  EXPECT_EQ(Run({"exists", "d"}), ":0");
}

TEST_F(GeoTest, WhatDoesNotGoTogetherIsRefused) {
  AddSicily();
  const auto search = [this](std::vector<std::string_view> words) {
    words.insert(words.begin(), {"geosearch", "s"});
    return Run(words);
  };
  EXPECT_EQ(search({"fromlonlat", "1", "1", "asc", "desc"}),
            "-ERR exactly one of BYRADIUS and BYBOX can be specified for geosearch");
  EXPECT_EQ(search({"byradius", "1", "m", "asc", "desc"}),
            "-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for geosearch");
  EXPECT_EQ(search({"frommember", "Palermo", "fromlonlat", "1", "1", "byradius", "1", "m"}),
            "-ERR syntax error");
  EXPECT_EQ(search({"frommember", "Palermo", "byradius", "1", "m", "bybox", "1", "1", "m"}),
            "-ERR syntax error");
  EXPECT_EQ(search({"frommember", "nobody", "byradius", "1", "m"}),
            "-ERR could not decode requested zset member");
  EXPECT_EQ(search({"frommember", "Palermo", "byradius", "x", "m"}), "-ERR need numeric radius");
  EXPECT_EQ(search({"frommember", "Palermo", "byradius", "-1", "m"}),
            "-ERR radius cannot be negative");
  EXPECT_EQ(search({"frommember", "Palermo", "bybox", "1", "-1", "m"}),
            "-ERR height or width cannot be negative");
  EXPECT_EQ(search({"frommember", "Palermo", "byradius", "1", "parsec"}),
            "-ERR unsupported unit provided. please use M, KM, FT, MI");
  EXPECT_EQ(search({"frommember", "Palermo", "byradius", "1", "m", "any"}),
            "-ERR the ANY argument requires COUNT argument");
  EXPECT_EQ(search({"frommember", "Palermo", "byradius", "1", "m", "count", "0"}),
            "-ERR COUNT must be > 0");
  EXPECT_EQ(search({"frommember", "Palermo", "byradius", "1", "m", "store", "d"}),
            "-ERR syntax error");
  EXPECT_EQ(Run({"georadius", "s", "1", "1", "1", "m", "withdist", "store", "d"}),
            "-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and "
            "WITHCOORD options");
  EXPECT_EQ(Run({"georadius_ro", "s", "1", "1", "1", "m", "store", "d"}), "-ERR syntax error");
}

TEST_F(GeoTest, AnyScoreIsSomewhere) {
  Run({"zadd", "z", "inf", "a", "-inf", "b", "-7.5", "c", "1e19", "d"});
  Run({"geopos", "z", "a", "b", "c", "d"});
  Run({"geohash", "z", "a", "b", "c", "d"});
  EXPECT_EQ(Run({"geodist", "z", "a", "a"}), "$0.0000");
  EXPECT_EQ(Run({"geosearch", "z", "frommember", "c", "byradius", "1", "m"}), "[]");
}

// Each key that may be written is asked for, whatever members and keys are called.
TEST_F(GeoTest, NoStoreIsHiddenFromAcl) {
  Run({"acl", "setuser", "u", "on", "nopass", "+@all", "~own*", "%R~count", "%R~store"});
  Run({"auth", "u", "x"});
  const char* const error =
      "-NOPERM this user has no permissions to access one of the keys used "
      "as arguments";
  const auto near = [this](std::string_view key, std::vector<std::string_view> options) {
    std::vector<std::string_view> words = {"georadius", key, "1", "1", "1", "m"};
    words.insert(words.end(), options.begin(), options.end());
    return Run(words);
  };
  EXPECT_EQ(near("own", {"store", "hidden"}), error);
  EXPECT_EQ(near("own", {"storedist", "own2", "store", "hidden"}), error);
  EXPECT_EQ(near("own", {"store", "hidden", "storedist", "own2"}), error);
  EXPECT_EQ(near("count", {"store", "hidden"}), error);
  EXPECT_EQ(near("own", {"count", "1", "any", "store", "hidden"}), error);
  EXPECT_EQ(Run({"georadiusbymember", "count", "store", "1", "m", "store", "hidden"}), error);
  EXPECT_EQ(Run({"georadiusbymember", "own", "limit", "1", "m", "store", "hidden"}), error);
  EXPECT_EQ(Run({"georadiusbymember", "store", "own", "1", "m"}), "[]");
  EXPECT_EQ(near("own", {"store", "own2"}), ":0");
  OursAlone();  // Redis 7.0 asks for the first of each, and writes to the last
  EXPECT_EQ(near("own", {"store", "own2", "store", "hidden"}), error);
  EXPECT_EQ(near("own", {"store", "limit", "storedist", "hidden"}), error);
  EXPECT_EQ(near("own", {"store", "own2", "storedist", "store"}), error);
}

}  // namespace
}  // namespace rha::node::commands
