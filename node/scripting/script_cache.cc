#include "node/scripting/script_cache.h"

#include "common/base/hex.h"
#include "common/base/sha1.h"
#include "node/scripting/limits.h"

namespace rha::node::scripting {
namespace {

constexpr size_t kDigestDigits = 40;
// Of the two tables and the list, for each script.
constexpr size_t kEntryBytes = sizeof(Script) + 2 * 48 + 32;

int64_t BytesOf(const Script& script) {
  return static_cast<int64_t>(kEntryBytes + script.body.capacity() + script.digest.capacity());
}

}  // namespace

const Script* ScriptCache::Used(Script& script) {
  if (!script.loaded) turns_.splice(turns_.end(), turns_, script.turn);
  return &script;
}

const Script* ScriptCache::FindDigest(std::string_view digest) {
  if (digest.size() != kDigestDigits) return nullptr;
  char lower[kDigestDigits];
  for (size_t i = 0; i < kDigestDigits; ++i) {
    const char c = digest[i];
    lower[i] = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  const auto found = by_digest_.find(std::string_view(lower, kDigestDigits));
  return found == by_digest_.end() ? nullptr : Used(*found->second);
}

const Script* ScriptCache::FindBody(std::string_view body) {
  const auto found = by_body_.find(body);
  return found == by_body_.end() ? nullptr : Used(*found->second);
}

const Script* ScriptCache::Add(std::string_view body, bool load, std::string* error) {
  if (const auto found = by_body_.find(body); found != by_body_.end()) {
    Script& script = *found->second;
    if (load && !script.loaded) {
      turns_.erase(script.turn);
      script.loaded = true;
    }
    return Used(script);
  }
  Shebang shebang;
  if (!ParseShebang(body, &shebang, error)) return nullptr;
  int function = 0;
  if (!interpreter_->Compile(body.substr(shebang.bytes), &function, error)) {
    error->insert(0, "Error compiling script (new function): ");
    return nullptr;
  }
  const Sha1Digest digest = Sha1(body);
  auto script = std::make_unique<Script>(Script{.digest = Hex(digest.data(), digest.size()),
                                                .body = std::string(body),
                                                .flags = shebang.flags,
                                                .function = function,
                                                .loaded = load,
                                                .turn = {}});
  Script& kept = *script;
  if (!load) kept.turn = turns_.insert(turns_.end(), &kept);
  by_body_.emplace(kept.body, &kept);
  by_digest_.emplace(kept.digest, std::move(script));
  bytes_ += BytesOf(kept);
  if (turns_.size() > kEvalScriptsMax) DropLongestUnused();
  return &kept;
}

void ScriptCache::DropLongestUnused() {
  const Script& script = *turns_.front();
  ++evicted_;
  interpreter_->Forget(script.function);
  bytes_ -= BytesOf(script);
  turns_.pop_front();
  by_body_.erase(script.body);
  by_digest_.erase(by_digest_.find(script.digest));
}

void ScriptCache::Clear() {
  by_body_.clear();
  by_digest_.clear();
  turns_.clear();
  bytes_ = 0;
  interpreter_ = std::make_unique<Interpreter>(memory_);
}

}  // namespace rha::node::scripting
