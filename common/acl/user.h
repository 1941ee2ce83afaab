// A user: a name, passwords (hashes alone), and what one who has proved to be that user may do.
//
// Rules have Redis' syntax and order: each is applied to what those before it have made.
// Pure. Thread rule: one owner.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/acl/selector.h"
#include "common/base/status.h"

namespace rha::acl {

// "(~a +get" and "+set)", as a line split at blanks has them, become one word again. An error names
// the parenthesis that is not closed.
Result<std::vector<std::string>> JoinSelectors(std::span<const std::string_view> rules);

class User {
 public:
  // May do nothing, is off and has no password.
  User(std::string name, const Rulebook& book);
  // "on nopass ~* &* +@all".
  static User MayDoAll(std::string name, const Rulebook& book);

  // One rule. A fault leaves the user as it was.
  RuleFault Apply(const Rulebook& book, std::string_view rule);
  // All or none, as ACL SETUSER: the message of an error is Redis' reply without its code.
  Status ApplyAll(const Rulebook& book, std::span<const std::string_view> rules);
  // All but the name.
  void TakeRulesOf(const User& other);

  const std::string& name() const { return name_; }
  bool is_on() const { return on_; }
  bool needs_no_password() const { return no_password_; }
  // Whoever connects is that user at once, if it is the default one.
  bool open() const { return on_ && no_password_; }
  // Also while it is off. In a time that does not tell where the first difference is.
  bool HasPassword(std::string_view sha256_hex) const;
  // Whether requests must be looked at at all.
  bool restricted() const { return restricted_; }

  const std::vector<Selector>& selectors() const { return selectors_; }  // the root is the first
  const std::vector<std::string>& passwords() const { return passwords_; }
  // "on", "nopass", ...
  std::vector<std::string_view> Flags() const;
  // Behind "user NAME ": rules that make it what it is.
  std::string Text(const Catalogue& catalogue) const;

 private:
  enum class Sanitize : uint8_t { kUnsaid, kYes, kSkip };

  RuleFault ApplyOne(const Rulebook& book, std::string_view rule);
  RuleFault ApplyPassword(std::string_view rule);
  RuleFault AddSelector(const Rulebook& book, std::string_view rules);
  void Reset(const Rulebook& book);

  std::string name_;
  bool on_ = false;
  bool no_password_ = false;
  Sanitize sanitize_ = Sanitize::kUnsaid;
  bool restricted_ = true;
  std::vector<std::string> passwords_;  // SHA-256, lower-case hexadecimal
  std::vector<Selector> selectors_;
};

}  // namespace rha::acl
