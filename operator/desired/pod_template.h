// Merges a user's podTemplate into ours, as kubectl's strategic merge does: maps by key, the lists
// below by a field of their elements, every other list as a whole; null removes.
//
//   containers, initContainers, volumes, env, imagePullSecrets   name
//   volumeMounts mountPath · volumeDevices devicePath · ports containerPort
//   hostAliases ip · topologySpreadConstraints topologyKey
//
// Pure; any thread.
#pragma once

#include "common/k8s/json.h"

namespace rha::op::desired {

void MergePodTemplate(const k8s::Json& overlay, k8s::Json* base);

}  // namespace rha::op::desired
