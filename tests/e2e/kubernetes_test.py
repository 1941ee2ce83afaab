"""The manifests, unchanged, on a Kubernetes that exists already: Ready, and writes go on through three kinds of loss.

  RHA_KUBECONFIG   its kubeconfig; without it everything here is skipped
  RHA_POWER_OFF    command that powers a node off, {node} being its name, and
  RHA_POWER_ON     the one that boots it again; without them that test is skipped
The image localhost/redisha:dev must be there, and pod addresses reachable from here. The server process is killed from
here too, so its node must share this machine's process table (nodes made of namespaces do).
"""
import glob
import os
import shlex
import signal
import subprocess
import time
import unittest

from tests.support.cluster import LocalCluster, RedisHA, wait_for
from tests.support.writer import Writer

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KUBECONFIG = os.environ.get("RHA_KUBECONFIG")
READY_TIMEOUT_S = 180
NODE_LOSS_TIMEOUT_S = 240  # Kubernetes itself takes about 45 s to call a node lost
KEYS_AROUND_FAULT = 5_000


def kubectl(*words, **options):
    return subprocess.run(["kubectl", "--kubeconfig", KUBECONFIG, *words], check=True, capture_output=True, text=True, **options).stdout


def node_processes(pod_ip):
    """Host process ids of the redisha-node that binds that address."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                title = file.read().rstrip(b"\0").split(b" ")
        except OSError:
            continue
        if title[0].endswith(b"redisha-node") and any(word.startswith(pod_ip.encode() + b":") for word in title):
            found.append(int(path.split("/")[2]))
    return found


@unittest.skipUnless(KUBECONFIG, "RHA_KUBECONFIG names no cluster")
class KubernetesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = LocalCluster(os.environ["RHA_BIN_DIR"], "")
        cls.cluster.kubeconfig = KUBECONFIG
        for manifest in ("crds/redisha.yaml", "deploy/operator.yaml"):
            kubectl("apply", "-f", os.path.join(ROOT, manifest))
        kubectl("wait", "--for=condition=Established", "crd/redishas.ha.redisha.io", "--timeout=30s")
        kubectl("apply", "-f", os.path.join(ROOT, "examples", "minimal.yaml"))
        cls.ha = RedisHA(cls.cluster, "demo")
        started = time.monotonic()
        wait_for("RedisHA demo to be Ready", cls.ha.ready, READY_TIMEOUT_S)
        print(f"Ready after {time.monotonic() - started:.1f} s", flush=True)

    def setUp(self):
        wait_for("RedisHA demo to be Ready", self.ha.ready, READY_TIMEOUT_S)
        self.password = self.ha.password()
        self.writer = Writer(self.ha.sentinels(), self.ha.master_name, self.password, prefix=self.id())
        self.writer.start()
        wait_for("writes before the fault", lambda: self.writer.written >= KEYS_AROUND_FAULT, 60)

    def tearDown(self):
        self.writer.stop()

    def survives(self, fault, timeout_s=60):
        names = {ip: name for name, ip in self.ha.pod_ips().items()}
        old_ip = self.writer.primary[0]
        moment = time.monotonic()
        fault(names[old_ip], old_ip)
        target = self.writer.written + KEYS_AROUND_FAULT
        wait_for("writes on a new primary", lambda: self.writer.written >= target and self.writer.primary[0] != old_ip, timeout_s)
        print(f"{names[old_ip]} → {names.get(self.writer.primary[0])}: writes were down for {self.writer.outage_after(moment):.0f} ms", flush=True)
        return names[old_ip]

    def all_is_well_again(self, timeout_s=READY_TIMEOUT_S):
        wait_for("all pods to be back and in sync", lambda: self.ha.all_follow(self.writer.primary[0]), timeout_s)
        wait_for("the status to say so", self.ready_under_the_writers_primary, timeout_s)
        self.writer.stop()
        self.assertEqual(self.writer.missing(*self.writer.primary), [])

    def ready_under_the_writers_primary(self):
        # A machine that went and came before Kubernetes noticed leaves its pod's old label and readiness for a while.
        ha = self.ha.ready()
        return ha and self.ha.pod_ips()[ha["status"]["currentPrimary"]] == self.writer.primary[0]

    def test_a_killed_server_process(self):
        def kill(_, ip):
            processes = node_processes(ip)
            if not processes:
                self.skipTest("the node's processes are not visible from here")
            for process in processes:
                os.kill(process, signal.SIGKILL)
        self.survives(kill)
        self.all_is_well_again()

    def test_b_deleted_primary_pod(self):
        self.survives(lambda name, _: kubectl("delete", "pod", name, "--wait=false"))
        self.all_is_well_again()

    @unittest.skipUnless(os.environ.get("RHA_POWER_OFF"), "RHA_POWER_OFF names no command")
    def test_c_powered_off_node(self):
        lost = []

        def power_off(name, _):
            lost.append(kubectl("get", "pod", name, "-o", "jsonpath={.spec.nodeName}"))
            subprocess.run(shlex.split(os.environ["RHA_POWER_OFF"].format(node=lost[0])), check=True)
        self.survives(power_off, NODE_LOSS_TIMEOUT_S)
        subprocess.run(shlex.split(os.environ["RHA_POWER_ON"].format(node=lost[0])), check=True)
        self.all_is_well_again(NODE_LOSS_TIMEOUT_S)


if __name__ == "__main__":
    unittest.main()
