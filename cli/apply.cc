// `redisha apply -f FILE`: every object of a file, by server-side apply.
#include "cli/apply.h"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/program.h"
#include "cli/verbs.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

Result<std::string> ReadInput(const std::string& file) {
  std::stringstream text;
  if (file == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream in(file);
  if (!in) return ErrnoStatus("open " + file);
  text << in.rdbuf();
  return text.str();
}

Status Run(const ObjectOptions& options) {
  RHA_ASSIGN_OR_RETURN(const std::string text, ReadInput(options.file));
  RHA_ASSIGN_OR_RETURN(const auto client, ClusterClient::Connect(options.access));
  return ApplyManifest(*client, text, {options.access.name_space, options.force, false});
}

}  // namespace

Status ApplyManifest(ClusterClient& client, std::string_view text, const ApplySettings& settings) {
  RHA_ASSIGN_OR_RETURN(auto documents, local::object::ParseYamlStream(text));
  if (documents.empty()) return Status(Code::kInvalid, "there are no objects in the file");
  for (auto& object : documents) {
    if (!settings.name_space.empty() &&
        local::object::Str(object, {"metadata", "namespace"}).empty()) {
      local::object::Make(object, {"metadata", "namespace"}) = settings.name_space;
    }
    RHA_ASSIGN_OR_RETURN(const auto applied, client.Apply(object, settings.force));
    if (settings.quiet) continue;
    std::string kind = local::object::Str(object, {"kind"});
    for (char& c : kind) c = static_cast<char>(tolower(c));
    std::printf("%s/%s %s\n", kind.c_str(), local::object::Name(object).c_str(),
                applied.created ? "created" : "applied");
  }
  return Status::Ok();
}

int Apply(const ObjectOptions& options) {
  const Status done = Run(options);
  return done.ok() ? kDone : Fail(done);
}

}  // namespace rha::cli
