#include "sidecar/core/context.h"

#include "sidecar/core/names.h"

namespace rha::sidecar::core {
namespace {

// Redis logs these at WARNING level, which also runs the notification script.
bool IsWarning(std::string_view channel) {
  static constexpr std::string_view kNotices[] = {
      "+slave",
      "+sentinel",
      "+reboot",
      "+role-change",
      "-role-change",
      "+convert-to-slave",
      "+fix-slave-config",
      "+slave-reconf-sent",
      "+slave-reconf-sent-be",
      "-slave-reconf-sent-timeout",
      "+slave-reconf-inprog",
      "+slave-reconf-done",
      "+failover-state-send-slaveof-noone",
      "+failover-state-wait-promotion",
      "+sentinel-address-switch",
      "+sentinel-invalid-addr",
      "-script-timeout",
  };
  return std::find(std::begin(kNotices), std::end(kNotices), channel) == std::end(kNotices);
}

std::string InstanceText(std::string_view type, std::string_view name, const Address& address) {
  std::string text;
  text.append(type).append(" ").append(name).append(" ").append(address.host).append(" ");
  return text + std::to_string(address.port);
}

std::string At(const State& state, const Group& group) {
  const Address primary = PrimaryAddressOrZero(state, group);
  return " @ " + group.config.name + " " + primary.host + " " + std::to_string(primary.port);
}

std::string WithExtra(std::string text, std::string_view extra) {
  if (!extra.empty()) text.append(" ").append(extra);
  return text;
}

}  // namespace

Address PrimaryAddressOrZero(const State& state, const Group& group) {
  const Node* primary = group.Primary();
  if (primary == nullptr || primary->address.empty()) return {"0.0.0.0", 0};
  return Shown(state, primary->address);
}

void Context::Publish(std::string_view channel, std::string payload, const Group* group) {
  Do(PublishEvent{.channel = std::string(channel),
                  .payload = std::move(payload),
                  .warning = IsWarning(channel),
                  .group = group == nullptr ? "" : group->config.name});
}

void Context::GroupEvent(std::string_view channel, const Group& group, std::string_view extra) {
  const std::string instance =
      InstanceText("master", group.config.name, PrimaryAddressOrZero(s, group));
  Publish(channel, WithExtra(instance, extra), &group);
}

void Context::NodeEvent(std::string_view channel, const Group& group, const Node& node,
                        std::string_view extra) {
  if (node.id == group.primary) return GroupEvent(channel, group, extra);
  const Address address = Shown(s, node.address);
  const std::string instance = InstanceText("slave", ToString(address), address);
  Publish(channel, WithExtra(instance + At(s, group), extra), &group);
}

void Context::PeerEvent(std::string_view channel, const Group& group, const Peer& peer,
                        std::string_view extra) {
  const std::string instance = InstanceText("sentinel", peer.run_id, Shown(s, peer.address));
  Publish(channel, WithExtra(instance + At(s, group), extra), &group);
}

void Context::PlainEvent(std::string_view channel, std::string payload, const Group* group) {
  Publish(channel, std::move(payload), group);
}

}  // namespace rha::sidecar::core
