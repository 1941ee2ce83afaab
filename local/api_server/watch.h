// A watch: what happened to the objects of one kind, as lines of JSON.
// Runs on the connection's thread until the client goes, the time is up or the history is lost.
#pragma once

#include <string>

#include "local/api_server/http.h"
#include "local/object/selector.h"
#include "local/registry/registry.h"

namespace rha::local::api_server {

struct WatchOptions {
  registry::ResourcePtr resource;
  std::string name_space;  // "": all
  object::LabelSelector labels;
  object::FieldSelector fields;
  std::string resource_version;  // "" and "0": begin with what there is
  bool bookmarks = false;
  bool initial_events = false;  // sendInitialEvents: their end is marked by a bookmark
  bool table = false;
  std::string include = "Metadata";  // of tables
  int64_t timeout_seconds = 0;
};

void RunWatch(registry::Registry& registry, const WatchOptions& options, Stream& stream);

}  // namespace rha::local::api_server
