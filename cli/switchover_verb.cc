// `redisha switchover NAME [--to POD]`: a planned failover, through a sentinel, as its admin.
//
// Writes are held at the old primary (CLIENT PAUSE WRITE) until its replicas have all of them; only
// then the order is given, so that nothing that was acknowledged stays behind. A client whose write
// was held is told READONLY then, as after any failover.
//
// Sentinel has no word for "to this one". A replica of priority 0 is never promoted, so for as long
// as the move takes the others are given that; a pod that restarts meanwhile has its own again.
#include <chrono>
#include <cstdio>
#include <thread>

#include "cli/pod/pods.h"
#include "cli/program.h"
#include "cli/signals_held.h"
#include "cli/subjects.h"
#include "cli/switchover.h"
#include "cli/verbs.h"
#include "cli/view/names.h"
#include "cli/view/sentinel_event.h"
#include "cli/view/text.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;
using Clock = std::chrono::steady_clock;
using Say = std::function<void(int64_t, const std::string&)>;

constexpr std::chrono::seconds kPriorityTimeout(5);
constexpr std::chrono::seconds kMoveTimeout(40);  // failover-timeout's default and some more
constexpr std::chrono::seconds kRouteTimeout(10);
constexpr std::chrono::seconds kCatchUpTimeout(3);
constexpr int kPauseMs = 8'000;
constexpr std::chrono::milliseconds kPoll(20);
constexpr std::chrono::milliseconds kPollFast(2);
constexpr int kEventWaitMs = 200;

int64_t Since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
}

const Json* FindPod(const Subject& subject, const std::string& name) {
  for (const Json& pod : subject.pods) {
    if (object::Name(pod) == name) return &pod;
  }
  return nullptr;
}

// The replica that holds less than the primary, by the primary's INFO; "" when none does.
std::string ReplicaBehind(const std::map<std::string, std::string>& info) {
  const auto found = info.find("master_repl_offset");
  const std::string wanted = found == info.end() ? "" : "offset=" + found->second + ",";
  for (const auto& [key, value] : info) {
    if (key.starts_with("slave") && key.size() > 5 && isdigit(key[5]) != 0 &&
        (value + ",").find(wanted) == std::string::npos) {
      return value.substr(0, value.find(','));
    }
  }
  return "";
}

// What speaks against it before anything is touched.
Status Check(const Subject& subject, const Json* primary, const std::string& to) {
  const std::string name = object::Name(subject.redisha);
  if (primary == nullptr || !IsReady(*primary)) {
    return Status(Code::kUnavailable, "no primary of " + name +
                                          " takes writes, so there is nothing to move; `redisha "
                                          "status " +
                                          name + "` says what is missing");
  }
  if (subject.pods.size() < 2) {
    return Status(Code::kInvalid, name + " has one pod; kubectl scale redisha/" + name +
                                      " --replicas=3 gives it somewhere to go");
  }
  if (to.empty()) return {};
  const Json* target = FindPod(subject, to);
  if (target == nullptr) {
    std::string names;
    for (const Json& pod : subject.pods) names += " " + object::Name(pod);
    return Status(Code::kNotFound, to + " is no pod of " + name + "; they are" + names);
  }
  if (!IsReady(*target)) {
    return Status(Code::kUnavailable, to +
                                          " is not ready, so it may not hold everything; wait "
                                          "for `redisha status " +
                                          name + " --wait`");
  }
  return {};
}

// Priority 0 for whoever is not to be promoted, until it goes out of scope.
class Preference {
 public:
  ~Preference() {
    for (auto& [node, priority] : lowered_) {
      const auto back = node.Call({"CONFIG", "SET", "replica-priority", priority});
      if (back.ok()) continue;
      std::fprintf(stderr,
                   "redisha: replica-priority of %s is still 0: it would not be promoted (%s); "
                   "CONFIG SET replica-priority %s there, or restart it\n",
                   node.pod().c_str(), back.status().message().c_str(), priority.c_str());
    }
  }

  Status Lower(NodeDoor node) {
    RHA_ASSIGN_OR_RETURN(const auto reply, node.Call({"CONFIG", "GET", "replica-priority"}));
    auto fields = ToMap(reply);
    const std::string before = fields["replica-priority"];
    if (before == "0") return {};
    const auto set = node.Call({"CONFIG", "SET", "replica-priority", "0"});
    if (!set.ok()) return set.status();
    lowered_.push_back({std::move(node), before});
    return {};
  }

 private:
  struct Lowered {
    NodeDoor node;
    std::string priority;
  };
  std::vector<Lowered> lowered_;
};

