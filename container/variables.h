// The environment of a container as settings: which variables there are, what each may say, and
// which of those that are set mean nothing here. The names are those of Bitnami's Redis images.
//
// A variable is honoured, refused with the next step, or named; never ignored. NAME_FILE names a
// file that holds the value of NAME. An empty variable is as good as none. Pure but for the
// reader of files that is given; any thread.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace rha::container {

using Environment = std::map<std::string, std::string>;
using FileReader = std::function<Result<std::string>(const std::string& path)>;

enum class Kind : uint8_t {
  kText,
  kYesNo,    // 1 yes true, 0 no false
  kNumber,   // from 0 on
  kPort,     // 1-65535
  kOff,      // yes or no, but yes is refused with `note`
  kRefused,  // anything is refused with `note`
  kUnused,   // named, with `note`
};

struct Variable {
  std::string_view name;
  Kind kind = Kind::kText;
  std::string_view help;  // what it does; why it is refused or means nothing
};

inline constexpr std::string_view kTlsDetail = "there is no TLS here, and none is asked for";

class Settings {
 public:
  // Errors of single variables are kept for Check(), so that all are seen at once.
  static Settings Read(const Environment& environment, std::span<const Variable> table,
                       const FileReader& read_file);

  // Something is asked for, or was meant to be.
  bool any() const { return !values_.empty() || !errors_.empty(); }
  bool Has(std::string_view name) const { return values_.contains(name); }
  std::string Text(std::string_view name, std::string_view by_default = {}) const;
  bool Yes(std::string_view name, bool by_default = false) const;

  void Refuse(std::string why) { errors_.push_back(std::move(why)); }
  void Note(std::string what) { notes_.push_back(std::move(what)); }
  const std::vector<std::string>& notes() const { return notes_; }
  // All that was refused, a line each.
  Status Check() const;

 private:
  void Take(const Variable& variable, std::string value);

  std::map<std::string, std::string, std::less<>> values_;
  std::vector<std::string> errors_, notes_;
};

// The environment without what was read from it, for the program that is started: passwords end
// here.
Environment Without(const Environment& environment, std::span<const Variable> table);

// "name word word", quoted as a configuration file wants it, with its newline.
std::string ConfigLineOf(const std::vector<std::string>& words);

std::string HelpOf(std::span<const Variable> table);

}  // namespace rha::container
