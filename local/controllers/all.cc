#include "local/controllers/all.h"

namespace rha::local::controllers {

std::vector<ControllerPtr> MakeControllers(registry::Registry& registry,
                                           const std::string& ca_pem) {
  std::vector<ControllerPtr> all;
  all.push_back(MakeNamespaceController(registry, ca_pem));
  all.push_back(MakeDefinitionController(registry));
  all.push_back(MakeDeploymentController(registry));
  all.push_back(MakeReplicaSetController(registry));
  all.push_back(MakeStatefulSetController(registry));
  all.push_back(MakeClaimController(registry));
  all.push_back(MakeScheduler(registry));
  all.push_back(MakeEndpointsController(registry));
  all.push_back(MakeBudgetController(registry));
  all.push_back(MakeGarbageCollector(registry));
  return all;
}

}  // namespace rha::local::controllers
