#include "common/k8s/list_watch.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/k8s/limits.h"

namespace rha::k8s {

Result<WatchEvent> ParseWatchLine(std::string_view line) {
  RHA_ASSIGN_OR_RETURN(Json parsed, ParseJson(line));
  const std::string type = StringAt(parsed, "type");
  const Json* object = Find(parsed, "object");
  if (object == nullptr || !object->is_object()) {
    return Status(Code::kCorrupt, "watch event without an object");
  }
  WatchEvent event;
  if (type == "ADDED" || type == "MODIFIED") {
    event.type = WatchEvent::Type::kUpsert;
  } else if (type == "DELETED") {
    event.type = WatchEvent::Type::kRemove;
  } else if (type == "BOOKMARK") {
    event.type = WatchEvent::Type::kBookmark;
  } else if (type == "ERROR") {
    event.type = WatchEvent::Type::kError;
  } else {
    return Status(Code::kCorrupt, "watch event of unknown type '" + type + "'");
  }
  Json owned = std::move(parsed["object"]);
  DropManagedFields(&owned);
  event.object = std::make_shared<const Json>(std::move(owned));
  return event;
}

ListWatch::Command ListWatch::Next() const {
  if (const auto* listing = std::get_if<Listing>(&state_)) return List{listing->continue_token};
  if (const auto* watching = std::get_if<Watching>(&state_)) {
    return Watch{watching->resource_version};
  }
  return Wait{std::get<Waiting>(state_).delay};
}

ListWatch::Change ListWatch::Step(Event event) {
  return std::visit([this](auto& concrete) -> Change { return On(concrete); }, event);
}

ListWatch::Change ListWatch::On(PageListed& event) {
  auto* listing = std::get_if<Listing>(&state_);
  if (listing == nullptr) return {};
  auto& objects = listing->objects;
  objects.insert(objects.end(), event.page.items.begin(), event.page.items.end());
  listing->continue_token = event.page.continue_token;
  if (!listing->continue_token.empty()) return {};
  Replace replace{std::move(objects)};
  state_ = Watching{event.page.resource_version};
  synced_ = true;
  return replace;
}

ListWatch::Change ListWatch::On(const ListFailed& event) {
  // Pages already read belong to a version that the next attempt will not see.
  state_ = Waiting{NextDelay(event.retry_after_s), {}};
  return {};
}

ListWatch::Change ListWatch::On(const WatchEvent& event) {
  auto* watching = std::get_if<Watching>(&state_);
  if (watching == nullptr) return {};
  if (event.type == WatchEvent::Type::kError) {
    const ApiError error = ParseStatusObject(*event.object);
    // Whatever else the server reports inside a watch, a new list is always a right answer to it.
    state_ = Waiting{NextDelay(error.retry_after_s), {}};
    return {};
  }
  const std::string version = ResourceVersionOf(*event.object);
  if (!version.empty()) watching->resource_version = version;
  failures_ = 0;
  switch (event.type) {
    case WatchEvent::Type::kUpsert:
      return Upsert{event.object};
    case WatchEvent::Type::kRemove:
      return Remove{event.object};
    default:
      return {};
  }
}

ListWatch::Change ListWatch::On(const WatchFailed& event) {
  const std::string version = event.expired ? std::string() : WatchedVersion();
  state_ = Waiting{NextDelay(event.retry_after_s), version};
  return {};
}

ListWatch::Change ListWatch::On(const WatchEnded&) {
  // An ERROR event has already decided what is next.
  if (std::holds_alternative<Waiting>(state_)) return {};
  failures_ = 0;
  state_ = Waiting{kRelistBackoffMin, WatchedVersion()};
  return {};
}

ListWatch::Change ListWatch::On(const Waited&) {
  const std::string version = WatchedVersion();
  if (version.empty()) {
    state_ = Listing{};
  } else {
    state_ = Watching{version};
  }
  return {};
}

Millis ListWatch::NextDelay(int retry_after_s) {
  const int doublings = std::min(failures_++, 16);
  const auto full = std::min(kRelistBackoffMin * (1 << doublings), kRelistBackoffMax);
  // Between half and all of it, so that many clients do not come back in step.
  const Millis jittered(prng_.Between(full.count() / 2, full.count()));
  return std::max(jittered, Millis(std::chrono::seconds(retry_after_s)));
}

std::string ListWatch::WatchedVersion() const {
  if (const auto* watching = std::get_if<Watching>(&state_)) return watching->resource_version;
  if (const auto* waiting = std::get_if<Waiting>(&state_)) return waiting->resource_version;
  return {};
}

}  // namespace rha::k8s
