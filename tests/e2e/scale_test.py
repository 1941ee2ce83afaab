"""Scaling and updating a RedisHA that has its data in memory alone: what was written is there afterwards.

Asserted: three pods to one and back keep every key, also when the primary is the first pod to go; no pod that stays is
replaced; an update replaces all of them, one by one, and keeps every key; a set that has no second copy in sync gives up none of its pods.
"""
import json
import os
import signal
import subprocess
import tempfile
import unittest

from tests.support.cluster import wait_for
from tests.support.cluster_case import ClusterCase

KEYS = 1_000
MANIFEST = {"apiVersion": "ha.redisha.io/v1", "kind": "RedisHA", "metadata": {"name": "demo", "namespace": "default"},
            "spec": {"replicas": 3, "persistence": {"mode": "None"}, "storage": {"type": "EmptyDir"}}}


class ScaleTest(ClusterCase):
    manifest = None

    def setUp(self):
        super().setUp()
        manifest = os.path.join(self.directory.name, "demo.json")
        with open(manifest, "w") as file:
            json.dump(MANIFEST, file)
        self.apply(manifest)

    def scale(self, replicas):
        self.kubectl("scale", "redisha", "demo", f"--replicas={replicas}")

    def scaled(self, replicas):
        def there():
            ha = self.ha.ready()
            return ha and ha["status"]["replicas"] == replicas and ha["status"]["quorum"]["voters"] == replicas and ha
        return wait_for(f"{replicas} pods to be Ready", there, 120)

    def primary(self):
        return self.ha.object()["status"]["currentPrimary"]

    def command(self, *words):
        connection = self.ha.connect(self.ha.pod_ips()[self.primary()])
        try:
            return connection.command(*words)
        finally:
            connection.close()

    def write(self):
        connection = self.ha.connect(self.ha.pod_ips()[self.primary()])
        try:
            for i in range(KEYS):
                connection.command("SET", f"key:{i}", str(i))
            self.assertEqual(connection.command("WAIT", "2", "10000"), 2)
        finally:
            connection.close()

    def make_primary(self, name):
        """By ending the servers of the others."""
        ips = self.ha.pod_ips()
        for pid in [self.ha.node_pid(ip) for pod, ip in ips.items() if pod != name]:
            os.kill(pid, signal.SIGKILL)
        wait_for(f"{name} to be primary", lambda: self.primary() == name, 30)
        wait_for("all to follow it", lambda: self.ha.all_follow(ips[name]), 60)
        wait_for("RedisHA demo to be Ready", self.ha.ready, 60)

    def uid(self, ordinal):
        return self.ha.pod(ordinal)["metadata"]["uid"]

    def test_what_is_in_memory_survives_three_to_one_and_back(self):
        self.make_primary("demo-2")
        self.write()
        first = self.uid(0)
        self.scale(1)
        self.scaled(1)
        self.assertEqual(self.command("DBSIZE"), KEYS)
        self.assertEqual(self.command("GET", f"key:{KEYS - 1}"), str(KEYS - 1).encode())
        self.scale(3)
        self.scaled(3)
        self.assertEqual(self.uid(0), first, "the pod with the data was replaced")
        self.assertEqual(self.command("DBSIZE"), KEYS)
        wait_for("the replicas to have it all", lambda: self.ha.all_follow(self.ha.pod_ips()[self.primary()], 0), 60)

    def test_what_is_in_memory_survives_an_update_of_all_pods(self):
        self.write()
        first = [self.uid(i) for i in range(3)]
        self.kubectl("patch", "redisha", "demo", "--type", "merge", "-p", '{"spec":{"config":{"hz":"20"}}}')
        wait_for("all pods to be replaced", lambda: all(self.ha.pod(i) and self.uid(i) != first[i] for i in range(3)), 120)
        self.scaled(3)
        self.assertEqual(self.command("DBSIZE"), KEYS)
        self.assertEqual(self.command("CONFIG", "GET", "hz"), [b"hz", b"20"])

    def test_the_last_copy_is_not_taken_away(self):
        self.make_primary("demo-2")
        self.write()
        pids = [self.ha.node_pid(self.ha.pod_ips()[f"demo-{i}"]) for i in range(2)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            wait_for("the replicas to be missed", lambda: not self.ha.ready(), 60)
            self.scale(1)
            def waits():
                conditions = {c["type"]: c for c in self.ha.object()["status"]["conditions"]}
                progressing = conditions["Progressing"]
                return progressing["reason"] == "Scaling" and "waiting for" in progressing["message"]
            wait_for("the status to say what scaling waits for", waits, 60)
            self.assertEqual([bool(self.ha.pod(i)) for i in range(3)], [True] * 3)
        finally:
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    pass  # the kubelet has replaced it
        self.scaled(1)
        self.assertEqual(self.command("DBSIZE"), KEYS)


if __name__ == "__main__":
    unittest.main()
