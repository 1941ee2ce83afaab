// All users by name. `default` is always there: who connects is that one until it says otherwise.
//
// A user stays where it is while its rules change, so that sessions refer to it; one that is
// removed is handed to the caller, who lets nobody refer to it any more before it is destroyed.
// Pure. Thread rule: the engine's thread.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/acl/user.h"
#include "common/base/status.h"

namespace rha::acl {

constexpr std::string_view kDefaultUser = "default";

// Whether a user's name and rules could be honoured, apart from the commands they name: those are
// not known while a configuration is read.
Status CheckUserLine(std::string_view name, std::span<const std::string_view> rules);

class Users {
 public:
  using ByName = std::map<std::string, std::unique_ptr<User>, std::less<>>;

  explicit Users(const Catalogue& catalogue);
  Users(const Users&) = delete;
  Users& operator=(const Users&) = delete;

  const Rulebook& book() const { return book_; }
  const Catalogue& catalogue() const { return *book_.catalogue; }
  void set_channels_open(bool open) { book_.channels_open = open; }

  const User& default_user() const { return *default_; }
  // Null: there is none of that name.
  const User* Find(std::string_view name) const;
  // There is the default user alone, and nothing to say of it beyond requirepass.
  bool ordinary() const;
  // In the order of their names' bytes.
  const ByName& all() const { return users_; }

  // ACL SETUSER: makes the user if need be. All rules or none. The messages of errors are Redis'
  // replies without their code.
  Status Set(std::string_view name, std::span<const std::string_view> rules);
  // `user` of a configuration file: the user is what the rules say and nothing of what it was.
  Status Define(std::string_view name, std::span<const std::string_view> rules);
  // Null: there is none, or it is the default user.
  std::unique_ptr<User> Remove(std::string_view name);
  // ACL LOAD: from now on these are all, and a default user who may do all and has the password of
  // requirepass, unless he is among them. Returns those who were there, the default one excepted.
  std::vector<std::unique_ptr<User>> ReplaceAll(std::vector<User> users);

  // requirepass; empty: whoever connects needs none. `replaced` still count for the default user,
  // until its passwords are set in another way.
  void SetDefaultPassword(std::string_view password, const std::vector<std::string>& replaced);
  // Of those that were replaced only these count any more.
  void KeepReplaced(const std::vector<std::string>& replaced);
  // Whatever a file of users says, the default one has the password of SetDefaultPassword().
  void set_default_password_fixed(bool fixed) { default_password_fixed_ = fixed; }
  // Who that is; null: nobody, or off, or another password. Its time does not tell which.
  const User* Authenticate(std::string_view name, std::string_view password) const;

 private:
  User* FindToChange(std::string_view name);
  Status MayAdd(std::string_view name) const;
  void ChangeDefault(const User& rules);
  void GiveRequiredPassword(User& user) const;

  Rulebook book_;
  ByName users_;
  User* default_;
  bool default_password_fixed_ = false;
  std::string required_sha256_;              // of requirepass; empty: none
  std::vector<std::string> still_accepted_;  // likewise, of those it has replaced
};

}  // namespace rha::acl
