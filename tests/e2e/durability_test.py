"""With `durability.mode: Majority` nothing that was answered is lost: no client waits for replicas, and primaries die or are moved under writes.

The data are in memory alone, so a pod that is killed comes back empty; in every second round one replica stands still while the
other two hold what is acknowledged. Asserted: every write that was answered is there at the end, and every round ends with a new primary.
"""
import os
import signal
import unittest

from tests.support import resp
from tests.support.cluster import wait_for
from tests.support.cluster_case import MAJORITY_IN_MEMORY, ClusterCase
from tests.support.writer import Writer

ROUNDS = int(os.environ.get("RHA_KILLS", "6"))
KEYS = 1_000


class DurabilityTest(ClusterCase):
    manifest = None

    def setUp(self):
        super().setUp()
        self.apply_text(MAJORITY_IN_MEMORY)
        self.writer = Writer(self.ha.sentinels(), self.ha.master_name, self.ha.password(), keys_per_s_max=10_000, copies=0)
        self.writer.start()

    def written(self, keys, what, elsewhere_than=None):
        target = self.writer.written + keys
        wait_for(what, lambda: self.writer.written >= target and self.writer.primary[0] != elsewhere_than, 60)

    def info(self, ip):
        connection = self.ha.connect(ip)
        fields = resp.info(connection, "replication")
        connection.close()
        return fields

    def in_step(self, primary):
        replicas = [ip for ip in self.ha.pod_ips().values() if ip != primary]
        wait_for("the replicas in step", lambda: self.ha.all_follow(primary) and
                 all(self.info(ip).get("redisha_copy_proven") == "1" for ip in replicas), 120)
        return replicas

    def kill_the_primary(self, one_replica_stands_still):
        primary = self.writer.primary[0]
        replicas = self.in_step(primary)
        stopped = self.ha.node_pid(replicas[0]) if one_replica_stands_still else None
        if stopped:
            os.kill(stopped, signal.SIGSTOP)
            self.addCleanup(self.go_on, stopped)
        self.written(KEYS, "writes that the other two have")
        os.kill(self.ha.node_pid(primary), signal.SIGKILL)
        if stopped:
            self.go_on(stopped)
        self.written(KEYS, "writes on another primary", primary)

    @staticmethod
    def go_on(pid):
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass

    def move_the_primary(self):
        primary = self.writer.primary[0]
        self.in_step(primary)
        self.cluster.redisha("switchover", "demo", "--kubeconfig", self.cluster.kubeconfig)
        self.written(KEYS, "writes on another primary", primary)

    def test_nothing_that_was_answered_is_lost(self):
        self.written(KEYS, "the first writes")
        self.assertEqual(self.info(self.writer.primary[0])["redisha_copies"], "2")
        for turn in range(ROUNDS):
            if turn % 3 == 2:
                self.move_the_primary()
            else:
                self.kill_the_primary(one_replica_stands_still=turn % 3 == 1)
        self.in_step(self.writer.primary[0])
        self.writer.stop()
        missing = self.writer.missing(*self.writer.primary)
        self.assertEqual(missing, [], f"{len(missing)} of {self.writer.written} answered keys are missing")


if __name__ == "__main__":
    unittest.main()
