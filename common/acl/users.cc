#include "common/acl/users.h"

#include <algorithm>
#include <utility>

#include "common/acl/words.h"
#include "common/trust/secret.h"
#include "common/trust/sha256.h"

namespace rha::acl {
namespace {

Status Invalid(std::string message) { return Status(Code::kInvalid, std::move(message)); }

// A password is nobody's business but its owner's.
std::string WithoutPassword(const std::string& rule) {
  return rule.starts_with('>') || rule.starts_with('<') ? rule.substr(0, 1) + "..." : rule;
}

Status CheckName(std::string_view name) {
  if (HasBlanks(name)) return Invalid("Usernames can't contain spaces or null characters");
  if (name.size() <= kUserNameBytesMax) return {};
  return Invalid("Usernames can't be longer than " + std::to_string(kUserNameBytesMax) + " bytes");
}

}  // namespace

Status CheckUserLine(std::string_view name, std::span<const std::string_view> rules) {
  RHA_RETURN_IF_ERROR(CheckName(name));
  RHA_ASSIGN_OR_RETURN(const std::vector<std::string> joined, JoinSelectors(rules));
  const Catalogue no_commands({});
  const Rulebook book{&no_commands};
  User user(std::string(name), book);
  for (const std::string& rule : joined) {
    const RuleFault fault = user.Apply(book, rule);
    if (fault == RuleFault::kNone || fault == RuleFault::kUnknownCommand) continue;
    return Invalid(std::string(Describe(fault)));
  }
  return {};
}

Users::Users(const Catalogue& catalogue) : book_{&catalogue} {
  auto user = std::make_unique<User>(User::MayDoAll(std::string(kDefaultUser), book_));
  default_ = user.get();
  users_.emplace(kDefaultUser, std::move(user));
}

const User* Users::Find(std::string_view name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : found->second.get();
}

User* Users::FindToChange(std::string_view name) {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : found->second.get();
}

Status Users::MayAdd(std::string_view name) const {
  RHA_RETURN_IF_ERROR(CheckName(name));
  if (Find(name) != nullptr || users_.size() < kUsersMax) return {};
  return Status(Code::kExhausted, "There can't be more than " + std::to_string(kUsersMax) +
                                      " users: delete one with ACL DELUSER");
}

bool Users::ordinary() const {
  User usual = User::MayDoAll(std::string(kDefaultUser), book_);
  GiveRequiredPassword(usual);
  return users_.size() == 1 && default_->Text(catalogue()) == usual.Text(catalogue());
}

// The passwords that requirepass has replaced go with it.
void Users::ChangeDefault(const User& rules) {
  const bool same_password = rules.passwords() == default_->passwords() &&
                             rules.needs_no_password() == default_->needs_no_password();
  if (!same_password) still_accepted_.clear();
  default_->TakeRulesOf(rules);
}

Status Users::Set(std::string_view name, std::span<const std::string_view> rules) {
  RHA_RETURN_IF_ERROR(MayAdd(name));
  User* const known = FindToChange(name);
  User changed = known != nullptr ? *known : User(std::string(name), book_);
  RHA_RETURN_IF_ERROR(changed.ApplyAll(book_, rules));
  if (known == default_) {
    ChangeDefault(changed);
  } else if (known != nullptr) {
    known->TakeRulesOf(changed);
  } else {
    users_.emplace(name, std::make_unique<User>(std::move(changed)));
  }
  return {};
}

Status Users::Define(std::string_view name, std::span<const std::string_view> rules) {
  RHA_RETURN_IF_ERROR(MayAdd(name));
  RHA_ASSIGN_OR_RETURN(const std::vector<std::string> joined, JoinSelectors(rules));
  User user(std::string(name), book_);
  if (name == kDefaultUser) (void)user.Apply(book_, "reset");
  for (const std::string& rule : joined) {
    const RuleFault fault = user.Apply(book_, rule);
    if (fault == RuleFault::kNone) continue;
    return Invalid("Error loading ACL rule '" + WithoutPassword(rule) + "' for the user named '" +
                   std::string(name) + "': " + std::string(Describe(fault)));
  }
  if (User* const known = FindToChange(name); known == default_) {
    if (default_password_fixed_) GiveRequiredPassword(user);
    ChangeDefault(user);
  } else if (known != nullptr) {
    known->TakeRulesOf(user);
  } else {
    users_.emplace(name, std::make_unique<User>(std::move(user)));
  }
  return {};
}

std::unique_ptr<User> Users::Remove(std::string_view name) {
  const auto found = users_.find(name);
  if (found == users_.end() || found->second.get() == default_) return nullptr;
  std::unique_ptr<User> removed = std::move(found->second);
  users_.erase(found);
  return removed;
}

std::vector<std::unique_ptr<User>> Users::ReplaceAll(std::vector<User> users) {
  std::vector<std::unique_ptr<User>> removed;
  ByName old = std::exchange(users_, {});
  for (auto& [name, user] : old) {
    if (user.get() == default_) {
      users_.emplace(name, std::move(user));
    } else {
      removed.push_back(std::move(user));
    }
  }
  User new_default = User::MayDoAll(std::string(kDefaultUser), book_);
  GiveRequiredPassword(new_default);
  for (User& user : users) {
    if (user.name() == kDefaultUser) {
      new_default = std::move(user);
    } else {
      std::string name = user.name();
      users_.emplace(std::move(name), std::make_unique<User>(std::move(user)));
    }
  }
  if (default_password_fixed_) GiveRequiredPassword(new_default);
  ChangeDefault(new_default);
  return removed;
}

void Users::GiveRequiredPassword(User& user) const {
  RHA_CHECK(user.Apply(book_, "resetpass") == RuleFault::kNone);
  const std::string rule = required_sha256_.empty() ? "nopass" : "#" + required_sha256_;
  RHA_CHECK(user.Apply(book_, rule) == RuleFault::kNone);
}

void Users::SetDefaultPassword(std::string_view password,
                               const std::vector<std::string>& replaced) {
  required_sha256_ = password.empty() ? "" : trust::Sha256Hex(password);
  User changed = *default_;
  GiveRequiredPassword(changed);
  ChangeDefault(changed);
  still_accepted_.clear();
  for (const std::string& old : replaced) still_accepted_.push_back(trust::Sha256Hex(old));
}

void Users::KeepReplaced(const std::vector<std::string>& replaced) {
  std::vector<std::string> kept;
  for (const std::string& old : replaced) {
    std::string hash = trust::Sha256Hex(old);
    const bool known =
        std::find(still_accepted_.begin(), still_accepted_.end(), hash) != still_accepted_.end();
    if (known) kept.push_back(std::move(hash));
  }
  still_accepted_ = std::move(kept);
}

const User* Users::Authenticate(std::string_view name, std::string_view password) const {
  const User* const user = Find(name);
  const std::string hash = trust::Sha256Hex(password);
  bool right = (user != nullptr ? *user : *default_).HasPassword(hash);
  for (const std::string& old : still_accepted_) {
    right |= user == default_ && trust::SameSecret(hash, old);
  }
  if (user == nullptr || !user->is_on()) return nullptr;
  return right || user->needs_no_password() ? user : nullptr;
}

}  // namespace rha::acl
