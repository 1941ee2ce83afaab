// CONFIG GET, SET and REWRITE over the table of options.
//
// SET is all or nothing: every value is checked on a copy; only then the copy becomes the
// configuration and those who asked are told.
//
// Thread rule: the loop's thread.
#pragma once

#include <functional>

#include "node/app/config.h"
#include "node/dispatch/access.h"
#include "node/dispatch/services.h"

namespace rha::node::app {

class ConfigService final : public dispatch::ConfigService {
 public:
  // `apply` makes the rest of the server follow; it may refuse (a directory that is not there),
  // then the old values stay and `culprit` names the option. An error of kUnavailable is about no
  // option, and answered as it is.
  using Apply = std::function<Status(const Config& old, std::string* culprit)>;
  // `facts` writes what commands change and options show (REPLICAOF: replicaof), as their owners
  // say. It is asked each time, so that nothing can be stale.
  using Facts = std::function<void(Config* shown)>;
  // `facts_in_files`: likewise what only CONFIG REWRITE tells, and CONFIG GET need not wait for.
  ConfigService(Config& config, Apply apply, Facts facts = {}, Facts facts_in_files = {})
      : config_(config),
        apply_(std::move(apply)),
        facts_(std::move(facts)),
        facts_in_files_(std::move(facts_in_files)) {}

  Pairs Get(dispatch::Args patterns) const override;
  Status Set(const Pairs& pairs, const dispatch::Session& asker) override;
  bool IsSecret(std::string_view option) const override;
  Status Rewrite(bool everything) override;

 private:
  Config Shown() const;

  Config& config_;
  Apply apply_;
  Facts facts_, facts_in_files_;
};

// "no", "yes", "local", as in the options enable-...
dispatch::OpenTo ToOpenTo(const std::string& value);

}  // namespace rha::node::app
