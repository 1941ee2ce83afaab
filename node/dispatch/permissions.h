// Who may do what: the users (node/acl), which session is which of them, and what was refused.
//
// Each client is the default user from when it comes until it says otherwise. Sessions without a
// user are not judged: the primary's stream, the log that is being loaded, members of the RedisHA.
//
// Thread rule: the engine's thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/acl/check.h"
#include "common/acl/denial_log.h"
#include "common/acl/users.h"
#include "common/base/clock.h"
#include "node/dispatch/sessions.h"
#include "node/dispatch/table.h"

namespace rha::node::dispatch {

class Permissions {
 public:
  Permissions(const CommandTable& table, SessionRegistry& sessions, const Clock& clock);

  acl::Users& users() { return users_; }
  acl::DenialLog& denials() { return denials_; }

  // The session has come, or is as if it had.
  void Welcome(Session& session) const;
  // Whether it is that user from now on. `command` is what it said so with.
  bool LogIn(Session& session, std::string_view name, std::string_view password,
             std::string_view command);

  // What of this request the user may not do. REQUIRES: as many words as the command needs.
  acl::Verdict Judge(const acl::User& user, const CommandSpec& spec, Args args) const;
  // The same for the session's user: the question for every request, each command of a transaction
  // when it runs, and each of a script. A refusal is logged.
  acl::Denied Ask(const Session& session, const CommandSpec& spec, Args args, acl::Where where);
  // Whether it may besides read any key there is.
  bool MayReadEveryKey(const Session& session, const CommandSpec& spec, Args args) const;

  // ---- changes of users (ACL SETUSER, DELUSER, LOAD). Sessions whose user is gone are closed, and
  // those that listen to what they may not any more; `asker` gets its answer before.
  Status Set(std::string_view name, Args rules, const Session& asker);
  // False: there was none.
  bool Remove(std::string_view name, const Session& asker);
  void ReplaceAll(std::vector<acl::User> users, const Session& asker);

 private:
  void CloseStranded(Session& session, const Session& asker) const;
  void CloseUnentitledListeners(const acl::User& user, const Session& asker);
  void Log(const Session& session, const acl::Denial& denial);

  const CommandTable& table_;
  SessionRegistry& sessions_;
  const Clock& clock_;
  acl::Catalogue catalogue_;
  acl::Users users_;
  acl::DenialLog denials_;
};

inline acl::Where WhereIs(const Session& session) {
  return session.transaction.open ? acl::Where::kMulti : acl::Where::kTopLevel;
}

// "NOPERM this user has no permissions to ...", without '-'.
std::string RefusalOf(acl::Denied denied, const CommandSpec& spec);

}  // namespace rha::node::dispatch
