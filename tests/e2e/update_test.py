"""An update that cannot work stops at its first pod: the data is served on, and the status says what is wrong.

Asserted: a directive that the server refuses ends in a condition with the server's own words; the other pods are not touched;
taking it back mends everything.
"""
import json
import unittest

from tests.support.cluster import wait_for
from tests.support.cluster_case import ClusterCase


class UpdateTest(ClusterCase):
    def set_config(self, config):
        self.kubectl("patch", "redisha", "demo", "--type", "merge", "-p", json.dumps({"spec": {"config": config}}))

    def degraded(self):
        conditions = self.ha.object()["status"]["conditions"]
        return next(c for c in conditions if c["type"] == "Degraded")

    def test_a_directive_that_the_server_refuses_is_told_in_the_status(self):
        before = {i: self.ha.pod(i)["metadata"]["uid"] for i in range(3)}
        self.set_config({"maxmemory-policy": "whatever"})
        wait_for("the condition", lambda: self.degraded()["reason"] == "PodCannotStart", 120)
        message = self.degraded()["message"]
        self.assertIn("container node", message)
        self.assertIn("maxmemory-policy", message)
        changed = [i for i in range(3) if self.ha.pod(i)["metadata"]["uid"] != before[i]]
        self.assertEqual(len(changed), 1, "the update went on over a pod that does not start")

        primary = self.ha.object()["status"]["currentPrimary"]
        connection = self.ha.connect(self.ha.pod_ips()[primary])
        self.assertEqual(connection.command("SET", "key", "value"), b"OK")
        connection.close()

        self.set_config(None)
        wait_for("RedisHA demo to be well again", lambda: self.ha.ready() and self.degraded()["status"] == "False", 120)


if __name__ == "__main__":
    unittest.main()
