// Who each session of the port is, and what it may do. Two things decide, and both must allow it:
//
//   rights   nothing: before AUTH, where a password is set: AUTH, HELLO, REDISHA, RESET, QUIT
//            applications: ask for the primary, subscribe, look
//            everything: change something, or end the process: an administrator (AUTH admin ...), a
//            member of the RedisHA that proved itself, a user whom the configuration or ACL SETUSER
//            has made, and in a classic group everybody who may do anything, as in Redis
//   rules    of the session's user (common/acl), as in Redis. Administrators and members are judged
//            by none
//
// Thread rule: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/acl/check.h"
#include "common/acl/denial_log.h"
#include "common/acl/user_lines.h"
#include "common/resp/parser.h"
#include "sidecar/shell/trust.h"

namespace rha::sidecar::shell {

// Who a session is.
struct Identity {
  std::string user = "default";
  const acl::User* rules = nullptr;  // what that one may do; null: an administrator, a member
};

class Access {
 public:
  // The commands that rules may speak of; every command has its name there.
  static acl::Catalogue Commands();

  // An error is one line for who starts the program.
  static Result<std::unique_ptr<Access>> Make(const Options& options, Trust& trust, MonoTime now);

  acl::Users& users() { return users_; }
  const acl::Catalogue& catalogue() const { return catalogue_; }
  acl::DenialLog& denials() { return denials_; }
  // Nobody need say a password.
  bool open() const { return users_.default_user().open(); }

  // The session has come, or is as if it had: the rights it begins with.
  Rights Welcome(Identity* who, MonoTime now);
  // Those of who says this; kNothing: it is wrong, or he is off, and `who` is who it was.
  Rights LogIn(std::string_view name, std::string_view password, Identity* who, MonoTime now);

  // What of the request these rules do not allow. `name`: of a catalogue's command.
  acl::Verdict Judge(const acl::User& user, std::string_view name, resp::Args args) const;
  // The same for a session. `client` describes it in the log of refusals.
  acl::Denied Ask(const Identity& who, std::string_view name, resp::Args args,
                  const std::function<std::string()>& client);
  void Note(acl::Denial denial, const std::string& client);

 private:
  Access(const Options& options, Trust& trust);
  void TakePassword(MonoTime now);

  Trust& trust_;
  const bool classic_;
  const acl::Catalogue catalogue_;
  acl::Users users_;
  acl::DenialLog denials_;
  std::vector<std::string> passwords_;  // of requirepass-file, as the users know them
};

// "NOPERM this user has no permissions to ...", without '-'.
std::string RefusalOf(acl::Denied denied, std::string_view name);

}  // namespace rha::sidecar::shell
