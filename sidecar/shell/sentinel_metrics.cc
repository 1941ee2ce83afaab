#include "sidecar/shell/sentinel_metrics.h"

#include <algorithm>

namespace rha::sidecar::shell {
namespace {

using metrics::Labels;
using metrics::Page;

// Whether the loss is noticed at once or after down-after decides the range.
const std::vector<double> kDurationBounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1,
                                             1.5,   2,    3,     5,    10,  20,  30,  60,  180};

double Seconds(Millis time) { return std::chrono::duration<double>(time).count(); }

template <typename List, typename Good>
double CountGood(const List& list, Good good) {
  return static_cast<double>(std::count_if(list.begin(), list.end(), good));
}

double CountStrangers(const View& view, const core::Group& group) {
  int count = 0;
  for (const auto& [id, node] : group.nodes) count += node.stranger.empty() ? 0 : 1;
  for (const core::Peer* peer : view.machine.Peers(group)) count += peer->stranger.empty() ? 0 : 1;
  return count;
}

void CollectGroup(const View& view, const core::Group& group, Page& page) {
  const std::string& name = group.config.name;
  const auto address = view.machine.PrimaryAddress(name, view.now);
  const Labels labels = {{"master_name", name},
                         {"master_address", address ? core::ToString(*address) : ""}};
  Labels status = labels;
  status.emplace_back("master_status", GroupStatus(group));
  page.Gauge("redis_sentinel_master_status", "Master status on Sentinel",
             std::string_view(GroupStatus(group)) == "ok" && address ? 1 : 0, std::move(status));
  const auto gauge = [&](const char* metric, const char* help, double value) {
    page.Gauge(metric, help, value, labels);
  };
  const auto replicas = view.machine.Replicas(group);
  const auto peers = view.machine.Peers(group);
  gauge("redis_sentinel_master_slaves", "The number of slaves of the master",
        static_cast<double>(replicas.size()));
  gauge("redis_sentinel_master_sentinels", "The number of sentinels monitoring this master",
        static_cast<double>(peers.size()) + 1);
  gauge("redis_sentinel_master_ok_slaves", "The number of okay slaves of the master",
        CountGood(replicas, [](const core::Node* n) { return n->link.connected && !n->sdown; }));
  gauge("redis_sentinel_master_ok_sentinels", "The number of okay sentinels monitoring this master",
        1 + CountGood(peers, [](const core::Peer* p) { return p->link.connected && !p->sdown; }));
  gauge("redis_sentinel_master_config_epoch", "Master config-epoch",
        static_cast<double>(group.config_epoch));
  if (const core::Node* primary = group.Primary()) {
    const auto since = view.now - std::max(primary->link.last_ok, primary->created);
    gauge("redis_sentinel_master_last_ok_ping_reply_seconds",
          "Time since last okay ping reply from the master",
          static_cast<double>(since.count()) / 1000);
  }
  gauge("redis_sentinel_master_setting_ckquorum", "Show the current ckquorum config",
        group.config.quorum);
  gauge("redis_sentinel_master_setting_down_after_milliseconds",
        "Show the current down-after-milliseconds config",
        static_cast<double>(group.config.down_after.count()));
  gauge("redis_sentinel_master_setting_failover_timeout",
        "Show the current failover-timeout config",
        static_cast<double>(group.config.failover_timeout.count()));
  gauge("redis_sentinel_master_setting_parallel_syncs", "Show the current parallel-syncs config",
        group.config.parallel_syncs);
  const auto quorum = view.machine.CheckQuorum(name, view.now);
  page.Gauge(
      "redis_sentinel_master_ckquorum_status", "Master ckquorum status", quorum.ok() ? 1 : 0,
      {{"master_name", name}, {"message", quorum.ok() ? *quorum : quorum.status().message()}});

  page.Gauge("redisha_sentinel_has_majority",
             "1 while this sidecar hears a majority of the group's members.",
             view.machine.HasMajority(group, view.now) ? 1 : 0, {{"group", name}});
  page.Gauge("redisha_sentinel_cold_start_waiting",
             "1 while no primary is made because a member that may hold more is waited for.",
             group.wait.reason == core::WaitReason::kNone ? 0 : 1, {{"group", name}});
  page.Gauge("redisha_sentinel_strangers", "Members at whose address somebody else answers.",
             CountStrangers(view, group), {{"group", name}});
  page.Gauge("redisha_sentinel_primary_known", "1 while a primary is known and may be named.",
             address ? 1 : 0, {{"group", name}});
}

}  // namespace

