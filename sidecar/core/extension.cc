#include "sidecar/core/extension.h"

#include <algorithm>
#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>

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

// Every field of a beat, for who writes one and for who reads one.
template <typename AnyBeat, typename Visitor>
void VisitFields(AnyBeat& beat, Visitor&& visit) {
  visit("id", beat.id);
  visit.Host("host", beat.address.host);
  visit("port", beat.address.port);
  visit("epoch", beat.current_epoch);
  visit("may_vote", beat.may_vote);
  visit("group", beat.group);
  visit("primary", beat.belief.primary_member);
  visit.Host("primary_host", beat.primary.host);
  visit("primary_port", beat.primary.port);
  visit("config_epoch", beat.belief.config_epoch);
  visit("config_leader", beat.config_leader);
  visit("leading_epoch", beat.belief.leading_epoch);
  visit("forced", beat.belief.forced);
  visit("has_majority", beat.belief.has_majority);
  visit("down", beat.says_down);
  visit("primary_silent", beat.hearing.primary_silent_ms);
  visit("you_silent", beat.hearing.you_silent_ms);
  visit("alive", beat.node.alive);
  visit("undecided", beat.node.undecided);
  visit("loading", beat.node.loading);
  visit("role", beat.node.role);
  visit("priority", beat.node.priority);
  visit("run_id", beat.node.run_id);
  visit("replid", beat.node.history.replid);
  visit("has_data", beat.node.history.has_data);
  visit("data_epoch", beat.node.history.data_epoch);
  visit("offset", beat.node.history.offset);
}

template <typename AnyDeath, typename Visitor>
void VisitFields(AnyDeath& death,
                 Visitor&& visit) requires std::same_as<std::remove_const_t<AnyDeath>, Death> {
  visit("id", death.id);
  visit("group", death.group);
  visit("run_id", death.run_id);
}

class FieldWriter {
 public:
  explicit FieldWriter(std::string verb) : args_{std::move(verb), std::string(kVersion)} {}

  void operator()(std::string_view key, const std::string& value) {
    args_.push_back(std::string(key) + "=" + value);
  }
  void operator()(std::string_view key, bool value) {
    (*this)(key, std::string(value ? "1" : "0"));
  }
  void operator()(std::string_view key, Role role) { (*this)(key, std::string(RoleName(role))); }
  void operator()(std::string_view key, std::integral auto value) {
    (*this)(key, std::to_string(value));
  }
  void Host(std::string_view key, const std::string& host) { (*this)(key, host); }

  std::vector<std::string> Take() { return std::move(args_); }

 private:
  std::vector<std::string> args_;
};

// What is missing or cannot be read is a no, unknown, or stays as it is. Our own writer's keys come
// in the order they are asked for, so the search goes on where the last one ended; any other order
// is only slower.
class FieldReader {
 public:
  explicit FieldReader(const std::vector<std::string>& args) : args_(args) {}

  void operator()(std::string_view key, std::string& value) {
    const auto text = Find(key);
    if (text && !HasControlCharacter(*text)) value = *text;
  }
  void operator()(std::string_view key, bool& value) {
    int number = 0;
    (*this)(key, number);
    value = number == 1;
  }
  void operator()(std::string_view key, Role& role) {
    std::string name;
    (*this)(key, name);
    role = ParseRole(name);
  }
  template <std::integral T>
  void operator()(std::string_view key, T& value) {
    if (const auto text = Find(key)) value = ParseNumber<T>(*text).value_or(value);
  }
  void Host(std::string_view key, std::string& host) {
    (*this)(key, host);
    if (!IsHost(host)) host.clear();
  }

 private:
  static constexpr size_t kFirst = 2;  // after the verb and the version

  std::optional<std::string_view> Find(std::string_view key) {
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
  size_t next_ = 0;
};

template <typename Message>
std::vector<std::string> Encode(const char* verb, const Message& message) {
  FieldWriter writer(verb);
  VisitFields(message, writer);
  return writer.Take();
}

template <typename Message>
std::optional<Message> Decode(const char* verb, const std::vector<std::string>& args) {
  if (args.size() < 2 || args[0] != verb || args[1] != kVersion) return std::nullopt;
  Message message;
  VisitFields(message, FieldReader(args));
  if (!IsRunId(message.id) || message.group.empty()) return std::nullopt;
  return message;
}

constexpr const char* kBeat = "BEAT";
constexpr const char* kDeath = "DEATH";

}  // namespace

std::vector<std::string> EncodeBeat(const Beat& beat) { return Encode(kBeat, beat); }

std::optional<Beat> DecodeBeat(const std::vector<std::string>& args) {
  auto beat = Decode<Beat>(kBeat, args);
  if (!beat) return std::nullopt;
  // Nobody leads, or follows, in an epoch that he does not know.
  if (std::max(beat->belief.config_epoch, beat->belief.leading_epoch) > beat->current_epoch) {
    return std::nullopt;
  }
  if (beat->current_epoch > kEpochOnWireMax) return std::nullopt;
  return beat;
}

std::vector<std::string> EncodeDeath(const Death& death) { return Encode(kDeath, death); }

std::optional<Death> DecodeDeath(const std::vector<std::string>& args) {
  return Decode<Death>(kDeath, args);
}

}  // namespace rha::sidecar::core
