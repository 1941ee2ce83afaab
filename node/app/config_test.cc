#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/app/command_line.h"
#include "node/app/config_service.h"
#include "node/app/limits.h"
#include "node/app/options.h"
#include "node/app/title.h"
#include "node/dispatch/session.h"

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
    for (const auto& words : LinesOf(option, defaults)) {
      const Status set = option.set(config, words);
      EXPECT_TRUE(set.ok()) << option.name << ": " << set.message();
    }
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

TEST(Config, AModuleIsRefusedAsWhatItIs) {
  EXPECT_THAT(ErrorOf("port 1\nloadmodule /usr/lib/x.so y\n"),
              HasSubstr("at line 2\n>>> 'loadmodule /usr/lib/x.so y'\nthis server has no module "
                        "API (docs/differences.md"));
}

TEST(Config, ErrorsShowNoPassword) {
  for (const char* text : {"requirepass s3cret x\n", "  masterauth \"s3cret\n",
                           "user default >s3cret onn\n", "tls-key-file-pass s3cret x\n"}) {
    EXPECT_THAT(ErrorOf(text), testing::AllOf(HasSubstr("(redacted)"), Not(HasSubstr("s3cret"))));
  }
}

TEST(Config, WhatProtectsAndIsNotThereEndsTheStart) {
  for (const char* text :
       {"tls-port 6380\n", "tls-replication yes\n", "tls-cluster yes\n", "cluster-enabled yes\n",
        "syslog-enabled yes\n", "socket-mark-id 7\n", "activedefrag yes\n"}) {
    EXPECT_THAT(ErrorOf(text), HasSubstr("cannot be honoured: ")) << text;
  }
  EXPECT_EQ(ErrorOf("aclfile a\ntls-port 0\ntls-cert-file /x.crt\ncluster-enabled no\n"
                    "cluster-node-timeout 5000\nsyslog-ident r\n"),
            "");
}

TEST(Config, MaxmemoryClientsIsASizeOrAShareOfMaxmemory) {
  Config config;
  const Option* const option = FindOption("maxmemory-clients");
  const auto set = [&](std::string word) { return option->set(config, {{std::move(word)}}).ok(); };
  EXPECT_EQ(config.ClientBytesMax(), 0u);
  EXPECT_TRUE(set("10mb"));
  EXPECT_EQ(config.ClientBytesMax(), 10u << 20);
  EXPECT_EQ(option->get(config), "10485760");
  EXPECT_TRUE(set("1kb"));
  EXPECT_EQ(config.ClientBytesMax(), kClientBytesMaxLeast);
  EXPECT_TRUE(set("7%"));
  EXPECT_EQ(option->get(config), "7%");
  EXPECT_EQ(config.ClientBytesMax(), 0u) << "of no limit there is no share";
  config.memory_max_bytes = 100 << 20;
  EXPECT_EQ(config.ClientBytesMax(), 7u << 20);
  for (const char* word : {"-5%", "101%", "x%", "%", "many"}) EXPECT_FALSE(set(word)) << word;
}

// What is read and does nothing may only say what is done anyway.
TEST(Config, AnOptionThatDoesNothingHasItsHarmlessValuesAndNoOther) {
  struct Case {
    const char* name;
    std::vector<const char*> harmless;
    const char* other;
  };
  const Case cases[] = {
      {"activedefrag", {"no"}, "yes"},
      {"cluster-enabled", {"no"}, "yes"},
      {"cluster-preferred-endpoint-type", {"ip", "hostname", "unknown-endpoint"}, "x"},
      {"hide-user-data-from-log", {"no"}, "yes"},
      {"locale-collate", {"\"\""}, "C"},
      {"sanitize-dump-payload", {"no", "yes", "clients"}, "maybe"},
      {"socket-mark-id", {"0"}, "7"},
      {"tls-auth-clients", {"yes", "no", "optional"}, "maybe"},
      {"syslog-enabled", {"no"}, "yes"},
      {"tls-cluster", {"no"}, "yes"},
      {"tls-port", {"0"}, "6380"},
      {"tls-replication", {"no"}, "yes"},
  };
  for (const Case& one : cases) {
    const std::string name = std::string(one.name) + " ";
    for (const char* value : one.harmless) EXPECT_EQ(ErrorOf(name + value + "\n"), "") << one.name;
    EXPECT_THAT(ErrorOf(name + one.other + "\n"), HasSubstr("cannot be honoured: ")) << one.name;
  }
}

