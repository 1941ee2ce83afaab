"""`redisha` as people type it, against a RedisHA on the one-machine Kubernetes: each verb does what it says."""
import base64
import gzip
import json
import os
import signal
import subprocess
import tarfile
import tempfile
import unittest

import yaml

from tests.support.cluster import LocalCluster, RedisHA, wait_for
from tests.support.writer import Writer

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class CliTest(unittest.TestCase):
    """One cluster for all: the tests run in the order of their names and leave it Ready."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="redisha-e2e-")
        cls.addClassCleanup(directory.cleanup)
        cls.folder = directory.name
        cls.cluster = LocalCluster(os.environ["RHA_BIN_DIR"], os.path.join(cls.folder, "local"))
        cls.addClassCleanup(cls.cluster.down)
        cls.cluster.up("--restart-backoff-max-seconds", "1")
        cls.cluster.apply(os.path.join(ROOT, "examples", "minimal.yaml"))
        cls.ha = RedisHA(cls.cluster, "demo")
        cls.redisha("status", "demo", "--wait", timeout_s=120)

    @classmethod
    def run_it(cls, *words, timeout_s=60, **options):
        return subprocess.run([cls.cluster.program, *words], capture_output=True, text=True, timeout=timeout_s,
                              env={**os.environ, "KUBECONFIG": cls.cluster.kubeconfig}, **options)

    @classmethod
    def redisha(cls, *words, code=0, **options):
        done = cls.run_it(*words, **options)
        assert done.returncode == code, f"redisha {' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def primary(self):
        return json.loads(self.run_it("status", "demo", "-o", "json").stdout)["primary"]  # in any health

    def test_10_status_shows_one_or_all_and_its_code_is_the_health(self):
        self.assertIn("RedisHA default/demo: Ready\n", self.redisha("status", "demo"))
        self.assertRegex(self.redisha("status", "-A"), r"NAMESPACE +NAME +STATUS.*\ndefault +demo +Ready")
        self.assertIn("health: Ready", self.redisha("status", "demo", "-o", "yaml"))
        missing = self.run_it("status", "cart")
        self.assertEqual(missing.returncode, 1)
        self.assertEqual(missing.stderr, 'redisha: there is no RedisHA "cart" in namespace default; there is demo\n')

    def test_10_what_was_waited_for_in_vain_is_told_with_the_reason(self):
        nosecret = os.path.join(self.folder, "nosecret.yaml")
        with open(nosecret, "w", encoding="utf-8") as file:
            yaml.safe_dump({"apiVersion": "ha.redisha.io/v1", "kind": "RedisHA", "metadata": {"name": "cart"},
                            "spec": {"replicas": 1, "auth": {"secretRef": {"name": "nowhere"}}}}, file)
        self.cluster.apply(nosecret)
        self.addCleanup(subprocess.run, ["kubectl", "--kubeconfig", self.cluster.kubeconfig, "delete", "redisha", "cart"], timeout=60)
        wait_for("the operator to miss the Secret", lambda: "Secret nowhere" in self.run_it("status", "cart").stdout, 60)
        waited = self.run_it("status", "cart", "--wait", "--timeout", "1")
        self.assertEqual(waited.returncode, 1)
        self.assertIn("in vain for cart to be Ready: spec.auth.secretRef.name: Secret nowhere does not exist", waited.stderr)

    def test_11_kubectl_finds_it_as_a_plugin(self):
        path = os.environ["RHA_BIN_DIR"] + os.pathsep + os.environ["PATH"]
        done = subprocess.run(["kubectl", "redisha", "status", "--help"], capture_output=True, text=True, timeout=30,
                              env={**os.environ, "PATH": path})
        self.assertIn("kubectl redisha status", done.stdout)

    def test_11_wrong_usage_is_told_in_a_line_and_its_code_is_2(self):
        for words, line in [(["stauts"], "redisha: stauts is no verb; redisha --help lists them\n"),
                            (["local", "start"], "redisha: start is no verb; redisha local --help lists them\n"),
                            (["logs", "demo", "--since", "1x"], '--since: "1x" is no time such as 30s, 10m, 2h, 1d\n'),
                            (["status", "-o", "xml"], "--output: xml not in {json,yaml,wide}\n"),
                            (["topology"], "name is required\n")]:
            done = self.run_it(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertTrue(done.stderr.startswith(line), done.stderr)

    def test_12_credentials_may_come_from_a_program(self):
        with open(self.cluster.kubeconfig, encoding="utf-8") as file:
            config = yaml.safe_load(file)
        credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                      "status": {"token": config["users"][0]["user"]["token"]}}
        path = os.path.join(self.folder, "exec-kubeconfig")

        def use(command, *args):
            config["users"][0]["user"] = {"exec": {"apiVersion": credential["apiVersion"], "command": command,
                                                   "args": args, "installHint": "Get it there."}}
            with open(path, "w", encoding="utf-8") as file:
                yaml.safe_dump(config, file)
            return self.run_it("status", "--kubeconfig", path)

        self.assertIn("demo", use("echo", json.dumps(credential)).stdout)
        self.assertEqual(use("no-such-program").stderr,
                         "redisha: credential plugin no-such-program: there is no such program. Get it there.\n")
        self.assertIn("neither token nor certificate", use("echo", "{}").stderr)

    def test_13_words_are_completed(self):
        def complete(*words):
            return self.redisha("__complete", *words).splitlines()

        self.assertEqual(complete("sw"), ["switchover", ":4"])
        self.assertEqual(complete("status", ""), ["demo", ":4"])
        self.assertEqual(complete("-n", "default", "status", "x"), [":4"])
        self.assertEqual(complete("switchover", "demo", "--t"), ["--to", ":4"])
        self.assertEqual(complete("status", "-o", "y"), ["yaml", ":4"])
        self.assertEqual(complete("migrate", ""), ["bitnami", "opstree", "spotahome", ":4"])
        self.assertIn("up", complete("local", "u"))
        # What each shell itself makes of the script: a word that is begun, and a name that only the cluster knows.
        self.assertEqual(self.shell("bash", 'COMP_WORDS=(redisha topo); COMP_CWORD=1; _redisha; echo "${COMPREPLY[0]}"'), "topology\n")
        self.assertEqual(self.shell("zsh", "compadd() { print -r -- ${(P)2}; }; words=(redisha topo); CURRENT=2; _redisha\n"
                                           "words=(redisha status ''); CURRENT=3; _redisha"), "topology\ndemo\n")
        self.assertEqual(self.shell("fish", 'complete -C "redisha topo"; complete -C "redisha status "'), "topology\ndemo\n")

    def shell(self, name, commands):
        path = os.environ["RHA_BIN_DIR"] + os.pathsep + os.environ["PATH"]
        done = subprocess.run([name, {"bash": "--norc", "zsh": "-f", "fish": "--no-config"}[name], "-c",
                               self.redisha("completion", name) + commands], capture_output=True, text=True, timeout=30,
                              env={**os.environ, "PATH": path, "KUBECONFIG": self.cluster.kubeconfig, "HOME": self.folder})
        return done.stdout + done.stderr

    def test_20_topology_draws_who_follows_whom(self):
        drawing = self.redisha("topology", "demo")
        self.assertRegex(drawing, r"writes ─▶ demo:6379 ─▶ ● demo-\d +primary +takes writes")
        pods = json.loads(self.redisha("topology", "demo", "-o", "json"))["pods"]
        self.assertEqual([pod["sentinel"]["names"] for pod in pods], [self.primary()] * 3)

    def test_30_switchover_moves_the_primary_to_the_pod_that_is_named(self):
        before = self.primary()
        target = next(f"demo-{i}" for i in range(3) if f"demo-{i}" != before)
        said = self.redisha("switchover", "demo", "--to", target)
        self.assertRegex(said, rf"{before} ─▶ {target}: named after \d+ ms, routed after \d+ ms\n$")
        self.assertEqual(self.primary(), target)
        connection = self.ha.connect(self.ha.pod_ips()[before])
        self.addCleanup(connection.close)
        self.assertEqual(connection.command("CONFIG", "GET", "replica-priority")[1], b"100", "it is given back")

    def test_31_no_acknowledged_write_is_lost_by_a_switchover(self):
        self.redisha("status", "demo", "--wait")
        writer = Writer(self.ha.sentinels(), self.ha.master_name, self.ha.password(), keys_per_s_max=5_000)
        writer.start()
        wait_for("the first writes", lambda: writer.written >= 500, 30)
        other = json.loads(self.redisha("switchover", "demo", "-o", "json"))
        self.assertEqual(other["to"], self.primary())
        target = writer.written + 500
        wait_for("writes on the new primary", lambda: writer.written >= target, 30)
        writer.stop()
        self.assertEqual(writer.missing(*writer.primary), [])
        self.redisha("status", "demo", "--wait")

    def test_32_switchover_says_what_cannot_be(self):
        done = self.run_it("switchover", "demo", "--to", "cart-0")
        self.assertEqual(done.stderr, "redisha: cart-0 is no pod of demo; they are demo-0 demo-1 demo-2\n")

    def test_40_a_failover_is_explained(self):
        before = self.primary()
        os.kill(self.ha.node_pid(self.ha.pod_ips()[before]), signal.SIGKILL)
        wait_for("another primary", lambda: self.primary() not in (None, before), 30)
        self.redisha("status", "demo", "--wait")
        story = json.loads(self.redisha("explain-last-failover", "demo", "-o", "json"))
        self.assertEqual((story["from"], story["to"]), (before, self.primary()))
        self.assertIn(f"the process of {before} ended (exit code 137", story["cause"])
        self.assertTrue(story["leader"].startswith("demo-"))
        self.assertGreaterEqual(len(story["votes"]), 2)
        self.assertIn(f"{before} ─▶ {self.primary()}", self.redisha("explain-last-failover", "demo"))

    def test_41_logs_are_merged_by_time(self):
        lines = self.redisha("logs", "demo", "--tail", "20").splitlines()
        self.assertEqual({line.split()[0].split("/")[1] for line in lines}, {"node", "sentinel"})
        times = [line.split()[1] for line in lines]
        self.assertEqual(times, sorted(times))
        following = subprocess.Popen([self.cluster.program, "logs", "demo", "-c", "sentinel", "-f", "--tail", "1"],
                                     stdout=subprocess.PIPE, text=True,
                                     env={**os.environ, "KUBECONFIG": self.cluster.kubeconfig})
        self.addCleanup(following.wait)
        self.addCleanup(following.stdout.close)
        self.addCleanup(following.kill)
        self.assertRegex(following.stdout.readline(), r"^demo-\d/sentinel +20")

    def test_50_cli_is_redis_cli_at_the_primary_and_the_password_is_in_no_argument(self):
        self.assertIn("role:master", self.redisha("cli", "demo", "--", "INFO", "replication"))
        self.assertIn("OK 3 usable Sentinels",
                      self.redisha("cli", "demo", "--sentinel", "--", "SENTINEL", "CKQUORUM", "default.demo"))
        fake = os.path.join(self.folder, "fake")
        os.mkdir(fake)
        with open(os.path.join(fake, "redis-cli"), "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho \"$@\"\n")
            os.fchmod(file.fileno(), 0o755)
        done = subprocess.run([self.cluster.program, "cli", "demo", "--", "GET", "k"], capture_output=True, text=True, timeout=30,
                              env={**os.environ, "KUBECONFIG": self.cluster.kubeconfig, "PATH": fake})
        self.assertRegex(done.stdout, r"^-h 127\.\S+ -p 6379 GET k\n$")

    def test_55_bench_says_what_a_move_costs_and_leaves_nothing(self):
        before = self.primary()
        report = json.loads(self.redisha("bench", "demo", "--seconds", "3", "--clients", "2", "--during", "switchover", "-o", "json"))
        self.assertEqual((report["primaryBefore"], report["primaryAfter"]), (before, self.primary()))
        self.assertNotEqual(before, self.primary())
        self.assertEqual(report["acknowledgedValues"]["missing"], 0)
        self.assertGreater(report["acknowledgedValues"]["readAgain"], 100)
        for kind in ("writes", "reads"):
            figures = report[kind]
            self.assertGreater(figures["count"], 0)
            self.assertLessEqual(figures["microseconds"]["p50"], figures["microseconds"]["max"])
        self.assertIn("its replicas hold everything; its sentinel is told to move the primary", [e["what"] for e in report["events"]])
        self.assertEqual(self.redisha("cli", "demo", "--", "--scan", "--pattern", "redisha:bench:*"), "")
        self.redisha("status", "demo", "--wait")

    def test_60_restart_replaces_every_pod(self):
        before = {self.ha.pod(i)["metadata"]["uid"] for i in range(3)}
        said = self.redisha("restart", "demo", timeout_s=120)
        self.assertRegex(said, r"demo-2 is new and ready.*\ndemo-1 is new and ready.*\ndemo-0 is new and ready")
        self.assertFalse(before & {self.ha.pod(i)["metadata"]["uid"] for i in range(3)})

    def test_70_doctor_finds_nothing_wrong(self):
        checks = json.loads(self.redisha("doctor", "-o", "json"))["checks"]
        self.assertEqual({check["level"] for check in checks}, {"ok"}, checks)
        self.assertIn("pod demo-2", [check["what"] for check in checks])

    def test_71_a_report_has_everything_but_secrets(self):
        path = os.path.join(self.folder, "report.tar.gz")
        self.assertEqual(self.redisha("report", "demo", "-f", path), path + "\n")
        with tarfile.open(path) as tar:
            files = {member.name: tar.extractfile(member).read() for member in tar.getmembers()}
        for name in ("doctor.txt", "events.json", "demo/redisha.json", "pods/demo-0/node.log", "pods/demo-0/info.txt",
                     "pods/demo-1/metrics.txt", "pods/demo-2/sentinel.txt", "demo/secrets.json"):
            self.assertGreater(len(files["redisha-report/" + name]), 20, name)
        self.assertEqual(files["redisha-report/not-read.txt"], b"everything was read\n")
        everything = b"".join(files.values())
        for secret in ("demo-auth", "demo-peer"):
            for value in self.cluster.get("secret", secret)["data"].values():
                for line in base64.b64decode(value).split():
                    self.assertNotIn(line, everything)
                self.assertNotIn(value.rstrip("=").encode(), everything)
        again = self.run_it("report", "demo", "-f", path)
        self.assertEqual((again.returncode, again.stderr), (1, f"redisha: create {path}: File exists\n"))

    def test_80_migrate_reads_a_release_of_helm_and_what_it_prints_can_be_applied(self):
        release = {"name": "shop", "namespace": "default", "config": {"sentinel": {"enabled": True}, "tls": {"enabled": True}},
                   "chart": {"metadata": {"name": "redis", "version": "20.1.0"}, "values": {"replica": {"replicaCount": 3}}}}
        packed = base64.b64encode(gzip.compress(json.dumps(release).encode()))
        secret = {"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
                  "metadata": {"name": "sh.helm.release.v1.shop.v1", "namespace": "default",
                               "labels": {"owner": "helm", "name": "shop", "status": "deployed", "version": "1"}},
                  "data": {"release": base64.b64encode(packed).decode()}}
        self.redisha("apply", "-f", "-", input=json.dumps(secret))
        text = self.redisha("migrate", "bitnami", "shop")
        self.assertIn("# - tls: TLS is not there yet\n", text)
        dry = subprocess.run(["kubectl", "apply", "--server-side", "--dry-run=server", "-f", "-"], input=text, capture_output=True,
                             text=True, timeout=30, env={**os.environ, "KUBECONFIG": self.cluster.kubeconfig})
        self.assertEqual(dry.returncode, 0, dry.stderr)
        missing = self.run_it("migrate", "bitnami", "cart")
        self.assertIn('no deployed Helm release "cart"; helm list -A shows them all', missing.stderr)


if __name__ == "__main__":
    unittest.main()
