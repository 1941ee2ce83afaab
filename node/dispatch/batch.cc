#include "node/dispatch/batch.h"

#include <algorithm>

#include "node/dispatch/engine.h"

namespace rha::node::dispatch {
namespace {

constexpr size_t kPrefetchedKeysMax = 2 * RequestBatch::kRequestsMax;

// Gathers hashes while asking for their buckets, then asks for the entries.
class Prefetcher {
 public:
  explicit Prefetcher(const keyspace::Db& db) : db_(db) {}
  ~Prefetcher() {
    for (size_t i = 0; i < count_; ++i) db_.PrefetchKey(hashes_[i]);
  }
  bool full() const { return count_ == kPrefetchedKeysMax; }
  void Add(std::string_view key) {
    const uint64_t hash = db_.Hash(key);
    db_.PrefetchBucket(hash);
    hashes_[count_++] = hash;
  }

 private:
  const keyspace::Db& db_;
  uint64_t hashes_[kPrefetchedKeysMax];
  size_t count_ = 0;
};

}  // namespace

void Engine::Prepare(const Session& session, RequestBatch& batch) {
  Prefetcher prefetcher(keyspace_.db(session.db));
  for (size_t i = 0; i < batch.size(); ++i) {
    const Args args = batch.args(i);
    const Resolved resolved = batch.resolved(i) = table_.Resolve(args);
    if (resolved.spec == nullptr) continue;
    // Keys that must be searched for are not worth it.
    for (const KeySpec& spec : resolved.spec->keys.all) {
      if (!spec.is_range_at_index()) break;
      const KeyWords keys = FindKeyWords(spec, args);
      for (size_t at = keys.first; at < keys.end && !prefetcher.full(); at += keys.step) {
        prefetcher.Add(args[at]);
      }
    }
  }
}

}  // namespace rha::node::dispatch
