"""A local cluster as kubectl sees it: every verb people use, real processes behind the pods, nothing left at the end.

Needs kubectl (any version since 1.20); without it the tests are skipped. Ports 21410-21419.
"""
import fcntl
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

PROGRAM = os.path.join(os.environ["RHA_BIN_DIR"], "redisha")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TIMEOUT_S = 30
WITHOUT_NAMESPACES = os.environ.get("RHA_ISOLATION") == "none"
WEB_PORT = 21411

WEB = f"""
apiVersion: v1
kind: ConfigMap
metadata: {{name: web-config}}
data: {{index.html: "from the ConfigMap"}}
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{selector: {{app: web}}, ports: [{{port: {WEB_PORT}, name: http}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: web-pods}}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector: {{app: web}}
  ports: [{{port: {WEB_PORT}, name: http}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: web}}
spec:
  serviceName: web-pods
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: http
        image: localhost/none
        command: [python3, -u, -m, http.server, "{WEB_PORT}", --bind, $(POD_IP), --directory, /www]
        env:
        - {{name: POD_IP, valueFrom: {{fieldRef: {{fieldPath: status.podIP}}}}}}
        ports: [{{containerPort: {WEB_PORT}, name: http}}]
        readinessProbe: {{httpGet: {{port: http, path: /index.html}}, periodSeconds: 1}}
        volumeMounts:
        - {{name: www, mountPath: /www}}
        - {{name: data, mountPath: /data}}
      volumes:
      - {{name: www, configMap: {{name: web-config}}}}
  volumeClaimTemplates:
  - metadata: {{name: data}}
    spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Mi}}}}}}
"""

BOX = f"""
apiVersion: v1
kind: Pod
metadata: {{name: box}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: localhost/none
    command: [python3, -u, -m, http.server, "{WEB_PORT}", --bind, $(POD_IP), --directory, /data]
    env:
    - {{name: POD_IP, valueFrom: {{fieldRef: {{fieldPath: status.podIP}}}}}}
    volumeMounts: [{{name: data, mountPath: /data}}]
  volumes: [{{name: data, emptyDir: {{}}}}]
"""

