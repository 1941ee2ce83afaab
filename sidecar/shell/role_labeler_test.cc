// What the labeler keeps telling an API server of a few lines.
#include "sidecar/shell/role_labeler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "common/k8s/fake_transport.h"
#include "common/k8s/json.h"

namespace rha::sidecar::shell {
namespace {

using k8s::HttpMethod;
using k8s::Json;

constexpr char kRoleLabel[] = "ha.redisha.io/role";
const PodFacts kPrimary{.role = core::Role::kPrimary, .epoch = 7};
const PodFacts kReplica{.role = core::Role::kReplica};

std::string PathOf(const std::string& pod) { return "/api/v1/namespaces/ns/pods/" + pod; }

// Pods by path; a merge patch changes them. Thread-safe.
class Pods {
 public:
  Pods() {
    for (const char* name : {"demo-0", "demo-1"}) {
      pods_[PathOf(name)] = {{"metadata",
                              {{"name", name},
                               {"labels", Json::object()},
                               {"annotations", Json::object()},
                               {"resourceVersion", "1"}}}};
    }
  }
  Result<k8s::HttpResponse> Handle(const k8s::HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    Json& pod = pods_.at(request.path);
    if (request.method == HttpMethod::kPatch) {
      pod.merge_patch(*k8s::ParseJson(request.body));
      ++patches_;
      changed_.notify_all();
    }
    return k8s::HttpResponse{200, 0, pod.dump()};
  }
  void Edit(const std::string& pod, const Json& patch) {
    const std::lock_guard lock(mutex_);
    pods_.at(PathOf(pod))["metadata"].merge_patch(patch);
  }
  std::string Role(const std::string& pod) {
    const std::lock_guard lock(mutex_);
    return k8s::LabelOf(pods_.at(PathOf(pod)), kRoleLabel);
  }
  bool AwaitRole(const std::string& pod, const std::string& role) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] {
      return k8s::LabelOf(pods_.at(PathOf(pod)), kRoleLabel) == role;
    });
  }
  int patches() {
    const std::lock_guard lock(mutex_);
    return patches_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Json> pods_;
  int patches_ = 0;
};

class RoleLabelerTest : public ::testing::Test {
 protected:
  RoleLabelerTest() { log::SetLevel(log::Level::kError); }
  std::unique_ptr<PodPatcher> Patcher() {
    return MakeKubePatcher(std::make_unique<k8s::FakeTransport>(
                               [this](const auto& request) { return pods_.Handle(request); }),
                           {"ns", "demo-0"}, {"demo-0", "demo-1"});
  }
  Pods pods_;
};

TEST_F(RoleLabelerTest, ALabelThatSomebodyTookAwayComesBack) {
  RoleLabeler labeler(Patcher(), Millis(1));
  labeler.Set(kPrimary);
  ASSERT_TRUE(pods_.AwaitRole("demo-0", "primary"));
  pods_.Edit("demo-0", {{"labels", {{kRoleLabel, nullptr}}}});
  EXPECT_TRUE(pods_.AwaitRole("demo-0", "primary"));
  pods_.Edit("demo-0", {{"labels", {{kRoleLabel, "replica"}}}});
  EXPECT_TRUE(pods_.AwaitRole("demo-0", "primary")) << "as a request that arrives late does";
}

TEST_F(RoleLabelerTest, WhatThePodSaysIsNotSaidAgain) {
  const auto patcher = Patcher();
  for (const PodFacts& facts :
       {kPrimary, kReplica, PodFacts{.waits_for = "demo-1"}, PodFacts{.waits_for = ""}}) {
    ASSERT_TRUE(patcher->Tell(facts).ok());
    const int patches = pods_.patches();
    EXPECT_TRUE(*patcher->Says(facts));
    EXPECT_EQ(pods_.patches(), patches);
  }
  EXPECT_FALSE(*patcher->Says(kPrimary));
}

TEST_F(RoleLabelerTest, EveryPartOfWhatWasSaidIsLookedAt) {
  const auto patcher = Patcher();
  const Json edits[] = {{{"labels", {{kRoleLabel, nullptr}}}},
                        {{"annotations", {{"ha.redisha.io/role-epoch", "3"}}}},
                        {{"annotations", {{"ha.redisha.io/voters", nullptr}}}},
                        {{"annotations", {{"ha.redisha.io/waits-for", "demo-1"}}}}};
  for (const Json& edit : edits) {
    ASSERT_TRUE(patcher->Tell(kPrimary).ok());
    ASSERT_TRUE(*patcher->Says(kPrimary));
    pods_.Edit("demo-0", edit);
    EXPECT_FALSE(*patcher->Says(kPrimary)) << edit;
  }
}

TEST_F(RoleLabelerTest, WhoGaveWayDoesNotTakeItsLabelBack) {
  pods_.Edit("demo-1", {{"labels", {{kRoleLabel, "primary"}}},
                        {"annotations", {{"ha.redisha.io/role-epoch", "8"}}}});
  const auto patcher = Patcher();
  ASSERT_TRUE(patcher->Tell(kPrimary).ok());
  EXPECT_EQ(pods_.Role("demo-0"), "replica");
  EXPECT_TRUE(*patcher->Says(kPrimary)) << "nothing to tell";
  pods_.Edit("demo-1", {{"labels", {{kRoleLabel, "replica"}}}});
  PodFacts later = kPrimary;
  later.epoch = 9;
  ASSERT_TRUE(patcher->Tell(later).ok());
  EXPECT_TRUE(*patcher->Says(later));
  EXPECT_EQ(pods_.Role("demo-0"), "primary");
}

}  // namespace
}  // namespace rha::sidecar::shell
