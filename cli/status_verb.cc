// `redisha status [NAME]`: one RedisHA or all, once, live, or until it is Ready.
#include <chrono>
#include <cstdio>
#include <thread>

#include "cli/program.h"
#include "cli/subjects.h"
#include "cli/verbs.h"
#include "cli/view/status_text.h"
#include "cli/view/text.h"

namespace rha::cli {
namespace {

constexpr std::chrono::milliseconds kRefresh(500);

std::string Text(const std::vector<Subject>& subjects, const StatusOptions& options,
                 int64_t now_us) {
  const bool one = !options.name.empty();
  if (options.output == "json" || options.output == "yaml") {
    Json out = Json{{"items", Json::array()}};
    for (const Subject& subject : subjects) out["items"].push_back(StatusJson(subject));
    if (one) out = out["items"][0];
    return options.output == "json" ? ToJson(out) : ToYaml(out);
  }
  if (one && options.output.empty()) return StatusDetails(subjects[0], now_us);
  if (subjects.empty()) return "";
  const StatusStyle style{.namespaces = options.all_namespaces, .wide = options.output == "wide"};
  return StatusTable(subjects, style, now_us);
}

Result<Health> Run(const StatusOptions& options) {
  const bool one = !options.name.empty();
  if (options.all_namespaces && one) {
    return Status(Code::kInvalid, "--all-namespaces is for all of them, without a name");
  }
  RHA_ASSIGN_OR_RETURN(const auto client, ClusterClient::Connect(options.access));
  const std::string space = options.all_namespaces ? "" : client->name_space();
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds(options.timeout_seconds);
  std::string shown;
  while (true) {
    RHA_ASSIGN_OR_RETURN(const auto subjects, ReadSubjects(*client, space, options.name));
    const Health worst = WorstOf(subjects);
    const std::string news = Text(subjects, options, 0);  // that time passes is none
    const bool last = options.wait ? worst == Health::kHealthy : !options.watch;
    if (last || (news != shown && options.output != "json" && options.output != "yaml")) {
      if (!shown.empty()) std::fputs("\n", stdout);
      std::fputs(Text(subjects, options, NowUnixMicros()).c_str(), stdout);
      std::fflush(stdout);
    }
    if (last) {
      if (subjects.empty()) {
        std::fprintf(stderr, "No RedisHA in %s.\n",
                     space.empty() ? "any namespace" : ("namespace " + space).c_str());
      }
      return worst;
    }
    shown = news;
    if (options.wait && std::chrono::steady_clock::now() > deadline) {
      const std::string why = one ? Judge(subjects[0]).reason : "";
      return Status(Code::kUnavailable, "waited " + std::to_string(options.timeout_seconds) +
                                            " s in vain for " +
                                            (one ? options.name : "all of them") + " to be Ready" +
                                            (why.empty() ? "" : ": " + why) +
                                            "; `redisha doctor` looks for the reason");
    }
    std::this_thread::sleep_for(kRefresh);
  }
}

}  // namespace

int ShowStatus(const StatusOptions& options) {
  const auto health = Run(options);
  return health.ok() ? static_cast<int>(*health) : Fail(health.status());
}

}  // namespace rha::cli
