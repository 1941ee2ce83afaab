#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/app/command_line.h"
#include "node/app/config_service.h"
#include "node/app/options.h"

namespace rha::node::app {
namespace {

using testing::HasSubstr;

Config Parsed(std::string_view text) {
  Config config;
  const Status applied = ApplyConfigText(text, "the test", &config);
  EXPECT_TRUE(applied.ok()) << applied.message();
  return config;
}

std::string ErrorOf(std::string_view text) {
  Config config;
  return ApplyConfigText(text, "the test", &config).message();
}

std::string Shown(const Config& config, std::string_view name) {
  return FindOption(name)->get(config);
}

TEST(Config, EveryDefaultReadsBack) {
  const Config defaults;
  for (const Option& option : Options()) {
    Config config;
    const std::string value = option.get(defaults);
    if (option.name == "replicaof") continue;
    const std::string words[] = {value};
    const Status set =
        option.set(config, (option.flags & kManyWords) != 0 && option.lines ? Words() : words);
    if (option.lines) continue;
    EXPECT_TRUE(set.ok()) << option.name << ": " << set.message();
    EXPECT_EQ(option.get(config), value) << option.name;
  }
}

TEST(Config, FilesAreReadAsRedisReadsThem) {
  const Config config = Parsed(
      "# comment\n\n  PORT 7000\nrequirepass \"a \\x41 b\"\nmaxmemory 1gb\nbind 127.0.0.1 ::1\n"
      "save 60 1\nsave 5 100\nslaveof 10.0.0.1 6380\nunixsocketperm 700\n"
      "client-output-buffer-limit replica 1mb 512kb 10\nnotify-keyspace-events Ex\n");
  EXPECT_EQ(config.port, 7000);
  EXPECT_EQ(config.password, "a A b");
  EXPECT_EQ(config.memory_max_bytes, 1 << 30);
  EXPECT_EQ(Shown(config, "bind"), "127.0.0.1 ::1");
  EXPECT_EQ(Shown(config, "save"), "60 1 5 100");
  EXPECT_EQ(Shown(config, "replicaof"), "10.0.0.1 6380");
  EXPECT_EQ(config.unix_socket_permissions, 0700);
  EXPECT_EQ(config.output_limits[1].soft_bytes, 512u << 10);
  EXPECT_EQ(Shown(config, "notify-keyspace-events"), "xE");
}

TEST(Config, ErrorsNameLineAndReason) {
  EXPECT_THAT(ErrorOf("port 1\nnosuch 5\n"), HasSubstr("at line 2\n>>> 'nosuch 5'\nBad directive"));
  EXPECT_THAT(ErrorOf("port 1 2\n"), HasSubstr("wrong number of arguments"));
  EXPECT_THAT(ErrorOf("\n\nrequirepass \"abc\n"), HasSubstr("at line 3"));
  EXPECT_THAT(ErrorOf("maxmemory lots\n"), HasSubstr("argument must be a memory value"));
  EXPECT_THAT(ErrorOf("daemonize maybe\n"), HasSubstr("argument must be 'yes' or 'no'"));
  EXPECT_THAT(ErrorOf("hash-max-listpack-entries many\n"), HasSubstr("parsed into an integer"));
}

TEST(Config, FlagsFollowTheirOptionUntilTheNext) {
  const auto line =
      ReadCommandLine({"--port", "7001", "--save", "--bind", "127.0.0.1", "--replicaof", "h", "1"});
  ASSERT_TRUE(line.ok()) << line.status().message();
  EXPECT_EQ(line->config.port, 7001);
  EXPECT_TRUE(line->config.save_points.empty());
  EXPECT_EQ(line->config.primary_host, "h");
  EXPECT_FALSE(ReadCommandLine({"--nosuch"}).ok());
  EXPECT_EQ(ReadCommandLine({"--help"})->ask, CommandLine::Ask::kHelp);
}

TEST(Config, MemoryUnits) {
  EXPECT_EQ(ParseMemory("10"), 10);
  EXPECT_EQ(ParseMemory("1k"), 1000);
  EXPECT_EQ(ParseMemory("1KB"), 1024);
  EXPECT_EQ(ParseMemory("2gb"), 2LL << 30);
  for (const char* bad : {"", "k", "1tb", "-1", "1.5gb", "9999999999gb"})
    EXPECT_LT(ParseMemory(bad), 0);
}

class ConfigServiceTest : public testing::Test {
 protected:
  std::string Set(const ConfigService::Pairs& pairs) { return service_.Set(pairs).message(); }

  Config config_;
  Status apply_result_;
  ConfigService service_{config_, [this](const Config&, std::string* culprit) {
                           *culprit = "hz";
                           return apply_result_;
                         }};
};

TEST_F(ConfigServiceTest, SetIsAllOrNothing) {
  EXPECT_EQ(
      Set({{"timeout", "5"}, {"hz", "abc"}}),
      "CONFIG SET failed (possibly related to argument 'hz') - argument couldn't be parsed into an "
      "integer");
  EXPECT_EQ(config_.client_timeout_s, 0);
  apply_result_ = Status(Code::kIo, "no luck");
  EXPECT_EQ(Set({{"timeout", "5"}}),
            "CONFIG SET failed (possibly related to argument 'hz') - no luck");
  EXPECT_EQ(config_.client_timeout_s, 0);
  apply_result_ = {};
  EXPECT_EQ(Set({{"timeout", "5"}}), "");
  EXPECT_EQ(config_.client_timeout_s, 5);
}

TEST_F(ConfigServiceTest, SetRefusesWhatMayNotChange) {
  EXPECT_THAT(Set({{"databases", "5"}}), HasSubstr("can't set immutable config"));
  EXPECT_THAT(Set({{"dir", "/"}}), HasSubstr("can't set protected config"));
  EXPECT_THAT(Set({{"hz", "5"}, {"hz", "6"}}), HasSubstr("duplicate parameter"));
  EXPECT_THAT(Set({{"nosuch", "5"}}), HasSubstr("Unknown option"));
}

TEST_F(ConfigServiceTest, GetTakesPatternsAndOldNames) {
  const std::string_view patterns[] = {"slave-prio*", "MAXMEMORY"};
  const auto pairs = service_.Get(patterns);
  EXPECT_THAT(pairs, testing::UnorderedElementsAre(testing::Pair("slave-priority", "100"),
                                                   testing::Pair("maxmemory", "0")));
}

TEST(RewriteConfigText, KeepsWhatItDoesNotKnowAndAppendsTheRest) {
  Config config = Parsed("port 7000\ntimeout 5\nsave 1 1\n");
  config.password = "two words";
  const std::string old = "# top\nport 1\nsave 900 1\nsave 300 10\nport 2\nunknown x\n";
  const std::string text = RewriteConfigText(old, config);
  EXPECT_THAT(text, testing::StartsWith(
                        "# top\nport 7000\nsave 1 1\nunknown x\n# Generated by CONFIG REWRITE\n"));
  EXPECT_THAT(text, HasSubstr("\ntimeout 5\n"));
  EXPECT_THAT(text, HasSubstr("\nrequirepass \"two words\"\n"));
  EXPECT_EQ(RewriteConfigText(text, config), text) << "a second rewrite changes nothing";
}

}  // namespace
}  // namespace rha::node::app