TEST(Config, NumbersThatDoNothingHaveTheLimitsOfRedis) {
  for (const char* line :
       {"active-expire-effort 11", "active-expire-effort 0", "io-threads 129",
        "list-compress-depth -1", "cluster-port 65536", "set-max-listpack-value -1"}) {
    EXPECT_THAT(ErrorOf(std::string(line) + "\n"), HasSubstr("argument must be between")) << line;
  }
  EXPECT_EQ(ErrorOf("active-expire-effort 10\nlist-compress-depth 3\nio-threads 4\n"), "");
  EXPECT_EQ(Shown(Parsed("hash-max-listpack-value 10kb\n"), "hash-max-listpack-value"), "10240");
}

TEST(Config, AUserLineIsCheckedButForItsCommands) {
  const auto read = [](const std::string& text) {
    Config config;
    return ReadConfigText(text, "the test", &config).message();
  };
  EXPECT_EQ(read("user default on nopass sanitize-payload ~* &* +@all\n"), "");
  EXPECT_EQ(read("user default on nopass ~* +@all -debug\nrequirepass foo\n"), "");
  EXPECT_EQ(read("user bob on >a >b ~a* &c +nosuch (+get %R~x)\nuser eve reset\n"), "");
  EXPECT_THAT(read("user\n"), HasSubstr("wrong number of arguments"));
  EXPECT_THAT(read("user bob on\nuser bob off\n"), HasSubstr("Duplicate user found."));
  EXPECT_THAT(read("user bob (+get\n"), HasSubstr("Unmatched parenthesis"));
  EXPECT_THAT(read("user \"a b\" on\n"), HasSubstr("Usernames can't contain spaces"));
  const std::string wrong = read("port 1\nuser bob >s3cret onn\n");
  EXPECT_THAT(wrong, HasSubstr("at line 2\n>>> 'user (redacted)'\nSyntax error"));
  EXPECT_THAT(wrong, testing::Not(HasSubstr("s3cret")));
}

TEST(Config, SignalsMayAskForASave) {
  EXPECT_EQ(Shown(Parsed("shutdown-on-sigterm SAVE now\n"), "shutdown-on-sigterm"), "save now");
  EXPECT_EQ(Shown(Parsed("shutdown-on-sigint force NOSAVE now now\n"), "shutdown-on-sigint"),
            "nosave now force");
  for (const char* none : {"shutdown-on-sigint\n", "shutdown-on-sigint \"\"\n"}) {
    EXPECT_THAT(ErrorOf(none), HasSubstr("argument(s) must be one of the following: default, "));
  }
  EXPECT_THAT(ErrorOf("shutdown-on-sigterm save nosave\n"), HasSubstr("Invalid combination"));
  EXPECT_THAT(ErrorOf("shutdown-on-sigint default now\n"), HasSubstr("Invalid combination"));
  EXPECT_THAT(ErrorOf("shutdown-on-sigint maybe\n"), HasSubstr("must be one of"));
}

TEST(Config, OomScoresAreThreeWithinTheirLimits) {
  const Config config = Parsed("oom-score-adj absolute\noom-score-adj-values -2000 0 2000\n");
  EXPECT_EQ(Shown(config, "oom-score-adj"), "absolute");
  EXPECT_EQ(Shown(config, "oom-score-adj-values"), "-2000 0 2000");
  EXPECT_THAT(ErrorOf("oom-score-adj-values 1 2\n"), HasSubstr("wrong number of arguments"));
  for (const char* wrong : {"-2001 0 0", "0 2001 0", "0 0 x"}) {
    EXPECT_THAT(ErrorOf(std::string("oom-score-adj-values ") + wrong + "\n"),
                HasSubstr("elements must be between -2000 and 2000."));
  }
}

