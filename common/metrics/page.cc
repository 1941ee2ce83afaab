#include "common/metrics/page.h"

#include <prometheus/text_serializer.h>

#include <charconv>

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

// The serializer prints 99.9 with 16 digits, "99.90000000000001"; as a label it must be the same
// text that everyone else writes.
std::string WithShortQuantiles(std::string text) {
  constexpr std::string_view kLabel = "quantile=\"";
  for (size_t at = text.find(kLabel); at != std::string::npos; at = text.find(kLabel, at)) {
    at += kLabel.size();
    const size_t end = text.find('"', at);
    char buffer[32];
    float value = 0;  // no quantile needs more than its digits
    const auto read = std::from_chars(text.data() + at, text.data() + end, value);
    if (read.ptr != text.data() + end) continue;
    const auto written = std::to_chars(buffer, buffer + sizeof buffer, value);
    text.replace(at, end - at, buffer, static_cast<size_t>(written.ptr - buffer));
  }
  return text;
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

void Page::Summary(std::string_view name, std::string_view help, const SummaryValue& value,
                   Labels labels) {
  prometheus::ClientMetric metric;
  metric.label = ToLabels(std::move(labels));
  metric.summary.sample_count = value.count;
  metric.summary.sample_sum = value.sum;
  for (const auto& [quantile, at] : value.quantiles) {
    metric.summary.quantile.push_back({quantile, at});
  }
  impl_->Family(name, help, prometheus::MetricType::Summary).metric.push_back(std::move(metric));
}

void Page::Histogram(std::string_view name, std::string_view help, const HistogramValue& value,
                     Labels labels) {
  prometheus::ClientMetric metric;
  metric.label = ToLabels(std::move(labels));
  metric.histogram.sample_count = value.count;
  metric.histogram.sample_sum = value.sum;
  for (const auto& [bound, count] : value.buckets)
    metric.histogram.bucket.push_back({count, bound});
  impl_->Family(name, help, prometheus::MetricType::Histogram).metric.push_back(std::move(metric));
}

void Page::Append(Page&& other) {
  for (prometheus::MetricFamily& family : other.impl_->families) {
    const bool is_new = impl_->index.try_emplace(family.name, impl_->families.size()).second;
    RHA_CHECK(is_new);
    impl_->families.push_back(std::move(family));
  }
  other = Page();
}

std::string Page::Text() const {
  return WithShortQuantiles(prometheus::TextSerializer().Serialize(impl_->families));
}

std::string Page::OpenMetrics() const {
  return WithShortQuantiles(OpenMetricsText(impl_->families));
}

}  // namespace rha::metrics
