// PodPatcher over common/k8s: one merge patch of the own pod's label and annotation.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/k8s/api.h"
#include "common/k8s/config.h"
#include "common/k8s/cpprest_http.h"
#include "common/k8s/object_ref.h"
#include "sidecar/shell/limits.h"
#include "sidecar/shell/role_labeler.h"

namespace rha::sidecar::shell {
namespace {

constexpr char kRoleLabel[] = "ha.redisha.io/role";
constexpr char kVotersAnnotation[] = "ha.redisha.io/voters";

class KubePatcher final : public PodPatcher {
 public:
  KubePatcher(std::unique_ptr<k8s::HttpTransport> transport, k8s::ObjectKey pod, size_t voters)
      : transport_(std::move(transport)),
        api_(*transport_),
        pod_(std::move(pod)),
        voters_(std::to_string(voters)) {}

  Status SetRole(core::Role role) override {
    k8s::Json patch = {{"metadata", {{"annotations", {{kVotersAnnotation, voters_}}}}}};
    if (role != core::Role::kUnknown) {
      patch["metadata"]["labels"][kRoleLabel] =
          role == core::Role::kPrimary ? "primary" : "replica";
    }
    return api_.MergePatch({&k8s::kPods, pod_}, patch).status();
  }
  std::string Describe() const override { return "pod " + pod_.ToString(); }

 private:
  std::unique_ptr<k8s::HttpTransport> transport_;
  k8s::Api api_;
  const k8s::ObjectKey pod_;
  const std::string voters_;
};

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

Result<std::unique_ptr<PodPatcher>> MakePodPatcher(const std::string& kubeconfig, size_t voters) {
  const std::string name = Environment("POD_NAME"), ns = Environment("POD_NAMESPACE");
  if (name.empty() || ns.empty()) {
    return Status(Code::kNotFound, "POD_NAME and POD_NAMESPACE are not set");
  }
  RHA_ASSIGN_OR_RETURN(const k8s::ClusterConfig config, k8s::LoadConfig(kubeconfig));
  RHA_ASSIGN_OR_RETURN(auto transport,
                       k8s::MakeCpprestTransport(config, {.timeout = kLabelRequestTimeout,
                                                          .user_agent = "redisha-sentinel"}));
  return std::unique_ptr<PodPatcher>(new KubePatcher(std::move(transport), {ns, name}, voters));
}

}  // namespace rha::sidecar::shell
