"""Clients that follow the primary by their own Sentinel support, while its process is killed again and again.

All write at the same time to one RedisHA, which answers a write once a majority has it: so nothing acknowledged may be missing. Asserted, too:
after every kill each client writes again, and none hangs or ends. Reported: how long after the kill its first write was acknowledged.

RHA_CLIENTS: names, or `all`, which takes compilers and minutes; RHA_KILLS: how often.
"""
import json
import os
import signal
import statistics
import subprocess
import threading
import time
import unittest

from tests.clients import programs
from tests.support import resp
from tests.support.cluster import wait_for
from tests.support.cluster_case import MAJORITY_IN_MEMORY, ClusterCase

KILLS = int(os.environ.get("RHA_KILLS", "20"))
NAMES = os.environ.get("RHA_CLIENTS", ",".join(programs.QUICK))
CLIENTS = [*programs.QUICK, *programs.OTHERS] if NAMES == "all" else NAMES.split(",")
WRITES = 20
START_LIMIT_S = 60
LIMIT_S = 60
# No replica leads as soon as that.
UNDER_WAY_S = 0.02


class Client(threading.Thread):
    """A program beside this file that writes, and when which of its writes was acknowledged."""

    def __init__(self, name, words, arguments, folder):
        super().__init__(daemon=True)
        self.name = name
        self.errors_path = os.path.join(folder, name + ".errors")
        self.acknowledged = []  # (when, number)
        with open(self.errors_path, "wb") as errors:
            self.process = subprocess.Popen([*words, "failover", *arguments], cwd=folder, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=errors, text=True)
        self.start()

    def run(self):
        for line in self.process.stdout:
            self.acknowledged.append((time.monotonic(), int(line)))

    def first_write_after(self, moment):
        """In milliseconds. Answers that were under way at that moment do not count."""
        return (next(when for when, _ in self.acknowledged if when > moment + UNDER_WAY_S) - moment) * 1000

    def writes_again(self, since):
        """Several writes of it were acknowledged since then."""
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}: {self.errors()}")
        return sum(when > since for when, _ in self.acknowledged[-WRITES:]) == WRITES

    def errors(self):
        with open(self.errors_path, errors="replace", encoding="utf-8") as file:
            return file.read()[-2000:]

    def end(self):
        self.process.kill()
        self.process.wait()
        self.join()
        self.process.stdout.close()


class FailoverTest(ClusterCase):
    manifest = None

    def setUp(self):
        commands, missing = {}, []
        for name in CLIENTS:
            try:
                commands[name] = programs.command(name)
            except programs.Missing as reason:
                missing.append(f"{name}: {reason}")
        print(*missing, sep="\n", flush=True)
        if not commands:
            self.skipTest("; ".join(missing))
        super().setUp()
        self.apply_text(MAJORITY_IN_MEMORY)
        sentinels = ",".join(f"{host}:{port}" for host, port in self.ha.sentinels())
        arguments = (sentinels, self.ha.master_name, self.ha.password())
        self.clients = [Client(name, words, arguments, self.directory.name) for name, words in commands.items()]
        for client in self.clients:
            self.addCleanup(client.end)

    def primary(self):
        address = resp.ask_sentinels(self.ha.sentinels(), self.ha.master_name, self.ha.password())
        return address and address[0]

    def all_write(self, since, limit_s):
        def silent():
            return [client for client in self.clients if not client.writes_again(since)]
        wait_for(lambda: "writes of " + "; ".join(f"{client.name}: {client.errors()}" for client in silent()), lambda: not silent(), limit_s)

    def in_step(self, primary):
        for ip in self.ha.pod_ips().values():
            connection = self.ha.connect(ip)
            fields = resp.info(connection, "replication")
            connection.close()
            if ip != primary and fields.get("redisha_copy_proven") != "1":
                return False
        return self.ha.all_follow(primary)

    def kill_the_primary(self):
        """Returns the moment, once another one leads and all clients write to it."""
        old = wait_for("a primary", self.primary, LIMIT_S)
        wait_for("the replicas in step", lambda: self.in_step(old), LIMIT_S)
        self.all_write(time.monotonic(), LIMIT_S)
        pid = self.ha.node_pid(old)
        moment = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        new = wait_for("another primary", lambda: (lambda now: now if now != old else None)(self.primary()), LIMIT_S)
        # Whoever still has an answer of the old one under way has it by now.
        self.all_write(time.monotonic(), LIMIT_S)
        return moment, new

    def test_all_write_again_after_every_kill_and_nothing_acknowledged_is_lost(self):
        self.all_write(0, START_LIMIT_S)
        waits_ms = {client.name: [] for client in self.clients}
        for kill in range(KILLS):
            moment, primary = self.kill_the_primary()
            for client in self.clients:
                waits_ms[client.name].append(client.first_write_after(moment))
            print(f"kill {kill + 1}:", ", ".join(f"{name} {waits[-1]:.0f}" for name, waits in waits_ms.items()), "ms", flush=True)
        wait_for("the replicas in step", lambda: self.in_step(primary), LIMIT_S)
        for client in self.clients:
            client.end()
        for name, waits in waits_ms.items():
            print("first write " + json.dumps({"client": name, "kills": KILLS, "p50_ms": round(statistics.median(waits)),
                                               "max_ms": round(max(waits))}), flush=True)
        self.assertEqual(self.missing(primary), {})

    def missing(self, primary):
        """Of each client the acknowledged writes that are not there."""
        connection = resp.Connection(primary, 6379, password=self.ha.password(), timeout=10)
        self.addCleanup(connection.close)
        lost = {}
        for client in self.clients:
            numbers = [number for _, number in client.acknowledged]
            values = connection.pipeline([("GET", f"{client.name}:{number}") for number in numbers])
            gone = [number for number, value in zip(numbers, values) if value != b"%d" % number]
            if gone:
                lost[client.name] = gone
        return lost


if __name__ == "__main__":
    unittest.main()
