#include "common/metrics/page.h"

#include <prometheus/text_serializer.h>

#include "common/base/check.h"
#include "common/metrics/page_impl.h"

namespace rha::metrics {
namespace {

std::vector<prometheus::ClientMetric::Label> ToLabels(Labels labels) {
  std::vector<prometheus::ClientMetric::Label> result;
  result.reserve(labels.size());
  for (auto& [name, value] : labels) result.push_back({std::move(name), std::move(value)});
  return result;
}

}  // namespace

prometheus::MetricFamily& Page::Impl::Family(std::string_view name, std::string_view help,
                                             prometheus::MetricType type) {
  const auto [place, is_new] = index.try_emplace(std::string(name), families.size());
  if (is_new) {
    prometheus::MetricFamily family;
    family.name = name;
    family.help = help;
    family.type = type;
    families.push_back(std::move(family));
  }
  prometheus::MetricFamily& family = families[place->second];
  RHA_CHECK(family.type == type);
  return family;
}

Page::Page() : impl_(std::make_unique<Impl>()) {}
Page::~Page() = default;
Page::Page(Page&&) noexcept = default;
Page& Page::operator=(Page&&) noexcept = default;

void Page::Gauge(std::string_view name, std::string_view help, double value, Labels labels) {
  prometheus::ClientMetric metric;
  metric.label = ToLabels(std::move(labels));
  metric.gauge.value = value;
  impl_->Family(name, help, prometheus::MetricType::Gauge).metric.push_back(std::move(metric));
}

void Page::Counter(std::string_view name, std::string_view help, double value, Labels labels) {
  prometheus::ClientMetric metric;
  metric.label = ToLabels(std::move(labels));
  metric.counter.value = value;
  impl_->Family(name, help, prometheus::MetricType::Counter).metric.push_back(std::move(metric));
}

std::string Page::Text() const { return prometheus::TextSerializer().Serialize(impl_->families); }

}  // namespace rha::metrics
