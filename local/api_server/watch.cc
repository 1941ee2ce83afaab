#include "local/api_server/watch.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "local/api_server/limits.h"
#include "local/api_server/table.h"
#include "local/object/json.h"
#include "local/registry/convert.h"

namespace rha::local::api_server {
namespace {

using object::Json;
using registry::Resource;
using store::Change;
using store::Event;
using store::Object;

class Watch {
 public:
  Watch(registry::Registry& registry, const WatchOptions& options, Stream& stream)
      : registry_(registry), options_(options), stream_(stream) {}

  void Run() {
    uint64_t version = 0;
    if (!Begin(version)) return;
    const MonoTime end = registry_.clock().Now() + std::chrono::seconds(options_.timeout_seconds);
    MonoTime bookmark_due = registry_.clock().Now() + std::chrono::seconds(kBookmarkSeconds);
    while (stream_.Alive()) {
      const MonoTime now = registry_.clock().Now();
      if (now >= end) return;
      const auto left = std::chrono::duration_cast<Millis>(end - now);
      auto batch = registry_.store().Wait(registry::StoreId(*options_.resource), version,
                                          std::min(left, Millis(kWatchPollMillis)));
      if (!batch.ok()) return SendError(object::Gone(batch.status().message()));
      for (const auto& event : batch->events) {
        if (!Forward(event)) return;
      }
      version = batch->version;
      if (options_.bookmarks && registry_.clock().Now() >= bookmark_due) {
        if (!SendBookmark(version, false)) return;
        bookmark_due = registry_.clock().Now() + std::chrono::seconds(kBookmarkSeconds);
      }
    }
  }

 private:
  bool Matches(const Object& object) const {
    return object != nullptr && options_.labels.Matches(*object) &&
           options_.fields.Matches(*object);
  }

  // Sets where to go on from; sends the present objects when no version is given.
  bool Begin(uint64_t& version) {
    const std::string& from = options_.resource_version;
    if (!from.empty() && from != "0" && !options_.initial_events) {
      const auto [rest, error] = std::from_chars(from.data(), from.data() + from.size(), version);
      if (error == std::errc() && rest == from.data() + from.size()) return true;
      SendError(object::BadRequest("invalid resource version \"" + from + "\""));
      return false;
    }
    const auto list = registry_.List(*options_.resource, options_.name_space);
    version = list.version;
    for (const auto& object : list.objects) {
      if (Matches(object) && !Send("ADDED", object)) return false;
    }
    return !options_.initial_events || SendBookmark(version, true);
  }

  // An object that starts or stops matching the selectors was added or deleted for this client.
  bool Forward(const Event& event) {
    if (!options_.name_space.empty() && event.key.name_space != options_.name_space) return true;
    const bool now = event.change != Change::kDeleted && Matches(event.object);
    const bool before = Matches(event.previous);
    if (!now && !before) return true;
    const char* type = now ? (before ? "MODIFIED" : "ADDED") : "DELETED";
    return Send(type, registry_.Present(*options_.resource, event.object));
  }

  bool Send(const char* type, const Object& object) {
    if (!options_.table) return SendLine(type, *object);
    TableOptions table{registry_.clock().UnixMillis(), options_.include, !columns_sent_};
    columns_sent_ = true;
    return SendLine(type, MakeTable(*options_.resource, {object}, table));
  }

  bool SendBookmark(uint64_t version, bool initial_end) {
    Json object{{"kind", options_.resource->kind},
                {"apiVersion", options_.resource->ApiVersion()},
                {"metadata", {{"resourceVersion", std::to_string(version)}}}};
    if (initial_end) {
      object["metadata"]["annotations"] = {{"k8s.io/initial-events-end", "true"}};
    }
    return SendLine("BOOKMARK", object);
  }

  void SendError(const object::ApiError& error) { SendLine("ERROR", error.StatusObject()); }

  bool SendLine(const char* type, const Json& object) {
    return stream_.Write("{\"type\":\"" + std::string(type) +
                         "\",\"object\":" + object::Dump(object) + "}\n");
  }

  registry::Registry& registry_;
  const WatchOptions& options_;
  Stream& stream_;
  bool columns_sent_ = false;
};

}  // namespace

void RunWatch(registry::Registry& registry, const WatchOptions& options, Stream& stream) {
  Watch(registry, options, stream).Run();
}

}  // namespace rha::local::api_server
