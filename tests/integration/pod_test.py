#!/usr/bin/env python3
"""A configured group: three pods of redisha-node and redisha-sentinel on loopback addresses of their own, without Kubernetes.

Bootstrap, the fast path after a SIGKILL, cold starts, probes, metrics and the sidecar's way of stopping.
"""
import http.server
import json
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

import redis

from tests.support import members

BIN = os.environ.get("RHA_BIN_DIR", "build/dev/bin")
NODE = os.path.join(BIN, "redisha-node")
SENTINEL = os.path.join(BIN, "redisha-sentinel")
# Of this process alone: the same test may run elsewhere on this machine.
HOSTS = [f"127.{100 + os.getpid() % 100}.{os.getpid() // 100 % 250}.{i + 1}" for i in range(3)]
NODE_PORT, SENTINEL_PORT, METRICS_PORT = 21250, 21260, 21270
GROUP = "demo"
PASSWORD = "secret"


def until(what, condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    last = None
    while time.monotonic() < deadline:
        try:
            last = condition()
            if last:
                return last
        except (redis.RedisError, OSError, KeyError) as error:
            last = error
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds} s for: {what} (last: {last!r})")


class Pod:
    def __init__(self, folder, index):
        self.index, self.host = index, HOSTS[index]
        self.folder = os.path.join(folder, f"pod-{index}")
        os.mkdir(self.folder)
        self.processes = {}
        self.environment = {}
        with open(os.path.join(folder, "peer-key"), "w") as key:
            key.write(members.KEY + "\n")
        self.write("node.conf", f"port {NODE_PORT}\nunixsocket {self.folder}/node.sock\ndir {self.folder}\n"
                                f"requirepass {PASSWORD}\nmasterauth {PASSWORD}\nredisha-managed yes\n"
                                f"redisha-peer-key-file {folder}/peer-key\nredisha-cluster-uid uid-1\n")
        voters = "".join(f"redisha-member {GROUP}-{i} {host}\n" for i, host in enumerate(HOSTS))
        self.write("sentinel.conf",
                   f"port {SENTINEL_PORT}\nredisha-group {GROUP} 2\n{voters}redisha-node-port {NODE_PORT}\n"
                   f"redisha-local-socket {self.folder}/node.sock\n"
                   f"redisha-state-file {self.folder}/sentinel.state\nredisha-cluster-uid uid-1\n"
                   f"redisha-peer-key-file {folder}/peer-key\n"
                   f"redisha-metrics-port {METRICS_PORT}\nsentinel down-after-milliseconds {GROUP} 1000\n")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as conf:
            conf.write(text)

    def start(self, kind):
        args = {"node": [NODE, f"{self.folder}/node.conf", "--bind", self.host, "--replica-announce-ip", self.host,
                         "--redisha-node-name", f"{GROUP}-{self.index}"],
                "sentinel": [SENTINEL, f"{self.folder}/sentinel.conf", "--bind", self.host, "--announce-ip", self.host,
                             "--self", f"{GROUP}-{self.index}"]}[kind]
        env = {k: v for k, v in os.environ.items() if k not in ("POD_NAME", "POD_NAMESPACE")} | self.environment
        with open(os.path.join(self.folder, kind + ".log"), "ab") as log:
            self.processes[kind] = subprocess.Popen(args, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder, env=env)

    def log(self, kind):
        with open(os.path.join(self.folder, kind + ".log"), errors="replace") as log:
            return log.read()

    def signal(self, kind, sig):
        process = self.processes[kind]
        if process.poll() is None:
            process.send_signal(sig)

    def kill(self, kind):
        self.signal(kind, signal.SIGKILL)
        self.processes[kind].wait(10)

    def client(self):
        return redis.Redis(host=self.host, port=NODE_PORT, password=PASSWORD, socket_timeout=1, decode_responses=True)

    def sentinel(self):
        return redis.Redis(host=self.host, port=SENTINEL_PORT, socket_timeout=2, decode_responses=True)

    def primary(self):
        answer = self.sentinel().sentinel_get_master_addr_by_name(GROUP)
        return HOSTS.index(answer[0]) if answer else None

    def page(self, path):
        try:
            with urllib.request.urlopen(f"http://{self.host}:{METRICS_PORT}{path}", timeout=3) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name):
        for line in self.page("/metrics")[1].splitlines():
            if line.split("{")[0].split(" ")[0] == name:
                return float(line.rsplit(" ", 1)[1])
        return None


