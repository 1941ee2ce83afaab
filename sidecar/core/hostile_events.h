// Events as hostile peers, nodes and clients would cause them: every number at its limits, every
// name somebody else's. For tests (hostile_test.cc, tests/fuzz/sidecar_core_fuzz.cc): the machine
// must survive any of them, in any order.
//
// Only what the outside controls is arbitrary. The shell's own promises are kept: time does not run
// backwards and PersistDone names a write that was asked for.
#pragma once

#include <functional>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "sidecar/core/test_bench.h"

namespace rha::sidecar::core {

class HostileEvents {
 public:
  // `below(n)`: some number under n.
  explicit HostileEvents(std::function<uint64_t(uint64_t)> below) : below_(std::move(below)) {}

  Millis Pause() {
    return below_(200) == 0 ? Millis{4000} : Of<Millis>({Millis{0}, Millis{1}, Millis{20}});
  }

  Event Next(const State& state) {
    switch (below_(16)) {
      case 0:
        return NodeLinkUp{NodeOf(state)};
      case 1:
        return NodeLinkDown{NodeOf(state), static_cast<DownReason>(below_(5)), Host()};
      case 2:
        return PeerLinkUp{PeerOf(state)};
      case 3:
        return PeerLinkDown{PeerOf(state), static_cast<DownReason>(below_(5)), Host()};
      case 4:
        return NodePingReply{NodeOf(state), static_cast<PingResult>(below_(5))};
      case 5:
        return PeerPingReply{PeerOf(state), static_cast<PingResult>(below_(5))};
      case 6:
      case 7:
        return InfoReply{NodeOf(state), InfoText()};
      case 8:
        return HelloReceived{HelloText(state), Id()};
      case 9:
      case 10:
        return Extension(state);
      case 11:
        return Vote(state);
      case 12:
        return VoteReply{PeerOf(state), Group(), below_(2) == 1,
                         Of<std::string>({state.my_id, Id()}),
                         Of<Epoch>({state.current_epoch, AnyEpoch(state)})};
      case 13:
        return CommandReceived{1, Command()};
      case 14:
        return Oddment(state);
      default:
        return Tick{};
    }
  }

 private:
  template <typename T>
  T Of(std::initializer_list<T> choices) {
    return *(choices.begin() + below_(choices.size()));
  }

  // Mostly the first few, so that something comes of them.
  NodeId NodeOf(const State& state) {
    return NodeId(1 + below_(below_(4) == 0 ? state.next_node + 1 : 3));
  }
  PeerId PeerOf(const State& state) {
    return PeerId(1 + below_(below_(4) == 0 ? state.next_peer + 1 : 3));
  }
  std::string Id() {
    return Of<std::string>({TestId(0), TestId(1), TestId(1), TestId(2), TestId(2), TestId(9), "*",
                            "", std::string(40, 'f'), "no id"});
  }
  std::string Group() {
    return Of<std::string>(
        {"mymaster", "mymaster", "demo", "demo", "", "*", std::string(300, 'g')});
  }
  std::string Host() {
    return Of<std::string>({"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.1.1", "",
                            "two words", std::string(300, 'h'), "a\nb"});
  }
  std::string Member() { return Of<std::string>({"demo-0", "demo-1", "demo-2", "demo-7", ""}); }
  uint16_t Port() { return Of<uint16_t>({6379, 6379, 26379, 0, 65535}); }
  Epoch AnyEpoch(const State& state) {
    const Epoch known = state.current_epoch;
    return Of<Epoch>({0, 1, known, known + 1, known + 1, known + 2, known + kEpochJumpMax,
                      known + kEpochJumpMax + 1, kEpochInFileMax, kEpochOnWireMax,
                      kEpochOnWireMax + 1, std::numeric_limits<Epoch>::max()});
  }
  int64_t Number() {
    return Of<int64_t>({0, 1, -1, 100, 1 << 20, std::numeric_limits<int64_t>::max(),
                        std::numeric_limits<int64_t>::min()});
  }

  std::string InfoText() {
    std::string text = "run_id:" + Of<std::string>({"a", "a", "a", "a", "b", ""}) + "\r\n";
    text += Of<std::string>({"role:master\r\n", "role:slave\r\n", "role:slave\r\n", "role:x\r\n"});
    for (const char* flag : {"redisha_undecided:1\r\n", "loading:1\r\n"}) {
      if (below_(8) == 0) text += flag;
    }
    text += "master_link_status:up\r\nmaster_replid:r\r\n";
    text += "master_host:" + Host() + "\r\nmaster_port:" + std::to_string(Port()) + "\r\n";
    for (const char* field :
         {"master_repl_offset:", "slave_repl_offset:", "second_repl_offset:", "slave_priority:",
          "master_link_down_since_seconds:", "redisha_data_epoch:", "db0:keys=", "db1:keys="}) {
      if (below_(2) == 0) text += field + std::to_string(Number()) + "\r\n";
    }
    for (uint64_t i = below_(4); i > 0; --i) {
      text += "slave" + std::to_string(i) + ":ip=" + Host() + ",port=" + std::to_string(Port()) +
              ",state=online\r\n";
    }
    return text;
  }

  std::string HelloText(const State& state) {
    return FormatHello({.sentinel = {Host(), Port()},
                        .id = Id(),
                        .current_epoch = Of<Epoch>({0, 0, 0, AnyEpoch(state)}),
                        .group = Group(),
                        .primary = {Host(), Port()},
                        .config_epoch = Of<Epoch>({0, 0, 0, AnyEpoch(state)})});
  }

