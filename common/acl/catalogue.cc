#include "common/acl/catalogue.h"

#include <iterator>

#include "common/acl/limits.h"
#include "common/acl/words.h"
#include "common/base/check.h"

namespace rha::acl {

uint32_t FindCategory(std::string_view name) {
  for (const CategoryName& known : kCategoryNames) {
    if (SameWord(known.name, name)) return known.bit;
  }
  return 0;
}

Catalogue::Catalogue(std::vector<CatalogueCommand> commands)
    : commands_(std::move(commands)),
      subcommands_(commands_.size()),
      by_category_(std::size(kCategoryNames)) {
  RHA_CHECK(commands_.size() <= kCommandsMax);
  for (size_t i = 0; i < commands_.size(); ++i) {
    RHA_CHECK(by_name_.emplace(name(i), static_cast<uint16_t>(i)).second);
    for (size_t c = 0; c < by_category_.size(); ++c) {
      by_category_[c].set(i, (commands_[i].categories & kCategoryNames[c].bit) != 0);
    }
  }
  for (size_t i = 0; i < commands_.size(); ++i) {
    if (!is_subcommand(i)) continue;
    const auto container = Find(name(i).substr(0, name(i).find('|')));
    RHA_CHECK(container.has_value());
    subcommands_[*container].push_back(static_cast<uint16_t>(i));
  }
}

const CommandSet& Catalogue::Having(uint32_t category) const {
  for (size_t c = 0; c < by_category_.size(); ++c) {
    if (kCategoryNames[c].bit == category) return by_category_[c];
  }
  static const CommandSet kNone;
  return kNone;
}

std::optional<size_t> Catalogue::Find(std::string_view name) const {
  std::string lower(name);
  for (char& c : lower) c = Lower(c);
  const auto found = by_name_.find(lower);
  return found == by_name_.end() ? std::nullopt : std::optional<size_t>(found->second);
}

}  // namespace rha::acl
