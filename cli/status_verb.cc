// `redisha status NAME`: one RedisHA at a glance, once, live, or until it is Ready.
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/cluster_client.h"
#include "cli/program.h"
#include "cli/verbs.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;
using object::Int;
using object::Items;
using object::Json;
using object::Str;

constexpr std::chrono::milliseconds kRefresh(500);

struct View {
  Json redisha, pods;
};

bool IsReady(const Json& redisha) {
  const bool fresh = Int(redisha, {"status", "observedGeneration"}) ==
                     Int(redisha, {"metadata", "generation"}, -1);
  for (const auto& condition : Items(redisha, {"status", "conditions"})) {
    if (Str(condition, {"type"}) == "Ready") return fresh && Str(condition, {"status"}) == "True";
  }
  return false;
}

Result<View> Read(ClusterClient& client, const ObjectOptions& options) {
  const std::string space =
      options.name_space.empty() ? client.default_namespace() : options.name_space;
  RHA_ASSIGN_OR_RETURN(const Kind kind, client.FindKind("redishas"));
  RHA_ASSIGN_OR_RETURN(const Kind pods, client.FindKind("pods"));
  View view;
  RHA_ASSIGN_OR_RETURN(view.redisha, client.Get(kind, space, options.name));
  RHA_ASSIGN_OR_RETURN(
      view.pods,
      client.Get(pods, space, "", false,
                 "app.kubernetes.io/name=redisha,app.kubernetes.io/instance=" + options.name));
  return view;
}

std::string PodLine(const Json& pod) {
  int64_t ready = 0, restarts = 0;
  const Json& statuses = Items(pod, {"status", "containerStatuses"});
  for (const auto& status : statuses) {
    ready += object::Bool(status, {"ready"}) ? 1 : 0;
    restarts += Int(status, {"restartCount"});
  }
  char line[256];
  std::snprintf(
      line, sizeof line, "  %-20s %-8s %d/%zu  %-10s restarts %-3d %s\n", object::Name(pod).c_str(),
      Str(pod, {"metadata", "labels", "ha.redisha.io/role"}, "-").c_str(), static_cast<int>(ready),
      statuses.size(), Str(pod, {"status", "phase"}, "Pending").c_str(), static_cast<int>(restarts),
      Str(pod, {"status", "podIP"}).c_str());
  return line;
}

std::string Text(const View& view) {
  const Json& status = object::Map(view.redisha, {"status"});
  std::string text = "RedisHA " + object::Namespace(view.redisha) + "/" +
                     object::Name(view.redisha) + ": " +
                     (IsReady(view.redisha) ? "Ready" : "not ready") + ", primary " +
                     Str(status, {"currentPrimary"}, "none yet") + ", " +
                     std::to_string(Int(status, {"readyReplicas"})) + "/" +
                     std::to_string(Int(view.redisha, {"spec", "replicas"})) + " pods ready\n";
  for (const auto& pod : Items(view.pods, {"items"})) text += PodLine(pod);
  for (const auto& condition : Items(status, {"conditions"})) {
    text += "  " + Str(condition, {"type"}) + "=" + Str(condition, {"status"}) + " " +
            Str(condition, {"reason"}) + ": " + Str(condition, {"message"}) + "\n";
  }
  return text;
}

void Print(const View& view, const std::string& output) {
  if (output == "json") {
    const Json both{{"redisha", view.redisha}, {"pods", Items(view.pods, {"items"})}};
    std::printf("%s\n", both.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
  } else {
    std::fputs(Text(view).c_str(), stdout);
  }
  std::fflush(stdout);
}

Status Run(const ObjectOptions& options) {
  RHA_ASSIGN_OR_RETURN(const auto client, ClusterClient::Connect(options.kubeconfig));
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds(options.timeout_seconds);
  std::string shown;
  while (true) {
    RHA_ASSIGN_OR_RETURN(const View view, Read(*client, options));
    const std::string text = Text(view);
    const bool last = options.wait ? IsReady(view.redisha) : !options.watch;
    if (last || (text != shown && options.output != "json")) Print(view, options.output);
    if (last) return Status::Ok();
    shown = text;
    if (options.wait && std::chrono::steady_clock::now() > deadline) {
      return Status(Code::kUnavailable, "waited " + std::to_string(options.timeout_seconds) +
                                            " s in vain for " + options.name + " to be Ready");
    }
    std::this_thread::sleep_for(kRefresh);
  }
}

}  // namespace

int ShowStatus(const ObjectOptions& options) {
  const Status done = Run(options);
  return done.ok() ? kDone : Fail(done);
}

}  // namespace rha::cli
