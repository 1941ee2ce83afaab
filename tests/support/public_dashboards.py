"""What the panels of two public Grafana dashboards for the redis exporter ask of Prometheus, by number on grafana.com.

@ stands for the labels that the dashboard's variables choose by. 11835 has 763's panels, for pods.
"""
PANELS = [
    "max(max_over_time(redis_uptime_in_seconds{@}[1m]))",
    "redis_connected_clients{@}",
    "100 * (redis_memory_used_bytes{@} / redis_memory_max_bytes{@})",
    "rate(redis_commands_processed_total{@}[1m])",
    "irate(redis_keyspace_hits_total{@}[5m])",
    "irate(redis_keyspace_misses_total{@}[5m])",
    "redis_memory_used_bytes{@}",
    "redis_memory_max_bytes{@}",
    "rate(redis_net_input_bytes_total{@}[5m])",
    "rate(redis_net_output_bytes_total{@}[5m])",
    "sum (redis_db_keys{@}) by (db)",
    "sum (redis_db_keys{@}) - sum (redis_db_keys_expiring{@})",
    "sum (redis_db_keys_expiring{@})",
    "sum(rate(redis_expired_keys_total{@}[5m])) by (instance)",
    "sum(rate(redis_evicted_keys_total{@}[5m])) by (instance)",
    "topk(5, irate(redis_commands_total{@} [1m]))",
]
# Newer panels of 763: by command, and what the clients do.
NEWER = ["sum(irate(redis_commands_duration_seconds_total{@}[1m])) by (cmd) / sum(irate(redis_commands_total{@}[1m])) by (cmd)",
         "sum(redis_connected_clients{@})", "sum(redis_blocked_clients{@})"]
LABELS = {763: 'namespace=~"$namespace", instance=~"$instance"', 11835: 'namespace=~"$namespace", pod=~"$pod_name", instance=~"$instance"'}
QUERIES = {number: [panel.replace("@", labels) for panel in PANELS + (NEWER if number == 763 else [])]
           for number, labels in LABELS.items()}
