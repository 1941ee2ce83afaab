#include "operator/reconcile/image.h"

#include <nlohmann/json.hpp>

#include "operator/desired/names.h"

namespace rha::op::reconcile {
namespace {

// What the pods run now; empty: nobody has written it down. A set of a version that followed every
// operator has no annotation, and its image may not know what this version writes into its files.
std::string RunningImage(const Observed& observed) {
  if (const k8s::ObjectPtr set = observed.StatefulSet()) {
    return k8s::AnnotationOf(*set, desired::kAnnotationImage);
  }
  // One that was deleted by hand is remembered by the status.
  return observed.redisha ? k8s::StringAt(*observed.redisha, "status.image") : "";
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
