// CONFIG GET, SET and REWRITE over the table of options.
//
// SET is all or nothing: every value is checked on a copy; only then the copy becomes the
// configuration and those who asked are told.
//
// Thread rule: the loop's thread.
#pragma once

#include <functional>

#include "node/app/config.h"
#include "node/dispatch/services.h"

namespace rha::node::app {

class ConfigService final : public dispatch::ConfigService {
 public:
  // `apply` makes the rest of the server follow; it may refuse (a directory that is not there),
  // then the old values stay and `culprit` names the option.
  using Apply = std::function<Status(const Config& old, std::string* culprit)>;
  ConfigService(Config& config, Apply apply) : config_(config), apply_(std::move(apply)) {}

  Pairs Get(dispatch::Args patterns) const override;
  Status Set(const Pairs& pairs) override;
  Status Rewrite() override;

 private:
  Config& config_;
  Apply apply_;
};

// The text of a configuration file after a rewrite: known directives take their present values in
// their old places, comments and unknown lines stay, what is not the default and had no line is
// appended.
std::string RewriteConfigText(std::string_view old_text, const Config& config);

}  // namespace rha::node::app
