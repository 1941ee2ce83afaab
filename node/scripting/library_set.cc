#include "node/scripting/library_set.h"

#include <strings.h>

#include <algorithm>
#include <utility>

namespace rha::node::scripting {
namespace {

constexpr std::string_view kBadName =
    "Library names can only contain letters, numbers, or underscores(_) and must be at least one "
    "character long";
// Of the tables' nodes.
constexpr size_t kLibraryBytes = sizeof(Library) + 64, kFunctionBytes = sizeof(Function) + 2 * 64;

char Lower(char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); }

bool IsName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (Lower(c) >= 'a' && Lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

int64_t BytesOf(const Library& library) {
  size_t bytes = kLibraryBytes + library.name.size() + library.source.capacity();
  for (const auto& [name, function] : library.functions) {
    bytes += kFunctionBytes + 2 * name.size() + function.description.value_or("").size();
  }
  return static_cast<int64_t>(bytes);
}

// What is registered while a library is loaded.
class Collector final : public Registrar {
 public:
  Collector(Library& library, std::chrono::milliseconds time_max)
      : library_(library), time_max_(time_max), began_(std::chrono::steady_clock::now()) {}

  std::string Register(const Registration& what) override {
    if (!IsName(what.name)) return std::string(kBadName);
    const auto [at, is_new] = library_.functions.try_emplace(std::string(what.name));
    if (!is_new) return "Function already exists in the library";
    at->second = {.name = at->first,
                  .description = what.description,
                  .flags = what.flags,
                  .function = what.function};
    return {};
  }
  bool Overdue() override {
    return time_max_.count() > 0 && std::chrono::steady_clock::now() - began_ > time_max_;
  }

 private:
  Library& library_;
  const std::chrono::milliseconds time_max_;
  const std::chrono::steady_clock::time_point began_;
};

}  // namespace

bool LessInAnyCase::operator()(std::string_view a, std::string_view b) const {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return Lower(x) < Lower(y); });
}

const Library* LibrarySet::Load(std::string_view source, LoadOptions options, std::string* error) {
  LibraryHead head;
  if (!ParseLibraryHead(source, &head, error)) return nullptr;
  if (!IsName(head.name)) {
    *error = kBadName;
    return nullptr;
  }
  if (::strcasecmp(head.engine.c_str(), "lua") != 0) {
    *error = "Engine '" + head.engine + "' not found";
    return nullptr;
  }
  if (!options.replace && libraries_.contains(head.name)) {
    *error = "Library '" + head.name + "' already exists";
    return nullptr;
  }
  auto library = std::make_unique<Library>();
  library->name = head.name;
  library->source = source;
  Collector collector(*library, options.time_max);
  bool fits = interpreter_->LoadLibrary(source.substr(head.bytes), collector, error);
  if (fits && library->functions.empty()) {
    *error = "No functions registered";
    fits = false;
  }
  const auto goes = [&](const Library& other) { return other.name == head.name; };
  if (!fits || Collides(*library, goes, error)) {
    Forget(*library);
    return nullptr;
  }
  Delete(head.name);
  const Library* const kept = library.get();
  Link(std::move(library));
  return kept;
}

bool LibrarySet::Delete(std::string_view name) {
  const auto found = libraries_.find(name);
  if (found == libraries_.end()) return false;
  const Library& library = *found->second;
  for (const auto& [function, what] : library.functions) functions_.erase(function);
  bytes_ -= BytesOf(library);
  Forget(library);
  libraries_.erase(found);
  return true;
}

void LibrarySet::Clear() {
  for (const auto& [name, library] : libraries_) Forget(*library);
  functions_.clear();
  libraries_.clear();
  bytes_ = 0;
}

bool LibrarySet::Join(LibrarySet& other, bool replace, std::string* error) {
  const auto goes = [&](const Library& mine) { return other.libraries_.contains(mine.name); };
  for (const auto& [name, library] : libraries_) {
    if (replace || !goes(*library)) continue;
    *error = "Library " + name + " already exists";
    return false;
  }
  for (const auto& [name, library] : other.libraries_) {
    if (Collides(*library, goes, error)) return false;
  }
  other.functions_.clear();
  for (auto& [name, library] : std::exchange(other.libraries_, {})) {
    Delete(name);
    Link(std::move(library));
  }
  other.bytes_ = 0;
  return true;
}

void LibrarySet::Swap(LibrarySet& other) {
  libraries_.swap(other.libraries_);
  functions_.swap(other.functions_);
  std::swap(bytes_, other.bytes_);
}

const Function* LibrarySet::Find(std::string_view function) const {
  const auto found = functions_.find(function);
  return found == functions_.end() ? nullptr : found->second.function;
}

template <typename Goes>
bool LibrarySet::Collides(const Library& library, Goes goes, std::string* error) const {
  for (const auto& [name, function] : library.functions) {
    const auto found = functions_.find(name);
    if (found == functions_.end() || goes(*found->second.library)) continue;
    *error = "Function " + name + " already exists";
    return true;
  }
  return false;
}

void LibrarySet::Link(std::unique_ptr<Library> library) {
  for (const auto& [name, function] : library->functions) {
    functions_.emplace(name, Place{library.get(), &function});
  }
  bytes_ += BytesOf(*library);
  std::string name = library->name;
  libraries_.emplace(std::move(name), std::move(library));
}

void LibrarySet::Forget(const Library& library) {
  for (const auto& [name, function] : library.functions) interpreter_->Forget(function.function);
}

}  // namespace rha::node::scripting
