// The status of a pod from the state of its containers. Pure; any thread.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rha::local::kubelet {

struct ContainerView {
  std::string name, image;
  bool init = false;
  bool ready = false;
  bool started = false;
  int64_t restarts = 0;
  int64_t pid = 0;
  nlohmann::json state;       // {"running": …}, {"waiting": …} or {"terminated": …}
  nlohmann::json last_state;  // {} or {"terminated": …}
};

// `before`: the present status, whose conditions keep their times and others' conditions stay.
nlohmann::json MakePodStatus(const nlohmann::json& pod, const nlohmann::json& before,
                             const std::vector<ContainerView>& containers, int64_t now_unix_ms);

}  // namespace rha::local::kubelet
