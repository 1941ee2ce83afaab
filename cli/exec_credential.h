// Credential plugins of kubeconfig files (aws eks get-token, gke-gcloud-auth-plugin, kubelogin):
// a program that prints an ExecCredential. Run once, at the start, by one thread.
#pragma once

#include "common/k8s/config.h"

namespace rha::cli {

// Runs the plugin of `config` and puts token or certificate where they belong. REQUIRES: it has
// one.
Status TakeCredentials(k8s::ClusterConfig* config);
// What such a program has printed.
Status ReadCredential(const std::string& printed, k8s::ClusterConfig* config);

}  // namespace rha::cli
