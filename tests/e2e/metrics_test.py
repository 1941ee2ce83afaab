"""The metrics pages of a RedisHA and its operator: names, types and labels of the exporter, the formats, the documentation."""
import glob
import json
import math
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open_metrics

from scripts import observe
from tests.support import exposition, public_dashboards, resp
from tests.support.cluster import LocalCluster, RedisHA, wait_for
from tests.support.cluster_case import MINIMAL, ROOT

# The names of exporter and Sentinel that the linter dislikes; everything of our own is clean.
EXPORTERS_NAMES = re.compile(r"redis_(?!ha)")
# What is said of the exporter itself and not of the server; the last one is about keys it was asked to look at.
OF_THE_EXPORTER = {"redis_exporter_last_scrape_connect_time_seconds", "redis_exporter_scrape_duration_seconds",
                   "redis_last_key_groups_scrape_duration_milliseconds"}
# The exporter's version 1.45 calls it a gauge, later ones and we a counter.
OTHER_TYPE = {"redis_expired_time_cap_reached_total"}
# Labels that later versions of the exporter added, or that tell one program from another.
OTHER_LABELS = {"redis_instance_info", "redis_exporter_build_info", "redis_exporter_last_scrape_error"}
# What a scrape cannot change, so that exporter and sidecar must agree on the value.
STEADY = ("redis_db_keys", "redis_db_keys_expiring", "redis_config_", "redis_memory_max_bytes", "redis_connected_slaves",
          "redis_aof_enabled", "redis_rdb_last_bgsave_status", "redis_master_link_up", "redis_slave_info", "redis_slave_priority",
          "redis_process_id", "redis_errors_total", "redis_evicted_keys_total",
          "redis_rejected_connections_total")
COMMANDS_OF_A_SCRAPE = {"info", "config|get", "slowlog|get", "slowlog|len", "latency|latest", "latency|histogram", "client|setname",
                        "auth"}
# Sentinels and replicas send these whenever they please, also between the two scrapes.
COMMANDS_OF_OTHERS = {"ping", "publish", "replconf"}


class MetricsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="redisha-metrics-")
        cls.addClassCleanup(directory.cleanup)
        cls.cluster = LocalCluster(os.environ["RHA_BIN_DIR"], os.path.join(directory.name, "local"))
        cls.addClassCleanup(cls.cluster.down)
        cls.cluster.up("--restart-backoff-max-seconds", "1")
        cls.cluster.apply(MINIMAL)
        cls.ha = RedisHA(cls.cluster, "demo")
        wait_for("RedisHA demo to be Ready", cls.ha.ready, 120)
        cls.use()
        cls.fail_over()

    @classmethod
    def use(cls):
        connection = cls.ha.connect(cls.primary_ip())
        connection.command("SET", "key", "value")
        connection.command("SET", "passing", "value", "EX", "1000")
        connection.command("GET", "key")
        connection.close()

    @classmethod
    def fail_over(cls):
        old = cls.primary_ip()
        wait_for("two replicas in sync", lambda: cls.ha.all_follow(old), 60)
        os.kill(cls.ha.node_pid(old), signal.SIGKILL)
        new = wait_for("another primary", lambda: cls.primary_ip() not in (None, old) and cls.primary_ip(), 60)
        wait_for("two replicas in sync again", lambda: cls.ha.all_follow(new), 60)
        for ip in cls.ha.pod_ips().values():  # counters begin anew with a process
            connection = cls.ha.connect(ip)
            try:
                connection.command("LPUSH", "key", "not a list")
            except resp.Error:
                pass
            connection.command("GET", "key")
            connection.close()
        wait_for("RedisHA demo to be Ready", cls.ha.ready, 120)
        wait_for("the operator to have seen it", lambda: cls.ha.object()["status"].get("failoverCount"), 60)

    @classmethod
    def primary_ip(cls):
        for name, ip in cls.ha.pod_ips().items():
            pod = cls.cluster.get("pod", name)
            if pod["metadata"].get("labels", {}).get("ha.redisha.io/role") == "primary":
                return ip
        return None

    def pods(self):
        return {name: f"http://{ip}:9121/metrics" for name, ip in self.ha.pod_ips().items()}

    def operator(self):
        listed = subprocess.run(["kubectl", "--kubeconfig", self.cluster.kubeconfig, "get", "pods", "-n", "redisha-system", "-o",
                                 "jsonpath={.items[*].status.podIP}"], check=True, capture_output=True, text=True, timeout=30)
        return f"http://{listed.stdout.split()[0]}:8080/metrics"

    def pages(self):
        return {"operator": self.operator(), **self.pods()}

    @unittest.skipUnless(shutil.which("promtool"), "no promtool in PATH: apt-get install prometheus")
    def test_the_linter_dislikes_names_of_the_exporter_alone(self):
        for name, url in self.pages().items():
            complaints = exposition.lint(exposition.fetch(url))
            ours = {metric: words for metric, words in complaints.items() if not EXPORTERS_NAMES.match(metric)}
            self.assertEqual(ours, {}, name)

    def test_open_metrics_are_sound_and_have_the_same_series(self):
        for name, url in self.pages().items():
            open_metrics = exposition.fetch(url, exposition.OPEN_METRICS)
            self.assertTrue(list(parse_open_metrics(open_metrics)), name)
            self.assertTrue(open_metrics.endswith("# EOF\n"))
            text = exposition.fetch(url)
            self.assertNotIn("# EOF", text)
            self.assertEqual({key[0] for key in exposition.samples(open_metrics)}, {key[0] for key in exposition.samples(text)}, name)

    @unittest.skipUnless(shutil.which(exposition.EXPORTER), f"no {exposition.EXPORTER} in PATH: apt-get install it")
    def test_the_page_has_what_the_exporter_has_of_the_same_server(self):
        for name, ip in self.ha.pod_ips().items():
            with self.subTest(pod=name):
                exposition.fetch(f"http://{ip}:9121/metrics")  # its own commands are counted as well
                theirs = exposition.exporter_page(ip, 6379, self.ha.password())
                ours = exposition.fetch(f"http://{ip}:9121/metrics")
                self.same_families(exposition.types(theirs), exposition.types(ours))
                self.same_series(exposition.samples(theirs), exposition.samples(ours))

    def same_families(self, theirs, ours):
        wanted = {family: kind for family, kind in theirs.items() if family.startswith("redis_")}
        for family in OF_THE_EXPORTER | OTHER_TYPE:
            wanted.pop(family, None)
        self.assertEqual({family: ours.get(family) for family in wanted}, wanted)
        self.assertLessEqual(OTHER_TYPE, set(ours))

    def same_series(self, theirs, ours):
        for (metric, labels), value in theirs.items():
            if not metric.startswith("redis_") or metric.startswith(tuple(OF_THE_EXPORTER)):
                continue
            if metric in OTHER_LABELS:
                names = {label for label, _ in labels}
                self.assertTrue(any(metric == m and names - {"commit_sha", "build_date", "golang_version"} <= {label for label, _ in own}
                                    for m, own in ours), metric)
                continue
            self.assertIn((metric, labels), ours)
            steady = metric == "redis_up" or metric.startswith(STEADY) or (
                metric == "redis_commands_total" and dict(labels)["cmd"] not in COMMANDS_OF_A_SCRAPE | COMMANDS_OF_OTHERS)
            if steady:
                self.assertEqual(float(ours[metric, labels]), float(value), (metric, labels))

    def test_a_failover_is_timed_by_its_phases(self):
        def total(metric):
            return sum(float(exposition.samples(exposition.fetch(url)).get((metric, frozenset()), 0)) for url in self.pods().values())
        for phase in ("detect", "elect", "promote"):
            self.assertGreaterEqual(total(f"redisha_sentinel_{phase}_seconds_count"), 1, phase)
        wait_for("the labels", lambda: total("redisha_sentinel_route_seconds_count") >= 2, 30)
        self.assertGreaterEqual(total("redisha_sentinel_failover_duration_seconds_count"), 1)
        self.assertGreaterEqual(total("redisha_sentinel_votes_total"), 2)

    @unittest.skipUnless(shutil.which("prometheus"), "no prometheus in PATH: apt-get install prometheus")
    def test_every_panel_of_every_dashboard_gets_data_of_a_real_prometheus(self):
        for ip in self.ha.pod_ips().values():
            connection = self.ha.connect(ip)
            connection.command("CONFIG", "SET", "maxmemory", "256mb")  # a part of nothing is no number
            connection.close()
        prometheus = observe.Prometheus(self.cluster, self.ha)
        prometheus.start()
        start = time.time()
        seen = {"namespace": "default", "redisha": "demo", "pod": ".*", "pod_name": "demo-.*", "instance": ".*"}
        wanted = {f"{number}: {query}": query for number, queries in public_dashboards.QUERIES.items() for query in queries}
        for path in glob.glob(os.path.join(ROOT, "charts", "redisha-operator", "dashboards", "*.json")):
            with open(path, encoding="utf-8") as file:
                dashboard = json.load(file)
            asked = [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel["targets"]]
            asked += [(note["name"], note["expr"]) for note in dashboard["annotations"]["list"]]
            wanted.update({f"{dashboard['title']}: {title}: {query}": query for title, query in asked})
        with open(os.path.join(ROOT, "charts", "redisha-operator", "files", "alerts.yaml"), encoding="utf-8") as file:
            alerts = {rule["alert"]: rule["expr"] for group in yaml.safe_load(file)["groups"] for rule in group["rules"]}

        def values(query):
            full = re.sub(r"\$(\w+)", lambda variable: seen.get(variable[1], variable[0]), query)
            return [value for value in prometheus.query_range(full, start, time.time()) if math.isfinite(value)]

        def without_data():
            self.use()
            for query in list(wanted):
                if values(wanted[query]):
                    del wanted[query]
            return wanted

        wait_for("some scrapes", lambda: len(prometheus.query_range("redis_up", start, time.time())) >= 9, 30)
        self.fail_over()
        wait_for(lambda: f"data of {sorted(wanted)}", lambda: not without_data(), 60)
        for alert, expression in alerts.items():
            values(expression)  # is understood
        self.assertTrue(values(alerts["RedisHAFailover"]))

    def test_every_metric_is_documented_with_its_type(self):
        with open(os.path.join(ROOT, "docs", "metrics.md"), encoding="utf-8") as file:
            documented = dict(re.findall(r"^\| `(\w+)(?:\{[^`]*\})?` \| (\w+) \|", file.read(), re.MULTILINE))
        exported = {}
        for url in self.pages().values():
            exported.update(exposition.types(exposition.fetch(url)))
        self.assertEqual({name: exported.get(name) for name in documented}, documented)
        self.assertEqual(set(exported) - set(documented), set(), "docs/metrics.md lacks them")


if __name__ == "__main__":
    unittest.main()
