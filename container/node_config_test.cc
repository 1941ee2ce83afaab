#include "container/node_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace rha::container {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Result<std::string> NoFile(const std::string& path) {
  return Status(Code::kNotFound, "open " + path + ": no such file");
}

class NodeConfigTest : public testing::Test {
 protected:
  std::string ConfigOf(const Environment& environment, const std::string& overrides = "",
                       const std::string& dir = "") {
    settings_ = Settings::Read(environment, NodeVariables(), reader_);
    const auto config = NodeConfig(&settings_, overrides, dir);
    return config.ok() ? *config : "refused: " + config.status().message();
  }

  FileReader reader_ = NoFile;
  Settings settings_;
};

TEST_F(NodeConfigTest, NothingIsAskedFor) {
  EXPECT_EQ(ConfigOf({{"PATH", "/bin"}, {"HOME", "/"}}), "");
  EXPECT_THAT(settings_.notes(), IsEmpty());
}

TEST_F(NodeConfigTest, OnePrimary) {
  EXPECT_EQ(ConfigOf({{"REDIS_PASSWORD", "se cret"}, {"REDIS_PORT_NUMBER", "7000"}}),
            "requirepass \"se cret\"\nport 7000\n");
}

TEST_F(NodeConfigTest, NoPasswordIsAskedForInSoManyWords) {
  EXPECT_EQ(ConfigOf({{"ALLOW_EMPTY_PASSWORD", "yes"}}), "protected-mode no\n");
  EXPECT_THAT(ConfigOf({{"REDIS_PORT_NUMBER", "7000"}}),
              HasSubstr("REDIS_PASSWORD is not set: set it, or ALLOW_EMPTY_PASSWORD=yes"));
  EXPECT_THAT(ConfigOf({{"ALLOW_EMPTY_PASSWORD", "no"}}), HasSubstr("refused"));
}

TEST_F(NodeConfigTest, APrimaryMayFollowAnotherLater) {
  EXPECT_EQ(ConfigOf({{"REDIS_REPLICATION_MODE", "master"}, {"REDIS_PASSWORD", "p"}}),
            "requirepass p\nmasterauth p\n");
}

TEST_F(NodeConfigTest, AReplica) {
  EXPECT_EQ(ConfigOf({{"REDIS_REPLICATION_MODE", "slave"},
                      {"REDIS_MASTER_HOST", "primary"},
                      {"REDIS_MASTER_PORT_NUMBER", "7000"},
                      {"REDIS_MASTER_PASSWORD", "theirs"},
                      {"REDIS_PASSWORD", "mine"},
                      {"REDIS_REPLICA_IP", "10.0.0.7"},
                      {"REDIS_REPLICA_PORT", "7001"}}),
            "requirepass mine\nreplicaof primary 7000\nmasterauth theirs\n"
            "replica-announce-ip 10.0.0.7\nreplica-announce-port 7001\n");
  EXPECT_THAT(ConfigOf({{"REDIS_REPLICATION_MODE", "replica"}, {"REDIS_PASSWORD", "p"}}),
              testing::AllOf(HasSubstr("wants REDIS_MASTER_HOST"),
                             HasSubstr("REDIS_MASTER_PASSWORD is not set")));
  EXPECT_THAT(ConfigOf({{"REDIS_MASTER_HOST", "primary"}, {"REDIS_PASSWORD", "p"}}),
              HasSubstr("REDIS_MASTER_HOST wants REDIS_REPLICATION_MODE=replica"));
  EXPECT_THAT(ConfigOf({{"REDIS_REPLICATION_MODE", "both"}, {"REDIS_PASSWORD", "p"}}),
              HasSubstr("must be master or replica"));
}

TEST_F(NodeConfigTest, SavePoints) {
  const auto config = [&](const std::string& policy) {
    return ConfigOf({{"REDIS_RDB_POLICY", policy}, {"REDIS_PASSWORD", "p"}});
  };
  EXPECT_EQ(config("900#1 300#10"), "requirepass p\nsave 900 1 300 10\n");
  EXPECT_THAT(config("900"), HasSubstr("must be SECONDS#CHANGES"));
  EXPECT_EQ(ConfigOf({{"REDIS_RDB_POLICY_DISABLED", "TRUE"}, {"REDIS_PASSWORD", "p"}}),
            "requirepass p\nsave \"\"\n");
}

TEST_F(NodeConfigTest, TheRest) {
  EXPECT_EQ(ConfigOf({{"REDIS_PASSWORD", "p"},
                      {"REDIS_DISABLE_COMMANDS", "FLUSHDB,FLUSHALL"},
                      {"REDIS_IO_THREADS", "4"},
                      {"REDIS_IO_THREADS_DO_READS", "yes"},
                      {"REDIS_ALLOW_REMOTE_CONNECTIONS", "no"},
                      {"BITNAMI_DEBUG", "true"},
                      {"REDIS_DATA_DIR", "/srv"},
                      {"REDIS_EXTRA_FLAGS", "--maxmemory 1gb --save \"\" --databases 2"}}),
            "dir /srv\nrequirepass p\nrename-command FLUSHDB \"\"\nrename-command FLUSHALL \"\"\n"
            "io-threads 4\nio-threads-do-reads yes\nbind 127.0.0.1 -::1\nloglevel debug\n"
            "maxmemory 1gb\nsave \"\"\ndatabases 2\n");
  EXPECT_THAT(ConfigOf({{"REDIS_EXTRA_FLAGS", "maxmemory 1gb"}, {"REDIS_PASSWORD", "p"}}),
              HasSubstr("must begin with --"));
}

