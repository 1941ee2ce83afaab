// `redisha restart NAME`: new pods one by one, the primary last.
//
// A StatefulSet replaces the highest ordinal first. With the primary at pod 0 a restart moves it
// once more, when its own pod ends; wherever else it is, up to once for every pod.
#include <chrono>
#include <cstdio>
#include <map>
#include <thread>

#include "cli/program.h"
#include "cli/subjects.h"
#include "cli/switchover.h"
#include "cli/verbs.h"
#include "cli/view/names.h"
#include "common/k8s/time_format.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPoll(500);

void Say(const std::string& what) {
  std::printf("%s\n", what.c_str());
  std::fflush(stdout);
}

Status MoveToFirstPod(ClusterClient& client, const Subject& subject) {
  const Json* primary = PrimaryOf(subject);
  if (primary == nullptr || subject.pods.size() < 2 || primary == &subject.pods[0] ||
      !IsReady(subject.pods[0])) {
    return {};
  }
  RHA_ASSIGN_OR_RETURN(const auto moved, MovePrimary(client, subject, object::Name(subject.pods[0]),
                                                     [](int64_t, const std::string&) {}));
  Say("the primary has moved from " + moved.from + " to " + moved.to + ", which is replaced last");
  return {};
}

Status ChangeAnnotation(ClusterClient& client, const Subject& subject) {
  const Json patch = {
      {"spec",
       {{"podTemplate",
         {{"metadata",
           {{"annotations",
             {{"ha.redisha.io/restarted-at", k8s::FormatTime(NowUnixMicros())}}}}}}}}}};
  const auto patched = client.api().MergePatch(
      {&kRedisHas, {object::Namespace(subject.redisha), object::Name(subject.redisha)}}, patch,
      {.field_manager = "redisha"});
  return patched.ok() ? Status() : patched.status();
}

std::map<std::string, std::string> Uids(const Subject& subject) {
  std::map<std::string, std::string> uids;
  for (const Json& pod : subject.pods) uids[object::Name(pod)] = object::Uid(pod);
  return uids;
}

Status AwaitNewPods(ClusterClient& client, const Subject& before, const RestartOptions& options) {
  const auto deadline = Clock::now() + std::chrono::seconds(options.timeout_seconds);
  const auto old = Uids(before);
  std::map<std::string, bool> back;
  while (true) {
    RHA_ASSIGN_OR_RETURN(const Subject now, ReadSubject(client, options.name));
    size_t renewed = 0;
    for (const Json& pod : now.pods) {
      const std::string name = object::Name(pod);
      const auto known = old.find(name);
      const bool is_new = known == old.end() || known->second != object::Uid(pod);
      if (!is_new || !IsReady(pod)) continue;
      ++renewed;
      if (!back[name]) Say(name + " is new and ready (" + RoleOf(pod) + ")");
      back[name] = true;
    }
    if (renewed >= old.size() && Judge(now).health == Health::kHealthy) return {};
    if (Clock::now() > deadline) {
      return Status(Code::kUnavailable,
                    "not all pods are new and ready after " +
                        std::to_string(options.timeout_seconds) + " s (" + Judge(now).reason +
                        "); it goes on by itself: `redisha status " + options.name + " --watch`");
    }
    std::this_thread::sleep_for(kPoll);
  }
}

Status Run(const RestartOptions& options) {
  RHA_ASSIGN_OR_RETURN(const auto client, ClusterClient::Connect(options.access));
  RHA_ASSIGN_OR_RETURN(const Subject subject, ReadSubject(*client, options.name));
  const Verdict verdict = Judge(subject);
  if (verdict.health != Health::kHealthy && !options.force) {
    return Status(Code::kUnavailable,
                  options.name + " is not Ready (" + verdict.reason +
                      "): a restart could take what is left; --force does it all the same");
  }
  RHA_RETURN_IF_ERROR(MoveToFirstPod(*client, subject));
  RHA_RETURN_IF_ERROR(ChangeAnnotation(*client, subject));
  if (options.no_wait) return {};
  Say("the operator replaces the pods one by one");
  return AwaitNewPods(*client, subject, options);
}

}  // namespace

int Restart(const RestartOptions& options) {
  const Status done = Run(options);
  return done.ok() ? kDone : Fail(done);
}

}  // namespace rha::cli
