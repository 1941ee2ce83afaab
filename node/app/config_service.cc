#include "node/app/config_service.h"

#include <set>
#include <utility>

#include "common/base/config_text.h"
#include "common/base/glob.h"
#include "common/base/log.h"
#include "node/app/config_rewrite.h"
#include "node/app/options.h"
#include "node/dispatch/access.h"
#include "node/dispatch/session.h"

namespace rha::node::app {
namespace {

Status Failure(std::string_view option, std::string_view why) {
  return Status(Code::kInvalid, "ERR CONFIG SET failed (possibly related to argument '" +
                                    std::string(option) + "') - " + std::string(why));
}

}  // namespace

dispatch::OpenTo ToOpenTo(const std::string& value) {
  using dispatch::OpenTo;
  return value == "yes" ? OpenTo::kEverybody : value == "local" ? OpenTo::kLocal : OpenTo::kNobody;
}

Config ConfigService::Shown() const {
  Config shown = config_;
  if (facts_) facts_(&shown);
  return shown;
}

ConfigService::Pairs ConfigService::Get(dispatch::Args patterns) const {
  Pairs pairs;
  const auto matches = [&](const std::string& name, bool hidden) {
    for (const std::string_view pattern : patterns) {
      const bool by_name = pattern.find_first_of("[*?") == std::string_view::npos;
      if ((by_name || !hidden) && GlobMatches(pattern, name, true)) return true;
    }
    return false;
  };
  const Config shown = Shown();
  for (const Option& option : Options()) {
    if ((option.flags & kOnlyInFiles) != 0) continue;
    const bool hidden = (option.flags & kHidden) != 0;
    if (matches(option.name, hidden)) pairs.emplace_back(option.name, option.get(shown));
    if (!option.alias.empty() && matches(option.alias, hidden)) {
      pairs.emplace_back(option.alias, option.get(shown));
    }
  }
  return pairs;
}

Status ConfigService::Set(const Pairs& pairs, const dispatch::Session& asker) {
  const bool protected_too = dispatch::Admits(ToOpenTo(config_.enable_protected_configs), asker);
  Config changed = config_;
  std::set<const Option*> seen;
  for (const auto& [name, value] : pairs) {
    const Option* option = FindOption(name);
    if (option == nullptr || (option->flags & kOnlyInFiles) != 0) {
      return Status(Code::kInvalid,
                    "ERR Unknown option or number of arguments for CONFIG SET - '" + name + "'");
    }
    if (!seen.insert(option).second) return Failure(name, "duplicate parameter");
    const bool unchanged = (option->flags & kOurs) != 0 && option->get(config_) == value;
    if ((option->flags & kImmutable) != 0 && !unchanged) {
      return Failure(name, "can't set immutable config");
    }
    // Whoever dials the member goes by what its resource says; a file that is not written any more
    // would be the newest at the next start.
    if ((option->flags & kOfRedisHa) != 0 && config_.managed && option->get(config_) != value) {
      return Failure(name, "a member of a RedisHA has it from its resource");
    }
    if ((option->flags & kProtectedOption) != 0 && !protected_too) {
      return Failure(name, "can't set protected config");
    }
  }
  for (const auto& [name, value] : pairs) {
    const Option& option = *FindOption(name);
    std::vector<std::string> words = {value};
    if ((option.flags & kManyWords) != 0) {
      auto split = SplitConfigWords(value);
      if (!split.ok()) return Failure(name, "Unbalanced quotes in configuration line");
      words = std::move(split).value();
    }
    if (option.name == "save") changed.save_points_given = false;
    const Status set = option.set(changed, words);
    if (!set.ok()) return Failure(name, set.message());
  }
  const Config old = std::exchange(config_, std::move(changed));
  std::string culprit;
  const Status applied = apply_(old, &culprit);
  if (applied.ok()) return {};
  config_ = old;
  if (applied.code() == Code::kUnavailable) return applied;
  return Failure(culprit, applied.message());
}

bool ConfigService::IsSecret(std::string_view name) const {
  const Option* option = FindOption(name);
  return option != nullptr && (option->flags & kSecret) != 0;
}

Status ConfigService::Rewrite(bool everything) {
  if (config_.config_file.empty()) {
    return Status(Code::kInvalid, "The server is running without a config file");
  }
  Config shown = Shown();
  if (facts_in_files_) facts_in_files_(&shown);
  const Status written = RewriteConfigFile(shown, everything);
  if (written.ok()) return {};
  log::Error("CONFIG REWRITE: {}", written.message());
  return Status(written.code(), "Rewriting config file: " + written.message());
}

}  // namespace rha::node::app