void CollectSentinel(const View& view, Page& page) {
  const core::State& state = view.machine.state();
  page.Gauge("redis_sentinel_masters", "The number of masters this sentinel is watching",
             static_cast<double>(state.groups.size()));
  page.Gauge("redis_sentinel_tilt", "Sentinel is in TILT mode", state.tilt ? 1 : 0);
  page.Gauge("redis_sentinel_running_scripts", "Number of scripts in execution right now", 0);
  page.Gauge("redis_sentinel_scripts_queue_length", "Queue of user scripts to execute", 0);
  page.Gauge("redis_sentinel_simulate_failure_flags", "Failures simulations",
             (state.crash_after_election ? 1 : 0) + (state.crash_after_promotion ? 2 : 0));
  for (const auto& [name, group] : state.groups) CollectGroup(view, group, page);

  page.Gauge("redisha_sentinel_info", "Version and identity of this sidecar.", 1,
             {{"version", RHA_VERSION}, {"id", state.my_id}, {"self", state.self}});
  page.Gauge("redisha_sentinel_epoch", "The newest epoch this sidecar has heard of.",
             static_cast<double>(state.current_epoch));
  page.Counter("redisha_sentinel_tilts_total", "How often the clock or the loop was late.",
               static_cast<double>(state.total_tilt));
  page.Gauge("redisha_sentinel_own_node_ready", "1 while this pod may receive traffic.",
             view.machine.OwnNodeReady(view.now) ? 1 : 0);
}

void CollectLabels(const LabelStats& stats, Page& page) {
  if (!stats.enabled) return;
  page.Counter("redisha_sentinel_label_patches_total", "Patches of the own pod's role label.",
               static_cast<double>(stats.patches));
  page.Counter("redisha_sentinel_label_patch_errors_total", "Such patches that failed.",
               static_cast<double>(stats.errors));
}

EventMetrics::EventMetrics(metrics::Registry& registry)
    : elections_(registry.AddCounter("redisha_sentinel_elections_total",
                                     "Elections this sidecar stood in.")),
      elections_won_(registry.AddCounter("redisha_sentinel_elections_won_total",
                                         "Elections this sidecar won.")),
      failovers_(registry.AddCounter("redisha_sentinel_failovers_total",
                                     "Changes of the primary this sidecar saw.")),
      failovers_led_(registry.AddCounter("redisha_sentinel_failovers_led_total",
                                         "Promotions this sidecar carried out.")),
      primary_downs_(registry.AddCounter("redisha_sentinel_primary_downs_total",
                                         "How often a primary was found down.")),
      votes_(registry.AddCounter("redisha_sentinel_votes_total",
                                 "Votes this sidecar gave, those for itself included.")),
      duration_(registry.AddHistogram(
          "redisha_sentinel_failover_duration_seconds",
          "From noticing that the primary is down (or, when it is not, from the attempt) to the "
          "change of the primary.",
          kDurationBounds)),
      detect_(registry.AddHistogram(
          "redisha_sentinel_detect_seconds",
          "From the last good answer of a primary to its being found down.", kDurationBounds)),
      elect_(registry.AddHistogram("redisha_sentinel_elect_seconds",
                                   "From standing in an election to winning it.", kDurationBounds)),
      promote_(registry.AddHistogram("redisha_sentinel_promote_seconds",
                                     "From winning an election to the new primary's saying so.",
                                     kDurationBounds)),
      route_(registry.AddHistogram(
          "redisha_sentinel_route_seconds",
          "From a new role of the own node to the pod's label, which Services follow.",
          kDurationBounds)) {}

// "master <group> …" of a primary, "<group> <old ip> …" of +switch-master, "slave … @ <group> …".
std::string_view GroupOfEvent(std::string_view channel, std::string_view payload) {
  constexpr std::string_view kOfPrimary = "master ", kAt = " @ ";
  if (payload.starts_with(kOfPrimary)) {
    payload.remove_prefix(kOfPrimary.size());
  } else if (channel == "+promoted-slave" && payload.find(kAt) != std::string_view::npos) {
    payload.remove_prefix(payload.find(kAt) + kAt.size());
  } else if (channel != "+switch-master") {
    return {};
  }
  return payload.substr(0, payload.find(' '));
}

void EventMetrics::OnEvent(std::string_view channel, std::string_view payload,
                           core::LogicalTime now, Millis silence) {
  if (channel == "+vote-for-leader") votes_.Increment();
  const std::string_view group = GroupOfEvent(channel, payload);
  if (group.empty()) return;
  Times& times = times_[std::string(group)];
  if (channel == "+sdown") {
    primary_downs_.Increment();
    detect_.Observe(Seconds(silence));
    if (!times.lost) times.lost = now;
  } else if (channel == "-sdown") {
    times.lost.reset();
  } else if (channel == "+try-failover") {
    elections_.Increment();
    times.stood = now;
    if (!times.lost) times.lost = now;
  } else if (channel == "+elected-leader") {
    elections_won_.Increment();
    if (times.stood) elect_.Observe(Seconds(now - *times.stood));
    times.elected = now;
  } else if (channel == "+promoted-slave") {
    failovers_led_.Increment();
    if (times.elected) promote_.Observe(Seconds(now - *times.elected));
  } else if (channel == "+switch-master") {
    OnSwitch(payload, times, now);
  }
}

void EventMetrics::OnSwitch(std::string_view payload, Times& times, core::LogicalTime now) {
  // The first primary of a group replaces nobody, which the machine calls 0.0.0.0 0.
  if (payload.find(" 0.0.0.0 0 ") == std::string_view::npos) {
    failovers_.Increment();
    if (times.lost) duration_.Observe(Seconds(now - *times.lost));
  }
  times = {};
}

void EventMetrics::OnRouted(Millis took) { route_.Observe(Seconds(took)); }

}  // namespace rha::sidecar::shell
