#include "operator/reconcile/image.h"

#include <nlohmann/json.hpp>

#include "operator/desired/names.h"

namespace rha::op::reconcile {
namespace {

// What the pods run now. A set of an earlier version of the operator has no annotation, a set that
// was deleted by hand is remembered by the status.
std::string RunningImage(const Observed& observed) {
  const k8s::ObjectPtr set = observed.StatefulSet();
  if (!set) return observed.redisha ? k8s::StringAt(*observed.redisha, "status.image") : "";
  const std::string image = k8s::AnnotationOf(*set, desired::kAnnotationImage);
  if (!image.empty()) return image;
  const k8s::Json* containers = k8s::Find(*set, "spec.template.spec.containers");
  if (containers == nullptr || !containers->is_array()) return {};
  for (const k8s::Json& container : *containers) {
    if (k8s::StringAt(container, "name") == "sentinel") return k8s::StringAt(container, "image");
  }
  return {};
}

}  // namespace

ImageChoice ChooseImage(const api::Spec& spec, const Observed& observed, const std::string& own) {
  if (!spec.image.empty()) return {spec.image, {}};
  const std::string running = RunningImage(observed);
  if (running.empty() || (spec.image_update == api::ImageUpdate::kFollow && !own.empty())) {
    return {own, {}};
  }
  return {running, running == own ? "" : own};
}

}  // namespace rha::op::reconcile