// Writes wait at the old primary. Once the order is given they must go on waiting until it has
// become a replica: whatever it acknowledged before that would be lost. If we die, the pause ends
// by itself after kPauseMs.
class WritesHeld {
 public:
  static Result<WritesHeld> Begin(NodeDoor node) {
    const auto paused = node.Call({"CLIENT", "PAUSE", std::to_string(kPauseMs), "WRITE"});
    if (!paused.ok()) return paused.status().Context("hold writes");
    return WritesHeld(std::move(node));
  }
  WritesHeld(WritesHeld&& other) noexcept
      : node_(std::move(other.node_)), held_(std::exchange(other.held_, false)) {}
  ~WritesHeld() {
    if (held_) (void)node_.Call({"CLIENT", "UNPAUSE"});
  }

  NodeDoor& node() { return node_; }
  void OrderGiven() { held_ = false; }
  void OrderWithdrawn() { held_ = true; }
  void EndOnceReplica() {
    const auto deadline = Clock::now() + std::chrono::milliseconds(kPauseMs);
    while (Clock::now() < deadline) {
      const auto role = node_.Call({"ROLE"});
      if (role.ok() && !role->items.empty() && role->items[0].text != "master") {
        held_ = true;
        return;
      }
      std::this_thread::sleep_for(kPollFast);
    }
  }

 private:
  explicit WritesHeld(NodeDoor node) : node_(std::move(node)), held_(true) {}

  NodeDoor node_;
  bool held_;  // and for us to end
};

// Until every replica holds what the primary holds; writes are held meanwhile.
Status AwaitReplicas(NodeDoor& primary) {
  const auto deadline = Clock::now() + kCatchUpTimeout;
  while (true) {
    RHA_ASSIGN_OR_RETURN(const auto reply, primary.Call({"INFO", "replication"}));
    const std::string behind = ReplicaBehind(ParseInfo(reply.text));
    if (behind.empty()) return {};
    if (Clock::now() > deadline) {
      return Status(Code::kUnavailable, behind +
                                            " lags too much to take over without a loss; "
                                            "nothing was changed, try again when it has "
                                            "caught up (`redisha topology`)");
    }
    std::this_thread::sleep_for(kPollFast);
  }
}

// Until the sentinel has heard that every replica but the target has priority 0.
Status AwaitPriorities(RedisClient& sentinel, const std::string& group, const std::string& ip) {
  const auto deadline = Clock::now() + kPriorityTimeout;
  while (true) {
    RHA_ASSIGN_OR_RETURN(const auto reply, sentinel.Call({"SENTINEL", "REPLICAS", group}));
    bool settled = true, target_has_none = false;
    for (const auto& item : reply.items) {
      auto fields = ToMap(item);
      const bool none = fields["slave-priority"] == "0";
      if (fields["ip"] == ip) {
        target_has_none = none;
      } else {
        settled &= none;
      }
    }
    if (settled && !target_has_none) return {};
    if (Clock::now() > deadline) {
      return target_has_none
                 ? Status(Code::kInvalid,
                          "its replica-priority is 0: it was told never to become primary")
                 : Status(Code::kUnavailable,
                          "the sentinel has not noticed the others' priorities in time");
    }
    std::this_thread::sleep_for(kPoll);
  }
}

// The events up to the switch; false: time is over.
Result<bool> FollowEvents(RedisClient& events, const PodNames& names, Clock::time_point start,
                          const Say& say, SwitchoverDone* done) {
  while (Since(start) < std::chrono::milliseconds(kMoveTimeout).count()) {
    const auto message = events.Read(kEventWaitMs);
    if (!message.ok() && message.status().code() != Code::kUnavailable) return message.status();
    if (!message.ok() || message->items.size() < 4) continue;
    const auto event = SentinelEvent::Parse(message->items[2].text, message->items[3].text);
    const std::string words = Describe(event, names);
    if (!words.empty()) say(Since(start), words);
    if (event.channel == "+switch-master") {
      done->to = names.Of(event.Address());
      done->named_ms = Since(start);
      return true;
    }
    if (event.channel.starts_with("-failover-abort")) {
      return Status(Code::kConflict, "the sentinels gave it up; `redisha logs` says why");
    }
  }
  return false;
}

// The Service follows the label.
bool AwaitRoute(ClusterClient& client, const std::string& space, const std::string& pod) {
  const auto deadline = Clock::now() + kRouteTimeout;
  while (Clock::now() < deadline) {
    const auto object = client.api().Get({&k8s::kPods, {space, pod}});
    if (object.ok() && RoleOf(*object) == "primary") return true;
    std::this_thread::sleep_for(kPoll);
  }
  return false;
}

}  // namespace

