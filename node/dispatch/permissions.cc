#include "node/dispatch/permissions.h"

#include <algorithm>
#include <utility>

#include "node/dispatch/client_line.h"
#include "node/dispatch/pubsub.h"

namespace rha::node::dispatch {
namespace {

using Mode = Session::CloseMode;

std::vector<acl::CatalogueCommand> CommandsOf(const CommandTable& table) {
  std::vector<acl::CatalogueCommand> commands;
  for (const CommandSpec& spec : table.commands()) {
    commands.push_back({spec.name, CategoriesOf(spec)});
  }
  return commands;
}

uint8_t RightsFor(uint16_t use) {
  uint8_t rights = 0;
  if ((use & kKeyAccess) != 0) rights |= acl::kMayRead;
  if ((use & (kKeyUpdate | kKeyInsert | kKeyDelete)) != 0) rights |= acl::kMayWrite;
  return rights;
}

// Walks what a request touches, for acl::Check.
auto TouchedBy(const CommandSpec& spec, Args args) {
  return [&spec, args](auto visit) {
    VisitKeys(spec.keys, args, [&](size_t word, uint16_t use) {
      using Kind = acl::Touched::Kind;
      acl::Touched touched{.word = word, .name = args[word]};
      if ((use & kKeyChannel) != 0) {
        touched.kind = (use & kKeyPattern) != 0 ? Kind::kChannelPattern : Kind::kChannel;
      } else if ((use & kKeyNot) == 0) {
        touched.rights = RightsFor(RealUse(spec, args, use));
      } else {
        return true;
      }
      return visit(touched);
    });
  };
}

// Lends its first argument to the caller's.
acl::Asked AskedBy(const CommandTable& table, const CommandSpec& spec, Args args) {
  const size_t first = spec.is_subcommand() ? 2 : 1;
  return {.command = table.IndexOf(spec),
          .first_argument = args.size() > first ? &args[first] : nullptr,
          .for_anybody = spec.Has(kNoAuth)};
}

}  // namespace

std::string RefusalOf(acl::Denied denied, const CommandSpec& spec) {
  const std::string no = "NOPERM this user has no permissions to ";
  if (denied == acl::Denied::kKey) return no + "access one of the keys used as arguments";
  if (denied == acl::Denied::kChannel) return no + "access one of the channels used as arguments";
  return no + "run the '" + std::string(spec.name) + "' command";
}

Permissions::Permissions(const CommandTable& table, SessionRegistry& sessions, const Clock& clock)
    : table_(table),
      sessions_(sessions),
      clock_(clock),
      catalogue_(CommandsOf(table)),
      users_(catalogue_) {}

void Permissions::Welcome(Session& session) const {
  session.user = &users_.default_user();
  session.authenticated = session.user->open();
}

bool Permissions::LogIn(Session& session, std::string_view name, std::string_view password,
                        std::string_view command) {
  const acl::User* const user = users_.Authenticate(name, password);
  if (user != nullptr) {
    session.Authenticate(user);
    return true;
  }
  Log(session,
      {.reason = acl::Denied::kAuth, .where = WhereIs(session), .object = command, .user = name});
  return false;
}

acl::Verdict Permissions::Judge(const acl::User& user, const CommandSpec& spec, Args args) const {
  return acl::Check(user, AskedBy(table_, spec, args), TouchedBy(spec, args));
}

acl::Denied Permissions::Ask(const Session& session, const CommandSpec& spec, Args args,
                             acl::Where where) {
  if (!session.restricted()) return acl::Denied::kNothing;
  const acl::Verdict verdict = Judge(*session.user, spec, args);
  if (verdict.denied == acl::Denied::kNothing) return verdict.denied;
  const bool command = verdict.denied == acl::Denied::kCommand;
  Log(session, {.reason = verdict.denied,
                .where = where,
                .object = command ? spec.name : args[verdict.word],
                .user = session.user->name()});
  return verdict.denied;
}

bool Permissions::MayReadEveryKey(const Session& session, const CommandSpec& spec,
                                  Args args) const {
  return !session.restricted() || acl::MayWithEveryKey(*session.user, AskedBy(table_, spec, args),
                                                       acl::kMayRead, TouchedBy(spec, args));
}

void Permissions::Log(const Session& session, const acl::Denial& denial) {
  const int64_t now_ms = clock_.UnixMillis();
  acl::Denial whole = denial;
  const std::string client = ClientLine(session, now_ms);
  whole.client = client;
  denials_.Add(whole, now_ms);
}

Status Permissions::Set(std::string_view name, Args rules, const Session& asker) {
  RHA_RETURN_IF_ERROR(users_.Set(name, rules));
  CloseUnentitledListeners(*users_.Find(name), asker);
  return {};
}

bool Permissions::Remove(std::string_view name, const Session& asker) {
  const std::unique_ptr<acl::User> removed = users_.Remove(name);
  if (removed == nullptr) return false;
  for (const auto& [id, session] : sessions_.all()) {
    if (session->user == removed.get()) CloseStranded(*session, asker);
  }
  return true;
}

void Permissions::ReplaceAll(std::vector<acl::User> users, const Session& asker) {
  const auto removed = users_.ReplaceAll(std::move(users));
  const acl::User* const kept = &users_.default_user();
  for (const auto& [id, session] : sessions_.all()) {
    if (session->user != nullptr && session->user != kept) CloseStranded(*session, asker);
  }
  CloseUnentitledListeners(*kept, asker);
}

// Its user is about to go. What it still has to say is said by the default one, as a stranger.
void Permissions::CloseStranded(Session& session, const Session& asker) const {
  session.user = &users_.default_user();
  session.authenticated = false;
  session.Close(&session == &asker ? Mode::kAfterReply : Mode::kNow);
}

void Permissions::CloseUnentitledListeners(const acl::User& user, const Session& asker) {
  if (!user.restricted()) return;
  for (const auto& [id, session] : sessions_.all()) {
    if (session->user != &user || session->pubsub == nullptr) continue;
    const PubsubState& heard = *session->pubsub;
    const auto may = [&](const auto& names, bool patterns) {
      return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
        return acl::MayListen(user, name, patterns);
      });
    };
    if (may(heard.channels, false) && may(heard.shard_channels, false) &&
        may(heard.patterns, true)) {
      continue;
    }
    session->Close(session == &asker ? Mode::kAfterReply : Mode::kNow);
  }
}

}  // namespace rha::node::dispatch
