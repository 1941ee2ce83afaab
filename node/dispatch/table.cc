#include "node/dispatch/table.h"

#include "common/base/check.h"
#include "node/dispatch/limits.h"

namespace rha::node::dispatch {
namespace {

uint32_t Hash(std::string_view text) {  // FNV-1a
  uint32_t hash = 2166136261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

// Appends `text` folded at buffer[length]; false: does not fit.
bool Fold(std::string_view text, char* buffer, size_t& length) {
  if (length + text.size() > kCommandNameBytesMax) return false;
  for (const char c : text) buffer[length++] = ToLower(c);
  return true;
}

}  // namespace

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (ToLower(a[i]) != ToLower(b[i])) return false;
  }
  return true;
}

CommandTable::CommandTable(std::vector<CommandRows> families) {
  for (const CommandRows rows : families) specs_.insert(specs_.end(), rows.begin(), rows.end());
  counters_.resize(specs_.size());
  for (const CommandSpec& spec : specs_) called_.push_back(spec.name);
  FillSlots();
  for (const CommandSpec& spec : specs_) {
    if (!spec.is_subcommand()) continue;
    const CommandSpec* container = FindFolded(spec.name.substr(0, spec.name.find('|')));
    RHA_CHECK(container != nullptr && container->Has(kContainer));
  }
}

void CommandTable::FillSlots() {
  uint32_t slots = 16;
  while (slots < specs_.size() * 4) slots *= 2;
  mask_ = slots - 1;
  slots_.assign(slots, -1);
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (called_[i].empty()) continue;
    RHA_CHECK(FindFolded(called_[i]) == nullptr);
    uint32_t slot = Hash(called_[i]) & mask_;
    while (slots_[slot] >= 0) slot = (slot + 1) & mask_;
    slots_[slot] = static_cast<int16_t>(i);
  }
}

Status CommandTable::Rename(std::string_view name, std::string_view called) {
  const CommandSpec* spec = Find(name);
  if (spec == nullptr || spec->is_subcommand()) {
    return Status(Code::kNotFound, "No such command in rename-command");
  }
  if (!called.empty() && Find(called) != nullptr && Find(called) != spec) {
    return Status(Code::kExists, "Target command name already exists");
  }
  std::string& folded = new_names_.emplace_back(called);
  for (char& c : folded) c = ToLower(c);
  if (folded.size() > kCommandNameBytesMax || folded.find('|') != std::string::npos) {
    return Status(Code::kInvalid, "The new name cannot be called: it is too long or has a '|'");
  }
  called_[static_cast<size_t>(spec - specs_.data())] = folded;
  FillSlots();
  return {};
}

const CommandSpec* CommandTable::FindRow(std::string_view name) const {
  for (const CommandSpec& spec : specs_) {
    if (EqualsIgnoreCase(spec.name, name)) return &spec;
  }
  return nullptr;
}

const CommandSpec* CommandTable::FindFolded(std::string_view lower) const {
  for (uint32_t slot = Hash(lower) & mask_; slots_[slot] >= 0; slot = (slot + 1) & mask_) {
    const CommandSpec& spec = specs_[static_cast<size_t>(slots_[slot])];
    if (called_[static_cast<size_t>(slots_[slot])] == lower) return &spec;
  }
  return nullptr;
}

const CommandSpec* CommandTable::Find(std::string_view name) const {
  char buffer[kCommandNameBytesMax];
  size_t length = 0;
  if (!Fold(name, buffer, length)) return nullptr;
  return FindFolded({buffer, length});
}

Resolved CommandTable::Resolve(resp::Args args) const {
  char buffer[kCommandNameBytesMax];
  size_t length = 0;
  // "config|get" is how subcommands are named here, not how clients may call them.
  if (args[0].find('|') != std::string_view::npos) return {};
  if (!Fold(args[0], buffer, length)) return {};
  const CommandSpec* spec = FindFolded({buffer, length});
  return spec == nullptr || !spec->Has(kContainer) ? Resolved{spec, nullptr}
                                                   : InContainer(*spec, args);
}

Resolved CommandTable::ResolveByRow(resp::Args args) const {
  const CommandSpec* spec = FindRow(args[0]);
  return spec == nullptr || !spec->Has(kContainer) ? Resolved{spec, nullptr}
                                                   : InContainer(*spec, args);
}

Resolved CommandTable::InContainer(const CommandSpec& container, resp::Args args) const {
  if (args.size() < 2) return {&container, &container};
  char buffer[kCommandNameBytesMax];
  size_t length = 0;
  if (!Fold(container.name, buffer, length) || !Fold("|", buffer, length) ||
      !Fold(args[1], buffer, length)) {
    return {nullptr, &container};
  }
  return {FindFolded({buffer, length}), &container};
}

std::vector<const CommandSpec*> CommandTable::Subcommands(const CommandSpec& container) const {
  std::vector<const CommandSpec*> found;
  for (const CommandSpec& spec : specs_) {
    if (spec.name.size() > container.name.size() && spec.name.starts_with(container.name) &&
        spec.name[container.name.size()] == '|') {
      found.push_back(&spec);
    }
  }
  return found;
}

void CommandTable::ResetCounters() { counters_ = std::vector<CommandCounters>(specs_.size()); }

}  // namespace rha::node::dispatch
