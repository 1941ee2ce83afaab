"""The charts as releases on a cluster: installed, tested, upgraded, rolled back and uninstalled by Helm itself.

  RHA_HELM         helm programs, separated by ':'; what of helm3, helm4, helm is in PATH when unset
  RHA_KUBECONFIG   a cluster that exists, where the image localhost/redisha:0.1.0 is; a local one when unset
"""
import json
import os
import subprocess
import tempfile
import unittest

import yaml

from tests.charts.charts_test import CHARTS, ROOT, helms
from tests.support.cluster import LocalCluster, RedisHA, wait_for

NAMESPACE = "store"
VALUES = ["--set", "fullnameOverride=shop", "--set", "replica.replicaCount=3"]
READY_TIMEOUT_S = 180


@unittest.skipUnless(helms(), "no helm in PATH: go install helm.sh/helm/v3/cmd/helm@latest")
class ReleaseTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="redisha-helm-")
        self.addCleanup(folder.cleanup)
        self.cluster = LocalCluster(os.environ["RHA_BIN_DIR"], os.path.join(folder.name, "local"))
        self.names_resolve = True
        if existing := os.environ.get("RHA_KUBECONFIG"):
            self.cluster.kubeconfig = existing
        else:
            self.addCleanup(self.cluster.down)
            # Without namespaces redis-cli finds no Service by its name, and it is what `helm test` runs.
            self.names_resolve = "share this machine's files" not in self.cluster.up("--no-operator")
        # Helm keeps what it knows of repositories and plugins in the home folder; these know of none.
        self.environment = {**os.environ, "HOME": folder.name, "KUBECONFIG": self.cluster.kubeconfig}
        self.ha = RedisHA(self.cluster, "shop", NAMESPACE)

    def run_in(self, namespace, *words, check=True, stdin=None):
        done = subprocess.run([*words, "--namespace", namespace], capture_output=True, text=True, timeout=300, cwd=ROOT,
                              env=self.environment, input=stdin)
        if check and done.returncode != 0:
            self.fail(f"{' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
        return done

    def helm(self, *words, **options):
        return self.run_in(NAMESPACE, self.program, *words, **options)

    def kubectl(self, *words, **options):
        return self.run_in(NAMESPACE, "kubectl", *words, **options).stdout

    def install_operator(self):
        self.run_in("redisha-system", self.program, "install", "redisha-operator", os.path.join(CHARTS, "redisha-operator"),
                    "--create-namespace", "--wait", "--timeout", "2m")

    def install(self, release, *values, **options):
        return self.helm("install", release, os.path.join(CHARTS, "redisha"), "--create-namespace", *values, **options)

    def upgrade(self, *values):
        self.helm("upgrade", "shop", os.path.join(CHARTS, "redisha"), *VALUES, *values)

    def wait_until_ready(self):
        wait_for("RedisHA shop to be Ready", self.ha.ready, READY_TIMEOUT_S)

    def command(self, *words):
        connection = self.ha.connect(self.ha.pod_ips()[self.ha.object()["status"]["currentPrimary"]])
        try:
            return connection.command(*words)
        finally:
            connection.close()

    def policy(self):
        return self.command("CONFIG", "GET", "maxmemory-policy")[1]

    def test_a_release_lives_from_install_to_uninstall(self):
        for self.program in helms():
            with self.subTest(helm=os.path.basename(self.program)):
                self.one_life()

    def one_life(self):
        before = self.install("shop", *VALUES, check=False)
        self.assertNotEqual(before.returncode, 0)
        self.assertIn("ensure CRDs are installed first", before.stderr)
        self.install_operator()
        self.helm("uninstall", "shop", check=False)  # of the attempt that failed Helm may remember one

        self.install("shop", *VALUES)
        self.wait_until_ready()
        self.command("SET", "kept", "through everything")
        if self.names_resolve:
            self.helm("test", "shop")
        self.no_drift()

        other = self.install("other", *VALUES, check=False)
        self.assertNotEqual(other.returncode, 0)
        self.assertIn('key "meta.helm.sh/release-name" must equal "other"', other.stderr)
        self.helm("uninstall", "other", check=False)

        self.upgrade("--set", "commonConfiguration=maxmemory-policy allkeys-lru")
        self.wait_until_ready()
        self.assertEqual(self.policy(), b"allkeys-lru")
        self.helm("rollback", "shop", "1")
        self.wait_until_ready()
        self.assertEqual(self.policy(), b"noeviction")
        self.assertEqual(self.command("GET", "kept"), b"through everything")

        self.upgrade("--set", "auth.existingSecret=nowhere")
        wait_for("the missing Secret to be told", lambda: "nowhere" in self.message("Ready"), 60)
        self.helm("uninstall", "shop")
        wait_for("the pods to be gone", lambda: not any(self.ha.pod(i) for i in range(3)), 120)
        self.run_in("redisha-system", self.program, "uninstall", "redisha-operator", "--wait")
        self.kubectl("get", "crd", "redishas.ha.redisha.io")
        self.kubectl("delete", "crd", "redishas.ha.redisha.io")
        self.kubectl("delete", "pvc", "--all")

    def message(self, condition):
        return next(c["message"] for c in self.ha.object()["status"]["conditions"] if c["type"] == condition)

    def no_drift(self):
        """What Argo CD's server-side diff does: applying it again, as somebody else, would change nothing."""
        rendered = self.helm("template", "shop", os.path.join(CHARTS, "redisha"), *VALUES, "--no-hooks").stdout
        for document in yaml.safe_load_all(rendered):
            if not document:
                continue
            kind, name = document["kind"], document["metadata"]["name"]
            live = json.loads(self.kubectl("get", kind, name, "-o", "json"))
            again = json.loads(self.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=argocd-controller",
                                            "--dry-run=server", "-o", "json", "-f", "-", stdin=json.dumps(document)))
            for object in (live, again):
                object.pop("status", None)
                for field in ("managedFields", "resourceVersion"):
                    object["metadata"].pop(field, None)
            self.assertEqual(live, again, f"{kind} {name} drifts")


if __name__ == "__main__":
    unittest.main()
