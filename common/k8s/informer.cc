#include "common/k8s/informer.h"

#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "common/base/random_id.h"
#include "common/k8s/limits.h"
#include "common/k8s/watch_lines.h"

namespace rha::k8s {

Informer::Informer(Api& api, InformerOptions options, Handler handler)
    : api_(api),
      options_(std::move(options)),
      handler_(std::move(handler)),
      store_(options_.indexed_labels) {}

void Informer::Start() {
  thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
}

void Informer::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Informer::Run(std::stop_token stop) {
  ListWatch machine(RandomSeed());
  while (!stop.stop_requested()) {
    const ListWatch::Command command = machine.Next();
    ListWatch::Event event = ListWatch::Waited{};
    if (const auto* list = std::get_if<ListWatch::List>(&command)) {
      event = DoList(*list);
    } else if (const auto* watch = std::get_if<ListWatch::Watch>(&command)) {
      event = DoWatch(machine, *watch, stop);
    } else {
      event = DoWait(std::get<ListWatch::Wait>(command), stop);
    }
    TakeOver(machine, machine.Step(std::move(event)));
  }
}

ListWatch::Event Informer::DoList(const ListWatch::List& command) {
  const HttpRequest request =
      ListRequest(*options_.type, {options_.ns, options_.label_selector, options_.field_selector,
                                   kListPageSize, command.continue_token});
  auto response = api_.transport().Send(request);
  if (!response.ok()) {
    SetError(response.status().message());
    return ListWatch::ListFailed{};
  }
  if (response->status != 200) {
    const ApiError error = ParseApiError(*response);
    SetError("list " + std::string(options_.type->plural) + ": " + ToStatus(error).message());
    return ListWatch::ListFailed{error.IsExpired(), error.retry_after_s};
  }
  auto page = ParseList(*options_.type, response->body, ManagedFields::kDrop);
  if (!page.ok()) {
    SetError("list " + std::string(options_.type->plural) + ": " + page.status().message());
    return ListWatch::ListFailed{};
  }
  SetError({});
  return ListWatch::PageListed{std::move(*page)};
}

ListWatch::Event Informer::DoWatch(ListWatch& machine, const ListWatch::Watch& command,
                                   std::stop_token stop) {
  const HttpRequest request = WatchRequest(
      *options_.type, {options_.ns, options_.label_selector, options_.field_selector,
                       command.resource_version, static_cast<int>(kWatchDuration.count())});
  WatchLines lines;
  Status broken;
  const auto on_data = [&](std::string_view chunk) {
    broken = lines.Feed(chunk, [&](std::string_view line) -> Status {
      RHA_ASSIGN_OR_RETURN(WatchEvent event, ParseWatchLine(line));
      TakeOver(machine, machine.Step(std::move(event)));
      return {};
    });
    // The machine leaves Watching when the server reports an error inside the stream.
    return broken.ok() && std::holds_alternative<ListWatch::Watch>(machine.Next());
  };
  auto response = api_.transport().Stream(request, on_data, stop);
  if (stop.stop_requested()) return ListWatch::WatchEnded{};
  const std::string what = "watch " + std::string(options_.type->plural) + ": ";
  if (!response.ok() || !broken.ok()) {
    const Status& status = broken.ok() ? response.status() : broken;
    log::Debug("{}{}", what, status.message());
    return ListWatch::WatchFailed{};
  }
  if (response->status != 200) {
    const ApiError error = ParseApiError(*response);
    SetError(what + ToStatus(error).message());
    return ListWatch::WatchFailed{error.IsExpired(), error.retry_after_s};
  }
  return ListWatch::WatchEnded{};
}

ListWatch::Event Informer::DoWait(const ListWatch::Wait& command, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  std::condition_variable_any never;
  never.wait_for(lock, stop, command.delay, [] { return false; });
  return ListWatch::Waited{};
}

void Informer::TakeOver(const ListWatch& machine, const ListWatch::Change& change) {
  std::vector<Delta> deltas;
  {
    const std::lock_guard lock(mutex_);
    deltas = UpdateStore(change);
    if (machine.synced() && !synced_) {
      synced_ = true;
      changed_.notify_all();
    }
  }
  if (!handler_) return;
  for (const Delta& delta : deltas) handler_(delta.before, delta.after);
}

ObjectPtr Informer::Transformed(const ObjectPtr& object) const {
  if (!options_.transform) return object;
  return std::make_shared<const Json>(options_.transform(*object));
}

std::vector<Informer::Delta> Informer::UpdateStore(const ListWatch::Change& change) {
  std::vector<Delta> deltas;
  if (const auto* upsert = std::get_if<ListWatch::Upsert>(&change)) {
    ObjectPtr object = Transformed(upsert->object);
    deltas.push_back({store_.Upsert(object), object});
  } else if (const auto* remove = std::get_if<ListWatch::Remove>(&change)) {
    store_.Remove(KeyOf(*remove->object));
    // The event's object is the last state, newer than ours.
    deltas.push_back({Transformed(remove->object), nullptr});
  } else if (const auto* replace = std::get_if<ListWatch::Replace>(&change)) {
    std::set<ObjectKey> gone;
    for (const ObjectKey& key : store_.Keys()) gone.insert(key);
    for (const ObjectPtr& listed : replace->objects) {
      const ObjectPtr object = Transformed(listed);
      gone.erase(KeyOf(*object));
      ObjectPtr before = store_.Upsert(object);
      const bool same = before && ResourceVersionOf(*before) == ResourceVersionOf(*object);
      if (!same) deltas.push_back({std::move(before), object});
    }
    for (const ObjectKey& key : gone) deltas.push_back({store_.Remove(key), nullptr});
  }
  return deltas;
}

void Informer::SetError(std::string text) {
  bool fresh = false;
  {
    const std::lock_guard lock(mutex_);
    fresh = !text.empty() && text != last_error_;
    last_error_ = text;
  }
  if (fresh) log::Warn("{}", text);
}

bool Informer::synced() const {
  const std::lock_guard lock(mutex_);
  return synced_;
}

bool Informer::WaitSynced(std::stop_token stop, Millis timeout) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, stop, timeout, [this] { return synced_; });
}

std::string Informer::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

ObjectPtr Informer::Get(const ObjectKey& key) const {
  const std::lock_guard lock(mutex_);
  return store_.Get(key);
}

std::vector<ObjectPtr> Informer::All() const {
  const std::lock_guard lock(mutex_);
  return store_.All();
}

std::vector<ObjectPtr> Informer::ByLabel(const std::string& ns, const std::string& label,
                                         const std::string& value) const {
  const std::lock_guard lock(mutex_);
  return store_.ByLabel(ns, label, value);
}

std::vector<ObjectPtr> Informer::ByOwner(const std::string& uid) const {
  const std::lock_guard lock(mutex_);
  return store_.ByOwner(uid);
}

size_t Informer::size() const {
  const std::lock_guard lock(mutex_);
  return store_.size();
}

}  // namespace rha::k8s
