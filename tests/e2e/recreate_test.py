"""A deleted RedisHA leaves its volumes; the next one of the same name goes on with what they hold.

Asserted: the second has the keys of the first and its cluster identity, elects with a later epoch than any before, and an
event says whose volumes they are. It begins with as many pods as the dataset had, whatever number is asked for, so that the newest copy
is found on whichever volume it lies, and is not wiped later; what was left when pods were scaled away is no such copy.
"""
import json
import os
import signal
import unittest

from tests.support import resp
from tests.support.cluster import wait_for
from tests.support.cluster_case import MINIMAL, ClusterCase

KEYS = 1_000
MANIFEST = {"apiVersion": "ha.redisha.io/v1", "kind": "RedisHA", "metadata": {"name": "demo", "namespace": "default"},
            "spec": {"durability": {"mode": "Majority"}}}


class RecreateTest(ClusterCase):
    manifest = None

    def primary(self, ha):
        return self.ha.connect(self.ha.pod_ips()[ha["status"]["currentPrimary"]])

    def apply_replicas(self, replicas):
        return self.apply_text(json.dumps({**MANIFEST, "spec": {**MANIFEST["spec"], "replicas": replicas}}))

    def delete(self):
        self.kubectl("delete", "redisha", "demo")
        wait_for("the pods to be gone", lambda: not any(self.ha.pod(i) for i in range(3)), 60)

    def write(self, connection, keys):
        for i in keys:
            self.assertEqual(connection.command("SET", f"key:{i}", str(i)), b"OK")
        connection.close()

    def sizes(self):
        sizes = []
        for ip in self.ha.pod_ips().values():
            connection = self.ha.connect(ip)
            sizes.append(connection.command("DBSIZE"))
            connection.close()
        return sizes

    def reused(self):
        """What the last event about it says."""
        events = json.loads(self.kubectl("get", "events", "-o", "json"))["items"]
        events = [event for event in events if event["reason"] == "VolumesReused"]
        return max(events, key=lambda event: event["lastTimestamp"])["message"]

    def left_over(self):
        claims = json.loads(self.kubectl("get", "pvc", "-o", "json"))["items"]
        return sorted(claim["metadata"]["name"] for claim in claims
                      if "ha.redisha.io/left-over" in claim["metadata"].get("annotations", {}))

    def stop_the_first_pods_server(self):
        """Once another pod is primary. The server writes nothing from here on; it is ended, too."""
        while self.ha.object()["status"]["currentPrimary"] == "demo-0":
            os.kill(self.ha.node_pid(self.ha.pod_ips()["demo-0"]), signal.SIGKILL)
            wait_for("another primary", lambda: self.ha.object()["status"]["currentPrimary"] != "demo-0", 60)
            self.wait_until_ready()
        pid = self.ha.node_pid(self.ha.pod_ips()["demo-0"])
        os.kill(pid, signal.SIGSTOP)
        return pid

    def config_epoch(self):
        connection = resp.Connection(*self.ha.sentinels()[0], timeout=2.0)
        try:
            fields = resp.ask_sentinel(connection, self.ha.password(), "SENTINEL", "MASTER", self.ha.master_name)
        finally:
            connection.close()
        return int(fields[fields.index(b"config-epoch") + 1])

    def test_the_volumes_of_a_deleted_resource_are_taken_up_again(self):
        first = self.apply(MINIMAL)
        connection = self.primary(first)
        for i in range(KEYS):
            connection.command("SET", f"key:{i}", str(i))
        connection.close()
        epoch = self.config_epoch()

        self.kubectl("delete", "redisha", "demo")
        wait_for("the pods to be gone", lambda: not any(self.ha.pod(i) for i in range(3)), 60)
        self.assertEqual(len(self.kubectl("get", "pvc", "-o", "name").split()), 3)

        second = self.apply(MINIMAL)
        self.assertNotEqual(first["metadata"]["uid"], second["metadata"]["uid"])
        self.assertEqual(first["status"]["clusterUID"], second["status"]["clusterUID"])
        self.assertGreater(self.config_epoch(), epoch)
        self.assertIn("VolumesReused", self.kubectl("get", "events", "-o", "jsonpath={.items[*].reason}"))
        connection = self.primary(second)
        self.assertEqual(connection.command("DBSIZE"), KEYS)
        self.assertEqual(connection.command("GET", f"key:{KEYS - 1}"), str(KEYS - 1).encode())
        connection.close()

    def test_fewer_pods_than_there_are_volumes_find_the_newest_copy(self):
        self.apply_replicas(3)
        pid = self.stop_the_first_pods_server()
        self.write(self.primary(self.ha.object()), range(KEYS))  # on the other two alone
        os.kill(pid, signal.SIGKILL)
        self.delete()
        self.apply_replicas(1)
        self.assertIn("at first with 3 pods, then step by step with 1", self.reused())
        self.assertEqual(self.sizes(), [KEYS])
        wait_for("the marks of what is left over", lambda: self.left_over() == ["data-demo-1", "data-demo-2"], 60)
        self.apply_replicas(3)
        self.assertEqual(self.sizes(), [KEYS] * 3)
        self.assertEqual(self.left_over(), [])

    def test_a_copy_of_a_higher_ordinal_alone_is_found(self):
        first = self.apply_replicas(3)
        self.write(self.primary(first), range(KEYS))
        wait_for("all three to have it", lambda: self.sizes() == [KEYS] * 3, 60)
        self.delete()
        self.kubectl("delete", "pvc", "data-demo-0", "data-demo-1")
        second = self.apply_replicas(1)
        self.assertEqual(first["status"]["clusterUID"], second["status"]["clusterUID"])
        self.assertEqual(self.sizes(), [KEYS])

    def test_what_scaling_left_over_is_not_taken_for_a_copy(self):
        first = self.apply_replicas(3)
        self.write(self.primary(first), range(KEYS))
        second = self.apply_replicas(1)
        wait_for("the marks of what is left over", lambda: self.left_over() == ["data-demo-1", "data-demo-2"], 60)
        self.write(self.primary(second), range(KEYS, 2 * KEYS))
        self.delete()
        third = self.apply_replicas(3)
        self.assertRegex(self.reused(), "^data-demo-0 hold the dataset .*, at first with 1 pod, then step by step with 3$")
        self.assertEqual(first["status"]["clusterUID"], third["status"]["clusterUID"])
        wait_for("all three to have it", lambda: self.sizes() == [2 * KEYS] * 3, 60)


if __name__ == "__main__":
    unittest.main()
