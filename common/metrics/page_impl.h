// What Page and Registry share: families of prometheus-cpp. Included by the sources of this folder
// only.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "common/metrics/page.h"

namespace rha::metrics {

struct Page::Impl {
  std::vector<prometheus::MetricFamily> families;
  std::unordered_map<std::string, size_t> index;  // name → position in families

  prometheus::MetricFamily& Family(std::string_view name, std::string_view help,
                                   prometheus::MetricType type);
};

// Page::OpenMetrics.
std::string OpenMetricsText(const std::vector<prometheus::MetricFamily>& families);

}  // namespace rha::metrics
