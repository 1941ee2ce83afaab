// Which fields of INFO become which metric.
#pragma once

#include <span>

namespace rha::sidecar::shell {

struct NodeMetricRow {
  const char* field;  // of INFO
  const char* metric;
  bool counter;
};

std::span<const NodeMetricRow> NodeMetricRows();

}  // namespace rha::sidecar::shell
