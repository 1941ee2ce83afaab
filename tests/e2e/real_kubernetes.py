"""The manifests and the charts on a real Kubernetes of three nodes, which this makes and removes (scripts/test --all).

It needs root, buildah, mmdebstrap and programs of these names: `k8s-up DIR --nodes N --image TAR`, which starts a cluster
with images and writes DIR/kubeconfig, and `k8s-down DIR --purge`. RHA_KUBERNETES names their folder; else PATH is searched.
Without them it says so and does nothing. A cluster of your own takes the same tests: tests/e2e/kubernetes_test.py and
tests/charts/release_test.py say how.
"""
import os
import shutil
import subprocess
import sys
import tempfile

from tests.image import builder

NODES = 3
START_TIMEOUT_S = 300
# The charts' releases leave nothing behind, the manifests do.
SUITES = {"charts": "tests.charts.release_test", "manifests": "tests.e2e.kubernetes_test"}
TAGS = {"charts": "localhost/redisha:0.1.0", "manifests": "localhost/redisha:dev"}  # as charts/ and deploy/ name it


def find(program):
    return shutil.which(program, path=os.environ.get("RHA_KUBERNETES") or os.environ["PATH"])


def missing():
    for program in ("k8s-up", "k8s-down", "k8s-node"):
        if not find(program):
            return f"no {program} in PATH or RHA_KUBERNETES"
    return builder.missing_tool()


def pack(folder):
    """The Dockerfile's image under both names, as archives."""
    image = builder.Image()
    try:
        image.build()
        for name, tag in TAGS.items():
            archive = os.path.join(folder, f"{name}.tar")
            image.buildah("push", "-q", builder.IMAGE, f"docker-archive:{archive}:{tag}")
            yield archive
    finally:
        image.remove()


def main():
    if why := missing():
        print(f"skipped: {why}")
        return 0
    with tempfile.TemporaryDirectory(prefix="rha-kubernetes-") as folder:
        cluster = os.path.join(folder, "cluster")
        images = [word for archive in pack(folder) for word in ("--image", archive)]
        try:
            subprocess.run([find("k8s-up"), cluster, "--nodes", str(NODES), *images], check=True, timeout=START_TIMEOUT_S)
            # Nodes are called node0, node1, ...; k8s-node counts them.
            power = f"sh -c '{find('k8s-node')} {cluster} $1 $(echo $2 | tr -dc 0-9)' sh"
            environment = {**os.environ, "RHA_KUBECONFIG": os.path.join(cluster, "kubeconfig"),
                           "RHA_POWER_OFF": power + " kill {node}", "RHA_POWER_ON": power + " start {node}"}
            failed = [name for name, suite in SUITES.items()
                      if subprocess.run([sys.executable, "-m", "unittest", "-v", suite], env=environment).returncode != 0]
        finally:
            subprocess.run([find("k8s-down"), cluster, "--purge"], check=True, timeout=START_TIMEOUT_S)
    for name in failed:
        print(f"FAILED {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
