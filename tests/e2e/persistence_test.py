"""A RedisHA with `persistence.mode: AOF` finds every acknowledged write again after all of its pods were killed at once.

Asserted: twice, first with SIGKILL to the three servers in the same moment, then by deleting all pods without grace, every key that was acknowledged is
there afterwards, read from whoever leads then, and the replicas follow.

And one whose mode changes, by a rollout and by being made anew, goes on with the newest data whatever files they are in.

And one that names no mode keeps an append-only file on its volumes; when that is rewritten is rolled out as it is asked for.
"""
import os
import signal
import unittest

from tests.support.cluster import wait_for
from tests.support.cluster_case import ClusterCase

MANIFEST = """
apiVersion: ha.redisha.io/v1
kind: RedisHA
metadata:
  name: demo
spec:
  replicas: 3
  persistence: {mode: AOF}
"""
KEYS = 2_000


class AppendOnlyTest(ClusterCase):
    manifest = None

    def setUp(self):
        super().setUp()
        self.apply_text(MANIFEST)

    def primary(self):
        return self.ha.pod_ips()[self.ha.object()["status"]["currentPrimary"]]

    def write(self, first):
        connection = self.ha.connect(self.primary())
        for i in range(first, first + KEYS):
            self.assertEqual(connection.command("SET", f"key:{i}", str(i)), b"OK")
        connection.close()

    def leads(self):
        """The pod that is primary and holds its data; None while there is none, or its replicas do not follow."""
        ip = self.primary()
        return ip if self.ha.all_follow(ip) else None

    def find(self, keys):
        ip = wait_for("a primary that two follow", self.leads, 120)
        connection = self.ha.connect(ip)
        self.assertEqual(connection.command("DBSIZE"), keys)
        self.assertEqual([i for i in range(keys) if connection.command("GET", f"key:{i}") != str(i).encode()], [])
        self.assertIn(b"aof_enabled:1", connection.command("INFO", "persistence"))
        connection.close()

    def test_all_pods_are_killed_and_the_data_are_back(self):
        self.write(0)
        pids = {ip: self.ha.node_pid(ip) for ip in self.ha.pod_ips().values()}
        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)
        wait_for("other servers", lambda: all(self.ha.node_pid(ip) != pid for ip, pid in pids.items()), 60)
        self.find(KEYS)

        self.write(KEYS)
        uids = {i: self.ha.pod(i)["metadata"]["uid"] for i in range(3)}
        self.kubectl("delete", "pods", "demo-0", "demo-1", "demo-2", "--grace-period=0", "--force", "--wait=false")
        wait_for("other pods", lambda: all((pod := self.ha.pod(i)) and pod["metadata"]["uid"] != uids[i] for i in range(3)), 60)
        self.wait_until_ready()
        self.find(2 * KEYS)

    def wait_until_settled(self):
        def settled():
            found = self.ha.object()
            return found["status"]["observedGeneration"] == found["metadata"]["generation"] and found["status"]
        return wait_for("the operator to have seen it", settled, 60)

    def made_anew(self, persistence):
        self.kubectl("delete", "redisha", "demo")
        wait_for("the pods to be gone", lambda: not any(self.ha.pod(i) for i in range(3)), 60)
        self.apply_text(MANIFEST.replace("{mode: AOF}", f"{{{persistence}}}"))

    def rolled_out(self, persistence):
        uids = [self.ha.pod(i)["metadata"]["uid"] for i in range(3)]
        self.kubectl("patch", "redisha", "demo", "--type=merge", "-p", f"spec: {{persistence: {{{persistence}}}}}")
        wait_for("other pods", lambda: all((pod := self.ha.pod(i)) and pod["metadata"]["uid"] != uids[i] for i in range(3)), 120)
        self.wait_until_ready()

    def test_a_change_of_the_mode_goes_on_with_the_newest_data(self):
        keys = 0
        for change, mode in ((None, "AOF"), (self.made_anew, "RDB"), (self.made_anew, "AOF"), (self.rolled_out, "RDB"), (self.made_anew, "AOFAndRDB")):
            if change:
                change(f"mode: {mode}")
            ip = wait_for("a primary that two follow", self.leads, 120)
            connection = self.ha.connect(ip)
            self.assertEqual(connection.command("DBSIZE"), keys, mode)
            self.assertIn(b"aof_enabled:%d" % (mode != "RDB"), connection.command("INFO", "persistence"))
            connection.close()
            self.write(keys)
            keys += KEYS

        revision = self.ha.object()["status"]["currentRevision"]
        self.kubectl("patch", "redisha", "demo", "--type=merge", "-p", "spec: {persistence: {mode: null}}")
        status = self.wait_until_settled()
        self.assertEqual((status["persistenceMode"], status["updateRevision"]), ("AOFAndRDB", revision), "no pod is replaced for it")

    def test_without_a_mode_there_is_an_append_only_file_and_its_settings_are_rolled_out(self):
        names = ("appendonly", "appendfsync", "auto-aof-rewrite-percentage")
        for change, asked, expected in ((self.made_anew, "", (b"yes", b"everysec", b"100")),
                                        (self.rolled_out, "rewritePercent: 50", (b"yes", b"everysec", b"50")),
                                        (self.rolled_out, "rewritePercent: 0, fsync: Always", (b"yes", b"always", b"0"))):
            change(asked)
            wait_for("a primary that two follow", self.leads, 120)
            for ip in self.ha.pod_ips().values():
                connection = self.ha.connect(ip)
                self.assertEqual(tuple(connection.command("CONFIG", "GET", name)[1] for name in names), expected)
                connection.close()


if __name__ == "__main__":
    unittest.main()
