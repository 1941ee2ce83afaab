// A server without a process: the real engine, keyspace and commands on a clock moved by hand.
//
//   class GetSetTest : public CommandTest {};
//   TEST_F(GetSetTest, SetKeepsWhatItWasGiven) {
//     EXPECT_EQ(Run({"set", "k", "v"}), "+OK");
//     EXPECT_EQ(Run({"get", "k"}), "$v");
//   }
//
// Replies are shown as text: "+OK", "-ERR ...", ":1", "$bytes", "(nil)", "[a, b]". Whatever
// replicas would be told is in propagated(), one command a line. The same cases can be run against
// a redis-server (reference.h), which proves the expectations.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "node/commands/script/scripts.h"
#include "node/commands/testing/reference.h"
#include "node/dispatch/engine.h"

namespace rha::node::commands {

class FakeReplication;

class CommandTest : public testing::Test {
 protected:
  CommandTest();
  ~CommandTest() override;

  std::string Run(std::initializer_list<std::string_view> words) { return RunOn(session_, words); }
  std::string Run(resp::Args words) { return RunOn(session_, words); }
  std::string RunOn(dispatch::Session& session, std::initializer_list<std::string_view> words) {
    return RunOn(session, resp::Args(words.begin(), words.size()));
  }
  std::string RunOn(dispatch::Session& session, resp::Args words);
  // From here on the reference has nothing to say: what follows is different on purpose, or set by
  // hand inside of this server.
  void OursAlone() { reference_.Part(); }
  // What has been sent to the session without its asking, shown as replies are.
  std::string Pushed(dispatch::Session& session);
  void Advance(int64_t ms) {
    OursAlone();
    clock_.Advance(Millis(ms));
  }
  const std::vector<std::string>& propagated();
  void ForgetPropagated();
  const std::vector<dispatch::RoleOrder>& role_orders() const;
  // So many replicas have acknowledged everything from now on, and have it on their disks.
  void Acknowledge(int replicas, int on_disks = 0);
  size_t times_asked_for_acknowledgements() const;

  ManualClock clock_;
  keyspace::Keyspace keyspace_;
  dispatch::NodeState state_;
  dispatch::Engine engine_;
  std::unique_ptr<FakeReplication> replication_;
  Scripts scripts_;
  dispatch::Session session_, other_;

 private:
  Reference reference_;
};

}  // namespace rha::node::commands
