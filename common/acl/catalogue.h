// What rules know of the commands there are: their names, which are subcommands of which, and their
// categories. Made by who has the commands; a command is its index here.
// Thread rule: constant after it is made.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/acl/category.h"
#include "common/acl/limits.h"

namespace rha::acl {

using CommandSet = std::bitset<kCommandsMax>;

struct CatalogueCommand {
  std::string_view name;  // lower case; "config|get" for a subcommand. Outlives the catalogue
  uint32_t categories = 0;
};

class Catalogue {
 public:
  // At most kCommandsMax, of which no two have a name; a subcommand comes with its container: what
  // else is our mistake ends the process.
  explicit Catalogue(std::vector<CatalogueCommand> commands);

  size_t size() const { return commands_.size(); }
  std::string_view name(size_t command) const { return commands_[command].name; }
  // Those of a category, by its bit.
  const CommandSet& Having(uint32_t category) const;
  // "get", "CONFIG|get".
  std::optional<size_t> Find(std::string_view name) const;
  bool is_subcommand(size_t command) const {
    return name(command).find('|') != std::string_view::npos;
  }
  std::span<const uint16_t> subcommands(size_t command) const { return subcommands_[command]; }

 private:
  std::vector<CatalogueCommand> commands_;
  std::vector<std::vector<uint16_t>> subcommands_;
  std::vector<CommandSet> by_category_;  // in the order of kCategoryNames
  std::unordered_map<std::string_view, uint16_t> by_name_;
};

}  // namespace rha::acl
