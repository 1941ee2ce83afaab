// A workbench for unit tests: one machine, its clock moved by hand, its actions collected.
#pragma once

#include <string>
#include <vector>

#include "sidecar/core/extension.h"
#include "sidecar/core/hello.h"
#include "sidecar/core/sentinel.h"

namespace rha::sidecar::core {

inline std::string TestId(int number) {
  const std::string digits = std::to_string(number);
  return std::string(40 - digits.size(), '0') + digits;
}

class Bench {
 public:
  explicit Bench(Config config) : machine(std::move(config), now) { Send(Tick{}); }

  // One classic group "mymaster" at 10.0.0.1:6379.
  static Config Classic(int quorum = 2) {
    return {
        .my_id = TestId(0),
        .announce = {"10.0.1.0", 26379},
        .groups = {{{.name = "mymaster",
                     .primary = {"10.0.0.1", 6379},
                     .quorum = quorum,
                     .down_after = Millis{1000}}}},
    };
  }
  // Member 0 of a configured group of three, pods at 10.0.0.1..3, quorum 2.
  static Config Member() {
    GroupConfig group{{.name = "demo", .quorum = 2, .down_after = Millis{1000}}};
    for (int i = 0; i < 3; ++i) {
      const std::string name = "demo-" + std::to_string(i);
      group.members.push_back({name, name + ".pods", TestId(i)});
    }
    return {
        .my_id = TestId(0), .announce = {"10.0.0.1", 26379}, .self = "demo-0", .groups = {group}};
  }

  Actions Send(const Event& event) {
    Actions actions = machine.Step(now, event);
    if (durable) {
      for (size_t i = 0; i < actions.size(); ++i) {
        const auto* persist = std::get_if<Persist>(&actions[i]);
        if (persist == nullptr) continue;
        disk = persist->state;
        for (Action& more : machine.Step(now, PersistDone{persist->seq, true})) {
          actions.push_back(std::move(more));
        }
      }
    }
    all.insert(all.end(), actions.begin(), actions.end());
    return actions;
  }
  // Ticks every 100 ms.
  void Pass(Millis period) {
    for (const LogicalTime end = now + period; now < end;) {
      now += Millis{100};
      Send(Tick{});
    }
  }

  Group& group() { return const_cast<Group&>(machine.state().groups.begin()->second); }
  const Node& NodeAt(const std::string& host) {
    for (const auto& [id, node] : group().nodes) {
      if (node.address.host == host) return node;
    }
    return group().nodes.begin()->second;
  }
  PeerId PeerOf(int number) {
    for (const auto& [id, peer] : machine.state().peers) {
      if (peer.run_id == TestId(number)) return id;
    }
    return kNoPeer;
  }
  void Info(const std::string& host, const std::string& text) {
    Send(InfoReply{NodeAt(host).id, text});
  }
  // A stock peer says hello and its link comes up.
  void StockPeer(int number, Epoch epoch = 0) {
    Send(HelloReceived{"10.0.1." + std::to_string(number) + ",26379," + TestId(number) + "," +
                       std::to_string(epoch) + ",mymaster,10.0.0.1,6379,0"});
    Send(PeerLinkUp{PeerOf(number)});
  }
  bool Saw(const std::string& channel) const { return Count(channel) > 0; }
  int Count(const std::string& channel) const {
    int count = 0;
    for (const Action& action : all) {
      const auto* event = std::get_if<PublishEvent>(&action);
      count += event != nullptr && event->channel == channel ? 1 : 0;
    }
    return count;
  }
  template <typename A>
  std::vector<A> Of() const {
    std::vector<A> found;
    for (const Action& action : all) {
      if (const auto* a = std::get_if<A>(&action)) found.push_back(*a);
    }
    return found;
  }

  LogicalTime now{Millis{1000000}};
  Sentinel machine;
  bool durable = true;  // every Persist succeeds at once
  std::optional<PersistedState> disk;
  Actions all;
};

}  // namespace rha::sidecar::core
