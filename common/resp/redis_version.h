// The version of Redis whose behaviour the node has: what INFO and HELLO tell clients, and
// redis.REDIS_VERSION scripts.
#pragma once

#include <string_view>

namespace rha::resp {

inline constexpr std::string_view kRedisVersion = "7.0.15";

}  // namespace rha::resp
