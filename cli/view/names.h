// Names that the operator and the sentinels give (docs/operator.md); the CLI only reads them.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/k8s/object_ref.h"

namespace rha::cli {

inline constexpr k8s::ResourceType kRedisHas{"ha.redisha.io", "v1", "redishas", "RedisHA"};

inline constexpr std::string_view kLabelRole = "ha.redisha.io/role";
inline constexpr std::string_view kLabelInstance = "app.kubernetes.io/instance";
// What every pod of a RedisHA carries.
inline constexpr std::string_view kPodSelector =
    "app.kubernetes.io/name=redisha,app.kubernetes.io/component=data";

inline constexpr int64_t kSecondUs = 1'000'000;

inline constexpr uint16_t kNodePort = 6379;
inline constexpr uint16_t kSentinelPort = 26379;
inline constexpr uint16_t kMetricsPort = 9121;

}  // namespace rha::cli
