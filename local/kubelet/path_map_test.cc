// Paths in place of mounts.
#include "local/kubelet/path_map.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "local/kubelet/container_spec.h"
#include "local/kubelet/volumes.h"
#include "local/object/json.h"

namespace rha::local::kubelet {
namespace {

using nlohmann::json;

PathMap DataAndConfig() {
  PathMap map;
  map.Add("/data", "/v/d");
  map.Add("/data/logs/", "/v/l");
  map.Add("/redisha/config", "/v/c");
  return map;
}

TEST(PathMapTest, ReplacesWholePathsAndWhatLiesBelow) {
  const PathMap map = DataAndConfig();
  EXPECT_EQ(map.Replace("/data"), "/v/d");
  EXPECT_EQ(map.Replace("dir /data/x\nlog \"/data/logs/y\""), "dir /v/d/x\nlog \"/v/l/y\"");
  EXPECT_EQ(map.Replace("--config=/redisha/config/node.conf,/data"),
            "--config=/v/c/node.conf,/v/d");
}

TEST(PathMapTest, LeavesOtherPathsAlone) {
  const PathMap map = DataAndConfig();
  for (const char* text : {"/database", "/var/data", "http://host/data", "/data.old", "/data-1",
                           "$(ROOT)/data", "data", "/redisha", "/", ""}) {
    EXPECT_EQ(map.Replace(text), text);
  }
}

TEST(PathMapTest, TheFirstFolderOfAPathStays) {
  PathMap map;
  map.Add("/tmp", "/v/1");
  map.Add("/tmp/", "/v/2");
  map.Add("/", "/v/3");
  map.Add("relative", "/v/4");
  EXPECT_EQ(map.Replace("/tmp /a relative"), "/v/1 /a relative");
  EXPECT_EQ(PathMap::FromJson(map.ToJson()).Replace("/tmp/x"), "/v/1/x");
}

TEST(PathMapTest, TarGivesBackTheNames) {
  PathMap map;
  map.Add("/data", "/v/d");
  map.Add("/x", "/v/x");
  EXPECT_EQ(map.TarOptions(), "--transform=s,^/*v/d,data, --transform=s,^/*v/x,x,");
}

const json kPod = json::parse(R"json({
  "metadata": {"name": "demo-0", "namespace": "default"},
  "spec": {
    "volumes": [{"name": "config", "configMap": {"name": "c"}},
                {"name": "hidden", "secret": {"secretName": "s"}}, {"name": "tmp", "emptyDir": {}}],
    "containers": [
      {"name": "a", "command": ["run", "/etc/conf/x", "$(DIR)"], "workingDir": "/tmp/work",
       "env": [{"name": "DIR", "value": "/tmp"},
               {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "path"}}}],
       "volumeMounts": [{"name": "config", "mountPath": "/etc/conf"},
                        {"name": "tmp", "mountPath": "/tmp", "subPath": "a"}]},
      {"name": "b", "volumeMounts": [{"name": "hidden", "mountPath": "/hidden"},
                                     {"name": "tmp", "mountPath": "/tmp", "subPath": "b"}]}]}}
  )json");

PodInputs Inputs(bool isolated) {
  PodInputs inputs;
  inputs.isolated = isolated;
  inputs.binaries = "/our/bin";
  inputs.lookup = [](const std::string& id, const std::string&) {
    return std::make_shared<const json>(id == "secrets"
                                            ? json{{"data", {{"path", "L3RtcA=="}}}}  // "/tmp"
                                            : json{{"data", {{"x", "socket /hidden/s dir /tmp"}}}});
  };
  return inputs;
}

TEST(WithoutMounts, ArgumentsAndEnvironmentNameFoldersOfTheMachine) {
  const std::map<std::string, std::string> volumes{
      {"config", "/p/config"}, {"hidden", "/p/hidden"}, {"tmp", "/tmp/p"}};
  const auto spec =
      MakeContainerSpec(kPod["spec"]["containers"][0], {kPod, Inputs(false), "/pods/u", volumes});
  ASSERT_TRUE(spec.ok()) << spec.status().message();
  EXPECT_EQ((*spec)["argv"], json({"run", "/p/config/x", "/tmp/p/a"}));
  EXPECT_EQ((*spec)["cwd"], "/tmp/p/a/work");
  const std::string env = (*spec)["env"].dump();
  EXPECT_NE(env.find("PATH=/usr/local/sbin:/our/bin:"), std::string::npos) << env;
  EXPECT_NE(env.find("KUBECONFIG=/pods/u/etc/kubeconfig"), std::string::npos) << env;
  EXPECT_NE(env.find("KEY=/tmp\""), std::string::npos) << "a secret is nobody's to change";
}

TEST(WithoutMounts, ConfigMapsNameFoldersAndSecretsStayAsTheyAre) {
  const json& volumes = kPod["spec"]["volumes"];
  const PathMap paths = PathsOf(kPod, "", {{"hidden", "/p/hidden"}, {"tmp", "/p/tmp"}}, "/our/bin");
  EXPECT_EQ(PayloadOf(kPod, volumes[0], Inputs(false), paths)->at("x"),
            "socket /p/hidden/s dir /p/tmp/a");
  EXPECT_EQ(PayloadOf(kPod, volumes[1], Inputs(false), paths)->at("path"), "/tmp");
}

TEST(WithMounts, NothingIsReplaced) {
  const auto spec =
      MakeContainerSpec(kPod["spec"]["containers"][0],
                        {kPod, Inputs(true), "/pods/u", {{"config", "/c"}, {"tmp", "/t"}}});
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ((*spec)["argv"], json({"run", "/etc/conf/x", "/tmp"}));
  EXPECT_EQ((*spec)["env"].dump().find("KUBECONFIG"), std::string::npos);
}

}  // namespace
}  // namespace rha::local::kubelet