  Event Extension(const State& state) {
    const std::string id = Id();
    // Half of them by who he says he is, as a member gone mad would.
    const std::string proven = below_(2) == 0 ? id : Id();
    if (below_(4) == 0) {
      return ExtensionReceived{1, EncodeDeath({id, Group(), Of<std::string>({"a", "b", ""})}),
                               proven};
    }
    std::vector<std::string> args = EncodeBeat({.id = id,
                                                .address = {Host(), Port()},
                                                .current_epoch = AnyEpoch(state),
                                                .may_vote = below_(2) == 1,
                                                .group = Group(),
                                                .primary = {Host(), Port()},
                                                .config_leader = Id(),
                                                .says_down = below_(2) == 1,
                                                .belief = AnyBelief(state),
                                                .node = AnyReport(state)});
    if (below_(8) == 0) args.resize(below_(args.size()));
    if (below_(8) == 0) args.push_back("=");
    return ExtensionReceived{1, std::move(args), proven};
  }

  Belief AnyBelief(const State& state) {
    return {.primary_member = Member(),
            .config_epoch = AnyEpoch(state),
            .leading_epoch = Of<Epoch>({0, 0, AnyEpoch(state)}),
            .forced = below_(2) == 1,
            .has_majority = below_(2) == 1};
  }

  NodeReport AnyReport(const State& state) {
    return {.alive = below_(2) == 1,
            .undecided = below_(2) == 1,
            .loading = below_(4) == 1,
            .role = static_cast<Role>(below_(3)),
            .priority = static_cast<int>(Number()),
            .run_id = Of<std::string>({"a", "b", ""}),
            .history = {.has_data = below_(2) == 1,
                        .data_epoch = AnyEpoch(state),
                        .offset = Number(),
                        .replid = "r"}};
  }

  Event Vote(const State& state) {
    const std::string candidate = Id();
    const std::string proven = below_(2) == 0 ? candidate : Id();
    const bool by_name = below_(2) == 0;
    return VoteRequest{1,
                       by_name ? Group() : "",
                       by_name ? Address{} : Address{Host(), Port()},
                       AnyEpoch(state),
                       candidate,
                       proven};
  }

  decltype(CommandReceived::command) Command() {
    switch (below_(7)) {
      case 0:
        return FailoverCommand{.group = Of<std::string>({"mymaster", "demo"}),
                               .coordinated = below_(4) == 0};
      case 1:
        return MonitorCommand{Group(), {Host(), Port()}, static_cast<int>(below_(3))};
      case 2:
        return RemoveCommand{below_(20) == 0 ? Group() : "other"};
      case 3:
        return ResetCommand{Of<std::string>({"*", "x", "x", "x", "x"})};
      case 4:
        return SetCommand{Group(),
                          {{Of<std::string>({"down-after-milliseconds", "quorum", "auth-pass",
                                             "parallel-syncs", "failover-timeout", "nothing"}),
                            Of<std::string>({"1", "100", std::to_string(Number()), "x\ny"})}}};
      case 5:
        return FlushConfigCommand{};
      default:
        return SimulateFailureCommand{};
    }
  }

  // What is rarer, and what is the shell's.
  Event Oddment(const State& state) {
    switch (below_(5)) {
      case 0:
        if (below_(4) == 0) {
          return HandoverReply{NodeOf(state), static_cast<HandoverStep>(below_(4)), below_(2) == 1,
                               "some error"};
        }
        return ReconfigureDone{
            NodeOf(state), below_(2) == 1,
            Of<std::string>({"some error", "ERR REPLICAOF not allowed while failing over."})};
      case 1:
        return ExtensionReply{PeerOf(state), below_(2) == 1};
      case 2:
        return HostResolved{Member() + ".pods", Host()};
      default:
        return PersistDone{state.persist_seq - below_(2) * below_(state.persist_seq + 1),
                           below_(8) != 0};
    }
  }

  std::function<uint64_t(uint64_t)> below_;
};

// One life of a machine among them: it is started, told `steps` things, and at times restarted with
// what it would have on disk. What it answers to queries is asked too. Returns how many replicas it
// promoted, which shows how far the events lead.
inline int LiveAmongHostiles(const Config& config, HostileEvents& events, int steps) {
  LogicalTime now{Millis{1000000}};
  auto machine = std::make_unique<Sentinel>(config, now);
  int promoted = 0;
  for (int i = 0; i < steps; ++i) {
    now += events.Pause();
    for (const Action& action : machine->Step(now, events.Next(machine->state()))) {
      const auto* event = std::get_if<PublishEvent>(&action);
      promoted += event != nullptr && event->channel == "+promoted-slave" ? 1 : 0;
    }
    for (const auto& [name, group] : machine->state().groups) {
      machine->PrimaryAddress(name, now);
      machine->FailoverState(group);
      for (const Node* node : machine->Replicas(group)) machine->NodeFlags(group, *node);
      (void)machine->CheckQuorum(name, now);
    }
    if (i % 1024 != 1023) continue;
    Config again = config;
    again.persisted = machine->Snapshot();
    machine = std::make_unique<Sentinel>(std::move(again), now);
  }
  return promoted;
}

}  // namespace rha::sidecar::core
