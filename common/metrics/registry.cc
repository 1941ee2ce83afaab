#include "common/metrics/registry.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <utility>

#include "common/metrics/page_impl.h"

namespace rha::metrics {
namespace {

constexpr std::string_view kOpenMetricsType = "application/openmetrics-text";

prometheus::Labels ToMap(const Labels& labels) {
  return prometheus::Labels(labels.begin(), labels.end());
}

}  // namespace

void Counter::Increment(double by) { counter_->Increment(by); }
double Counter::Value() const { return counter_->Value(); }
void Gauge::Set(double value) { gauge_->Set(value); }
void Gauge::Add(double by) { gauge_->Increment(by); }
double Gauge::Value() const { return gauge_->Value(); }
void Histogram::Observe(double value) { histogram_->Observe(value); }

struct Registry::Impl {
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  std::vector<Collector> collectors;
};

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Counter Registry::AddCounter(const std::string& name, const std::string& help,
                             const Labels& labels) {
  auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry);
  return Counter(family.Add(ToMap(labels)));
}

Gauge Registry::AddGauge(const std::string& name, const std::string& help, const Labels& labels) {
  auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry);
  return Gauge(family.Add(ToMap(labels)));
}

Histogram Registry::AddHistogram(const std::string& name, const std::string& help,
                                 const std::vector<double>& bounds, const Labels& labels) {
  auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(impl_->registry);
  return Histogram(family.Add(ToMap(labels), prometheus::Histogram::BucketBoundaries(bounds)));
}

void Registry::AddCollector(Collector collector) {
  impl_->collectors.push_back(std::move(collector));
}

Page Registry::Gather() const {
  Page page;
  page.impl_->families = impl_->registry.Collect();
  for (size_t i = 0; i < page.impl_->families.size(); ++i) {
    page.impl_->index.emplace(page.impl_->families[i].name, i);
  }
  for (const Collector& collect : impl_->collectors) collect(page);
  return page;
}

http::Handler Registry::PageHandler() const {
  return [this](const http::Request& request) {
    const bool open_metrics = request.accept.find(kOpenMetricsType) != std::string::npos;
    const Page page = Gather();
    return open_metrics
               ? http::Response{.content_type = kOpenMetricsContentType, .body = page.OpenMetrics()}
               : http::Response{.content_type = kTextContentType, .body = page.Text()};
  };
}

}  // namespace rha::metrics