TEST(Config, AConnectionsSourceIsAnAddress) {
  for (const char* address : {"10.0.0.1", "::1", "\"\""}) {
    EXPECT_EQ(ErrorOf(std::string("bind-source-addr ") + address + "\n"), "");
  }
  EXPECT_THAT(ErrorOf("bind-source-addr localhost\n"), HasSubstr("must be an IP address"));
}

TEST(Config, ATitleIsMadeOfFacts) {
  const auto expand = [](std::string_view text, const Config& config) {
    const auto title = ExpandTitle(text, "/bin/node", config);
    return title.ok() ? *title : title.status().message();
  };
  Config config;
  EXPECT_EQ(expand(config.title_template, config), "/bin/node *:6379");
  config.bind = {"10.0.0.1", "::1"};
  config.port = 7000;
  config.unix_socket = "/s";
  EXPECT_EQ(expand(" {{a} {listen-addr}{server-mode} {port} {tls-port} {unixsocket} {config-file}",
                   config),
            "{a} 10.0.0.1:7000 7000 0 /s -");
  config.port = 0;
  EXPECT_EQ(expand("{listen-addr}", config), "unixsocket:/s");
  for (const char* wrong : {"{nosuch}", "{title", "a {", "", "  ", "{server-mode}"}) {
    EXPECT_EQ(expand(wrong, config), "template format is invalid or contains unknown variables");
    EXPECT_THAT(ErrorOf("proc-title-template \"" + std::string(wrong) + "\"\n"),
                HasSubstr("template format is invalid"));
  }
}

TEST(Config, FlagsFollowTheirOptionUntilTheNext) {
  const auto line =
      ReadCommandLine({"--port", "7001", "--save", "--bind", "127.0.0.1", "--replicaof", "h", "1"});
  ASSERT_TRUE(line.ok()) << line.status().message();
  EXPECT_EQ(line->config.port, 7001);
  EXPECT_TRUE(line->config.save_points.empty());
  EXPECT_EQ(line->config.primary_host, "h");
  EXPECT_FALSE(ReadCommandLine({"--nosuch"}).ok());
  const auto odd =
      ReadCommandLine({"/dev/null", "loglevel", "verbose", "--maxmemory '7mb'", "--logfile",
                       "--my--log", "--bind 127.0.0.1", "--port", "7002"});
  ASSERT_TRUE(odd.ok()) << odd.status().message();
  EXPECT_EQ(odd->config.log_level, "verbose");
  EXPECT_EQ(odd->config.memory_max_bytes, 7 << 20);
  EXPECT_EQ(odd->config.log_file, "--my--log");
  EXPECT_EQ(odd->config.port, 7002);
  EXPECT_THAT(ReadCommandLine({"--port", "--loglevel", "verbose"}).status().message(),
              HasSubstr("'port \"--loglevel\" \"verbose\"'"));
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
  std::string Set(const ConfigService::Pairs& pairs) {
    return service_.Set(pairs, asker_).message();
  }

  Config config_;
  dispatch::Session asker_;
  Status apply_result_;
  ConfigService service_{config_, [this](const Config&, std::string* culprit) {
                           *culprit = "hz";
                           return apply_result_;
                         }};
};

