#include "local/controllers/events.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "local/object/json.h"
#include "local/object/times.h"

namespace rha::local::controllers {

using object::Json;
using object::Str;

void Recorder::Normal(const Json& about, const std::string& reason, const std::string& message) {
  Record(about, "Normal", reason, message);
}

void Recorder::Warning(const Json& about, const std::string& reason, const std::string& message) {
  Record(about, "Warning", reason, message);
}

void Recorder::Record(const Json& about, const std::string& type, const std::string& reason,
                      const std::string& message) {
  const std::string name_space =
      object::Namespace(about).empty() ? "default" : object::Namespace(about);
  // The same happening has the same name, so that a repetition finds it.
  const size_t hash = std::hash<std::string>()(object::Uid(about) + "\n" + component_ + "\n" +
                                               reason + "\n" + message);
  const std::string name = fmt::format("{}.{:016x}", object::Name(about), hash);
  const std::string now = object::Timestamp(registry_.clock().UnixMillis());
  const auto resource = registry_.catalog().Find("", "v1", "events");
  const registry::Place place{*resource, name_space, name};
  registry::WriteOptions options;
  options.manager = component_;
  const auto counted =
      registry_.Mutate(place, options, [&](const Json& current) -> object::Answer<Json> {
        Json next = current;
        next["count"] = object::Int(current, {"count"}, 1) + 1;
        next["lastTimestamp"] = now;
        return next;
      });
  if (counted.ok()) return;
  (void)registry_.Create(place,
                         {{"apiVersion", "v1"},
                          {"kind", "Event"},
                          {"metadata", {{"name", name}, {"namespace", name_space}}},
                          {"involvedObject",
                           {{"apiVersion", Str(about, {"apiVersion"})},
                            {"kind", Str(about, {"kind"})},
                            {"name", object::Name(about)},
                            {"namespace", object::Namespace(about)},
                            {"uid", object::Uid(about)},
                            {"resourceVersion", Str(about, {"metadata", "resourceVersion"})}}},
                          {"type", type},
                          {"reason", reason},
                          {"message", message},
                          {"count", 1},
                          {"firstTimestamp", now},
                          {"lastTimestamp", now},
                          {"reportingComponent", component_},
                          {"reportingInstance", ""},
                          {"source", {{"component", component_}}}},
                         options);
}

}  // namespace rha::local::controllers
