#include "cli/view/topology_text.h"

#include <algorithm>
#include <optional>

#include "cli/view/text.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;
using object::Str;

const PodFacts& FactsFor(const Topology& topology, const Json& pod) {
  static const PodFacts kUnasked{.problem = "not asked"};
  const auto found = topology.facts.find(object::Name(pod));
  return found == topology.facts.end() ? kUnasked : found->second;
}

std::string ZoneOf(const Topology& topology, const Json& pod) {
  const auto found = topology.zones.find(Str(pod, {"spec", "nodeName"}));
  return found == topology.zones.end() ? "" : found->second;
}

std::string Where(const Topology& topology, const Json& pod) {
  const std::string zone = ZoneOf(topology, pod);
  return "on " + Str(pod, {"spec", "nodeName"}, "no machine yet") +
         (zone.empty() ? "" : " in " + zone);
}

// How far behind the primary a replica is, by what both say; nothing where one did not say it.
std::optional<int64_t> Lag(const PodFacts* primary, const PodFacts& replica) {
  if (primary == nullptr || !primary->problem.empty() || !replica.problem.empty()) return {};
  if (!replica.node_up || !primary->node_up) return {};
  return std::max<int64_t>(0, primary->offset - replica.offset);
}

std::string Condition(const PodFacts* primary, const PodFacts& facts, bool is_primary) {
  if (!facts.problem.empty()) return "not reached";
  if (!facts.node_up) return "its node does not answer";
  if (is_primary) {
    return facts.role == "master" ? "takes writes" : "labelled so, but its node says " + facts.role;
  }
  if (facts.syncing) return "takes over a snapshot";
  if (!facts.link_up) return "not linked to the primary";
  const auto lag = Lag(primary, facts);
  return !lag ? "linked" : *lag == 0 ? "in sync" : Bytes(*lag) + " behind";
}

std::string NameAt(const Subject& subject, const std::string& address) {
  const std::string ip = address.substr(0, address.rfind(':'));
  for (const Json& pod : subject.pods) {
    if (Str(pod, {"status", "podIP"}) == ip) return object::Name(pod);
  }
  return address.empty() ? "nobody" : address;
}

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "nobody" : text;
}

// "cart.shop.svc:6379" is short enough to be read as "cart:6379".
std::string Service(const Json& redisha, std::string_view key) {
  const std::string full = Str(redisha, {"status", "endpoints", key});
  const size_t dot = full.find('.'), colon = full.rfind(':');
  if (dot == std::string::npos || colon == std::string::npos) return full.empty() ? "-" : full;
  return full.substr(0, dot) + full.substr(colon);
}

std::string SentinelTable(const Topology& topology) {
  std::vector<std::vector<std::string>> rows = {
      {"  SENTINEL", "HEARS A MAJORITY", "NAMES", "EPOCH", "REMARK"}};
  for (const Json& pod : topology.subject.pods) {
    const PodFacts& facts = FactsFor(topology, pod);
    if (!facts.problem.empty()) {
      rows.push_back({"  " + object::Name(pod), "-", "-", "-", facts.problem});
      continue;
    }
    std::string remark;
    if (facts.strangers > 0) remark = "somebody else answers at a member's address";
    if (facts.state_write_failing) remark = "cannot write its state, so gives no vote";
    if (facts.cold_start_waiting) remark = "waits for a copy that may be newer";
    rows.push_back({"  " + object::Name(pod), facts.hears_majority ? "yes" : "no",
                    NameAt(topology.subject, facts.primary), std::to_string(facts.epoch), remark});
  }
  return Table(rows);
}

// Machines that carry more than one pod lose them together.
std::string SharedMachines(const Topology& topology) {
  std::map<std::string, std::vector<std::string>> by_node;
  for (const Json& pod : topology.subject.pods) {
    const std::string node = Str(pod, {"spec", "nodeName"});
    if (!node.empty()) by_node[node].push_back(object::Name(pod));
  }
  std::string text;
  for (const auto& [node, pods] : by_node) {
    if (pods.size() < 2) continue;
    text +=
        "\n  " + Joined(pods) + " share the machine " + node +
        (pods.size() > topology.subject.pods.size() / 2 ? ": with it goes the majority\n" : "\n");
  }
  return text;
}

}  // namespace