Result<SwitchoverDone> MovePrimary(ClusterClient& client, const Subject& subject,
                                   const std::string& to, const Say& say) {
  const Json* primary = PrimaryOf(subject);
  RHA_RETURN_IF_ERROR(Check(subject, primary, to));
  const std::string space = object::Namespace(subject.redisha);
  const std::string group = object::Str(subject.redisha, {"status", "endpoints", "masterName"});
  SwitchoverDone done{.from = object::Name(*primary), .to = to};
  if (done.from == to) return done;
  RHA_ASSIGN_OR_RETURN(const Passwords passwords, ReadPasswords(client, subject, true));
  // Every way is open before anything is changed.
  RHA_ASSIGN_OR_RETURN(Tunnel tunnel,
                       Tunnel::Open(client.access(), space, *primary, {kSentinelPort}));
  std::vector<NodeDoor> others;
  for (const Json& pod : subject.pods) {
    if (to.empty() || &pod == primary || object::Name(pod) == to) continue;
    RHA_ASSIGN_OR_RETURN(NodeDoor other, NodeDoor::Open(client, pod, passwords));
    others.push_back(std::move(other));
  }
  RHA_ASSIGN_OR_RETURN(NodeDoor old_primary, NodeDoor::Open(client, *primary, passwords));
  RHA_ASSIGN_OR_RETURN(RedisClient sentinel, ConnectSentinel(tunnel, passwords));
  RHA_ASSIGN_OR_RETURN(RedisClient events, ConnectSentinel(tunnel, passwords));
  const auto subscribed = events.Call({"PSUBSCRIBE", "*"});
  if (!subscribed.ok()) return subscribed.status();
  PodNames names(subject);

  const SignalsHeld held;  // others' settings are not what they should be for a while
  Preference preference;
  for (NodeDoor& other : others) RHA_RETURN_IF_ERROR(preference.Lower(std::move(other)));
  if (!to.empty()) {
    const std::string ip = object::Str(*FindPod(subject, to), {"status", "podIP"});
    RHA_RETURN_IF_ERROR(AwaitPriorities(sentinel, group, ip).Context(to));
  }
  const auto start = Clock::now();
  say(0, done.from + " holds writes back");
  RHA_ASSIGN_OR_RETURN(WritesHeld writes, WritesHeld::Begin(std::move(old_primary)));
  RHA_RETURN_IF_ERROR(AwaitReplicas(writes.node()));
  say(Since(start), "its replicas hold everything; its sentinel is told to move the primary");
  const auto ordered = sentinel.Call({"SENTINEL", "FAILOVER", group});
  if (!ordered.ok()) return ordered.status();
  writes.OrderGiven();
  const auto switched = FollowEvents(events, names, start, say, &done);
  if (!switched.ok()) {
    if (switched.status().code() == Code::kConflict) writes.OrderWithdrawn();
    return switched.status();
  }
  if (!*switched) {
    return Status(Code::kUnavailable, "no new primary within " +
                                          std::to_string(kMoveTimeout.count()) +
                                          " s; `redisha status` shows who is primary now");
  }
  const bool routed = AwaitRoute(client, space, done.to);
  done.routed_ms = Since(start);
  writes.EndOnceReplica();
  if (!routed) {
    return Status(Code::kUnavailable, done.to +
                                          " is primary, but its pod is not labelled so: the "
                                          "Service does not lead there; `redisha doctor`");
  }
  say(done.routed_ms, "Service " + object::Name(subject.redisha) + " leads to " + done.to);
  return done;
}

int Switchover(const SwitchoverOptions& options) {
  const bool json = options.output == "json";
  const Say say = [json](int64_t ms, const std::string& what) {
    if (!json) std::printf("%7lld ms  %s\n", static_cast<long long>(ms), what.c_str());
    std::fflush(stdout);
  };
  const auto run = [&]() -> Result<SwitchoverDone> {
    RHA_ASSIGN_OR_RETURN(const auto client, ClusterClient::Connect(options.access));
    RHA_ASSIGN_OR_RETURN(const Subject subject, ReadSubject(*client, options.name));
    return MovePrimary(*client, subject, options.to, say);
  };
  const auto done = run();
  if (!done.ok()) return Fail(done.status());
  if (json) {
    const Json out = {{"from", done->from},
                      {"to", done->to},
                      {"namedMilliseconds", done->named_ms},
                      {"routedMilliseconds", done->routed_ms}};
    std::fputs(ToJson(out).c_str(), stdout);
  } else if (done->from == done->to) {
    std::printf("%s is the primary already\n", done->to.c_str());
  } else {
    std::printf("%s ─▶ %s: named after %lld ms, routed after %lld ms\n", done->from.c_str(),
                done->to.c_str(), static_cast<long long>(done->named_ms),
                static_cast<long long>(done->routed_ms));
  }
  return kDone;
}

}  // namespace rha::cli
