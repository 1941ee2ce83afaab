#!/usr/bin/env python3
"""The demo: a RedisHA on a one-machine Kubernetes, a writer, a SIGKILL, and proof that nothing was lost.

Exit code 0 only if every claim that it prints was true.
"""
import argparse
import os
import signal
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)
from scripts.observe import QUERIES, Prometheus  # noqa: E402
from tests.support import resp  # noqa: E402
from tests.support.cluster import Failed, LocalCluster, RedisHA, wait_for  # noqa: E402
from tests.support.writer import Writer  # noqa: E402

READY_TIMEOUT_S = 120
FAILOVER_TIMEOUT_S = 30
REJOIN_TIMEOUT_S = 60
KEYS_BEFORE_KILL = 20_000
KEYS_AFTER_KILL = 20_000
TERMINAL = sys.stdout.isatty()


class Screen:
    """Steps with a mark in front; on a terminal the current one is a live line."""

    def __init__(self):
        self.step_start = time.monotonic()
        self.live = False

    def progress(self, text):
        if TERMINAL:
            elapsed = time.monotonic() - self.step_start
            print(f"\r\033[K  … {text}  ({elapsed:.1f} s)", end="", flush=True)
            self.live = True

    def done(self, text):
        if self.live:
            print("\r\033[K", end="")
            self.live = False
        print(f"  ✓ {text}", flush=True)
        self.step_start = time.monotonic()

    def title(self, text):
        print(f"\n{text}", flush=True)
        self.step_start = time.monotonic()


def pods_view(ha):
    status = ha.object().get("status", {})
    return f"{status.get('readyReplicas', 0)}/{status.get('replicas', 0)} pods ready, primary: {status.get('currentPrimary') or 'none yet'}"


def run(arguments, cluster, screen):
    screen.title("1. A Kubernetes on this machine")
    note = next((line.strip() for line in cluster.up().splitlines() if "namespaces" in line), None)
    screen.done(f"API server, controllers, kubelet and operator are up (data in {arguments.dir})")
    if note:
        print(f"    {note}")

    screen.title("2. kubectl apply -f examples/minimal.yaml")
    print("  " + cluster.apply(os.path.join(ROOT, "examples", "minimal.yaml")).strip().replace("\n", "\n  "))
    ha = RedisHA(cluster, "demo")
    wait_for("RedisHA demo to be Ready", ha.ready, READY_TIMEOUT_S, lambda: screen.progress(pods_view(ha)))
    screen.done(f"Ready: {pods_view(ha)}")

    prometheus = Prometheus(cluster, ha) if arguments.observe else None
    if prometheus:
        screen.progress("starting Prometheus")
        prometheus.start()
        screen.done(f"Prometheus scrapes the three pods and the operator: {prometheus.address}")

    screen.title("3. A client that finds the primary through Sentinel writes all five types at full speed")
    ips, sentinels = ha.pod_ips(), ha.sentinels()
    pod_of = {ip: name for name, ip in ips.items()}
    writer = Writer(sentinels, ha.master_name, ha.password())
    started = time.monotonic()
    writer.start()
    wait_for(f"{KEYS_BEFORE_KILL} acknowledged keys", lambda: writer.written >= KEYS_BEFORE_KILL, READY_TIMEOUT_S,
             lambda: screen.progress(f"{writer.written} keys acknowledged"))
    old_ip = writer.primary[0]
    rate = writer.written / (time.monotonic() - started)
    screen.done(f"{writer.written} keys acknowledged by the primary {pod_of[old_ip]} and a replica, {rate:,.0f} keys/s")

    screen.title(f"4. kill -9 of the primary's server process ({pod_of[old_ip]})")
    old_pid = ha.node_pid(old_ip)
    killed = time.monotonic()
    written_before = writer.written
    os.kill(old_pid, signal.SIGKILL)
    wait_for("writes on a new primary", lambda: writer.written >= written_before + KEYS_AFTER_KILL and
             writer.primary[0] != old_ip, FAILOVER_TIMEOUT_S, lambda: screen.progress("writes are down"))
    outage = writer.outage_after(killed)
    new_ip = writer.primary[0]
    screen.done(f"{pod_of[new_ip]} was elected; writes were down for {outage:.0f} ms")

    screen.title("5. What became of the data and of the killed pod")
    wait_for(f"{pod_of[old_ip]} to return as a replica in sync", lambda: rejoined(ha, old_ip, new_ip), REJOIN_TIMEOUT_S,
             lambda: screen.progress(f"waiting for {pod_of[old_ip]} to come back as a replica"))
    screen.done(f"{pod_of[old_ip]} is back, as a replica of {pod_of[new_ip]}")
    wait_for("RedisHA demo to be Ready again", ha.ready, READY_TIMEOUT_S, lambda: screen.progress(pods_view(ha)))
    writer.stop()
    missing = writer.missing(new_ip, 6379)
    if missing:
        raise Failed(f"{len(missing)} acknowledged keys are missing, the first is {missing[0]}")
    screen.done(f"all {writer.written} acknowledged keys are there")
    wait_for("the API to name the new primary", lambda: ha.object()["status"].get("currentPrimary") == pod_of[new_ip], 10)
    screen.done(f"kubectl get redisha demo says: primary {pod_of[new_ip]}")
    if prometheus:
        observe(prometheus, screen, arguments.keep, pod_of)
    return ha, new_ip


