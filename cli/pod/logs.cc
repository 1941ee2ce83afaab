#include "cli/pod/logs.h"

#include "local/object/json.h"

namespace rha::cli {

k8s::HttpRequest LogRequest(const std::string& name_space, const std::string& pod,
                            const std::string& container, const LogQuery& query) {
  k8s::HttpRequest request;
  request.path = "/api/v1/namespaces/" + name_space + "/pods/" + pod + "/log";
  request.accept = "*/*";
  request.query = {{"container", container}, {"timestamps", "true"}};
  const auto add = [&request](const char* name, std::string value) {
    request.query.emplace_back(name, std::move(value));
  };
  if (query.tail_lines >= 0) add("tailLines", std::to_string(query.tail_lines));
  if (query.since_seconds > 0) add("sinceSeconds", std::to_string(query.since_seconds));
  if (query.previous) add("previous", "true");
  if (query.follow) add("follow", "true");
  return request;
}

std::vector<LogLine> ReadLogs(ClusterClient& client, const Subject& subject, const LogQuery& query,
                              std::vector<std::string>* problems) {
  std::vector<std::vector<LogLine>> logs;
  k8s::Api api = client.api();
  for (const Json& pod : subject.pods) {
    const std::string name = local::object::Name(pod);
    for (const std::string& container : query.containers) {
      const std::string source = name + "/" + container;
      const auto answer =
          api.transport().Send(LogRequest(local::object::Namespace(pod), name, container, query));
      if (answer.ok() && answer->status == 200) {
        logs.push_back(ParseLog(answer->body, source));
        continue;
      }
      const bool none = answer.ok() && answer->status == 400;  // "waiting to start", "no previous"
      if (none || problems == nullptr) continue;
      const auto error = answer.ok() ? k8s::ParseJson(answer->body) : Json();
      problems->push_back(source + ": " +
                          (!answer.ok() ? answer.status().message()
                           : error.ok() ? k8s::StringAt(*error, "message")
                                        : "HTTP " + std::to_string(answer->status)));
    }
  }
  return MergeLogs(std::move(logs));
}

}  // namespace rha::cli