std::string TopologyText(const Topology& topology) {
  const Subject& subject = topology.subject;
  const Json& redisha = subject.redisha;
  const Verdict verdict = Judge(subject);
  const Json* primary = PrimaryOf(subject);
  const PodFacts* primary_facts = primary == nullptr ? nullptr : &FactsFor(topology, *primary);
  std::string text =
      "RedisHA " + object::Namespace(redisha) + "/" + object::Name(redisha) + ": " + verdict.word;
  text += verdict.reason.empty() ? "\n\n" : " (" + verdict.reason + ")\n\n";

  std::vector<const Json*> others;
  std::vector<std::string> readers, all;
  for (const Json& pod : subject.pods) {
    all.push_back(object::Name(pod));
    if (&pod != primary) others.push_back(&pod);
    if (RoleOf(pod) == "replica" && IsReady(pod)) readers.push_back(object::Name(pod));
  }
  const auto row = [&](const std::string& lead, const Json& pod) {
    const bool is_primary = &pod == primary;
    return std::vector<std::string>{lead + (IsReady(pod) ? "● " : "○ ") + object::Name(pod),
                                    is_primary            ? "primary"
                                    : RoleOf(pod).empty() ? "no role"
                                                          : RoleOf(pod),
                                    Condition(primary_facts, FactsFor(topology, pod), is_primary),
                                    Where(topology, pod)};
  };
  const std::string head = "  writes ─▶ " + Service(redisha, "primary") + " ─▶ ";
  const std::string blank(12 + Service(redisha, "primary").size() + 2, ' ');
  std::vector<std::vector<std::string>> rows;
  rows.push_back(primary == nullptr ? std::vector<std::string>{head + "nobody"}
                                    : row(head, *primary));
  for (size_t i = 0; i < others.size(); ++i) {
    rows.push_back(row(blank + (i + 1 == others.size() ? "└─▶ " : "├─▶ "), *others[i]));
  }
  text += Table(rows);
  text += "  reads  ─▶ " + Service(redisha, "replicas") + " ─▶ " + Joined(readers) + "\n";
  text += "  who is primary? ─▶ " + Service(redisha, "sentinel") + " ─▶ " + Joined(all) + "   as " +
          Str(redisha, {"status", "endpoints", "masterName"}, "-") + "\n\n";
  text += SentinelTable(topology);
  return text + SharedMachines(topology);
}

Json TopologyJson(const Topology& topology) {
  const Json* primary = PrimaryOf(topology.subject);
  const PodFacts* primary_facts = primary == nullptr ? nullptr : &FactsFor(topology, *primary);
  Json pods = Json::array();
  for (const Json& pod : topology.subject.pods) {
    const PodFacts& facts = FactsFor(topology, pod);
    Json out = {{"name", object::Name(pod)},
                {"role", RoleOf(pod)},
                {"ready", IsReady(pod)},
                {"ip", Str(pod, {"status", "podIP"})},
                {"node", Str(pod, {"spec", "nodeName"})},
                {"zone", ZoneOf(topology, pod)}};
    if (!facts.problem.empty()) {
      out["problem"] = facts.problem;
    } else {
      out["offset"] = facts.offset;
      if (&pod != primary) {
        const auto lag = Lag(primary_facts, facts);
        out["lagBytes"] = lag ? Json(*lag) : Json();
        out["linkUp"] = facts.link_up;
      }
      out["sentinel"] = {{"hearsMajority", facts.hears_majority},
                         {"names", NameAt(topology.subject, facts.primary)},
                         {"epoch", facts.epoch}};
    }
    pods.push_back(std::move(out));
  }
  return {{"health", Judge(topology.subject).word},
          {"primary", primary == nullptr ? Json() : Json(object::Name(*primary))},
          {"pods", std::move(pods)}};
}

}  // namespace rha::cli
