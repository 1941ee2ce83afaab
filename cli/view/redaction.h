// Taking secrets out of what is handed to others. Pure; any thread.
//
// Two nets: values that are known (from Secrets) are replaced wherever they stand, in any of the
// ways they are usually written; and what is a secret by its place or name is replaced unseen.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/view/subject.h"

namespace rha::cli {

inline constexpr std::string_view kRedacted = "(redacted)";

class Redaction {
 public:
  // Short values would be found everywhere; below this length only the second net helps.
  static constexpr size_t kKnownBytesMin = 4;

  void AddKnown(const std::string& secret);
  // Every value of a Secret object's data.
  void AddSecretObject(const Json& secret);

  // Of an object: a Secret's data, env values and fields whose names say password, key, token …,
  // lines of configuration such as "requirepass x", annotations that repeat the object.
  Json Object(Json object) const;
  // Of anything else: known values, and lines of configuration.
  std::string Text(std::string text) const;

 private:
  void Walk(Json& value) const;
  std::string Known(std::string text) const;

  std::vector<std::string> known_;  // as written; the longest first
};

}  // namespace rha::cli