TEST_F(ConfigServiceTest, SetIsAllOrNothing) {
  EXPECT_EQ(Set({{"timeout", "5"}, {"hz", "abc"}}),
            "ERR CONFIG SET failed (possibly related to argument 'hz') - argument couldn't be "
            "parsed into "
            "an integer");
  EXPECT_EQ(config_.client_timeout_s, 0);
  apply_result_ = Status(Code::kIo, "no luck");
  EXPECT_EQ(Set({{"timeout", "5"}}),
            "ERR CONFIG SET failed (possibly related to argument 'hz') - no luck");
  EXPECT_EQ(config_.client_timeout_s, 0);
  apply_result_ = Status(Code::kUnavailable, "LOADING later");
  EXPECT_EQ(Set({{"timeout", "5"}}), "LOADING later");
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

TEST_F(ConfigServiceTest, LocalIsNotForRemoteClients) {
  config_.enable_protected_configs = "local";
  EXPECT_THAT(Set({{"dbfilename", "x"}}), HasSubstr("can't set protected config"));
  asker_.local = true;
  EXPECT_EQ(Set({{"dbfilename", "x"}}), "");
  EXPECT_THAT(Set({{"enable-protected-configs", "yes"}}), HasSubstr("can't set immutable config"));
  config_.enable_protected_configs = "no";
  EXPECT_THAT(Set({{"dbfilename", "y"}}), HasSubstr("can't set protected config"));
}

TEST_F(ConfigServiceTest, SetRefusesWhatAMemberHasFromItsResource) {
  const ConfigService::Pairs pairs = {{"port", "7777"},      {"bind", "127.0.0.1"},
                                      {"appendonly", "yes"}, {"replica-announce-ip", "10.0.0.9"},
                                      {"dbfilename", "x"},   {"replica-announce-port", "1"}};
  config_.enable_protected_configs = "yes";
  for (const auto& pair : pairs) {
    config_.managed = true;
    EXPECT_THAT(Set({pair}), HasSubstr("has it from its resource")) << pair.first;
    config_.managed = false;
    EXPECT_EQ(Set({pair}), "") << pair.first;
    config_.managed = true;
    EXPECT_EQ(Set({pair}), "") << "as it is";
  }
}

TEST_F(ConfigServiceTest, SetRefusesProtectionsThatAreNotThere) {
  EXPECT_THAT(Set({{"tls-port", "6380"}}), HasSubstr("cannot be honoured"));
  EXPECT_THAT(Set({{"user", "default on nopass ~* &* +@all"}}), HasSubstr("Unknown option"));
  EXPECT_THAT(Set({{"rename-command", "GET \"\""}}), HasSubstr("Unknown option"));
}

TEST_F(ConfigServiceTest, GetShowsWhatItsOwnerSays) {
  std::string primary = "h";
  const ConfigService service(
      config_, [](const Config&, std::string*) { return Status(); },
      [&](Config* shown) {
        shown->primary_host = primary;
        shown->primary_port = 1;
      });
  const std::string_view names[] = {"replicaof"};
  EXPECT_EQ(service.Get(names)[0].second, "h 1");
  primary.clear();
  EXPECT_EQ(service.Get(names)[0].second, "");
}

TEST_F(ConfigServiceTest, WhatIsHiddenIsShownByItsNameAlone) {
  for (const char* pattern : {"*", "key-load-*", "key-load-dela?", "key-load-dela[y]"}) {
    const std::string_view patterns[] = {pattern};
    for (const auto& [name, value] : service_.Get(patterns)) EXPECT_NE(name, "key-load-delay");
  }
  const std::string_view names[] = {"key-load-delay", "rdb-key-save-delay",
                                    "loading-process-events-interval-bytes"};
  EXPECT_EQ(service_.Get(names).size(), 3u);
}

TEST_F(ConfigServiceTest, GetTakesPatternsAndOldNames) {
  const std::string_view patterns[] = {"slave-prio*", "MAXMEMORY"};
  const auto pairs = service_.Get(patterns);
  EXPECT_THAT(pairs, testing::UnorderedElementsAre(testing::Pair("slave-priority", "100"),
                                                   testing::Pair("maxmemory", "0")));
}

}  // namespace
}  // namespace rha::node::app
