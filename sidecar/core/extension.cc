#include "sidecar/core/extension.h"

#include <algorithm>
#include <string_view>

#include "sidecar/core/text.h"

namespace rha::sidecar::core {
namespace {

constexpr std::string_view kVersion = "1";

const char* RoleName(Role role) {
  switch (role) {
    case Role::kPrimary:
      return "primary";
    case Role::kReplica:
      return "replica";
    case Role::kUnknown:
      break;
  }
  return "unknown";
}

Role ParseRole(std::string_view name) {
  if (name == "primary") return Role::kPrimary;
  return name == "replica" ? Role::kReplica : Role::kUnknown;
}

// The key=value arguments of a message. Our own encoder writes the keys in the order they are asked
// for, so the search goes on where the last one ended; any other order is only slower.
class Fields {
 public:
  explicit Fields(const std::vector<std::string>& args) : args_(args) {}

  std::string Text(std::string_view key) const {
    const auto value = Find(key);
    return !value || HasControlCharacter(*value) ? "" : std::string(*value);
  }
  std::string Host(std::string_view key) const {
    const std::string text = Text(key);
    return IsHost(text) ? text : "";
  }
  template <typename T>
  T Number(std::string_view key, T fallback = {}) const {
    const auto value = Find(key);
    return value ? ParseNumber<T>(*value).value_or(fallback) : fallback;
  }
  bool Flag(std::string_view key) const { return Number<int>(key) == 1; }

 private:
  static constexpr size_t kFirst = 2;  // after the verb and the version

  std::optional<std::string_view> Find(std::string_view key) const {
    const size_t count = args_.size() - kFirst;
    for (size_t i = 0; i < count; ++i) {
      const size_t at = (next_ + i) % count;
      const std::string_view arg = args_[kFirst + at];
      const bool found = arg.size() > key.size() && arg[key.size()] == '=' &&
                         arg.size() <= 2 * kNameBytesMax && arg.compare(0, key.size(), key) == 0;
      if (!found) continue;
      next_ = at + 1;
      return arg.substr(key.size() + 1);
    }
    return std::nullopt;
  }

  const std::vector<std::string>& args_;
  mutable size_t next_ = 0;
};

bool IsVerb(const std::vector<std::string>& args, std::string_view verb) {
  return args.size() >= 2 && args[0] == verb && args[1] == kVersion;
}

}  // namespace

std::vector<std::string> EncodeBeat(const Beat& beat) {
  const auto flag = [](bool value) { return std::string(value ? "1" : "0"); };
  return {"BEAT",
          std::string(kVersion),
          "id=" + beat.id,
          "host=" + beat.address.host,
          "port=" + std::to_string(beat.address.port),
          "epoch=" + std::to_string(beat.current_epoch),
          "may_vote=" + flag(beat.may_vote),
          "group=" + beat.group,
          "primary=" + beat.primary_member,
          "primary_host=" + beat.primary.host,
          "primary_port=" + std::to_string(beat.primary.port),
          "config_epoch=" + std::to_string(beat.config_epoch),
          "config_leader=" + beat.config_leader,
          "leading_epoch=" + std::to_string(beat.leading_epoch),
          "forced=" + flag(beat.forced),
          "has_majority=" + flag(beat.has_majority),
          "down=" + flag(beat.says_down),
          "alive=" + flag(beat.node_alive),
          "undecided=" + flag(beat.node_undecided),
          "loading=" + flag(beat.node_loading),
          "role=" + std::string(RoleName(beat.node_role)),
          "priority=" + std::to_string(beat.node_priority),
          "run_id=" + beat.node_run_id,
          "replid=" + beat.node_history.replid,
          "has_data=" + flag(beat.node_history.has_data),
          "data_epoch=" + std::to_string(beat.node_history.data_epoch),
          "offset=" + std::to_string(beat.node_history.offset)};
}

std::optional<Beat> DecodeBeat(const std::vector<std::string>& args) {
  if (!IsVerb(args, "BEAT")) return std::nullopt;
  const Fields fields(args);
  Beat beat;
  beat.id = fields.Text("id");
  beat.address = {fields.Host("host"), fields.Number<uint16_t>("port")};
  beat.current_epoch = fields.Number<Epoch>("epoch");
  beat.may_vote = fields.Flag("may_vote");
  beat.group = fields.Text("group");
  beat.primary_member = fields.Text("primary");
  beat.primary = {fields.Host("primary_host"), fields.Number<uint16_t>("primary_port")};
  beat.config_epoch = fields.Number<Epoch>("config_epoch");
  beat.config_leader = fields.Text("config_leader");
  beat.leading_epoch = fields.Number<Epoch>("leading_epoch");
  beat.forced = fields.Flag("forced");
  beat.has_majority = fields.Flag("has_majority");
  beat.says_down = fields.Flag("down");
  beat.node_alive = fields.Flag("alive");
  beat.node_undecided = fields.Flag("undecided");
  beat.node_loading = fields.Flag("loading");
  beat.node_role = ParseRole(fields.Text("role"));
  beat.node_priority = fields.Number<int>("priority", kPriorityDefault);
  beat.node_run_id = fields.Text("run_id");
  beat.node_history = {.has_data = fields.Flag("has_data"),
                       .data_epoch = fields.Number<Epoch>("data_epoch"),
                       .offset = fields.Number<int64_t>("offset"),
                       .replid = fields.Text("replid")};
  if (!IsRunId(beat.id) || beat.group.empty()) return std::nullopt;
  // Nobody leads, or follows, in an epoch that he does not know.
  if (std::max(beat.config_epoch, beat.leading_epoch) > beat.current_epoch) return std::nullopt;
  if (beat.current_epoch > kEpochOnWireMax) return std::nullopt;
  return beat;
}

std::vector<std::string> EncodeDeath(const Death& death) {
  return {"DEATH", std::string(kVersion), "id=" + death.id, "group=" + death.group,
          "run_id=" + death.run_id};
}

std::optional<Death> DecodeDeath(const std::vector<std::string>& args) {
  if (!IsVerb(args, "DEATH")) return std::nullopt;
  const Fields fields(args);
  Death death{fields.Text("id"), fields.Text("group"), fields.Text("run_id")};
  if (!IsRunId(death.id) || death.group.empty()) return std::nullopt;
  return death;
}

}  // namespace rha::sidecar::core
