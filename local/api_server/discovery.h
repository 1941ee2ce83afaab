// What a client asks before anything else: versions, groups, resources and their schemas.
// Any thread; answers follow the catalog.
#pragma once

#include <optional>

#include "local/api_server/http.h"
#include "local/registry/catalog.h"

namespace rha::local::api_server {

// The answer to /version, /api, /apis…, /openapi/… and health paths; nothing for other paths.
std::optional<Response> AnswerDiscovery(const Request& request, const registry::Catalog& catalog);

// The OpenAPI v3 document of one group and version.
nlohmann::json OpenApiDocument(const registry::Catalog& catalog, const std::string& group,
                               const std::string& version);

}  // namespace rha::local::api_server
