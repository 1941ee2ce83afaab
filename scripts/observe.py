"""Prometheus as a pod of the local cluster, with which it ends. Debian's cannot ask the API for targets: they are the pods of now."""
import json
import os
import shutil
import sys
import tempfile
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)
from tests.support.cluster import Failed, wait_for  # noqa: E402

PORT = 9090
READY_TIMEOUT_S = 60
# What to look at: the query, and what it tells.
QUERIES = {
    "sum(redisha_failovers_total)": "failovers that the operator saw",
    'redis_instance_info{role="master"}': "who is primary (1)",
    "redisha_sentinel_failover_duration_seconds_sum": "seconds from noticing losses to the next primary, in all, by each sidecar",
    "redis_master_repl_offset - on (pod) group_right () redis_connected_slave_offset_bytes": "bytes that each replica is behind",
    "redis_memory_used_bytes": "memory of each pod's data",
    "rate(redis_commands_processed_total[1m])": "commands per second of each pod",
}
MANIFEST = """
apiVersion: v1
kind: ConfigMap
metadata: {name: prometheus}
data: {prometheus.yml: 'CONFIG'}
---
apiVersion: v1
kind: Pod
metadata: {name: prometheus}
spec:
  terminationGracePeriodSeconds: 5
  containers:
  - name: prometheus
    image: localhost/none
    command: [prometheus, --config.file=/config/prometheus.yml, --storage.tsdb.path=/prometheus, --web.listen-address=$(POD_IP):PORT]
    env: [{name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
    readinessProbe: {httpGet: {path: /-/ready, port: PORT}, periodSeconds: 1}
    volumeMounts: [{name: config, mountPath: /config}, {name: data, mountPath: /prometheus}]
  volumes: [{name: config, configMap: {name: prometheus}}, {name: data, emptyDir: {}}]
"""


class Prometheus:
    def __init__(self, cluster, ha):
        self.cluster, self.ha, self.address = cluster, ha, None

    def start(self):
        """Returns once it scrapes all three pods and the operator."""
        if not shutil.which("prometheus"):
            raise Failed("prometheus is not installed: scripts/setup prometheus installs it, or leave out --observe")
        targets = [{"targets": [f"{ip}:9121"], "labels": {"namespace": self.ha.namespace, "pod": name, "redisha": self.ha.name}}
                   for name, ip in self.ha.pod_ips().items()]
        targets += [{"targets": [f"{ip}:8080"], "labels": {"pod": name}} for name, ip in self.operator_ips().items()]
        config = {"global": {"scrape_interval": "1s"}, "scrape_configs": [{"job_name": "redisha", "static_configs": targets}]}
        text = MANIFEST.replace("CONFIG", json.dumps(config)).replace("PORT", str(PORT))
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            self.cluster.apply(file.name)
        wait_for("Prometheus to be ready", self.ready, READY_TIMEOUT_S)
        wait_for("all targets to be up", lambda: len(self.query("up == 1")) == len(targets), READY_TIMEOUT_S)

    def operator_ips(self):
        pods = json.loads(self.cluster.redisha("get", "pods", "-n", "redisha-system", "-o", "json", "--kubeconfig", self.cluster.kubeconfig))
        return {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in pods["items"]}

    def ready(self):
        status = (self.cluster.get("pod", "prometheus") or {}).get("status", {})
        self.address = f"http://{status.get('podIP')}:{PORT}"
        return any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", []))

    def ask(self, how, **parameters):
        address = f"{self.address}/api/v1/{how}?" + urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return json.load(answer)["data"]["result"]
        except OSError as error:
            raise Failed(f"ask Prometheus {parameters}: {error}") from error

    def query(self, expression):
        """The vector's samples as [(labels, value)]."""
        return [(sample["metric"], float(sample["value"][1])) for sample in self.ask("query", query=expression)]

    def query_range(self, expression, start, end):
        """All values of all series of that time, second by second, as a panel would draw them."""
        series = self.ask("query_range", query=expression, start=start, end=end, step=1)
        return [float(value) for one in series for _, value in one["values"]]

    def link(self, expression):
        return f"{self.address}/graph?" + urllib.parse.urlencode({"g0.expr": expression, "g0.tab": "0", "g0.range_input": "15m"})
