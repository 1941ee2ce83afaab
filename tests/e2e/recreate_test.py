"""A deleted RedisHA leaves its volumes; the next one of the same name goes on with what they hold.

Asserted: the second has the keys of the first and its cluster identity, elects with a later epoch than any before, and an
event says whose volumes they are.
"""
import os
import subprocess
import tempfile
import unittest

from tests.support import resp
from tests.support.cluster import wait_for
from tests.support.cluster_case import MINIMAL, ClusterCase

KEYS = 1_000


class RecreateTest(ClusterCase):
    manifest = None

    def primary(self, ha):
        return self.ha.connect(self.ha.pod_ips()[ha["status"]["currentPrimary"]])

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


if __name__ == "__main__":
    unittest.main()
