// Metrics that are counted over time, and the page that shows them with everything gathered on
// demand.
//
//   metrics::Registry registry;
//   metrics::Counter& failovers = registry.AddCounter("redisha_sentinel_failovers_total", "…");
//   failovers.Increment();
//   registry.AddCollector([&](metrics::Page& page) { CollectProcess(page); });
//   handlers["/metrics"] = registry.PageHandler();
//
// Thread rule: counters, gauges, histograms and Text() may be used from any thread; Add… before the
// first page is asked for. Returned references live as long as the registry. Labelled series are
// made by calling Add… again with the same name; the same name and labels give the same object.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/http/server.h"
#include "common/metrics/page.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace rha::metrics {

class Counter {
 public:
  explicit Counter(prometheus::Counter& counter) : counter_(&counter) {}
  void Increment(double by = 1);
  double Value() const;

 private:
  prometheus::Counter* counter_;
};

class Gauge {
 public:
  explicit Gauge(prometheus::Gauge& gauge) : gauge_(&gauge) {}
  void Set(double value);
  void Add(double by);
  double Value() const;

 private:
  prometheus::Gauge* gauge_;
};

class Histogram {
 public:
  explicit Histogram(prometheus::Histogram& histogram) : histogram_(&histogram) {}
  void Observe(double value);

 private:
  prometheus::Histogram* histogram_;
};

class Registry {
 public:
  using Collector = std::function<void(Page&)>;

  Registry();
  ~Registry();

  // These are handles, cheap to copy.
  Counter AddCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge AddGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  // Upper bounds of the buckets, ascending; +Inf is added.
  Histogram AddHistogram(const std::string& name, const std::string& help,
                         const std::vector<double>& bounds, const Labels& labels = {});
  // Called for each page, on the thread that asked for it.
  void AddCollector(Collector collector);

  std::string Text() const { return Gather().Text(); }
  Page Gather() const;
  // Serves it as text, or as OpenMetrics to whoever accepts that. The registry must outlive the
  // server.
  http::Handler PageHandler() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rha::metrics
