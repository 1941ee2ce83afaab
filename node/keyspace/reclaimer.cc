#include "node/keyspace/reclaimer.h"

#include <utility>

#include "common/base/background_thread.h"
#include "node/types/limits.h"

namespace rha::node::keyspace {

void FreeAll(structs::KeyTable& table) {
  const auto release = [](structs::Entry entry) {
    if (entry.kind() == structs::Entry::Kind::kPointer) {
      delete static_cast<types::LargeValue*>(entry.pointer());
    }
  };
  while (!table.FreeSome(SIZE_MAX, release)) {
  }
}

Reclaimer::~Reclaimer() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Reclaimer::Free(std::unique_ptr<types::LargeValue> value) {
  if (value == nullptr || value->size() <= types::kFreedAtOnceMax) return;
  Enqueue({.value = std::move(value), .table = nullptr, .objects = 1});
}

void Reclaimer::Free(std::unique_ptr<structs::KeyTable> table) {
  const size_t keys = table->size();
  if (keys <= types::kFreedAtOnceMax) return FreeAll(*table);
  Enqueue({.value = nullptr, .table = std::move(table), .objects = keys});
}

void Reclaimer::Enqueue(Job job) {
  pending_ += job.objects;
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  if (!thread_.joinable()) thread_ = StartBackgroundThread("reclaimer", [this] { Work(); });
  wake_.notify_one();
}

void Reclaimer::Work() {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    if (job.table != nullptr) FreeAll(*job.table);
    const size_t objects = job.objects;
    job = {};
    freed_ += objects;
    pending_ -= objects;
  }
}

}  // namespace rha::node::keyspace
