// OpenMetrics 1.0, which prometheus-cpp does not write: its text format with other metadata lines.
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "common/metrics/page_impl.h"

namespace rha::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view kTotal = "_total";

// A quantile of OpenMetrics is at most 1; the exporter's are percents.
bool IsByPercent(const MetricFamily& family) {
  const auto percent = [](const ClientMetric::Quantile& at) { return at.quantile > 1; };
  return family.type == MetricType::Summary &&
         std::any_of(family.metric.begin(), family.metric.end(), [&](const ClientMetric& metric) {
           const auto& quantiles = metric.summary.quantile;
           return std::any_of(quantiles.begin(), quantiles.end(), percent);
         });
}

void AppendUnknown(MetricFamily* family, const ClientMetric& metric, double value,
                   std::string quantile = {}) {
  ClientMetric copy;
  copy.label = metric.label;
  if (!quantile.empty()) copy.label.push_back({"quantile", std::move(quantile)});
  copy.untyped.value = value;
  family->metric.push_back(std::move(copy));
}

std::string ShortNumber(double value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return std::string(text.data(), end);
}

// The same series as of three families.
std::array<MetricFamily, 3> SplitByPercent(const MetricFamily& family) {
  const auto named = [&](const char* suffix) {
    return MetricFamily{family.name + suffix, family.help, MetricType::Untyped, {}};
  };
  std::array<MetricFamily, 3> parts = {named(""), named("_sum"), named("_count")};
  for (const ClientMetric& metric : family.metric) {
    for (const ClientMetric::Quantile& at : metric.summary.quantile) {
      AppendUnknown(&parts[0], metric, at.value, ShortNumber(at.quantile));
    }
    AppendUnknown(&parts[1], metric, metric.summary.sample_sum);
    AppendUnknown(&parts[2], metric, static_cast<double>(metric.summary.sample_count));
  }
  return parts;
}

MetricFamily WithoutType(const MetricFamily& family) {
  MetricFamily unknown{family.name, family.help, MetricType::Untyped, {}};
  for (const ClientMetric& metric : family.metric) {
    AppendUnknown(&unknown, metric, metric.counter.value);
  }
  return unknown;
}

std::string_view TypeWord(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Summary:
      return "summary";
    case MetricType::Histogram:
      return "histogram";
    case MetricType::Untyped:
      break;
  }
  return "unknown";
}

void Append(const MetricFamily& family, std::string* text) {
  std::string_view name = family.name;
  if (family.type == MetricType::Counter) name.remove_suffix(kTotal.size());
  *text += "# TYPE " + std::string(name) + " " + std::string(TypeWord(family.type)) + "\n";
  *text += "# HELP " + std::string(name) + " ";
  for (const char c : family.help) {
    if (c == '\\' || c == '"') *text += '\\';
    *text += c == '\n' ? "\\n" : std::string(1, c);
  }
  *text += "\n";
  const std::string samples = prometheus::TextSerializer().Serialize({family});
  const size_t type_line = samples.find("# TYPE ");
  text->append(samples, samples.find('\n', type_line) + 1);
}

}  // namespace

std::string OpenMetricsText(const std::vector<MetricFamily>& families) {
  std::string text;
  for (const MetricFamily& family : families) {
    if (IsByPercent(family)) {
      for (const MetricFamily& part : SplitByPercent(family)) Append(part, &text);
    } else if (family.type == MetricType::Counter && !family.name.ends_with(kTotal)) {
      Append(WithoutType(family), &text);
    } else {
      Append(family, &text);
    }
  }
  return text + "# EOF\n";
}

}  // namespace rha::metrics
