// Events about objects, those that repeat counted on one. Any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "local/registry/registry.h"

namespace rha::local::controllers {

class Recorder {
 public:
  Recorder(registry::Registry& registry, std::string component)
      : registry_(registry), component_(std::move(component)) {}

  void Normal(const nlohmann::json& about, const std::string& reason, const std::string& message);
  void Warning(const nlohmann::json& about, const std::string& reason, const std::string& message);

 private:
  void Record(const nlohmann::json& about, const std::string& type, const std::string& reason,
              const std::string& message);
  registry::Registry& registry_;
  std::string component_;
};

}  // namespace rha::local::controllers
