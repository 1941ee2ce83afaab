// One set of rights: commands, keys and channels that go together. A user has a root selector and
// maybe further ones; a request must be allowed by one of them as a whole.
//
// Pure. Thread rule: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/acl/limits.h"
#include "common/acl/rule.h"

namespace rha::acl {

// What is done with the content of a key; neither: only looked whether or how it is there.
enum KeyRight : uint8_t { kMayRead = 1, kMayWrite = 2, kMayBoth = kMayRead | kMayWrite };

class Selector {
 public:
  explicit Selector(const Rulebook& book) : all_channels_(book.channels_open) {}

  // A rule about commands, keys or channels ("+get", "%R~a*", "resetchannels"). A fault leaves all
  // as it was.
  RuleFault Apply(const Rulebook& book, std::string_view rule);

  // `first_argument` is null where the request has none.
  bool AllowsCommand(size_t command, const std::string_view* first_argument) const;
  // One pattern must allow all that is needed.
  bool AllowsKey(std::string_view key, uint8_t needed) const;
  bool AllowsEveryKey(uint8_t needed) const;
  // A pattern (PSUBSCRIBE) only if it was allowed by that very text.
  bool AllowsChannel(std::string_view channel, bool is_pattern) const;

  bool all_keys() const { return all_keys_; }
  bool all_channels() const { return all_channels_; }
  bool allows_everything() const { return all_commands_ && all_keys_ && all_channels_; }

  // As rules that make it what it is, in Redis' order: "~a* resetchannels -@all +get".
  std::string Text(const Catalogue& catalogue) const;
  // Its parts as ACL GETUSER shows them.
  std::string CommandsText(const Catalogue& catalogue) const;
  std::string KeysText() const;
  std::string ChannelsText() const;

 private:
  struct KeyPattern {
    std::string text;
    uint8_t rights;
  };
  struct FirstArgument {
    size_t command;
    std::string text;
  };

  RuleFault AddKeyPattern(std::string_view rule);
  RuleFault AddChannel(std::string_view pattern);
  RuleFault Allow(const Catalogue& catalogue, std::string_view name);
  RuleFault AllowFirstArgument(size_t command, std::string_view text);
  RuleFault SetCategory(const Catalogue& catalogue, std::string_view category, bool allow);
  void SetCommand(const Catalogue& catalogue, size_t command, bool allow);
  void SetAllCommands(bool allow);
  bool RoomFor(std::string_view text) const;

  CommandSet commands_;
  bool all_commands_ = false;  // every bit is set and always was, since "+@all"
  bool from_all_ = false;      // "+@all" came last: commands to come are allowed
  bool all_keys_ = false;
  bool all_channels_;
  std::vector<KeyPattern> keys_;
  std::vector<std::string> channels_;
  std::vector<FirstArgument> first_arguments_;
};

}  // namespace rha::acl
