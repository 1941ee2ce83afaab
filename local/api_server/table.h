// Lists as kubectl shows them: meta.k8s.io/v1 Table with the columns of each kind. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "local/registry/resource.h"
#include "local/store/store.h"

namespace rha::local::api_server {

struct TableOptions {
  int64_t now_unix_ms = 0;
  std::string include = "Metadata";  // includeObject: "None", "Metadata", "Object"
  bool columns = true;               // false in later events of one watch
};

nlohmann::json MakeTable(const registry::Resource& resource,
                         const std::vector<store::Object>& objects, const TableOptions& options);

// The columns and cells of a kind built in (columns.cc); Name and Age for the rest.
struct Printer {
  std::vector<registry::Column> columns;
  nlohmann::json (*cells)(const nlohmann::json& object, int64_t now_unix_ms) = nullptr;
};
const Printer& PrinterOf(const std::string& kind);

}  // namespace rha::local::api_server
