"""A StatefulSet that is deleted without its pods, under writes: the operator makes it anew, and the new one takes them over.

Asserted: no pod is replaced and none is taken away meanwhile, the set's status counts them, scaling works afterwards, no acknowledged write is lost.
"""
import unittest

from tests.support.cluster import wait_for
from tests.support.cluster_case import ClusterCase
from tests.support.writer import Writer

MANIFEST = """
apiVersion: ha.redisha.io/v1
kind: RedisHA
metadata: {name: demo, namespace: default}
spec: {replicas: 3, durability: {mode: Majority}}
"""
KEYS = 2_000


class OrphanTest(ClusterCase):
    manifest = None

    def setUp(self):
        super().setUp()
        self.apply_text(MANIFEST)
        self.writer = Writer(self.ha.sentinels(), self.ha.master_name, self.ha.password(), keys_per_s_max=5_000, copies=0)
        self.writer.start()
        self.addCleanup(self.writer.stop)

    def written(self, keys, what):
        target = self.writer.written + keys
        wait_for(what, lambda: self.writer.written >= target, 60)

    def uids(self):
        return [self.ha.pod(i)["metadata"]["uid"] for i in range(3)]

    def scaled(self, replicas):
        self.kubectl("scale", "redisha", "demo", f"--replicas={replicas}")

        def there():
            ha = self.ha.ready()
            return ha and ha["status"]["replicas"] == replicas and ha["status"]["quorum"]["voters"] == replicas
        wait_for(f"{replicas} pods to be Ready", there, 120)

    def owned_by(self, uid):
        owners = [self.ha.pod(i)["metadata"].get("ownerReferences", []) for i in range(3)]
        return all([owner["uid"] for owner in each if owner.get("controller")] == [uid] for each in owners)

    def test_a_new_set_takes_the_pods_over_and_nothing_is_lost(self):
        self.written(KEYS, "the first writes")
        pods, old = self.uids(), self.cluster.get("statefulset", "demo")["metadata"]["uid"]
        self.kubectl("delete", "statefulset", "demo", "--cascade=orphan", "--wait=false")

        def anew():
            set_now = self.cluster.get("statefulset", "demo")
            return set_now if set_now and set_now["metadata"]["uid"] != old else None
        uid = wait_for("the set to be made anew", anew, 60)["metadata"]["uid"]
        wait_for("the pods to be the new set's", lambda: self.owned_by(uid), 60)
        wait_for("the set to count them", lambda: anew()["status"].get("updatedReplicas") == 3, 60)
        self.wait_until_ready()
        self.assertEqual(self.uids(), pods, "a pod was replaced")
        self.written(KEYS, "writes with the new set")

        self.scaled(1)
        self.written(KEYS, "writes on the pod that stays")
        self.scaled(3)
        self.written(KEYS, "writes with three pods again")
        self.assertEqual(self.ha.pod(0)["metadata"]["uid"], pods[0], "the pod that stays was replaced")
        self.writer.stop()
        missing = self.writer.missing(*self.writer.primary)
        self.assertEqual(missing, [], f"{len(missing)} of {self.writer.written} acknowledged keys are missing")


if __name__ == "__main__":
    unittest.main()
