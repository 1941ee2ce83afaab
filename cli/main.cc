#include <cstring>

#include "cli/program.h"
#include "local/kubelet/container_init.h"

int main(int argc, char** argv) {
  // How the kubelet runs this binary again, in a container's namespaces: no options, nothing
  // printed.
  if (argc == 2 && std::strcmp(argv[1], rha::local::kubelet::kContainerInitVerb) == 0) {
    return rha::local::kubelet::ContainerInit();
  }
  if (argc == 2 && std::strcmp(argv[1], rha::local::kubelet::kContainerExecVerb) == 0) {
    return rha::local::kubelet::ContainerExec();
  }
  return rha::cli::Main(argc, argv);
}
