// What INFO and HELLO tell clients, and redis.REDIS_VERSION scripts, who take from it what they may
// use: all that 7.4 has, among it lifetimes of fields. Everything that 7.0.15 has behaves as there.
#pragma once

#include <string_view>

namespace rha::resp {

inline constexpr std::string_view kRedisVersion = "7.4.0";

}  // namespace rha::resp
