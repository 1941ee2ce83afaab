// The message of channel __sentinel__:hello, exactly eight comma-separated tokens:
//   <sentinel ip>,<sentinel port>,<id>,<current epoch>,<group>,<primary ip>,<port>,<config epoch>
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sidecar/core/types.h"

namespace rha::sidecar::core {

struct Hello {
  Address sentinel;
  std::string id;
  Epoch current_epoch = 0;
  std::string group;
  Address primary;
  Epoch config_epoch = 0;
};

std::string FormatHello(const Hello& hello);
// Nothing for any other shape; Redis ignores those too.
std::optional<Hello> ParseHello(std::string_view payload);

}  // namespace rha::sidecar::core
