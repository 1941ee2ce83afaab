#include "common/acl/user.h"

#include <algorithm>

#include "common/acl/words.h"
#include "common/base/config_text.h"
#include "common/base/hex.h"
#include "common/trust/secret.h"
#include "common/trust/sha256.h"

namespace rha::acl {

Result<std::vector<std::string>> JoinSelectors(std::span<const std::string_view> rules) {
  std::vector<std::string> joined;
  std::string_view opened;  // the first word of the selector that is being joined
  for (const std::string_view rule : rules) {
    if (!opened.empty()) {
      joined.back().append(" ").append(rule);
      if (rule.ends_with(')')) opened = {};
      continue;
    }
    if (rule.starts_with('(') && !rule.ends_with(')')) opened = rule;
    joined.emplace_back(rule);
  }
  if (opened.empty()) return joined;
  return Status(Code::kInvalid,
                "Unmatched parenthesis in acl selector starting at '" + std::string(opened) + "'.");
}

User::User(std::string name, const Rulebook& book) : name_(std::move(name)) {
  selectors_.emplace_back(book);
}

User User::MayDoAll(std::string name, const Rulebook& book) {
  User user(std::move(name), book);
  for (const std::string_view rule : {"+@all", "~*", "&*", "on", "nopass"}) {
    RHA_CHECK(user.Apply(book, rule) == RuleFault::kNone);
  }
  return user;
}

RuleFault User::Apply(const Rulebook& book, std::string_view rule) {
  const RuleFault fault = ApplyOne(book, rule);
  restricted_ = std::none_of(selectors_.begin(), selectors_.end(),
                             [](const Selector& s) { return s.allows_everything(); });
  return fault;
}

RuleFault User::ApplyOne(const Rulebook& book, std::string_view rule) {
  const auto is = [rule](std::string_view word) { return SameWord(rule, word); };
  if (rule.empty()) return RuleFault::kNone;
  if (is("on") || is("off")) {
    on_ = is("on");
  } else if (is("skip-sanitize-payload")) {
    sanitize_ = Sanitize::kSkip;
  } else if (is("sanitize-payload")) {
    sanitize_ = Sanitize::kYes;
  } else if (is("nopass") || is("resetpass")) {
    no_password_ = is("nopass");
    passwords_.clear();
  } else if (is("clearselectors")) {
    selectors_.erase(selectors_.begin() + 1, selectors_.end());
  } else if (is("reset")) {
    Reset(book);
  } else if (std::string_view(">#<!").find(rule[0]) != std::string_view::npos) {
    return ApplyPassword(rule);
  } else if (rule.size() >= 2 && rule.starts_with('(') && rule.ends_with(')')) {
    return AddSelector(book, rule.substr(1, rule.size() - 2));
  } else {
    return selectors_.front().Apply(book, rule);
  }
  return RuleFault::kNone;
}

// ">password", "#hash", and "<password", "!hash" to take it away.
RuleFault User::ApplyPassword(std::string_view rule) {
  const std::string_view text = rule.substr(1);
  const bool is_hash = rule[0] == '#' || rule[0] == '!';
  if (is_hash && !IsHex(text, trust::kSha256Digits)) return RuleFault::kBadHash;
  const std::string hash = is_hash ? std::string(text) : trust::Sha256Hex(text);
  const auto known = std::find(passwords_.begin(), passwords_.end(), hash);
  if (rule[0] == '<' || rule[0] == '!') {
    if (known == passwords_.end()) return RuleFault::kNoSuchPassword;
    passwords_.erase(known);
    return RuleFault::kNone;
  }
  if (known == passwords_.end()) {
    if (passwords_.size() >= kPasswordsMax) return RuleFault::kTooMuch;
    passwords_.push_back(hash);
  }
  no_password_ = false;
  return RuleFault::kNone;
}

RuleFault User::AddSelector(const Rulebook& book, std::string_view rules) {
  const auto words = SplitConfigWords(rules);
  if (!words.ok()) return RuleFault::kSyntax;
  if (selectors_.size() >= kSelectorsMax) return RuleFault::kTooMuch;
  Selector selector(book);
  for (const std::string& word : *words) {
    // Such a word ends the selector, or is another one, where it is read back from a file.
    if (word.ends_with(')') || word.find_first_of("\"'") != std::string::npos) {
      return RuleFault::kSyntax;
    }
    const RuleFault fault = selector.Apply(book, word);
    if (fault != RuleFault::kNone) return fault;
  }
  selectors_.push_back(std::move(selector));
  return RuleFault::kNone;
}

void User::Reset(const Rulebook& book) {
  User fresh(name_, book);
  fresh.sanitize_ = Sanitize::kYes;
  *this = std::move(fresh);
}

Status User::ApplyAll(const Rulebook& book, std::span<const std::string_view> rules) {
  RHA_ASSIGN_OR_RETURN(const std::vector<std::string> joined, JoinSelectors(rules));
  User changed = *this;
  for (const std::string& rule : joined) {
    const RuleFault fault = changed.Apply(book, rule);
    if (fault == RuleFault::kNone) continue;
    return Status(Code::kInvalid,
                  "Error in ACL SETUSER modifier '" + rule + "': " + std::string(Describe(fault)));
  }
  *this = std::move(changed);
  return {};
}

void User::TakeRulesOf(const User& other) {
  std::string name = std::move(name_);
  *this = other;
  name_ = std::move(name);
}

bool User::HasPassword(std::string_view sha256_hex) const {
  bool found = false;
  for (const std::string& password : passwords_) found |= trust::SameSecret(sha256_hex, password);
  return found;
}

std::vector<std::string_view> User::Flags() const {
  std::vector<std::string_view> flags = {on_ ? "on" : "off"};
  if (no_password_) flags.push_back("nopass");
  if (sanitize_ == Sanitize::kSkip) flags.push_back("skip-sanitize-payload");
  if (sanitize_ == Sanitize::kYes) flags.push_back("sanitize-payload");
  return flags;
}

std::string User::Text(const Catalogue& catalogue) const {
  std::string text;
  for (const std::string_view flag : Flags()) text.append(flag).append(" ");
  for (const std::string& password : passwords_) text.append("#").append(password).append(" ");
  text += selectors_.front().Text(catalogue);
  for (size_t i = 1; i < selectors_.size(); ++i) {
    text.append(" (").append(selectors_[i].Text(catalogue)).append(")");
  }
  return text;
}

}  // namespace rha::acl
