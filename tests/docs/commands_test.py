"""What the pages tell a newcomer to type works, in this order, on the one-machine Kubernetes."""
import os
import subprocess
import tempfile
import unittest

from tests.docs import runner

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ["RHA_BIN_DIR"]
# What a reader of clients.md has set: its host names are those of pods, and here we are on the machine outside.
PROLOGUE = """
export PASSWORD=$(kubectl get secret demo-auth -o jsonpath='{.data.password}' | base64 -d)
export SENTINEL_HOST=$(kubectl get service demo-sentinel -o jsonpath='{.spec.clusterIP}')
"""


class CommandsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="rha-docs-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        os.makedirs(os.path.join(cls.folder, "build", "release"))
        os.symlink(BIN, os.path.join(cls.folder, "build", "release", "bin"))
        for name in ("deploy", "examples"):
            os.symlink(os.path.join(ROOT, name), os.path.join(cls.folder, name))
        cls.addClassCleanup(subprocess.run, [os.path.join(BIN, "redisha"), "local", "down", "--purge"], cwd=cls.folder,
                            capture_output=True, timeout=60)

    def run_page(self, name, prologue=""):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "KUBECONFIG"))}
        environment["KUBECONFIG"] = os.path.join(self.folder, ".redisha", "local", "kubeconfig")
        done = subprocess.run(["bash"], input=prologue + runner.script(os.path.join(ROOT, "docs", name)), cwd=self.folder,
                              env=environment, capture_output=True, text=True, timeout=240)
        self.assertEqual(done.returncode, 0, f"{name}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def test_1_first_failover(self):
        shown = self.run_page("first-failover.md")
        self.assertEqual(len(runner.blocks(os.path.join(ROOT, "docs", "first-failover.md"))), 5)
        self.assertIn("\nhello\n", shown)
        for event in ("PrimaryElected", "PrimaryChanged"):
            self.assertIn(event, shown)

    def test_2_clients(self):
        self.assertIn("b'hello'", self.run_page("clients.md", PROLOGUE))

    def test_3_gitops(self):
        self.run_page("gitops.md", "kubectl create namespace argocd && kubectl -n argocd create configmap argocd-cm\n")
        read = subprocess.run(["kubectl", "-n", "argocd", "get", "configmap", "argocd-cm", "-o", "yaml"], capture_output=True, text=True, timeout=30,
                              env={**os.environ, "KUBECONFIG": os.path.join(self.folder, ".redisha", "local", "kubeconfig")})
        self.assertIn("resource.customizations.health.ha.redisha.io_RedisHA: ", read.stdout)


if __name__ == "__main__":
    unittest.main()
