// PodPatcher over common/k8s: one merge patch of the own pod, and, for a new primary, one of each
// pod that still has the label.
#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/log.h"
#include "common/k8s/api.h"
#include "common/k8s/config.h"
#include "common/k8s/cpprest_http.h"
#include "common/k8s/object_ref.h"
#include "sidecar/shell/limits.h"
#include "sidecar/shell/role_labeler.h"

namespace rha::sidecar::shell {
namespace {

constexpr char kRoleLabel[] = "ha.redisha.io/role";
constexpr char kRoleEpoch[] = "ha.redisha.io/role-epoch";
constexpr char kVoters[] = "ha.redisha.io/voters";
constexpr char kWaitsFor[] = "ha.redisha.io/waits-for";

class KubePatcher final : public PodPatcher {
 public:
  KubePatcher(std::unique_ptr<k8s::HttpTransport> transport, k8s::ObjectKey pod,
              std::vector<std::string> members)
      : transport_(std::move(transport)),
        api_(*transport_),
        pod_(std::move(pod)),
        members_(std::move(members)) {}

  Status Tell(const PodFacts& facts) override {
    k8s::Json metadata = {{"annotations", {{kVoters, std::to_string(members_.size())}}}};
    metadata["annotations"][kWaitsFor] =
        facts.waits_for.empty() ? k8s::Json() : k8s::Json(facts.waits_for);
    if (facts.role != core::Role::kUnknown) {
      const bool primary = facts.role == core::Role::kPrimary;
      metadata["labels"][kRoleLabel] = primary ? "primary" : "replica";
      if (primary) metadata["annotations"][kRoleEpoch] = std::to_string(facts.epoch);
    }
    const k8s::ObjectRef own{&k8s::kPods, pod_};
    gave_way_ = false;
    RHA_RETURN_IF_ERROR(api_.MergePatch(own, {{"metadata", std::move(metadata)}}).status());
    if (facts.role != core::Role::kPrimary) return {};
    // Afterwards, since a failover waits for the label of its own.
    for (const std::string& member : members_) {
      if (member == pod_.name) continue;
      RHA_ASSIGN_OR_RETURN(const bool newer, TakeLabel(member, facts.epoch));
      if (newer) return GiveWayTo(member);
    }
    return {};
  }
  Result<bool> Says(const PodFacts& facts) override {
    RHA_ASSIGN_OR_RETURN(const k8s::Json pod, api_.Get({&k8s::kPods, pod_}));
    const bool counts = k8s::AnnotationOf(pod, kVoters) == std::to_string(members_.size()) &&
                        k8s::AnnotationOf(pod, kWaitsFor) == facts.waits_for;
    if (!counts || facts.role == core::Role::kUnknown) return counts;
    const bool primary = facts.role == core::Role::kPrimary && !gave_way_;
    if (k8s::LabelOf(pod, kRoleLabel) != (primary ? "primary" : "replica")) return false;
    return !primary || k8s::AnnotationOf(pod, kRoleEpoch) == std::to_string(facts.epoch);
  }
  std::string Describe() const override { return "pod " + pod_.ToString(); }

 private:
  // True if that pod is primary of a newer epoch, and keeps its label.
  Result<bool> TakeLabel(const std::string& member, core::Epoch epoch) {
    const k8s::ObjectRef ref{&k8s::kPods, {pod_.ns, member}};
    const auto pod = api_.Get(ref);
    if (!pod.ok() && pod.status().code() == Code::kNotFound) return false;
    if (!pod.ok()) return pod.status();
    if (k8s::LabelOf(*pod, kRoleLabel) != "primary") return false;
    const std::string text = k8s::AnnotationOf(*pod, kRoleEpoch);
    core::Epoch its_epoch = 0;
    std::from_chars(text.data(), text.data() + text.size(), its_epoch);
    if (its_epoch >= epoch) return its_epoch > epoch;
    // Only as it was read: its own sidecar may just be writing something newer.
    const k8s::Json patch = {{"metadata",
                              {{"resourceVersion", k8s::ResourceVersionOf(*pod)},
                               {"labels", {{kRoleLabel, "replica"}}}}}};
    const Status status = api_.MergePatch(ref, patch).status();
    if (!status.ok() && status.code() != Code::kNotFound) return status;
    log::Info("took the primary's label from pod {}", ref.key.ToString());
    return false;
  }

  Status GiveWayTo(const std::string& member) {
    log::Warn("pod {} is primary of a newer epoch: this one has missed that", member);
    RHA_RETURN_IF_ERROR(api_.MergePatch({&k8s::kPods, pod_},
                                        {{"metadata", {{"labels", {{kRoleLabel, "replica"}}}}}})
                            .status());
    gave_way_ = true;
    return {};
  }

  std::unique_ptr<k8s::HttpTransport> transport_;
  k8s::Api api_;
  const k8s::ObjectKey pod_;
  const std::vector<std::string> members_;
  bool gave_way_ = false;  // the own pod was told last that it is a replica, whatever its facts say
};

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

Result<std::unique_ptr<PodPatcher>> MakePodPatcher(const std::string& kubeconfig,
                                                   std::vector<std::string> members) {
  const std::string name = Environment("POD_NAME"), ns = Environment("POD_NAMESPACE");
  if (name.empty() || ns.empty()) {
    return Status(Code::kNotFound, "POD_NAME and POD_NAMESPACE are not set");
  }
  RHA_ASSIGN_OR_RETURN(const k8s::ClusterConfig config, k8s::LoadConfig(kubeconfig));
  RHA_ASSIGN_OR_RETURN(auto transport,
                       k8s::MakeCpprestTransport(config, {.timeout = kLabelRequestTimeout,
                                                          .user_agent = "redisha-sentinel",
                                                          .leave_system_certificates = true}));
  return MakeKubePatcher(std::move(transport), {ns, name}, std::move(members));
}

std::unique_ptr<PodPatcher> MakeKubePatcher(std::unique_ptr<k8s::HttpTransport> transport,
                                            k8s::ObjectKey pod, std::vector<std::string> members) {
  return std::make_unique<KubePatcher>(std::move(transport), std::move(pod), std::move(members));
}

}  // namespace rha::sidecar::shell
