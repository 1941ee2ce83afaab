#include "common/acl/selector.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "common/acl/words.h"
#include "common/base/glob.h"

namespace rha::acl {
namespace {

// "~*" by itself is another rule, after which no pattern may follow.
std::string_view Prefix(std::string_view pattern, uint8_t rights) {
  if (rights == kMayBoth) return pattern == "*" ? "%RW~" : "~";
  return rights == kMayRead ? "%R~" : "%W~";
}

}  // namespace

std::string_view Describe(RuleFault fault) {
  switch (fault) {
    case RuleFault::kNone:
      return "";
    case RuleFault::kUnknownCommand:
      return "Unknown command or category name in ACL";
    case RuleFault::kSyntax:
      return "Syntax error";
    case RuleFault::kKeysAfterAll:
      return "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does "
             "not have any effect. Try 'resetkeys' to start with an empty list of patterns";
    case RuleFault::kChannelsAfterAll:
      return "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and "
             "does not have any effect. Try 'resetchannels' to start with an empty list of "
             "channels";
    case RuleFault::kNoSuchPassword:
      return "The password you are trying to remove from the user does not exist";
    case RuleFault::kBadHash:
      return "The password hash must be exactly 64 characters and contain only lowercase "
             "hexadecimal characters";
    case RuleFault::kFirstArgOfSubcommand:
      return "Allowing first-arg of a subcommand is not supported";
    case RuleFault::kTooMuch:
      return "The user would have too many or too long rules";
  }
  return "";
}

RuleFault Selector::Apply(const Rulebook& book, std::string_view rule) {
  const auto is = [rule](std::string_view word) { return SameWord(rule, word); };
  if (is("allkeys") || is("~*")) {
    all_keys_ = true;
    keys_.clear();
  } else if (is("resetkeys")) {
    all_keys_ = false;
    keys_.clear();
  } else if (is("allchannels") || is("&*")) {
    all_channels_ = true;
    channels_.clear();
  } else if (is("resetchannels")) {
    all_channels_ = false;
    channels_.clear();
  } else if (is("allcommands") || is("+@all")) {
    SetAllCommands(true);
  } else if (is("nocommands") || is("-@all")) {
    SetAllCommands(false);
  } else if (rule.starts_with('~') || rule.starts_with('%')) {
    return AddKeyPattern(rule);
  } else if (rule.starts_with('&')) {
    return AddChannel(rule.substr(1));
  } else if (rule.starts_with("+@") || rule.starts_with("-@")) {
    return SetCategory(*book.catalogue, rule.substr(2), rule[0] == '+');
  } else if (rule.starts_with('+')) {
    return Allow(*book.catalogue, rule.substr(1));
  } else if (rule.starts_with('-')) {
    const auto command = book.catalogue->Find(rule.substr(1));
    if (!command) return RuleFault::kUnknownCommand;
    SetCommand(*book.catalogue, *command, false);
  } else {
    return RuleFault::kSyntax;
  }
  return RuleFault::kNone;
}

bool Selector::RoomFor(std::string_view text) const {
  return text.size() <= kTextBytesMax &&
         keys_.size() + channels_.size() + first_arguments_.size() < kTextsMax;
}

// "~text", "%R~text", "%rw~text".
RuleFault Selector::AddKeyPattern(std::string_view rule) {
  if (all_keys_) return RuleFault::kKeysAfterAll;
  uint8_t rights = rule[0] == '~' ? kMayBoth : 0;
  size_t begin = 1;
  while (rule[0] == '%' && begin < rule.size()) {
    const char c = Lower(rule[begin++]);
    if (c == 'r' && (rights & kMayRead) == 0) {
      rights |= kMayRead;
    } else if (c == 'w' && (rights & kMayWrite) == 0) {
      rights |= kMayWrite;
    } else if (c == '~') {
      break;
    } else {
      return RuleFault::kSyntax;
    }
  }
  const std::string_view text = rule.substr(begin);
  if (rights == 0 || HasBlanks(text)) return RuleFault::kSyntax;
  const auto known = std::find_if(keys_.begin(), keys_.end(),
                                  [text](const KeyPattern& key) { return key.text == text; });
  if (known != keys_.end()) {
    known->rights |= rights;
    return RuleFault::kNone;
  }
  if (!RoomFor(text)) return RuleFault::kTooMuch;
  keys_.push_back({std::string(text), rights});
  return RuleFault::kNone;
}

RuleFault Selector::AddChannel(std::string_view pattern) {
  if (all_channels_) return RuleFault::kChannelsAfterAll;
  if (HasBlanks(pattern)) return RuleFault::kSyntax;
  if (std::find(channels_.begin(), channels_.end(), pattern) != channels_.end()) {
    return RuleFault::kNone;
  }
  if (!RoomFor(pattern)) return RuleFault::kTooMuch;
  channels_.emplace_back(pattern);
  return RuleFault::kNone;
}

// "get", "config|get", or "select|0": the first argument of a command that has no subcommands.
RuleFault Selector::Allow(const Catalogue& catalogue, std::string_view name) {
  const size_t bar = name.rfind('|');
  const auto command = catalogue.Find(name.substr(0, bar));
  if (!command) return RuleFault::kUnknownCommand;
  if (bar == std::string_view::npos) {
    SetCommand(catalogue, *command, true);
    return RuleFault::kNone;
  }
  if (catalogue.is_subcommand(*command)) return RuleFault::kFirstArgOfSubcommand;
  const std::string_view word = name.substr(bar + 1);
  if (word.empty()) return RuleFault::kSyntax;
  if (catalogue.subcommands(*command).empty()) return AllowFirstArgument(*command, word);
  const auto subcommand = catalogue.Find(name);
  if (!subcommand) return RuleFault::kUnknownCommand;
  SetCommand(catalogue, *subcommand, true);
  return RuleFault::kNone;
}

RuleFault Selector::AllowFirstArgument(size_t command, std::string_view text) {
  // Redis takes blanks here, and writes an ACL file that it cannot read any more.
  if (HasBlanks(text)) return RuleFault::kSyntax;
  for (const FirstArgument& known : first_arguments_) {
    if (known.command == command && SameWord(known.text, text)) return RuleFault::kNone;
  }
  if (!RoomFor(text)) return RuleFault::kTooMuch;
  first_arguments_.push_back({command, std::string(text)});
  return RuleFault::kNone;
}

RuleFault Selector::SetCategory(const Catalogue& catalogue, std::string_view category, bool allow) {
  const uint32_t bit = FindCategory(category);
  if (bit == 0) return RuleFault::kUnknownCommand;
  const CommandSet& members = catalogue.Having(bit);
  for (size_t i = 0; i < catalogue.size(); ++i) {
    if (members.test(i)) SetCommand(catalogue, i, allow);
  }
  return RuleFault::kNone;
}

// With its subcommands.
void Selector::SetCommand(const Catalogue& catalogue, size_t command, bool allow) {
  commands_.set(command, allow);
  for (const uint16_t subcommand : catalogue.subcommands(command)) commands_.set(subcommand, allow);
  if (!allow) all_commands_ = false;
  std::erase_if(first_arguments_,
                [command](const FirstArgument& known) { return known.command == command; });
}

void Selector::SetAllCommands(bool allow) {
  allow ? commands_.set() : commands_.reset();
  all_commands_ = from_all_ = allow;
  first_arguments_.clear();
}

bool Selector::AllowsCommand(size_t command, const std::string_view* first_argument) const {
  if (all_commands_ || commands_.test(command)) return true;
  if (first_argument == nullptr) return false;
  return std::any_of(first_arguments_.begin(), first_arguments_.end(),
                     [&](const FirstArgument& allowed) {
                       return allowed.command == command && SameWord(allowed.text, *first_argument);
                     });
}

bool Selector::AllowsKey(std::string_view key, uint8_t needed) const {
  return all_keys_ || std::any_of(keys_.begin(), keys_.end(), [&](const KeyPattern& pattern) {
           return (pattern.rights & needed) == needed && GlobMatches(pattern.text, key);
         });
}

bool Selector::AllowsEveryKey(uint8_t needed) const {
  return all_keys_ || std::any_of(keys_.begin(), keys_.end(), [&](const KeyPattern& pattern) {
           return (pattern.rights & needed) == needed && pattern.text == "*";
         });
}

bool Selector::AllowsChannel(std::string_view channel, bool is_pattern) const {
  return all_channels_ ||
         std::any_of(channels_.begin(), channels_.end(), [&](const std::string& allowed) {
           return is_pattern ? allowed == channel : GlobMatches(allowed, channel);
         });
}

// Rules are applied to a second selector as they are found, so that it is known what is still to be
// said: first the categories that fit best, then single commands.
std::string Selector::CommandsText(const Catalogue& catalogue) const {
  const Rulebook book{&catalogue};
  Selector said(book), left(book);
  said.SetAllCommands(from_all_);
  left.commands_ = commands_;
  std::string text = from_all_ ? "+@all" : "-@all";
  uint32_t named = 0;
  for (;;) {
    const CategoryName* best = nullptr;
    size_t least_other = std::numeric_limits<size_t>::max(), most_same = 0;
    for (const CategoryName& category : kCategoryNames) {
      if ((named & category.bit) != 0) continue;
      const CommandSet& members = catalogue.Having(category.bit);
      const size_t on = (left.commands_ & members).count();
      const size_t off = members.count() - on;
      const size_t same = from_all_ ? off : on;
      const size_t other = from_all_ ? on : off;
      if (same <= other) continue;
      if (other > least_other || (other == least_other && same <= most_same)) continue;
      best = &category;
      least_other = other;
      most_same = same;
    }
    if (best == nullptr) break;
    named |= best->bit;
    (void)said.SetCategory(catalogue, best->name, !from_all_);
    (void)left.SetCategory(catalogue, best->name, from_all_);
    text.append(from_all_ ? " -@" : " +@").append(best->name);
  }
  const auto say = [&](size_t command) {
    const bool allowed = commands_.test(command);
    if (allowed != said.commands_.test(command)) {
      text.append(allowed ? " +" : " -").append(catalogue.name(command));
      said.SetCommand(catalogue, command, allowed);
    }
  };
  for (size_t i = 0; i < catalogue.size(); ++i) {
    if (catalogue.is_subcommand(i)) continue;
    say(i);
    for (const uint16_t subcommand : catalogue.subcommands(i)) say(subcommand);
    if (commands_.test(i)) continue;
    for (const FirstArgument& allowed : first_arguments_) {
      if (allowed.command != i) continue;
      text.append(" +").append(catalogue.name(i)).append("|").append(allowed.text);
    }
  }
  return text;
}

std::string Selector::KeysText() const {
  if (all_keys_) return "~*";
  std::string text;
  for (const KeyPattern& pattern : keys_) {
    if (!text.empty()) text += ' ';
    text.append(Prefix(pattern.text, pattern.rights)).append(pattern.text);
  }
  return text;
}

std::string Selector::ChannelsText() const {
  if (all_channels_) return "&*";
  std::string text;
  for (const std::string& channel : channels_) {
    text.append(text.empty() ? "&" : " &").append(channel);
  }
  return text;
}

std::string Selector::Text(const Catalogue& catalogue) const {
  std::string text = KeysText();
  if (!text.empty()) text += ' ';
  if (!all_channels_) text += "resetchannels ";
  const std::string channels = ChannelsText();
  if (!channels.empty()) text.append(channels).append(" ");
  return text + CommandsText(catalogue);
}

}  // namespace rha::acl
