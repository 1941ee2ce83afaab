// ServiceMonitor NAME, PodMonitor NAME and PrometheusRule NAME, for the Prometheus Operator.
#include <nlohmann/json.hpp>
#include <string_view>

#include "operator/desired/desired.h"
#include "operator/desired/names.h"

namespace rha::op::desired {
namespace {

constexpr std::string_view kMetricsPortName = "http-metrics";
// Written by tools/charts.py: the alerts as JSON, with marks for whom they are about.
constexpr std::string_view kAlertRules =
#include "operator/desired/alert_rules.inc"
    ;
constexpr std::string_view kNamespaceMark = "@NAMESPACE@", kNameMark = "@NAME@";

k8s::Json Monitor(const k8s::ResourceType& type, const api::RedisHa& redisha,
                  const api::MonitorSpec& monitor) {
  k8s::Json object = NewChild(type, redisha, redisha.key.name);
  for (const auto& [name, value] : monitor.labels) {
    k8s::Json& labels = object["metadata"]["labels"];
    if (!labels.contains(name)) labels[name] = value;  // ours are what the operator finds it by
  }
  return object;
}

k8s::Json Endpoint(const api::RedisHa& redisha, const api::MonitorSpec& monitor,
                   k8s::Json more_labels = k8s::Json::array()) {
  k8s::Json relabelings = {{{"targetLabel", "redisha"}, {"replacement", redisha.key.name}}};
  relabelings.insert(relabelings.end(), more_labels.begin(), more_labels.end());
  return {{"port", kMetricsPortName},
          {"interval", monitor.interval},
          {"relabelings", std::move(relabelings)}};
}

// Replaces both marks everywhere in the strings of `value`.
void FillIn(const k8s::ObjectKey& key, k8s::Json* value) {
  if (value->is_structured()) {
    for (k8s::Json& inner : *value) FillIn(key, &inner);
    return;
  }
  if (!value->is_string()) return;
  std::string text = value->get<std::string>();
  for (const auto& [mark, name] :
       {std::pair(kNamespaceMark, key.ns), std::pair(kNameMark, key.name)}) {
    for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
      text.replace(at, mark.size(), name);
      at += name.size();
    }
  }
  *value = std::move(text);
}

}  // namespace

k8s::Json ServiceMonitor(const api::RedisHa& redisha) {
  const api::MonitorSpec& monitor = redisha.spec.metrics.service_monitor;
  k8s::Json object = Monitor(k8s::kServiceMonitors, redisha, monitor);
  // Of the Services with these labels NAME-pods alone has the port.
  object["spec"] = {{"selector", {{"matchLabels", CommonLabels(redisha.key.name)}}},
                    {"endpoints", k8s::Json::array({Endpoint(redisha, monitor)})}};
  return object;
}

k8s::Json PodMonitor(const api::RedisHa& redisha) {
  const api::MonitorSpec& monitor = redisha.spec.metrics.pod_monitor;
  k8s::Json object = Monitor(k8s::kPodMonitors, redisha, monitor);
  // As a ServiceMonitor would: dashboards of others select by it.
  const k8s::Json service = {
      {{"targetLabel", "service"}, {"replacement", PodsServiceName(redisha.key.name)}}};
  object["spec"] = {
      {"selector", {{"matchLabels", SelectorLabels(redisha.key.name)}}},
      {"podMetricsEndpoints", k8s::Json::array({Endpoint(redisha, monitor, service)})}};
  return object;
}

k8s::Json PrometheusRule(const api::RedisHa& redisha) {
  k8s::Json object = Monitor(k8s::kPrometheusRules, redisha, redisha.spec.metrics.prometheus_rule);
  k8s::Json rules = k8s::Json::parse(kAlertRules);
  FillIn(redisha.key, &rules);
  object["spec"] = {{"groups", k8s::Json::array({{{"name", "redisha"}, {"rules", rules}}})}};
  return object;
}

}  // namespace rha::op::desired
