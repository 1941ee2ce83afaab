#include "sidecar/core/hello.h"

#include "sidecar/core/limits.h"
#include "sidecar/core/text.h"

namespace rha::sidecar::core {

std::string FormatHello(const Hello& hello) {
  return hello.sentinel.host + "," + std::to_string(hello.sentinel.port) + "," + hello.id + "," +
         std::to_string(hello.current_epoch) + "," + hello.group + "," + hello.primary.host + "," +
         std::to_string(hello.primary.port) + "," + std::to_string(hello.config_epoch);
}

std::optional<Hello> ParseHello(std::string_view payload) {
  if (payload.size() > 4 * kNameBytesMax || HasControlCharacter(payload)) return std::nullopt;
  const auto tokens = Split(payload, ',');
  if (tokens.size() != 8) return std::nullopt;
  const auto sentinel_port = ParseNumber<uint16_t>(tokens[1]);
  const auto current_epoch = ParseNumber<Epoch>(tokens[3]);
  const auto primary_port = ParseNumber<uint16_t>(tokens[6]);
  const auto config_epoch = ParseNumber<Epoch>(tokens[7]);
  if (!sentinel_port || !current_epoch || !primary_port || !config_epoch) return std::nullopt;
  if (!IsRunId(tokens[2]) || !IsHost(tokens[0])) return std::nullopt;
  if (!tokens[5].empty() && !IsHost(tokens[5])) return std::nullopt;
  return Hello{.sentinel = {std::string(tokens[0]), *sentinel_port},
               .id = std::string(tokens[2]),
               .current_epoch = *current_epoch,
               .group = std::string(tokens[4]),
               .primary = {std::string(tokens[5]), *primary_port},
               .config_epoch = *config_epoch};
}

}  // namespace rha::sidecar::core
