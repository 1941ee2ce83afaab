"""A RedisHA on the one-machine Kubernetes (`redisha local`), as tests and the demo see it.

Everything is asked of the API through the `redisha` and kubectl-compatible interfaces; nothing here knows how the
cluster is made. Waiting is always for a condition with a deadline and a name, never for a time.
"""
import base64
import json
import os
import subprocess
import time

from . import resp


class Failed(Exception):
    pass


def wait_for(what, condition, timeout_s, on_wait=None):
    """The first true value of condition(); raises Failed naming `what`, a text or what gives one, when the deadline passes."""
    deadline = time.monotonic() + timeout_s
    last_error = None
    while True:
        try:
            value = condition()
            if value:
                return value
        except (resp.Disconnected, resp.Error, Failed) as error:
            last_error = error
        if time.monotonic() > deadline:
            hint = f"; last problem: {last_error}" if last_error else ""
            raise Failed(f"waited {timeout_s} s in vain for {what() if callable(what) else what}{hint}")
        if on_wait:
            on_wait()
        time.sleep(0.05)


class LocalCluster:
    def __init__(self, bin_dir, directory):
        self.program = os.path.join(bin_dir, "redisha")
        self.directory = directory
        self.kubeconfig = os.path.join(directory, "kubeconfig")

    def redisha(self, *words, timeout_s=120, check=True, **options):
        done = subprocess.run([self.program, *words], capture_output=True, text=True, timeout=timeout_s, **options)
        if check and done.returncode != 0:
            raise Failed(f"redisha {' '.join(words)} ended with {done.returncode}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def up(self, *options):
        """RHA_ISOLATION=none: as on a machine where containers cannot have namespaces."""
        isolation = os.environ.get("RHA_ISOLATION", "auto")
        return self.redisha("local", "up", "--dir", self.directory, "--isolation", isolation, *options)

    def down(self, purge=True):
        return self.redisha("local", "down", "--dir", self.directory, *(["--purge"] if purge else []))

    def apply(self, path):
        return self.redisha("apply", "--kubeconfig", self.kubeconfig, "-f", path)

    def get(self, kind, name, namespace="default"):
        """One object as a dict, or None if there is none."""
        done = subprocess.run(
            [self.program, "get", kind, name, "-n", namespace, "--kubeconfig", self.kubeconfig, "-o", "json"],
            capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            if "not found" in done.stderr.lower():
                return None
            raise Failed(f"get {kind} {name}: {done.stderr.strip()}")
        return json.loads(done.stdout)


class RedisHA:
    def __init__(self, cluster, name, namespace="default"):
        self.cluster, self.name, self.namespace = cluster, name, namespace
        self.master_name = f"{namespace}.{name}"

    def object(self):
        return self.cluster.get("redisha", self.name, self.namespace) or {}

    def ready(self):
        ha = self.object()
        status = ha.get("status", {})
        fresh = status.get("observedGeneration") == ha.get("metadata", {}).get("generation")
        conditions = {c["type"]: c["status"] for c in status.get("conditions", [])}
        return ha if fresh and conditions.get("Ready") == "True" else None

    def pod(self, ordinal):
        return self.cluster.get("pod", f"{self.name}-{ordinal}", self.namespace)

    def pod_ips(self):
        """pod name → IP of all pods that have one."""
        replicas = self.object().get("spec", {}).get("replicas", 3)
        pods = [self.pod(i) for i in range(replicas)]
        return {p["metadata"]["name"]: p["status"]["podIP"] for p in pods if p and p.get("status", {}).get("podIP")}

    def password(self):
        secret = self.cluster.get("secret", f"{self.name}-auth", self.namespace)
        if not secret:
            raise Failed(f"Secret {self.name}-auth does not exist")
        return base64.b64decode(secret["data"]["password"]).decode()

    def sentinels(self):
        return [(ip, 26379) for ip in self.pod_ips().values()]

    def connect(self, ip, timeout=2.0):
        return resp.Connection(ip, 6379, password=self.password(), timeout=timeout)

    def all_follow(self, primary_ip, lag_bytes_max=1 << 20):
        """That pod is primary and every other one follows it closely, by its own word.

        The primary's `state=online` says less: the replica may be loading, or its machine may be gone.
        """
        ips = self.pod_ips().values()
        offsets = []
        for ip in sorted(ips, key=lambda ip: ip != primary_ip):
            connection = self.connect(ip)
            try:
                state = resp.info(connection, "replication")
            finally:
                connection.close()
            follows = state.get("master_host") == primary_ip and state.get("master_link_status") == "up"
            if not (state["role"] == "master" if ip == primary_ip else follows):
                return False
            offsets.append(int(state["master_repl_offset"]))
        return len(ips) == self.object()["spec"]["replicas"] and min(offsets) >= offsets[0] - lag_bytes_max

    def node_pid(self, ip):
        """The process id, on this machine, of the server in the pod with that IP: its container's id names it."""
        for name, pod_ip in self.pod_ips().items():
            if pod_ip != ip:
                continue
            for status in self.pod(name.rsplit("-", 1)[1])["status"].get("containerStatuses", []):
                if status["name"] == "node" and "running" in status["state"]:
                    return int(status["containerID"].removeprefix("process://"))
        raise Failed(f"no server runs in the pod with IP {ip}")
