#include "sidecar/shell/access.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "common/base/clock.h"
#include "sidecar/shell/command.h"
#include "sidecar/shell/options.h"

namespace rha::sidecar::shell {
namespace {

struct AllCommands {
  std::deque<std::string> names;
  std::vector<acl::CatalogueCommand> commands;

  AllCommands() {
    for (const Command& row : ServerCommands()) {
      Add(row.name, row.categories);
      if (row.subcommands == nullptr) continue;
      const std::string container = std::string(row.name) + "|";
      for (const Command& sub : row.subcommands()) {
        Add(container + sub.name, sub.categories != 0 ? sub.categories : row.categories);
      }
      Add(container + "help", acl::kAclSlow);
    }
  }

 private:
  void Add(std::string name, uint32_t categories) {
    commands.push_back({names.emplace_back(std::move(name)), categories});
  }
};

// Walks the channels that a request touches, for acl::Check. There are no keys.
auto ChannelsOf(std::string_view name, resp::Args args) {
  return [name, args](auto visit) {
    using Kind = acl::Touched::Kind;
    const bool patterns = name == "psubscribe";
    size_t end = 0;
    if (patterns || name == "subscribe") end = args.size();
    if (name == "publish") end = std::min<size_t>(args.size(), 2);
    for (size_t word = 1; word < end; ++word) {
      const Kind kind = patterns ? Kind::kChannelPattern : Kind::kChannel;
      if (!visit(acl::Touched{.kind = kind, .word = word, .name = args[word]})) return;
    }
  };
}

bool NeedsNoRight(std::string_view name) {
  const Command* const row = FindRow(ServerCommands(), name.substr(0, name.find('|')));
  return row != nullptr && row->needs == Rights::kNothing;
}

}  // namespace

std::string RefusalOf(acl::Denied denied, std::string_view name) {
  const std::string no = "NOPERM this user has no permissions to ";
  if (denied == acl::Denied::kChannel) return no + "access one of the channels used as arguments";
  return no + "run the '" + std::string(name) + "' command";
}

acl::Catalogue Access::Commands() {
  static const AllCommands kAll;
  return acl::Catalogue(kAll.commands);
}

Access::Access(const Options& options, Trust& trust)
    : trust_(trust), classic_(!options.configured()), catalogue_(Commands()), users_(catalogue_) {
  users_.set_channels_open(options.channels_open);
  denials_.set_entries_max(options.acl_log_entries_max);
}

Result<std::unique_ptr<Access>> Access::Make(const Options& options, Trust& trust, MonoTime now) {
  std::unique_ptr<Access> made(new Access(options, trust));
  const std::string password = trust.OwnPassword(now);
  RHA_RETURN_IF_ERROR(acl::LoadUsers({.password = password,
                                      .password_fixed = trust.password_may_change(),
                                      .lines = options.user_lines,
                                      .file = options.acl_file},
                                     made->users_));
  if (!options.admin_password_file.empty() && made->users_.Find(kAdministrator) != nullptr) {
    return Status(Code::kInvalid, std::string("user '") + kAdministrator +
                                      "' is whom redisha-admin-password-file names: give this one "
                                      "another name");
  }
  made->TakePassword(now);
  return made;
}

// The file of requirepass-file may have another one now.
void Access::TakePassword(MonoTime now) {
  if (!trust_.password_may_change()) return;
  std::vector<std::string> passwords = trust_.OwnPasswords(now);
  if (passwords == passwords_) return;
  const std::vector<std::string> replaced(passwords.begin() + 1, passwords.end());
  if (!passwords_.empty() && passwords.front() == passwords_.front()) {
    users_.KeepReplaced(replaced);
  } else {
    users_.SetDefaultPassword(passwords.front(), replaced);
  }
  passwords_ = std::move(passwords);
}

Rights Access::Welcome(Identity* who, MonoTime now) {
  TakePassword(now);
  *who = {.user = std::string(acl::kDefaultUser), .rules = &users_.default_user()};
  if (!open()) return Rights::kNothing;
  return classic_ ? Rights::kEverything : Rights::kApplications;
}

Rights Access::LogIn(std::string_view name, std::string_view password, Identity* who,
                     MonoTime now) {
  TakePassword(now);
  if (name == kAdministrator && trust_.has_administrator()) {
    if (!trust_.IsAdministrators(password, now)) return Rights::kNothing;
    *who = {.user = std::string(name)};
    return Rights::kEverything;
  }
  const acl::User* const user = users_.Authenticate(name, password);
  if (user == nullptr) return Rights::kNothing;
  *who = {.user = std::string(name), .rules = user};
  const bool application = !classic_ && user == &users_.default_user();
  return application ? Rights::kApplications : Rights::kEverything;
}

acl::Verdict Access::Judge(const acl::User& user, std::string_view name, resp::Args args) const {
  const size_t first = name.find('|') == std::string_view::npos ? 1 : 2;
  const acl::Asked asked = {.command = catalogue_.Find(name).value_or(0),
                            .first_argument = args.size() > first ? &args[first] : nullptr,
                            .for_anybody = NeedsNoRight(name)};
  return acl::Check(user, asked, ChannelsOf(name, args));
}

acl::Denied Access::Ask(const Identity& who, std::string_view name, resp::Args args,
                        const std::function<std::string()>& client) {
  if (who.rules == nullptr || !who.rules->restricted()) return acl::Denied::kNothing;
  const acl::Verdict verdict = Judge(*who.rules, name, args);
  if (verdict.denied == acl::Denied::kNothing) return verdict.denied;
  const bool channel = verdict.denied == acl::Denied::kChannel;
  Note({.reason = verdict.denied, .object = channel ? args[verdict.word] : name, .user = who.user},
       client());
  return verdict.denied;
}

void Access::Note(acl::Denial denial, const std::string& client) {
  denial.client = client;
  denials_.Add(denial, SystemClock().UnixMillis());
}

}  // namespace rha::sidecar::shell
