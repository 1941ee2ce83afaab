"""The Secrets of a running RedisHA are replaced: nothing restarts, and failures are survived as before.

Asserted: every server and sentinel takes the new password, no pod or process is replaced for it, a failover works after it,
also once the key by which the RedisHA's own programs know each other has been replaced, and no key is lost.
"""
import base64
import json
import os
import secrets
import signal
import unittest

from tests.support import resp
from tests.support.cluster import wait_for
from tests.support.cluster_case import ClusterCase

KEYS = 1_000


class RotationTest(ClusterCase):
    def replace(self, secret, **values):
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        self.kubectl("patch", "secret", secret, "--type", "merge", "-p", json.dumps({"data": data}))

    def pods(self):
        """What would be another if a pod or a container of it had been replaced."""
        pods = [self.ha.pod(i) for i in range(3)]
        return [(pod["metadata"]["uid"], sorted(s["containerID"] for s in pod["status"]["containerStatuses"])) for pod in pods]

    def takes(self, ip, port, password):
        try:
            resp.Connection(ip, port, password=password).close()
            return True
        except resp.Error:
            return False

    def write(self, prefix):
        primary = self.ha.pod_ips()[self.ha.object()["status"]["currentPrimary"]]
        connection = self.ha.connect(primary)
        for i in range(KEYS):
            connection.command("SET", f"{prefix}:{i}", str(i))
        self.assertEqual(connection.command("WAIT", "2", "10000"), 2)
        connection.close()
        return primary

    def survives_a_kill(self, old):
        os.kill(self.ha.node_pid(old), signal.SIGKILL)
        ips = self.ha.pod_ips()
        new = wait_for("another primary", lambda: next(
            (ip for name, ip in ips.items() if ip != old and name == self.ha.object()["status"]["currentPrimary"]), None), 30)
        wait_for("all to follow it", lambda: self.ha.all_follow(new, 0), 60)
        wait_for("RedisHA demo to be Ready", self.ha.ready, 60)
        return new

    def test_password_and_key_are_replaced_while_everything_runs(self):
        primary = self.write("before")
        pods = self.pods()
        self.replace("demo-auth", password=secrets.token_hex(16))
        everywhere = [(ip, port) for ip in self.ha.pod_ips().values() for port in (6379, 26379)]
        wait_for("the new password everywhere", lambda: all(self.takes(*at, self.ha.password()) for at in everywhere), 120)
        self.assertEqual(self.pods(), pods, "something was restarted")
        primary = self.survives_a_kill(primary)

        secret = self.cluster.get("secret", "demo-peer")
        old_key = base64.b64decode(secret["data"]["peer-key"]).decode().strip()
        new_key = secrets.token_hex(32)
        self.replace("demo-peer", **{"peer-key": f"{new_key}\n{old_key}\n"})
        self.in_all_pods("peer/peer-key", new_key)
        primary = self.survives_a_kill(primary)
        self.replace("demo-peer", **{"peer-key": f"{new_key}\n"})
        self.in_all_pods("peer/peer-key", old_key, there=False)
        primary = self.survives_a_kill(primary)

        self.write("after")
        connection = self.ha.connect(primary)
        self.assertEqual(connection.command("DBSIZE"), 2 * KEYS)
        connection.close()

    def in_all_pods(self, file, text, there=True):
        """The kubelet has shown every pod the file with, or without, that text."""
        def shown():
            for i in range(3):
                uid = self.ha.pod(i)["metadata"]["uid"]
                with open(os.path.join(self.cluster.directory, "pods", uid, "volumes", file)) as seen:
                    if (text in seen.read()) != there:
                        return False
            return True
        wait_for(f"{file} in all pods", shown, 120)


if __name__ == "__main__":
    unittest.main()
