"""A real Kubernetes control plane for tests: etcd, kube-apiserver and kube-controller-manager on
loopback, without nodes (pods stay Pending; tests write their status).

Binaries come from $K8S_BIN (default /opt/k8s/bin) and etcd from the PATH. With $KUBECONFIG_REAL a
cluster that already runs is used instead.
"""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

BIN = os.environ.get("K8S_BIN", "/opt/k8s/bin")
PORT_BASE = int(os.environ.get("RHA_K8S_PORT_BASE", "21350"))
ADMIN_TOKEN = "admin-token-of-a-test"


def missing():
    """Why there is no control plane here, or None."""
    if os.environ.get("KUBECONFIG_REAL"):
        return None if shutil.which("kubectl") else "kubectl is not installed"
    for name in ("kube-apiserver", "kube-controller-manager"):
        if not os.access(os.path.join(BIN, name), os.X_OK):
            return f"{BIN}/{name} does not exist (set K8S_BIN or KUBECONFIG_REAL)"
    for name in ("etcd", "kubectl", "openssl"):
        if not shutil.which(name):
            return f"{name} is not installed"
    return None


def free_port_base(base, count):
    for first in range(base, base + 2000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
    raise RuntimeError("no free ports")


class ControlPlane:
    def __init__(self):
        self.processes = []
        self.folder = None
        self.kubeconfig = os.environ.get("KUBECONFIG_REAL")
        self.server = None

    def start(self):
        if self.kubeconfig:
            return
        self.folder = tempfile.mkdtemp(prefix="rha-k8s-")
        etcd, peer, api, manager = range(*(lambda p: (p, p + 4))(free_port_base(PORT_BASE, 4)))
        self.server = f"https://127.0.0.1:{api}"
        self._make_keys()
        self._run("etcd", ["etcd", "--name", "t", "--data-dir", self._path("etcd"),
                           "--listen-client-urls", f"http://127.0.0.1:{etcd}",
                           "--advertise-client-urls", f"http://127.0.0.1:{etcd}",
                           "--listen-peer-urls", f"http://127.0.0.1:{peer}",
                           "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
                           "--initial-cluster", f"t=http://127.0.0.1:{peer}",
                           "--unsafe-no-fsync", "--log-level", "error"])
        self._run("apiserver", [
            f"{BIN}/kube-apiserver", f"--etcd-servers=http://127.0.0.1:{etcd}",
            "--bind-address=127.0.0.1", f"--secure-port={api}", "--advertise-address=198.51.100.1",
            f"--tls-cert-file={self._path('tls.crt')}",
            f"--tls-private-key-file={self._path('tls.key')}",
            f"--token-auth-file={self._path('tokens.csv')}",
            f"--service-account-key-file={self._path('sa.key')}",
            f"--service-account-signing-key-file={self._path('sa.key')}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/16", "--authorization-mode=RBAC",
            f"--cert-dir={self._path('certs')}"])
        self.kubeconfig = self.write_kubeconfig("admin", ADMIN_TOKEN)
        self.wait("the API server", lambda: self.try_kubectl("get", "--raw", "/readyz"), 60)
        self._run("manager", [
            f"{BIN}/kube-controller-manager", f"--kubeconfig={self.kubeconfig}",
            "--leader-elect=false", "--bind-address=127.0.0.1", f"--secure-port={manager}",
            f"--service-account-private-key-file={self._path('sa.key')}",
            f"--root-ca-file={self._path('tls.crt')}", f"--cert-dir={self._path('certs')}",
            "--use-service-account-credentials=false"])
        self.wait("the controller manager", lambda: self.try_kubectl(
            "get", "serviceaccount", "default", "-n", "default"), 60)

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def write_kubeconfig(self, name, token):
        """A kubeconfig of this cluster that authenticates by `token`."""
        if os.environ.get("KUBECONFIG_REAL"):
            view = json.loads(subprocess.check_output(
                ["kubectl", "--kubeconfig", os.environ["KUBECONFIG_REAL"], "config", "view",
                 "--raw", "--minify", "-o", "json"]))
            cluster = view["clusters"][0]["cluster"]
        else:
            cluster = {"server": self.server, "certificate-authority": self._path("tls.crt")}
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "t",
                  "clusters": [{"name": "t", "cluster": cluster}],
                  "users": [{"name": "t", "user": {"token": token}}],
                  "contexts": [{"name": "t", "context": {"cluster": "t", "user": "t"}}]}
        if not self.folder:
            self.folder = tempfile.mkdtemp(prefix="rha-k8s-")
        path = self._path(name + ".kubeconfig")
        with open(path, "w") as file:
            json.dump(config, file)
        return path

    # kubectl

    def kubectl(self, *args, stdin=None, check=True):
        result = subprocess.run(["kubectl", "--kubeconfig", self.kubeconfig, *args],
                                input=stdin, capture_output=True, text=True, timeout=60)
        if check and result.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(args)}: {result.stderr.strip()}")
        return result

    def try_kubectl(self, *args):
        return self.kubectl(*args, check=False).returncode == 0

    def get(self, *args):
        return json.loads(self.kubectl("get", *args, "-o", "json").stdout)

    @staticmethod
    def wait(what, condition, timeout_s=20):
        deadline = time.monotonic() + timeout_s
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {timeout_s} s for {what}")
            time.sleep(0.1)

    # Private

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _make_keys(self):
        subprocess.run(["openssl", "genrsa", "-out", self._path("sa.key"), "2048"],
                       check=True, capture_output=True)
        # Self-signed, and its own authority.
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=kube-apiserver", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", self._path("tls.key"), "-out", self._path("tls.crt")],
                       check=True, capture_output=True)
        with open(self._path("tokens.csv"), "w") as file:
            file.write(f'{ADMIN_TOKEN},admin,admin,"system:masters"\n')

    def _run(self, name, command):
        with open(self._path(name + ".log"), "w") as log:
            self.processes.append(subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True))
