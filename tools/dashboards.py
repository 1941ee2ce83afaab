"""The Grafana dashboards of charts/redisha-operator/dashboards, as rows of panels; tools/charts.py writes them.

A panel is (title, unit, legend, expressions...); legends with | are those of its expressions in turn. Every metric must be one of docs/metrics.md (tests/charts/charts_test.py).
"""
import json

ONE = 'namespace=~"$namespace", redisha=~"$redisha"'
POD = ONE + ', pod=~"$pod"'
# Between the label of the series of a pod and that of the operator's, which calls the resource by `name`.
RESOURCE = 'namespace=~"$namespace", name=~"$redisha"'
PHASES = ("detect", "elect", "promote", "route")

FLEET = [
    ("RedisHA", "none", "", "count(redisha_ready)"),
    ("Ready", "none", "", "sum(redisha_ready)"),
    ("Without a primary", "none", "", "count(redisha_has_primary == 0) or vector(0)"),
    ("Failovers in the last hour", "none", "", "sum(increase(redisha_failovers_total[1h]))"),
    ("Not ready", "none", "{{namespace}}/{{name}}", "redisha_ready == 0"),
    ("Failovers", "none", "{{namespace}}/{{name}}", "increase(redisha_failovers_total[5m]) > 0"),
    ("Commands a second", "ops", "{{namespace}}/{{redisha}}", "topk(10, sum by (namespace, redisha) (rate(redis_commands_processed_total[5m])))"),
    ("Memory used", "bytes", "{{namespace}}/{{redisha}}", "topk(10, sum by (namespace, redisha) (redis_memory_used_bytes))"),
    ("Memory used of maxmemory", "percentunit", "{{namespace}}/{{pod}}", "topk(10, redis_memory_used_bytes / (redis_memory_max_bytes > 0))"),
    ("Sentinels heard", "none", "{{namespace}}/{{redisha}}", "min by (namespace, redisha) (redis_sentinel_master_ok_sentinels)"),
]
RESOURCE_PANELS = [
    ("Primary", "none", "{{pod}}", f'redis_instance_info{{{ONE}, role="master"}}'),
    ("Pods ready", "none", "", f"redisha_replicas_ready{{{RESOURCE}}}"),
    ("Failovers", "none", "", f"redisha_failovers_total{{{RESOURCE}}}"),
    ("Majority", "none", "", f"min(redisha_sentinel_has_majority{{{ONE}}})"),
    ("Server up", "none", "{{pod}}", f"redis_up{{{POD}}}"),
    ("Commands a second", "ops", "{{pod}}", f"rate(redis_commands_processed_total{{{POD}}}[1m])"),
    ("Commands a second by command", "ops", "{{cmd}}", f"topk(10, sum by (cmd) (rate(redis_commands_total{{{POD}}}[1m])))"),
    ("99th percentile by command", "µs", "{{cmd}}",
     f"topk(10, histogram_quantile(0.99, sum by (cmd, le) (rate(redis_commands_latencies_usec_bucket{{{POD}}}[5m]))))"),
    ("Hits and misses a second", "ops", "{{pod}} hits | {{pod}} misses", f"rate(redis_keyspace_hits_total{{{POD}}}[1m])", f"-rate(redis_keyspace_misses_total{{{POD}}}[1m])"),
    ("Clients", "none", "{{pod}}", f"redis_connected_clients{{{POD}}}"),
    ("Memory used and limit", "bytes", "{{pod}} | {{pod}} limit", f"redis_memory_used_bytes{{{POD}}}", f"redis_memory_max_bytes{{{POD}}}"),
    ("Keys", "none", "{{pod}} {{db}}", f"redis_db_keys{{{POD}}} > 0"),
    # Both of the primary's page: two pods are scraped at two moments, between which it writes.
    ("Behind the primary", "bytes", "{{slave_ip}}",
     f"redis_master_repl_offset{{{ONE}}} - on (namespace, redisha, pod) group_right () redis_connected_slave_offset_bytes{{{ONE}}}"),
    ("Longest turn of the server's loop", "µs", "{{pod}}", f"redis_eventloop_duration_max_usec{{{POD}}}"),
    ("Evicted and expired keys a second", "none", "{{pod}} evicted | {{pod}} expired", f"rate(redis_evicted_keys_total{{{POD}}}[5m])", f"rate(redis_expired_keys_total{{{POD}}}[5m])"),
    ("Network", "Bps", "{{pod}} out | {{pod}} in", f"rate(redis_net_output_bytes_total{{{POD}}}[1m])", f"-rate(redis_net_input_bytes_total{{{POD}}}[1m])"),
    ("Failover, 99th percentile of an hour", "s", "all of it",
     f"histogram_quantile(0.99, sum by (le) (increase(redisha_sentinel_failover_duration_seconds_bucket{{{ONE}}}[1h])))"),
    ("Failover by phase, mean of an hour", "s", " | ".join(PHASES),
     *(f"sum(increase(redisha_sentinel_{phase}_seconds_sum{{{ONE}}}[1h])) / sum(increase(redisha_sentinel_{phase}_seconds_count{{{ONE}}}[1h]))"
       for phase in PHASES)),
]
OPERATOR = [
    ("Leads", "none", "{{pod}}", "leader_election_master_status"),
    ("Reconciliations a second", "ops", "{{result}}", 'sum by (result) (rate(controller_runtime_reconcile_total{controller="redisha"}[5m]))'),
    ("Errors a second", "ops", "", 'sum(rate(controller_runtime_reconcile_errors_total{controller="redisha"}[5m]))'),
    ("Time of a reconciliation, 99th percentile", "s", "",
     'histogram_quantile(0.99, sum by (le) (rate(controller_runtime_reconcile_time_seconds_bucket{controller="redisha"}[5m])))'),
    ("Waiting in the queue", "none", "{{pod}}", 'workqueue_depth{name="redisha"}'),
    ("Longest at one resource", "s", "{{pod}}", 'workqueue_longest_running_processor_seconds{name="redisha"}'),
    ("Requests a second", "reqps", "{{method}} {{code}}", "sum by (method, code) (rate(rest_client_requests_total[5m]))"),
    ("Memory", "bytes", "{{pod}}",
     "process_resident_memory_bytes and on (instance) controller_runtime_active_workers"),
    ("CPU", "none", "{{pod}}", "rate(process_cpu_seconds_total[5m]) and on (instance) controller_runtime_active_workers"),
]
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
STATS = 4  # the first panels of fleet and resource are single numbers


