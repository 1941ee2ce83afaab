// Every controller; each is declared by the function that makes it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "local/controllers/controller.h"
#include "local/registry/registry.h"

namespace rha::local::controllers {

using ControllerPtr = std::unique_ptr<Controller>;

ControllerPtr MakeStatefulSetController(registry::Registry& registry);
ControllerPtr MakeReplicaSetController(registry::Registry& registry);
ControllerPtr MakeDeploymentController(registry::Registry& registry);
ControllerPtr MakeEndpointsController(registry::Registry& registry);
ControllerPtr MakeScheduler(registry::Registry& registry);
ControllerPtr MakeClaimController(registry::Registry& registry);
ControllerPtr MakeBudgetController(registry::Registry& registry);
ControllerPtr MakeNamespaceController(registry::Registry& registry, const std::string& ca_pem);
ControllerPtr MakeDefinitionController(registry::Registry& registry);
ControllerPtr MakeGarbageCollector(registry::Registry& registry);

std::vector<ControllerPtr> MakeControllers(registry::Registry& registry, const std::string& ca_pem);

}  // namespace rha::local::controllers
