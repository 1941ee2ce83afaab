#!/usr/bin/env python3
"""Who may say what to a RedisHA: strangers on every port, foreign nodes at known addresses, secrets that change.

The pods are those of pod_test.py.
"""
import hashlib
import os
import socket
import subprocess
import threading
import unittest

from tests.integration import pod_test
from tests.integration.pod_test import GROUP, NODE, NODE_PORT, SENTINEL_PORT
from tests.support import members, resp
from tests.support.relay import Relay

UID = "uid-1"
HUGE = 2**64 - 1
SANITIZED = os.path.basename(os.path.dirname(os.environ["RHA_BIN_DIR"])) in ("asan", "tsan")


def until(what, condition):
    """As pod_test's, but a connection that breaks is waited for too."""
    def tried():
        try:
            return condition()
        except resp.Disconnected as error:
            raise OSError(str(error)) from error
    return pod_test.until(what, tried)


def member_id(index):
    return hashlib.sha1(f"{UID}/{GROUP}-{index}".encode()).hexdigest()


def text(reply):
    return reply.args[0] if isinstance(reply, resp.Error) else str(reply)


class Bed(pod_test.Bed):
    def add_lines(self, *lines):
        for pod in self.pods:
            with open(os.path.join(pod.folder, "sentinel.conf"), "a") as conf:
                conf.write("".join(line + "\n" for line in lines))

    def write_secret(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w") as file:
            file.write(content + "\n")
        os.rename(path + ".new", path)
        return path

    def connect(self, pod, port=SENTINEL_PORT):
        connection = resp.Connection(pod.host, port, timeout=10)
        self.addCleanup(connection.close)
        return connection

    def kill_and_fail_over(self, primary, pods=None):
        pods = pods or [pod for pod in self.pods if pod is not primary]
        primary.kill("node")
        return until("a primary elsewhere", lambda: next((p for p in pods if self.writes(p)), None))


class Strangers(Bed):
    def test_what_a_stranger_says_changes_nothing(self):
        primary = self.start_all()
        other = next(pod for pod in self.pods if pod is not primary)
        stranger = self.connect(primary)
        liar = member_id(other.index)
        beat = ["SENTINEL", "REDISHA", "BEAT", "1", f"id={liar}", "host=127.0.0.99", "port=1", f"epoch={2**62}",
                f"group={GROUP}", f"primary={GROUP}-{other.index}", f"config_epoch={2**62}", f"config_leader={liar}"]
        self.assertIn("NOPROOF", text(stranger.command(*beat)))
        self.assertIn("NOPROOF", text(stranger.command(
            "SENTINEL", "REDISHA", "DEATH", "1", f"id={liar}", f"group={GROUP}")))
        self.assertIn("NOPROOF", text(stranger.command("SENTINEL", "REDISHA", "ASK", GROUP, "99", liar)))
        self.assertIn("NOPROOF", text(stranger.command(
            "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", primary.host, str(NODE_PORT), "99", liar)))
        for epoch in (2**20, 2**62, HUGE):
            hello = f"127.0.0.99,1,{liar},{epoch},{GROUP},{other.host},{NODE_PORT},{epoch}"
            for pod in self.pods:
                pod.client().publish("__sentinel__:hello", hello)
            self.assertIn("NOPERM", text(stranger.command("PUBLISH", "__sentinel__:hello", hello)))
        new = self.kill_and_fail_over(primary)
        self.assertNotEqual(new.index, primary.index)
        epochs = [pod.metric("redisha_sentinel_epoch") for pod in self.pods]
        self.assertLess(max(epochs), 50, "a later honest epoch won, and it is an election or a few later")

    def test_a_stranger_cannot_administer(self):
        self.add_lines("redisha-admin-password-file " + self.write_secret("admin", "boss"))
        self.start_all()
        stranger = self.connect(self.pods[0])
        forbidden = [("SHUTDOWN",), ("SENTINEL", "SET", GROUP, "quorum", "1"), ("SENTINEL", "RESET", "*"),
                     ("SENTINEL", "FAILOVER", GROUP), ("SENTINEL", "SIMULATE-FAILURE", "crash-after-election"),
                     ("SENTINEL", "MONITOR", "x", "127.0.0.1", "1", "1"), ("SENTINEL", "REMOVE", GROUP),
                     ("SENTINEL", "CONFIG", "SET", "loglevel", "debug"), ("SENTINEL", "FLUSHCONFIG"),
                     ("SENTINEL", "DEBUG"), ("CLIENT", "KILL", "ID", "1")]
        for words in forbidden:
            self.assertIn("NOPERM", text(stranger.command(*words)), words)
        for words in (("PING",), ("INFO",), ("ROLE",), ("SENTINEL", "MASTERS"), ("SENTINEL", "CKQUORUM", GROUP),
                      ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP), ("SUBSCRIBE", "+switch-master")):
            self.assertNotIsInstance(stranger.command(*words), resp.Error, words)
        boss = self.connect(self.pods[0])
        self.assertIn("WRONGPASS", text(boss.command("AUTH", "admin", "wrong")))
        self.assertEqual(boss.command("AUTH", "admin", "boss"), b"OK")
        self.assertEqual(boss.command("SENTINEL", "FLUSHCONFIG"), b"OK")
        self.assertEqual(boss.command("RESET"), b"RESET")
        self.assertIn("NOPERM", text(boss.command("SENTINEL", "FLUSHCONFIG")))
        member = self.connect(self.pods[0])
        self.assertEqual(members.introduce(member, UID, "operator"), b"OK")
        self.assertEqual(member.command("SENTINEL", "FLUSHCONFIG"), b"OK")

    def test_who_has_no_key_is_no_member(self):
        self.start_all()
        self.assertIn("WRONGPROOF", text(self.prove_without_the_key(self.pods[0])))
        self.assertIn("FOREIGN", text(members.introduce(self.connect(self.pods[0]), "uid-2", f"{GROUP}-1")))

    def prove_without_the_key(self, pod):
        connection = self.connect(pod)
        answer = members.hello(connection, UID, f"{GROUP}-1")
        self.assertEqual(answer[:2], [UID.encode(), f"{GROUP}-{pod.index}".encode()])
        reply = connection.command("REDISHA", "PROVE", "f" * 64)
        with self.assertRaises(resp.Disconnected):
            connection.command("PING")
        return reply

    def test_a_flood_before_auth_is_cut_off(self):
        self.add_lines("requirepass-file " + self.write_secret("sentinel-password", "app"))
        pod = self.pods[0]
        pod.start("sentinel")
        until("the sidecar answers", lambda: "NOAUTH" in text(self.connect(pod).command("PING")))
        before = self.resident_bytes(pod)
        for request in (b"PING\r\n", b"a\r\n", b"*1\r\n$4\r\nPING\r\n"):
            with socket.create_connection((pod.host, SENTINEL_PORT), 10) as flood:
                with self.assertRaises((ConnectionError, socket.timeout)):
                    for _ in range(1 << 14):
                        flood.sendall(request * 1000)
        if not SANITIZED:  # which keeps what was freed
            self.assertLess(self.resident_bytes(pod) - before, 16 << 20)

    @staticmethod
    def resident_bytes(pod):
        with open(f"/proc/{pod.processes['sentinel'].pid}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Recorder(threading.Thread):
    """Listens where a node should be and keeps what it is told."""

    def __init__(self, host, port):
        super().__init__(daemon=True)
        self.listener = socket.create_server((host, port))
        self.listener.settimeout(0.1)
        self.said = b""
        self.ending = False
        self.start()

    def run(self):
        while not self.ending:
            try:
                connection, _ = self.listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(0.2)
            try:
                self.said += connection.recv(65536)
                connection.sendall(b"-ERR unknown command\r\n")
                self.said += connection.recv(65536)
            except OSError:
                pass
            connection.close()

    def close(self):
        self.ending = True
        self.join()
        self.listener.close()


class Foreigners(Bed):
    def start_foreigner(self, pod, *args):
        folder = os.path.join(self.folder, "foreigner")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "log"), "ab") as log:
            process = subprocess.Popen([*args, "--bind", pod.host, "--port", str(NODE_PORT), "--dir", folder, "--save",
                                        "", "--requirepass", pod_test.PASSWORD, "--masterauth", pod_test.PASSWORD],
                                       stdout=log, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def stranger_seen(self, pod, victim):
        for fields in pod.sentinel().execute_command("SENTINEL", "REPLICAS", GROUP):
            fields = fields if isinstance(fields, dict) else dict(zip(fields[0::2], fields[1::2]))
            if fields["ip"] == victim.host:
                return fields.get("redisha-stranger", "")
        return ""

    def foreign_replica_case(self, program, extra, why):
        """A replica of somebody else's primary, at the address of one of ours, with the better priority."""
        primary = self.start_all()
        primary.client().set("ours", "1")
        victim = next(pod for pod in self.pods if pod is not primary)
        third = next(pod for pod in self.pods if pod not in (primary, victim))
        until("the third has it", lambda: third.client().get("ours") == "1")
        victim.kill("node")
        self.start_foreigner(victim, program, "--replica-priority", "1", "--replicaof", "127.0.0.1", "1", *extra)
        for pod in (primary, third):
            until("the stranger is seen", lambda: why in self.stranger_seen(pod, victim))
            self.assertEqual(pod.metric("redisha_sentinel_strangers"), 1)
        new = self.kill_and_fail_over(primary, [victim, third])
        self.assertEqual(new.index, third.index)
        # Its clients are told to look again when it becomes primary.
        until("the third answers", lambda: new.client().get("ours") == "1")
        foreign = victim.client().info("replication")
        self.assertEqual((foreign["role"], foreign["master_host"]), ("slave", "127.0.0.1"), "never re-pointed")

    def test_a_stock_replica_of_another_primary_is_not_promoted(self):
        self.foreign_replica_case("redis-server", (), "unknown command")

    def test_a_node_of_another_redisha_is_not_promoted(self):
        key = self.write_secret("other-key", "f" * 32)
        self.foreign_replica_case(NODE, ("--redisha-peer-key-file", key, "--redisha-cluster-uid", "uid-2",
                                         "--redisha-node-name", f"{GROUP}-1"), "another cluster")

    def test_a_member_seen_through_a_stranger_is_a_stranger(self):
        """The pod moved, its old address is somebody's who passes everything on to where it is now."""
        primary = self.start_all()
        victim = next(pod for pod in self.pods if pod is not primary)
        old = victim.host
        victim.kill("sentinel")  # which would say the new address
        victim.kill("node")
        victim.host = old.rsplit(".", 1)[0] + ".99"
        victim.start("node")
        relay = Relay((victim.host, NODE_PORT), old, NODE_PORT)
        self.addCleanup(relay.close)
        victim.host = old
        until("it is a stranger", lambda: "was not reached at" in self.stranger_seen(primary, victim))
        self.assertGreater(relay.passed_on, 0)
        self.assertEqual(primary.client().info("replication")["connected_slaves"], 1)
        relay.close()
        victim.kill("node")
        victim.start("node")
        until("it is a member again", lambda: self.stranger_seen(primary, victim) == "" and
              primary.client().info("replication")["connected_slaves"] == 2)

    def test_no_password_reaches_a_strangers_address(self):
        primary = self.start_all()
        victim = next(pod for pod in self.pods if pod is not primary)
        victim.kill("node")
        victim.kill("sentinel")
        recorders = [Recorder(victim.host, port) for port in (NODE_PORT, SENTINEL_PORT)]
        for recorder in recorders:
            self.addCleanup(recorder.close)
            until("somebody dialled", lambda: recorder.said.count(b"HELLO") > 3)
            self.assertNotIn(pod_test.PASSWORD.encode(), recorder.said)
            self.assertNotIn(b"AUTH", recorder.said)


class Rotation(Bed):
    def test_a_failover_while_the_nodes_password_changes(self):
        primary = self.start_all()
        for pod in self.pods:  # the nodes have the new one already, no sidecar has heard of it
            connection = self.connect(pod, NODE_PORT)
            self.assertEqual(connection.command("AUTH", pod_test.PASSWORD), b"OK")
            self.assertEqual(connection.command("CONFIG", "SET", "requirepass", "new"), b"OK")
            self.assertEqual(connection.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").__class__, int)
        self.assertIn("WRONGPASS", text(self.connect(primary, NODE_PORT).command("AUTH", pod_test.PASSWORD)))
        others = [pod for pod in self.pods if pod is not primary]
        primary.kill("node")

        def writes(pod):
            connection = resp.Connection(pod.host, NODE_PORT, password="new", timeout=1)
            try:
                return connection.command("SET", "probe", "1") == b"OK"
            finally:
                connection.close()
        until("a primary elsewhere", lambda: any(writes(pod) for pod in others))
        for pod in others:
            self.assertEqual(pod.metric("redis_up"), 1)

    def test_a_key_is_replaced_everywhere_pod_by_pod(self):
        self.start_all()
        path = self.write_secret("peer-key", "f" * 32)  # of all three at once, as files go
        self.assertTrue(os.path.exists(path))
        for pod in self.pods:
            pod.kill("sentinel")
            pod.start("sentinel")
            self.settled()
        primary = self.settled()
        self.kill_and_fail_over(primary)

    def test_old_and_new_password_of_the_sentinels(self):
        self.add_lines("requirepass-file " + self.write_secret("sentinel-password", "old"))
        pod = self.pods[0]
        pod.start("sentinel")
        until("the sidecar answers", lambda: "NOAUTH" in text(self.connect(pod).command("PING")))
        self.assertEqual(self.connect(pod).command("AUTH", "old"), b"OK")
        self.write_secret("sentinel-password", "new")
        for password in ("new", "old"):
            self.assertEqual(self.connect(pod).command("AUTH", password), b"OK")
        self.assertIn("WRONGPASS", text(self.connect(pod).command("AUTH", "older")))


if __name__ == "__main__":
    unittest.main()
