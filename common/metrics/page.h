// Metric families built anew for each page from a snapshot, and the Prometheus text format.
//
// For values that live elsewhere (an INFO reply, /proc, a status struct): gather them into a Page
// when a collector asks. Values that are counted over time live in a Registry (registry.h).
// Families keep the order of their first sample. Thread rule: one owner; a Page is a local.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rha::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

constexpr char kTextContentType[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr char kOpenMetricsContentType[] =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

class Page {
 public:
  Page();
  ~Page();
  Page(Page&&) noexcept;
  Page& operator=(Page&&) noexcept;

  // One sample. The family's help and type are those of its first sample; mixing types is a bug.
  void Gauge(std::string_view name, std::string_view help, double value, Labels labels = {});
  void Counter(std::string_view name, std::string_view help, double value, Labels labels = {});
  struct SummaryValue {
    std::vector<std::pair<double, double>> quantiles;  // quantile → value
    double sum = 0;
    uint64_t count = 0;
  };
  void Summary(std::string_view name, std::string_view help, const SummaryValue& value,
               Labels labels = {});
  struct HistogramValue {
    std::vector<std::pair<double, uint64_t>> buckets;  // upper bound → samples up to it; no +Inf
    double sum = 0;
    uint64_t count = 0;
  };
  void Histogram(std::string_view name, std::string_view help, const HistogramValue& value,
                 Labels labels = {});
  // Takes the families of `other`; they must not be here yet.
  void Append(Page&& other);
  // Text exposition format 0.0.4.
  std::string Text() const;
  // OpenMetrics 1.0: the same series. What it cannot call by its type is of unknown type there: a
  // counter without _total, a summary by percent.
  std::string OpenMetrics() const;

 private:
  friend class Registry;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rha::metrics
