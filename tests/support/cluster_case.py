"""The common beginning of end-to-end tests: a local cluster of the test's own, and RedisHA `demo` on it."""
import os
import subprocess
import tempfile
import unittest

from .cluster import LocalCluster, RedisHA, wait_for

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MINIMAL = os.path.join(ROOT, "examples", "minimal.yaml")
# Answers a write once a majority has it, in memory alone.
MAJORITY_IN_MEMORY = """
apiVersion: ha.redisha.io/v1
kind: RedisHA
metadata:
  name: demo
spec:
  replicas: 3
  durability:
    mode: Majority
  persistence:
    mode: None
"""


class ClusterCase(unittest.TestCase):
    manifest = MINIMAL  # None: the test applies it itself
    # Kubernetes delays the restart of a container that fails again and again by minutes; in tests each kill is meant.
    restart_backoff_max_s = 1

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="redisha-e2e-")
        self.addCleanup(self.directory.cleanup)
        self.cluster = LocalCluster(os.environ["RHA_BIN_DIR"], os.path.join(self.directory.name, "local"))
        self.addCleanup(self.cluster.down)
        self.cluster.up("--restart-backoff-max-seconds", str(self.restart_backoff_max_s))
        self.ha = RedisHA(self.cluster, "demo")
        if self.manifest:
            self.apply(self.manifest)

    def apply(self, manifest):
        self.cluster.apply(manifest)
        return self.wait_until_ready()

    def apply_text(self, manifest):
        path = os.path.join(self.directory.name, "manifest.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(manifest)
        return self.apply(path)

    def wait_until_ready(self):
        return wait_for("RedisHA demo to be Ready", self.ha.ready, 120)

    def kubectl(self, *words):
        return subprocess.run(["kubectl", "--kubeconfig", self.cluster.kubeconfig, *words],
                              check=True, capture_output=True, text=True, timeout=120).stdout