def observe(prometheus, screen, stays, pod_of):
    screen.title("6. What Prometheus saw")
    wait_for("Prometheus to see the failover", lambda: sum(value for _, value in prometheus.query("redisha_failovers_total")) >= 1, 30)
    number = lambda value: f"{value:,.0f}" if value >= 100 else f"{value:,.4g}"  # noqa: E731
    for expression, meaning in QUERIES.items():
        values = wait_for(f"an answer to {expression}", lambda: prometheus.query(expression), 30)
        shown = ", ".join(f"{series_name(labels, pod_of)} {number(value)}".strip() for labels, value in values)
        screen.done(f"{meaning}: {shown}")
        print(f"      {expression}" + (f"\n      {prometheus.link(expression)}" if stays else ""))


def series_name(labels, pod_of):
    """A replica that its primary tells of has the primary's name in `pod`; whom it means is in `slave_ip`."""
    return pod_of.get(labels.get("slave_ip")) or labels.get("pod", "")


def rejoined(ha, ip, primary_ip):
    connection = ha.connect(ip)
    try:
        state = resp.info(connection, "replication")
    finally:
        connection.close()
    return state["role"] == "slave" and state.get("master_host") == primary_ip and state["master_link_status"] == "up"


def what_next(arguments, ha, primary_ip):
    config = cluster_path(arguments, "kubeconfig")
    print(f"""
Try next:
  kubectl --kubeconfig {config} get redisha,sts,pods,svc,events
  export REDISCLI_AUTH="$(kubectl --kubeconfig {config} get secret demo-auth -o jsonpath='{{.data.password}}' | base64 -d)"
  redis-cli -h {primary_ip}
  redis-cli -h {primary_ip} -p 26379 sentinel get-master-addr-by-name {ha.master_name}
  curl http://{primary_ip}:9121/metrics
  build/release/bin/redisha local down --purge --dir {arguments.dir}      (when you are done)""")
    if arguments.observe:
        print("The links to Prometheus work in a browser on this machine; for one elsewhere:\n"
              f"  kubectl --kubeconfig {config} port-forward --address 0.0.0.0 pod/prometheus 19090:9090")


def cluster_path(arguments, name):
    return os.path.relpath(os.path.join(arguments.dir, name))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin-dir", default=os.path.join(ROOT, "build", "release", "bin"))
    parser.add_argument("--dir", default=os.path.join(ROOT, ".redisha", "local"), help="data of the local cluster")
    parser.add_argument("--observe", action="store_true", help="with Prometheus, and the queries to look at")
    parser.add_argument("--keep", action="store_true", help="leave the cluster running at the end")
    arguments = parser.parse_args()
    cluster = LocalCluster(arguments.bin_dir, arguments.dir)
    screen = Screen()
    code = 1
    try:
        ha, primary_ip = run(arguments, cluster, screen)
        code = 0
        print("\nEverything above was checked, not assumed.")
        if arguments.keep:
            what_next(arguments, ha, primary_ip)
    except (Failed, resp.Disconnected, resp.Error, KeyboardInterrupt) as error:
        print(f"\n  ✗ {error or 'interrupted'}", file=sys.stderr)
        print(f"    logs: {arguments.dir}; look around with: kubectl --kubeconfig {cluster_path(arguments, 'kubeconfig')} get pods,events",
              file=sys.stderr)
    finally:
        if not (arguments.keep and code == 0):
            cluster.redisha("local", "down", "--dir", arguments.dir, *(["--purge"] if code == 0 else []), check=False)
    if code == 0 and not arguments.keep:
        print("The cluster is gone again; scripts/demo --keep leaves it running, with commands to try.")
    return code


if __name__ == "__main__":
    sys.exit(main())
