#include "cli/subjects.h"

#include <chrono>

#include "cli/view/names.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

constexpr size_t kNamesShownMax = 10;

Status WhichThereAre(k8s::Api& api, const std::string& name_space, const std::string& name) {
  std::string text = "there is no RedisHA \"" + name + "\" in namespace " + name_space;
  const auto all = api.List(kRedisHas, {.ns = name_space});
  if (!all.ok() || all->items.empty()) return Status(Code::kNotFound, text + "; -n names another");
  text += "; there is";
  for (size_t i = 0; i < all->items.size() && i < kNamesShownMax; ++i) {
    text += (i == 0 ? " " : ", ") + local::object::Name(*all->items[i]);
  }
  return Status(Code::kNotFound, text);
}

Status NotInstalled(const Status& error) {
  if (error.code() != Code::kNotFound) return error;
  return Status(Code::kNotFound,
                "this cluster does not know RedisHA resources; install the operator first: "
                "kubectl apply -k deploy, or helm install redisha-operator");
}

}  // namespace

int64_t NowUnixMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Result<std::vector<Subject>> ReadSubjects(ClusterClient& client, const std::string& name_space,
                                          const std::string& name) {
  k8s::Api api = client.api();
  Json redishas = Json::array(), pods = Json::array();
  std::string selector(kPodSelector);
  if (name.empty()) {
    const auto all = api.List(kRedisHas, {.ns = name_space});
    if (!all.ok()) return NotInstalled(all.status());
    for (const auto& item : all->items) redishas.push_back(*item);
  } else {
    selector += "," + std::string(kLabelInstance) + "=" + name;
    auto one = api.Get({&kRedisHas, {name_space, name}});
    if (!one.ok() && one.status().code() == Code::kNotFound) {
      const auto all = api.List(kRedisHas, {.ns = name_space, .limit = 1});
      if (!all.ok()) return NotInstalled(all.status());
      return WhichThereAre(api, name_space, name);
    }
    if (!one.ok()) return one.status();
    redishas.push_back(*std::move(one));
  }
  RHA_ASSIGN_OR_RETURN(const auto listed,
                       api.List(k8s::kPods, {.ns = name_space, .label_selector = selector}));
  for (const auto& item : listed.items) pods.push_back(*item);
  return Subjects(redishas, pods);
}

Result<Subject> ReadSubject(ClusterClient& client, const std::string& name) {
  RHA_ASSIGN_OR_RETURN(auto found, ReadSubjects(client, client.name_space(), name));
  return std::move(found.front());
}

}  // namespace rha::cli
