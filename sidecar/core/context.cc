#include "sidecar/core/context.h"

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

std::string At(const Group& group) {
  const Address primary = PrimaryAddressOrZero(group);
  return " @ " + group.config.name + " " + primary.host + " " + std::to_string(primary.port);
}

std::string WithExtra(std::string text, std::string_view extra) {
  if (!extra.empty()) text.append(" ").append(extra);
  return text;
}

}  // namespace

Address PrimaryAddressOrZero(const Group& group) {
  const Node* primary = group.Primary();
  if (primary == nullptr || primary->address.empty()) return {"0.0.0.0", 0};
  return primary->address;
}

std::string NodeName(const Group& group, const Node& node) {
  if (node.id == group.primary) return group.config.name;
  return ToString(node.address);
}

void Context::Publish(std::string_view channel, std::string payload) {
  Do(PublishEvent{.channel = std::string(channel),
                  .payload = std::move(payload),
                  .warning = IsWarning(channel)});
}

void Context::GroupEvent(std::string_view channel, const Group& group, std::string_view extra) {
  Publish(channel,
          WithExtra(InstanceText("master", group.config.name, PrimaryAddressOrZero(group)), extra));
}

void Context::NodeEvent(std::string_view channel, const Group& group, const Node& node,
                        std::string_view extra) {
  if (node.id == group.primary) return GroupEvent(channel, group, extra);
  Publish(
      channel,
      WithExtra(InstanceText("slave", ToString(node.address), node.address) + At(group), extra));
}

void Context::PeerEvent(std::string_view channel, const Group& group, const Peer& peer,
                        std::string_view extra) {
  Publish(channel,
          WithExtra(InstanceText("sentinel", peer.run_id, peer.address) + At(group), extra));
}

void Context::PlainEvent(std::string_view channel, std::string payload) {
  Publish(channel, std::move(payload));
}

}  // namespace rha::sidecar::core