class Bed(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rha-pod-")
        self.pods = [Pod(self.folder, i) for i in range(3)]

    def failed(self):
        result = self._outcome.result
        return any(case is self for case, _ in result.failures + result.errors)

    def tearDown(self):
        for pod in self.pods:
            for kind, process in pod.processes.items():
                if process.poll() is None:
                    process.send_signal(signal.SIGCONT)
                    process.kill()
                process.wait(10)
            if self.failed():
                for kind in pod.processes:
                    with open(os.path.join(pod.folder, kind + ".log"), errors="replace") as log:
                        print(f"==== pod {pod.index} {kind}\n" + "".join(log.readlines()[-50:]))
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_all(self):
        for pod in self.pods:
            pod.start("node")
            pod.start("sentinel")
        return self.settled()

    def settled(self, pods=None, seconds=30):
        """All sidecars name the same primary, its replicas are in sync, every pod is ready."""
        pods = pods or self.pods
        def check():
            primaries = {pod.primary() for pod in pods}
            if len(primaries) != 1 or None in primaries:
                return None
            primary = self.pods[primaries.pop()]
            info = primary.client().info("replication")
            if info["role"] != "master" or info["connected_slaves"] != len(pods) - 1:
                return None
            return primary if all(pod.page("/readyz")[0] == 200 for pod in pods) else None
        return until("a settled group", check, seconds)

    @staticmethod
    def writes(pod):
        try:
            return pod.client().set("probe", "1")
        except (redis.RedisError, OSError):
            return False


class LocalConnection(Bed):
    """The CLIENT KILL that ends a promotion closes the own sidecar's connection too, with the question who is primary perhaps on it."""

    def test_after_its_own_connection_was_closed_a_sidecar_asks_again_at_once(self):
        node = self.start_all().client()
        for _ in range(8):
            own = until("its connection", lambda: next(
                (c for c in node.client_list() if c["addr"].startswith(self.folder) and "-cmd" in c["name"]), None))
            with node.monitor() as monitor:
                node.client_kill_filter(_id=own["id"])
                commands = (line["command"] for line in monitor.listen() if line["client_type"] == "unix")
                until("the new connection", lambda: next(commands).startswith("CLIENT SETNAME"))
                # It waited for the answer to the one before, for up to a second.
                self.assertEqual([next(commands).split()[0] for _ in range(2)], ["PING", "INFO"])


class PodTest(Bed):
    def test_bootstrap_failover_and_return(self):
        primary = self.start_all()
        self.assertEqual(primary.page("/readyz"), (200, "ok: primary\n"))
        self.assertEqual(primary.page("/healthz")[0], 200)
        for round_number in range(3):
            primary.client().set(f"key-{round_number}", "kept")
            until("replicas have it", lambda: all(
                pod.client().get(f"key-{round_number}") for pod in self.pods))
            others = [pod for pod in self.pods if pod is not primary]
            began = time.monotonic()
            primary.kill("node")
            new = until("a primary that takes writes", lambda: next(
                (pod for pod in others if self.writes(pod)), None))
            print(f"first write {1000 * (time.monotonic() - began):.0f} ms after the kill")
            self.assertEqual(new.client().get(f"key-{round_number}"), "kept")
            self.assertEqual(primary.page("/readyz")[0], 503)
            self.assertIn("not there", primary.page("/readyz")[1])
            self.assertEqual(primary.metric("redis_up"), 0)
            primary.start("node")
            primary = self.settled()
            self.assertEqual(primary.index, new.index)
        self.assertEqual(primary.metric("redis_up"), 1)
        for i in range(3):
            self.assertEqual({pod.client().get(f"key-{i}") for pod in self.pods}, {"kept"})
        for pod in self.pods:
            self.assertNotIn("has the id of this one", pod.log("sentinel"))

    def test_everything_killed_and_started_again(self):
        primary = self.start_all()
        primary.client().set("key", "kept")
        primary.client().save()
        epoch = primary.sentinel().sentinel_master(GROUP)["config-epoch"]
        for pod in self.pods:
            pod.kill("sentinel")
            pod.kill("node")
        primary = self.start_all()
        self.assertEqual(primary.client().get("key"), "kept")
        self.assertGreaterEqual(primary.sentinel().sentinel_master(GROUP)["config-epoch"], epoch)

    def test_one_sidecar_alone_assigns_nothing(self):
        self.pods[0].start("node")
        self.pods[0].start("sentinel")
        until("the sidecar answers", self.pods[0].sentinel().ping)
        until("the node answers", self.pods[0].client().ping)
        time.sleep(4)
        self.assertIsNone(self.pods[0].primary())
        self.assertEqual(self.pods[0].sentinel().sentinel_masters(), {})
        code, text = self.pods[0].page("/readyz")
        self.assertEqual(code, 503)
        self.assertIn("no primary is known", text)
        self.assertFalse(self.writes(self.pods[0]))

    def test_sigterm_of_a_whole_pod_hands_over_first(self):
        primary = self.start_all()
        primary.signal("sentinel", signal.SIGTERM)
        primary.signal("node", signal.SIGTERM)
        others = [pod for pod in self.pods if pod is not primary]
        began = time.monotonic()
        until("a primary elsewhere", lambda: any(self.writes(pod) for pod in others))
        print(f"first write {1000 * (time.monotonic() - began):.0f} ms after SIGTERM")
        self.assertEqual(primary.processes["sentinel"].wait(12), 0)
        print(f"the sidecar left {1000 * (time.monotonic() - began):.0f} ms after SIGTERM")
        with open(os.path.join(primary.folder, "sentinel.log")) as log:
            text = log.read()
        self.assertIn("+switch-master", text.split("stopping once")[1])
        self.assertNotIn("stopping although", text)

    def test_votes_survive_a_restart_of_the_sidecar(self):
        self.start_all()
        pod = self.pods[1]
        vote = pod.sentinel().execute_command("SENTINEL", "IS-MASTER-DOWN-BY-ADDR", HOSTS[0], str(NODE_PORT), "0", "*")
        pod.kill("sentinel")
        pod.start("sentinel")
        self.settled()
        again = pod.sentinel().execute_command("SENTINEL", "IS-MASTER-DOWN-BY-ADDR", HOSTS[0], str(NODE_PORT), "0", "*")
        self.assertEqual(again[2], vote[2])

    def test_nothing_is_forgotten_over_two_restarts(self):
        primary = self.start_all()
        pod = self.pods[1]
        for other in self.pods:
            other.kill("sentinel")
        told = f"last primary {GROUP}-{primary.index} of epoch"
        for restart in range(3):  # alone, so that nobody can tell it again what it forgot
            pod.start("sentinel")
            until("the sidecar answers", pod.sentinel().ping)
            pod.kill("sentinel")
            with open(os.path.join(pod.folder, "sentinel.log")) as log:
                began = log.read().split("going on from")[1:]
            self.assertEqual(len(began), restart + 1)
            self.assertIn(told, began[-1].splitlines()[0])

    def test_a_changed_list_of_voters_is_taken_over_and_no_server_notices(self):
        first = self.start_all()
        if first is self.pods[2]:
            first.kill("node")
            first = until("a primary that stays", lambda: self.pods[self.pods[0].primary()] if self.pods[0].primary() in (0, 1) else None)
        for kind in ("node", "sentinel"):
            self.pods[2].kill(kind)
        stay = self.pods[:2]
        nodes, sentinels = ([pod.processes[kind].pid for pod in stay] for kind in ("node", "sentinel"))
        for pod in stay:
            with open(os.path.join(pod.folder, "sentinel.conf")) as conf:
                text = conf.read().replace(f"redisha-member {GROUP}-2 {HOSTS[2]}\n", "")
            pod.write("sentinel.conf", text)
        until("two voters", lambda: [len(pod.sentinel().sentinel_sentinels(GROUP)) for pod in stay] == [1, 1])
        self.settled(stay)
        self.assertIs(self.pods[stay[0].primary()], first)
        self.assertEqual([[pod.processes[kind].pid for pod in stay] for kind in ("node", "sentinel")], [nodes, sentinels])
        self.assertEqual([pod.processes[kind].poll() for pod in stay for kind in ("node", "sentinel")], [None] * 4)
        self.writes(first)

        other = stay[1]  # looks at the file a second after the first member has
        with open(os.path.join(other.folder, "sentinel.conf")) as conf:
            other.write("sentinel.conf", conf.read() + f"redisha-member {GROUP}-2 {HOSTS[2]}\n")
        until("the other one to have seen it", lambda: "3 voters instead of 2" in other.log("sentinel"))
        for kind in ("node", "sentinel"):
            other.signal(kind, signal.SIGTERM)
        self.assertEqual(other.processes["sentinel"].wait(30), 0, "an end is an end, also before a new beginning")


class ApiServer(http.server.BaseHTTPRequestHandler):
    """Takes patches of pods; refuses the first ones."""

    refuse = 0
    patches = []
    pods = {}  # their metadata

    def do_PATCH(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        cls = type(self)
        code = 200
        if cls.refuse > 0:
            cls.refuse -= 1
            code = 403
        else:
            metadata = json.loads(body)["metadata"]
            cls.patches.append((self.path, self.headers["Content-Type"], self.headers.get("Authorization"),
                                metadata.get("labels", {}).get("ha.redisha.io/role")))
            for kind in ("labels", "annotations"):
                cls.pod(self.path)[kind].update(metadata.get(kind, {}))
        answer = {200: {"kind": "Pod", "apiVersion": "v1", "metadata": cls.pod(self.path)},
                  403: {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden",
                        "message": "pods is forbidden", "code": 403}}[code]
        data = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    @classmethod
    def pod(cls, path):
        return cls.pods.setdefault(path, {"labels": {}, "annotations": {}, "resourceVersion": "1"})

    def do_GET(self):
        data = json.dumps({"kind": "Pod", "apiVersion": "v1", "metadata": type(self).pod(self.path)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


class Labels(Bed):
    """The role label, against an API server that refuses at first, and whose certificate is of a CA of its own."""

    def setUp(self):
        super().setUp()
        ApiServer.refuse, ApiServer.patches, ApiServer.pods = 2, [], {}
        self.api = http.server.ThreadingHTTPServer(("127.0.0.1", 0), ApiServer)
        key, certificate = (os.path.join(self.folder, name) for name in ("api.key", "api.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                        "-subj", "/CN=api", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.api.socket = context.wrap_socket(self.api.socket, server_side=True)
        # Whoever reads the machine's certificates waits for ever: as a pause of a failover's label they cost 24 ms of a CPU.
        self.system_certificates = os.path.join(self.folder, "system.pem")
        os.mkfifo(self.system_certificates)
        threading.Thread(target=self.api.serve_forever, daemon=True).start()
        with open(os.path.join(self.folder, "kubeconfig"), "w") as conf:
            json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "c",
                       "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u", "namespace": "ns"}}],
                       "clusters": [{"name": "k", "cluster": {"server": f"https://127.0.0.1:{self.api.server_port}",
                                                             "certificate-authority": certificate}}],
                       "users": [{"name": "u", "user": {"token": "abc"}}]}, conf)

    def tearDown(self):
        super().tearDown()
        self.api.shutdown()
        self.api.server_close()

    def test_labels_follow_the_roles(self):
        for pod in self.pods:
            pod.environment = {"POD_NAME": f"demo-{pod.index}", "POD_NAMESPACE": "ns",
                               "KUBECONFIG": os.path.join(self.folder, "kubeconfig"),
                               "SSL_CERT_FILE": self.system_certificates}
        primary = self.start_all()
        path = "/api/v1/namespaces/ns/pods/demo-%d"
        def labels():
            return {p: pod["labels"].get("ha.redisha.io/role") for p, pod in ApiServer.pods.items()}
        def wanted(index):
            return {path % i: "primary" if i == index else "replica" for i in range(3)}
        until("all pods labelled", lambda: labels() == wanted(primary.index))
        self.assertEqual([ApiServer.pods[path % i]["annotations"]["ha.redisha.io/voters"] for i in range(3)], ["3"] * 3)
        self.assertEqual({(kind, auth) for _, kind, auth, _ in ApiServer.patches},
                         {("application/merge-patch+json", "Bearer abc")})
        self.assertEqual(sum(pod.metric("redisha_sentinel_label_patch_errors_total") for pod in self.pods), 2)
        primary.kill("node")
        new = until("the new primary labelled", lambda: next(
            (p for p in self.pods if p is not primary and labels()[path % p.index] == "primary"), None))
        primary.start("node")
        until("the old primary labelled as replica", lambda: labels() == wanted(new.index))

        self.settled()
        for kind in ("sentinel", "node"):  # as a machine that is gone: nobody is left to change its label
            new.kill(kind)
        last = until("the next primary alone labelled so", lambda: next(
            (p for p in self.pods if p is not new and labels() == wanted(p.index)), None))
        self.assertGreater(int(ApiServer.pods[path % last.index]["annotations"]["ha.redisha.io/role-epoch"]),
                           int(ApiServer.pods[path % new.index]["annotations"]["ha.redisha.io/role-epoch"]))

        # As one that was cut off and starts again without having heard of its successor.
        ApiServer.pods[path % new.index].update(labels={"ha.redisha.io/role": "primary"},
                                                annotations={"ha.redisha.io/role-epoch": "1000"})
        last.kill("sentinel")
        last.start("sentinel")
        until("it to give way", lambda: labels() == wanted(new.index))


if __name__ == "__main__":
    unittest.main()
