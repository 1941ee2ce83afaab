#include "local/controllers/manager.h"

#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "local/controllers/all.h"
#include "local/object/json.h"

namespace rha::local::controllers {

namespace {
constexpr Millis kPoll(500);  // how late a stop or a timer may be noticed without events
}

class Manager::Queue final : public WorkSink {
 public:
  void Add(const Work& work) override { ready_.insert(work); }
  void AddAfter(const Work& work, MonoTime when) { later_[work] = when; }

  // What is due at `now`; the queue is empty of it afterwards.
  std::set<Work> Take(MonoTime now) {
    for (auto it = later_.begin(); it != later_.end();) {
      const bool due = it->second <= now;
      if (due) ready_.insert(it->first);
      it = due ? later_.erase(it) : std::next(it);
    }
    return std::exchange(ready_, {});
  }
  bool empty() const { return ready_.empty(); }
  std::optional<MonoTime> NextDue() const {
    std::optional<MonoTime> next;
    for (const auto& [work, when] : later_) next = next ? std::min(*next, when) : when;
    return next;
  }

 private:
  std::set<Work> ready_;
  std::map<Work, MonoTime> later_;
};

Manager::Manager(registry::Registry& registry, const std::string& ca_pem) : registry_(registry) {
  controllers_ = MakeControllers(registry, ca_pem);
  for (size_t i = 0; i < controllers_.size(); ++i) queues_.push_back(std::make_unique<Queue>());
}

Manager::~Manager() { Stop(); }

void Manager::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Manager::Stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void Manager::Dispatch(const store::Event& event) {
  for (size_t i = 0; i < controllers_.size(); ++i) controllers_[i]->OnEvent(event, *queues_[i]);
}

// Everything that is there counts as added: controllers begin with the whole world.
void Manager::SeedFromStore() {
  std::set<std::string> ids;
  for (const auto& resource : registry_.catalog().All()) ids.insert(resource->Id());
  for (const auto& id : ids) {
    for (const auto& object : registry_.store().List(id).objects) {
      Dispatch({store::VersionOf(*object),
                store::Change::kAdded,
                {id, object::Namespace(*object), object::Name(*object)},
                object,
                nullptr});
    }
  }
}

void Manager::RunQueues() {
  const Clock& clock = registry_.clock();
  for (size_t i = 0; i < controllers_.size(); ++i) {
    for (const auto& work : queues_[i]->Take(clock.Now())) {
      if (stopping_) return;
      const auto again = controllers_[i]->Reconcile(work);
      if (again) queues_[i]->AddAfter(work, clock.Now() + *again);
    }
  }
}

void Manager::Run() {
  uint64_t version = registry_.store().Version();
  SeedFromStore();
  while (!stopping_) {
    RunQueues();
    Millis wait = kPoll;
    for (const auto& queue : queues_) {
      if (!queue->empty()) wait = Millis(0);
      if (const auto due = queue->NextDue()) {
        const auto left = std::chrono::duration_cast<Millis>(*due - registry_.clock().Now());
        wait = std::max(Millis(0), std::min(wait, left + Millis(1)));
      }
    }
    auto batch = registry_.store().Wait("", version, wait);
    if (!batch.ok()) {  // fell behind the history: begin anew
      version = registry_.store().Version();
      SeedFromStore();
      continue;
    }
    for (const auto& event : batch->events) Dispatch(event);
    version = batch->version;
  }
}

}  // namespace rha::local::controllers