# A pod that ends as soon as it is told to.
QUICK = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: quick}
spec:
  serviceName: quick
  selector: {matchLabels: {app: quick}}
  template:
    metadata: {labels: {app: quick}}
    spec:
      containers:
      - {name: c, image: localhost/none, command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.05; done"]}
"""


def wait_for(what, condition):
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {TIMEOUT_S} s in vain for {what}")


def processes_with(text):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if text.encode() in file.read():
                    found.append(int(pid))
        except OSError:
            pass
    return found


@unittest.skipUnless(shutil.which("kubectl"), "kubectl is not installed")
class LocalKubectlTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="redisha-local-")
        cls.folder = os.path.join(cls.directory, "local")
        cls.environment = dict(os.environ, KUBECONFIG=os.path.join(cls.folder, "kubeconfig"), HOME=cls.directory)
        cls.up()

    @classmethod
    def tearDownClass(cls):
        subprocess.run([PROGRAM, "local", "down", "--dir", cls.folder, "--purge"], check=True, timeout=60,
                       stdout=subprocess.DEVNULL)
        shutil.rmtree(cls.directory)

    @classmethod
    def up(cls):
        isolation = os.environ.get("RHA_ISOLATION", "auto")
        subprocess.run([PROGRAM, "local", "up", "--dir", cls.folder, "--no-operator", "--isolation", isolation], check=True, timeout=60,
                       stdout=subprocess.DEVNULL)

    def kubectl(self, *words, stdin=None, fails=False):
        done = subprocess.run(["kubectl", *words], input=stdin, env=self.environment, capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.returncode != 0, fails, f"kubectl {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stderr if fails else done.stdout

    def get(self, *words):
        return json.loads(self.kubectl("get", *words, "-o", "json"))

    def test_config_map_through_its_life(self):
        text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c1}\ndata: {a: '1', b: '2'}\n"
        self.assertIn("created", self.kubectl("apply", "-f", "-", stdin=text))
        self.assertIn("unchanged", self.kubectl("apply", "-f", "-", stdin=text))
        self.assertIn("configured", self.kubectl("apply", "-f", "-", stdin=text.replace(", b: '2'", "")))
        self.assertEqual(self.get("cm", "c1")["data"], {"a": "1"})
        self.kubectl("label", "cm", "c1", "tier=back")
        self.assertIn("c1", self.kubectl("get", "cm", "-l", "tier=back", "-o", "name"))
        self.kubectl("patch", "cm", "c1", "--type=json", "-p", '[{"op": "add", "path": "/data/x", "value": "y"}]')
        self.assertEqual(self.get("cm", "c1")["data"], {"a": "1", "x": "y"})
        self.kubectl("delete", "cm", "c1")
        self.assertIn("not found", self.kubectl("get", "cm", "c1", fails=True))

    def test_server_side_apply_names_the_owner_of_a_conflict(self):
        text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c2}\ndata: {a: '1'}\n"
        self.kubectl("apply", "--server-side", "--field-manager=one", "-f", "-", stdin=text)
        other = ["apply", "--server-side", "--field-manager=two", "-f", "-"]
        refused = self.kubectl(*other, stdin=text.replace("'1'", "'2'"), fails=True)
        self.assertIn('conflict with "one": .data.a', refused)
        self.kubectl(*other, "--force-conflicts", stdin=text.replace("'1'", "'2'"))
        self.assertEqual(self.get("cm", "c2")["data"], {"a": "2"})

    def test_protobuf_bodies_are_understood(self):
        self.kubectl("create", "secret", "generic", "s1", "--from-literal=password=hunter2")
        self.assertEqual(self.get("secret", "s1")["data"], {"password": "aHVudGVyMg=="})
        self.kubectl("create", "namespace", "n1")
        self.assertIn("kube-root-ca.crt", wait_for("the namespace's certificate", lambda: self.kubectl(
            "get", "cm", "-n", "n1", "-o", "name")))
        self.kubectl("delete", "namespace", "n1")

    def test_custom_resource_is_checked_by_its_schema(self):
        self.kubectl("apply", "-f", os.path.join(ROOT, "crds", "redisha.yaml"))
        with open(os.path.join(ROOT, "examples", "minimal.yaml"), encoding="utf-8") as file:
            minimal = file.read()
        self.kubectl("apply", "-f", "-", stdin=minimal)
        demo = self.get("redisha", "demo")
        self.assertEqual(demo["metadata"]["generation"], 1)
        if self.client_minor() >= 27:  # reads OpenAPI v3, and asks the server to validate
            self.assertIn("persistence", self.kubectl("explain", "redisha.spec"))
            unknown = self.kubectl("apply", "-f", "-", stdin=minimal.replace("replicas:", "relicas:"), fails=True)
            self.assertIn('unknown field "spec.relicas"', unknown)
        wrong = self.kubectl("patch", "redisha", "demo", "--type=merge", "-p", '{"spec":{"replicas":"x"}}', fails=True)
        self.assertIn("spec.replicas", wrong)
        self.kubectl("scale", "redisha", "demo", "--replicas=5")
        scaled = self.get("redisha", "demo")
        self.assertEqual((scaled["spec"]["replicas"], scaled["metadata"]["generation"]), (5, 2))
        if self.client_minor() >= 24:
            self.kubectl("patch", "redisha", "demo", "--type=merge", "--subresource=status", "-p",
                         '{"status":{"phase":"Testing"}}')
        self.assertEqual(self.get("redisha", "demo")["metadata"]["generation"], 2)
        self.kubectl("delete", "redisha", "demo")

    def test_a_resource_of_when_snapshots_were_the_default_keeps_them(self):
        with open(os.path.join(ROOT, "crds", "redisha.yaml"), encoding="utf-8") as file:
            now = file.read()
        modes = "enum: [None, RDB, AOF, AOFAndRDB]"
        self.assertIn(modes, now)
        resource = "apiVersion: ha.redisha.io/v1\nkind: RedisHA\nmetadata: {name: earlier}\nspec: {storage: {size: 1Gi}}\n"
        self.kubectl("apply", "-f", "-", stdin=now.replace(modes, modes + "\n                      default: RDB"))
        self.kubectl("apply", "-f", "-", stdin=resource)
        self.kubectl("apply", "-f", "-", stdin=now)
        self.kubectl("apply", "-f", "-", stdin=resource)
        self.kubectl("scale", "redisha", "earlier", "--replicas=5")
        self.assertEqual(self.get("redisha", "earlier")["spec"]["persistence"]["mode"], "RDB")
        self.kubectl("delete", "redisha", "earlier")
        self.kubectl("apply", "-f", "-", stdin=resource)
        self.assertEqual(self.get("redisha", "earlier")["spec"]["persistence"],
                         {"fsync": "EverySecond", "rewritePercent": 100, "snapshotSeconds": 900})
        self.kubectl("delete", "redisha", "earlier")

    def test_what_the_mode_of_persistence_does_not_take_is_refused(self):
        self.kubectl("apply", "-f", os.path.join(ROOT, "crds", "redisha.yaml"))
        of_file = "is of the append-only file: mode must be AOF or AOFAndRDB"
        for field, value in (("fsync", "Always"), ("rewritePercent", 50)):
            for mode, storage in (("AOF", "EmptyDir"), (None, "PersistentVolumeClaim"), ("RDB", "PersistentVolumeClaim"), (None, "EmptyDir")):
                persistence = {field: value} if mode is None else {field: value, "mode": mode}
                taken = mode == "AOF" or (mode is None and storage != "EmptyDir")
                with self.subTest(persistence=persistence, storage=storage):
                    answer = self.asked({"persistence": persistence, "storage": {"type": storage}}, fails=not taken)
                    if not taken:
                        self.assertIn(f"spec.persistence.{field}", answer)
                        self.assertIn(of_file, answer)
        self.assertIn("may not be given beside config[auto-aof-rewrite-percentage]", self.asked(
            {"persistence": {"rewritePercent": 50}, "config": {"auto-aof-rewrite-percentage": "60"}}, fails=True))
        self.assertIn("is of snapshots: mode must be RDB or AOFAndRDB", self.asked({"persistence": {"snapshotSeconds": 60}}, fails=True))
        self.asked({"persistence": {"snapshotSeconds": 60}, "storage": {"type": "EmptyDir"}})
        self.asked({"persistence": {"snapshotSeconds": 60, "mode": "AOFAndRDB"}})
        self.assertIn("rewritePercent", self.asked({"persistence": {"rewritePercent": -1}}, fails=True))

    def asked(self, spec, fails=False):
        resource = {"apiVersion": "ha.redisha.io/v1", "kind": "RedisHA", "metadata": {"name": "asked"}, "spec": spec}
        return self.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(resource), fails=fails)

    def client_minor(self):
        version = json.loads(self.kubectl("version", "--client", "-o", "json"))
        return int(version["clientVersion"]["minor"].rstrip("+"))

    def test_stateful_set_runs_processes(self):
        self.kubectl("apply", "-f", "-", stdin=WEB)
        self.kubectl("rollout", "status", "statefulset/web", f"--timeout={TIMEOUT_S}s")
        address = self.get("svc", "web")["spec"]["clusterIP"]
        page = wait_for("the service", lambda: subprocess.run(
            ["curl", "-sf", f"http://{address}:{WEB_PORT}/"], capture_output=True, text=True, timeout=10).stdout)
        self.assertEqual(page, "from the ConfigMap")
        self.assertIn("index.html", self.kubectl("logs", "web-0"))

        self.kubectl("exec", "-i", "web-1", "--", "tee", "/data/kept", stdin="by the claim")
        pid = self.container_pid("web-1")
        hosts = "$REDISHA_HOSTS_FILE" if WITHOUT_NAMESPACES else "/etc/hosts"
        self.assertIn("web-0.web-pods.default.svc.cluster.local", self.kubectl("exec", "web-1", "--", "sh", "-c", f"cat {hosts}"))
        os.kill(pid, signal.SIGKILL)
        wait_for("the container's restart", lambda: self.container(self.get("pod", "web-1"))["restartCount"] == 1 and
                 self.ready("web-1"))
        uid = self.get("pod", "web-1")["metadata"]["uid"]
        self.kubectl("delete", "pod", "web-1")
        wait_for("the pod's successor", lambda: self.ready("web-1", not_uid=uid))
        self.assertEqual(self.kubectl("exec", "web-1", "--", "cat", "/data/kept"), "by the claim")

        self.kubectl("rollout", "restart", "statefulset/web")
        self.kubectl("rollout", "status", "statefulset/web", f"--timeout={TIMEOUT_S}s")
        self.kubectl("scale", "statefulset/web", "--replicas=1")
        wait_for("the second pod to go", lambda: "web-1" not in self.kubectl("get", "pods", "-o", "name"))
        self.assertIn("Killing", self.kubectl("describe", "pod", "web-0") + self.kubectl("get", "events"))

        self.kill_the_daemon()
        wait_for("the pod after the restart", lambda: self.ready("web-0"))
        self.kubectl("delete", "statefulset/web", "svc/web", "svc/web-pods")
        wait_for("the pods to go", lambda: not self.kubectl("get", "pods", "-l", "app=web", "-o", "name"))
        self.assertIn("data-web-1", self.kubectl("get", "pvc", "-o", "name"))

    def kill_the_daemon(self):
        """SIGKILL leaves no process behind; the next start goes on from what was stored."""
        status = json.loads(subprocess.run([PROGRAM, "local", "status", "--dir", self.folder, "-o", "json"],
                                           capture_output=True, text=True, check=True, timeout=10).stdout)
        self.assertTrue(processes_with(f"http.server\0{WEB_PORT}"))
        os.kill(status["pid"], signal.SIGKILL)
        wait_for("all containers to die", lambda: not processes_with(f"http.server\0{WEB_PORT}"))
        self.up()

    def test_a_missing_program_is_said(self):
        self.kubectl("apply", "-f", "-", stdin="""
apiVersion: v1
kind: Pod
metadata: {name: lost}
spec:
  restartPolicy: Never
  containers: [{name: c, image: nginx, command: [no-such-program]}]
""")
        wait_for("the pod to fail", lambda: self.get("pod", "lost")["status"]["phase"] == "Failed")
        self.assertIn("executable file not found on this machine", self.kubectl("describe", "pod", "lost"))
        self.kubectl("delete", "pod", "lost")

    def test_a_deletion_takes_long_enough_for_kubectl_to_wait_for_it(self):
        """`kubectl delete` gets the pod, then lists it by name to watch it; one that was replaced in between it awaits in vain."""
        self.kubectl("apply", "-f", "-", stdin=QUICK)
        wait_for("the pod", lambda: self.ready("quick-0"))
        uid = self.get("pod", "quick-0")["metadata"]["uid"]
        began = time.monotonic()
        self.kubectl("delete", "pod", "quick-0", "--wait=false")
        wait_for("the pod's successor", lambda: self.ready("quick-0", not_uid=uid))
        self.assertGreaterEqual(time.monotonic() - began, 1)
        self.kubectl("delete", "statefulset/quick")

    def test_exec_cp_and_port_forward_over_both_protocols(self):
        self.kubectl("apply", "-f", "-", stdin=BOX)
        wait_for("the pod", lambda: self.ready("box"))
        before = self.environment
        self.addCleanup(setattr, self, "environment", before)
        for websockets in ("true", "false"):  # since kubectl 1.29; an older one speaks SPDY alone
            self.environment = dict(before, KUBECTL_REMOTE_COMMAND_WEBSOCKETS=websockets,
                                    KUBECTL_PORT_FORWARD_WEBSOCKETS=websockets)
            with self.subTest(websockets=websockets):
                self.check_exec()
                self.check_terminal()
                self.check_cp()
                self.check_port_forward()
        self.kubectl("delete", "pod", "box")

    def check_exec(self):
        self.assertEqual(self.kubectl("exec", "-i", "box", "--", "cat", stdin="typed"), "typed")
        refused = self.kubectl("exec", "box", "--", "sh", "-c", "echo out; echo err >&2; exit 7", fails=True)
        self.assertIn("err\n", refused)
        self.assertIn("exit code 7", refused)
        self.assertIn("not found on this machine", self.kubectl("exec", "box", "--", "no-such-program", fails=True))
        self.assertIn("container none is not valid", self.kubectl("exec", "box", "-c", "none", "--", "true", fails=True))

    def check_terminal(self):
        """What is typed is seen, the size is the terminal's, the exit code comes back."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execvpe("kubectl", ["kubectl", "exec", "-it", "box", "--", "sh", "-c", "read x; stty size; exit 5"],
                       self.environment)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 91, 0, 0))
        seen = b""
        os.write(terminal, b"typed\r")
        try:
            while chunk := os.read(terminal, 1000):
                seen += chunk
        except OSError:
            pass  # how a terminal says that nobody is left
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 5, seen)
        self.assertIn(b"typed", seen)
        self.assertIn(b"33 91", seen)

    def check_cp(self):
        ours, back = os.path.join(self.directory, "blob"), os.path.join(self.directory, "blob.back")
        with open(ours, "wb") as file:
            file.write(os.urandom(2_000_000))
        self.kubectl("cp", ours, "box:/data/blob")
        self.kubectl("cp", "box:/data/blob", back)
        with open(ours, "rb") as one, open(back, "rb") as other:
            self.assertEqual(one.read(), other.read())

    def check_port_forward(self):
        forward = subprocess.Popen(["kubectl", "port-forward", "pod/box", f":{WEB_PORT}"], env=self.environment,
                                   stdout=subprocess.PIPE, text=True)
        try:
            port = re.search(r":(\d+) ->", forward.stdout.readline()).group(1)
            for _ in range(3):
                page = subprocess.run(["curl", "-sf", f"http://127.0.0.1:{port}/blob", "-o", "/dev/null", "-w", "%{size_download}"],
                                      capture_output=True, text=True, timeout=10)
                self.assertEqual(page.stdout, "2000000")
        finally:
            forward.terminate()
            forward.wait()
            forward.stdout.close()

    def test_attach_shows_what_is_written_from_now_on(self):
        self.kubectl("apply", "-f", "-", stdin=BOX.replace("name: box", "name: talker").replace(
            f"python3, -u, -m, http.server, \"{WEB_PORT}\", --bind, $(POD_IP), --directory, /data",
            "sh, -c, while test ! -e /data/over; do echo tick; sleep 0.1; done"))
        wait_for("the pod", lambda: self.ready("talker"))
        attached = subprocess.Popen(["kubectl", "attach", "talker"], env=self.environment, stdout=subprocess.PIPE, text=True)
        try:
            self.assertEqual(attached.stdout.readline(), "tick\n")
            self.kubectl("exec", "talker", "--", "touch", "/data/over")
            attached.wait(TIMEOUT_S)
        finally:
            attached.kill()
            attached.wait()
            attached.stdout.close()
        self.kubectl("delete", "pod", "talker")

    def container(self, pod):
        return pod["status"].get("containerStatuses", [{}])[0]

    def container_pid(self, name):
        return int(self.container(self.get("pod", name))["containerID"].removeprefix("process://"))

    def ready(self, name, not_uid=None):
        pods = self.get("pods", "--field-selector", f"metadata.name={name}")["items"]
        if not pods or pods[0]["metadata"]["uid"] == not_uid:
            return False
        conditions = {c["type"]: c["status"] for c in pods[0]["status"].get("conditions", [])}
        return conditions.get("Ready") == "True"


if __name__ == "__main__":
    unittest.main()