TEST_F(NodeConfigTest, MountsOfBitnamisImages) {
  EXPECT_EQ(ConfigOf({}, "/over.conf", "/bitnami"), "dir /bitnami\ninclude /over.conf\n");
  EXPECT_EQ(ConfigOf({{"REDIS_PASSWORD", "p"}, {"REDIS_OVERRIDES_FILE", "/mine"}}, "/over.conf"),
            "requirepass p\ninclude /mine\n");
}

TEST_F(NodeConfigTest, TheAppendOnlyFileIsKeptIfSaidAndOnAVolumeOfBitnamis) {
  EXPECT_EQ(ConfigOf({{"REDIS_AOF_ENABLED", "yes"}, {"REDIS_PASSWORD", "p"}}),
            "requirepass p\nappendonly yes\n");
  EXPECT_EQ(ConfigOf({{"REDIS_PASSWORD", "p"}}), "requirepass p\n");
  EXPECT_EQ(ConfigOf({{"REDIS_PASSWORD", "p"}}, "", "/bitnami"),
            "dir /bitnami\nrequirepass p\nappendonly yes\n");
  EXPECT_EQ(ConfigOf({{"REDIS_AOF_ENABLED", "no"}, {"REDIS_PASSWORD", "p"}}, "", "/bitnami"),
            "dir /bitnami\nrequirepass p\n");
}

TEST_F(NodeConfigTest, UsersComeFromAFile) {
  EXPECT_EQ(ConfigOf({{"REDIS_ACLFILE", "/users.acl"}, {"REDIS_PASSWORD", "p"}}),
            "requirepass p\naclfile /users.acl\n");
}

TEST_F(NodeConfigTest, WhatIsNotHereIsRefused) {
  const auto refusal = [&](const std::string& name, const std::string& value) {
    return ConfigOf({{name, value}, {"REDIS_PASSWORD", "p"}});
  };
  EXPECT_THAT(refusal("REDIS_TLS_ENABLED", "yes"), HasSubstr("does not speak TLS"));
  EXPECT_THAT(refusal("REDIS_SENTINEL_HOST", "s"), HasSubstr("does not ask Sentinel"));
  EXPECT_THAT(refusal("REDIS_PORT_NUMBER", "70000"), HasSubstr("must be a port"));
  EXPECT_THAT(refusal("REDIS_IO_THREADS", "-1"), HasSubstr("must be a number"));
  EXPECT_THAT(refusal("REDIS_RDB_POLICY_DISABLED", "maybe"), HasSubstr("must be yes or no"));
}

TEST_F(NodeConfigTest, WhatMeansNothingIsNamed) {
  EXPECT_EQ(ConfigOf({{"REDIS_PASWORD", "secret"},
                      {"REDIS_TLS_CERT_FILE", "/cert"},
                      {"REDIS_SENTINEL_HOST", ""},
                      {"REDIS_PORT", "tcp://10.0.0.1:6379"},
                      {"REDIS_MASTER_SERVICE_HOST", "10.0.0.1"},
                      {"REDIS_PORT_6379_TCP_ADDR", "10.0.0.1"}}),
            "");
  EXPECT_THAT(settings_.notes(),
              ElementsAre("REDIS_PASWORD is no setting of this image: nothing is done with it",
                          "REDIS_TLS_CERT_FILE changes nothing: there is no TLS here, and none is "
                          "asked for"));
}

TEST_F(NodeConfigTest, AFileHoldsTheValue) {
  reader_ = [](const std::string& path) -> Result<std::string> { return "of " + path + "\r\n"; };
  EXPECT_EQ(ConfigOf({{"REDIS_PASSWORD_FILE", "/secret"}}), "requirepass \"of /secret\"\n");
  EXPECT_THAT(ConfigOf({{"REDIS_PASSWORD_FILE", "/secret"}, {"REDIS_PASSWORD", "p"}}),
              HasSubstr("say the same thing"));
  reader_ = NoFile;
  EXPECT_THAT(ConfigOf({{"REDIS_PASSWORD_FILE", "/secret"}}),
              HasSubstr("REDIS_PASSWORD_FILE: open /secret: no such file"));
}

TEST_F(NodeConfigTest, AnEmptyPasswordFileIsNoPassword) {
  reader_ = [](const std::string&) -> Result<std::string> { return std::string("\n"); };
  EXPECT_THAT(ConfigOf({{"REDIS_PASSWORD_FILE", "/secret"}, {"ALLOW_EMPTY_PASSWORD", "yes"}}),
              HasSubstr("/secret is empty"));
}

TEST(WithoutTest, WhatWasReadGoesNoFurther) {
  const Environment left = Without({{"REDIS_PASSWORD", "p"},
                                    {"REDIS_MASTER_PASSWORD_FILE", "/f"},
                                    {"LANG", "C"},
                                    {"REDIS_X", ""}},
                                   NodeVariables());
  EXPECT_EQ(left, (Environment{{"LANG", "C"}, {"REDIS_X", ""}}));
}

TEST(NodeVariablesTest, EachIsListedOnce) {
  std::set<std::string_view> names;
  for (const Variable& variable : NodeVariables()) {
    EXPECT_TRUE(names.insert(variable.name).second) << variable.name;
    EXPECT_FALSE(variable.help.empty()) << variable.name;
  }
}

}  // namespace
}  // namespace rha::container