def variable(name, query):
    return {"name": name, "type": "query", "datasource": SOURCE, "query": query, "definition": query, "refresh": 2,
            "includeAll": name != "redisha", "multi": name == "pod", "allValue": ".*" if name != "redisha" else None, "sort": 1}


def panels(rows, stats):
    laid = []
    for i, (title, unit, legend, *expressions) in enumerate(rows):
        single = i < stats
        at = {"h": 4, "w": 6, "x": 6 * i, "y": 0} if single else {"h": 8, "w": 12, "x": 12 * ((i - stats) % 2), "y": 4 + 8 * ((i - stats) // 2)}
        legends = legend.split(" | ") if " | " in legend else [legend or "__auto"] * len(expressions)
        # increase() guesses what was before the first scrape: a count is shown without the guess's fraction.
        defaults = {"unit": unit, "decimals": 0} if single else {"unit": unit}
        laid.append({"id": i + 1, "title": title, "type": "stat" if single else "timeseries", "datasource": SOURCE, "gridPos": at,
                     "fieldConfig": {"defaults": defaults, "overrides": []},
                     "targets": [{"refId": chr(65 + n), "expr": expression, "legendFormat": legends[n], "datasource": SOURCE}
                                 for n, expression in enumerate(expressions)]})
    return laid


def dashboard(uid, title, rows, stats, variables=(), annotations=()):
    source = {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    return {"uid": uid, "title": title, "tags": ["redisha"], "schemaVersion": 39, "version": 1, "editable": True, "refresh": "30s",
            "time": {"from": "now-1h", "to": "now"}, "templating": {"list": [source, *variables]},
            "annotations": {"list": list(annotations)}, "panels": panels(rows, stats)}


def dashboards():
    """File name → text."""
    failovers = {"name": "Failovers", "enable": True, "iconColor": "red", "datasource": SOURCE,
                 "expr": f"max by (namespace, redisha) (increase(redisha_sentinel_failovers_total{{{ONE}}}[1m])) > 0",
                 "titleFormat": "new primary of {{namespace}}/{{redisha}}", "step": "30s"}
    variables = [variable("namespace", "label_values(redisha_sentinel_info, namespace)"),
                 variable("redisha", 'label_values(redisha_sentinel_info{namespace=~"$namespace"}, redisha)'),
                 variable("pod", f"label_values(redisha_sentinel_info{{{ONE}}}, pod)")]
    made = {"fleet": dashboard("redisha-fleet", "RedisHA / Fleet", FLEET, STATS),
            "redisha": dashboard("redisha-one", "RedisHA / One RedisHA", RESOURCE_PANELS, STATS, variables, [failovers]),
            "operator": dashboard("redisha-operator", "RedisHA / Operator", OPERATOR, 0)}
    return {f"{name}.json": json.dumps(value, indent=1, ensure_ascii=False) + "\n" for name, value in made.items()}
