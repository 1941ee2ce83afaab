"""A primary with two replicas and a third behind one of them, whose links and processes fail at random while everybody writes.

At the end all hold the same, and nobody has synchronised in full who could have gone on. RHA_TORTURE_S says for how long
(scripts/test --all: minutes), RHA_TORTURE_SEED which way.
"""
import collections
import contextlib
import itertools
import os
import random
import re
import signal
import threading
import time
import unittest

from tests.differential import table
from tests.differential.generator import Generator
from tests.support import wire
from tests.support.node_case import NODE, NodeCase
from tests.support.relay import Relay
from tests.support.server import Server, free_port

SECONDS = float(os.environ.get("RHA_TORTURE_S", "15"))
SEED = int(os.environ.get("RHA_TORTURE_SEED", "1"))
WRITERS = 3
WAITS_S = 3  # for a reply: XREAD with a BLOCK that chance has put there gets none
OPTIONS = ("--enable-debug-command", "yes", "--bind", "127.0.0.1", "--appendonly", "yes", "--repl-backlog-size", "256mb",
           "--client-output-buffer-limit", "replica", "0", "0", "0", "--shutdown-timeout", "0",
           # As in Redis a small sorted set keeps no minus zero and a large one does: which it is may change with a load.
           "--zset-max-listpack-entries", "0")
FULL = re.compile("the snapshot of the full synchronisation becomes the base")
TORN = re.compile("the dataset holds more than it says of itself")


class Writer(threading.Thread):
    """Sends commands of every kind, wherever the primary is just now, and takes what becomes of them."""

    # What waits, or is about the server and not the data.
    LEFT_OUT = {b"FLUSHALL", b"FLUSHDB", b"SWAPDB", b"DEBUG", b"CONFIG"}

    def __init__(self, server, seed):
        super().__init__(daemon=True)
        self.server, self.ends, self.sent = server, threading.Event(), 0
        rows = [row for row in table.complete().rows if not row.blocks and row.name not in self.LEFT_OUT]
        self.generator = Generator(rows, seed)

    def run(self):
        number = 0
        while not self.ends.is_set():
            try:
                with contextlib.closing(wire.Connection(self.server.socket_path, WAITS_S)) as connection:
                    while not self.ends.is_set():
                        self.play(connection, self.generator.case(number))
                        number += 1
            except wire.Disconnected:
                self.ends.wait(0.01)

    def play(self, connection, case):
        words = [words for _, words in case.steps if not words[0].startswith(b"@")]
        for at in range(0, len(words), 20):
            some = words[at:at + 20]
            connection.send(b"".join(map(wire.encode, some)) + wire.encode([b"DISCARD"]))
            for _ in range(len(some) + 1):
                connection.read()
            self.sent += len(some)
            if self.ends.is_set():
                return


class TortureTest(NodeCase):
    wait_s = 120

    def start_node(self, name, *options):
        node = Server(name, NODE, ("--port", str(free_port()), *OPTIONS, *options), timeout_s=60)
        self.addCleanup(node.remove)
        return node.start()

    def follow(self, replica, primary):
        """Through a bad line; returns it."""
        relay = Relay(("127.0.0.1", int(self.info(primary, "tcp_port"))))
        self.addCleanup(relay.close)
        replica.options += ["--replicaof", "127.0.0.1", str(relay.port)]
        replica.control.command("REPLICAOF", "127.0.0.1", relay.port)
        self.wait_for("the first synchronisation", lambda: self.info(replica, "master_link_status") == "up")
        return relay

    def setUp(self):
        self.chance = random.Random(SEED)
        self.primary = self.start_node("primary", "--appendfsync", "always")
        self.near = self.start_node("near")
        self.middle = self.start_node("middle", "--appendfsync", "always", "--redisha-stream-compression", "lz4")
        self.end = self.start_node("end", "--redisha-stream-compression", "lz4" if SEED % 2 == 0 else "no")
        self.upstream = {self.near: self.primary, self.middle: self.primary, self.end: self.middle}
        self.relays = {replica: self.follow(replica, upstream) for replica, upstream in self.upstream.items()}
        self.torn = {}  # how often a kill has torn a write
        self.excused = dict.fromkeys(self.upstream, 1)  # full synchronisations that had to be
        self.done = []

    @staticmethod
    def count(what, node):
        with open(os.path.join(node.directory, "log"), encoding="utf-8", errors="replace") as log:
            return len(what.findall(log.read()))

    def full_syncs(self, replica):
        return self.count(FULL, replica)

    def offset(self, node):
        return int(self.info(node, "master_repl_offset"))

    @staticmethod
    def differences(nodes):
        """The keys that are not the same everywhere, as each node holds them."""
        held = collections.defaultdict(dict)
        for node in nodes:
            ask = node.control.command
            for db in range(16):
                ask("SELECT", db)
                for key in ask("KEYS", "*"):
                    held[db, key][node.name] = (*ask("DEBUG", "DIGEST-VALUE", key), ask("PEXPIRETIME", key))
        return {key: values for key, values in held.items() if len(set(values.values())) > 1 or len(values) < len(nodes)}

    # ---- faults

    def cut(self):
        self.chance.choice(list(self.relays.values())).cut()

    def cut_all(self):
        for relay in self.relays.values():
            relay.cut()

    def delay(self):
        self.chance.choice(list(self.relays.values())).delay_s = self.chance.choice((0.001, 0.02, 0.2))

    def throttle(self):
        self.chance.choice(list(self.relays.values())).bytes_per_s = self.chance.choice((20_000, 200_000, 2_000_000))

    def heal(self):
        for relay in self.relays.values():
            relay.delay_s, relay.bytes_per_s = 0, None

    def stop_for_a_while(self):
        node = self.chance.choice([self.primary, *self.upstream])
        node.process.send_signal(signal.SIGSTOP)
        time.sleep(self.chance.uniform(0.1, 1))  # the pause is the fault
        node.process.send_signal(signal.SIGCONT)

    def restart_a_replica(self):
        self.restart(self.chance.choice(list(self.upstream)), self.chance.choice((signal.SIGKILL, signal.SIGTERM)))

    def restart_the_primary(self):
        self.restart(self.primary, self.chance.choice((signal.SIGKILL, signal.SIGTERM)))

    def rewrite(self):
        self.chance.choice([self.primary, *self.upstream]).control.command("BGREWRITEAOF")

    def restart(self, node, how):
        """Who stands behind what a restarted node begins with asks in vain: a backlog is not kept in a file."""
        node.end(how)
        held = {}
        for replica, upstream in self.upstream.items():
            if upstream is node:
                self.relays[replica].cut()
                self.wait_for("the end of the line", lambda replica=replica: self.info(replica, "master_link_status") == "down")
                held[replica] = int(self.info(replica, "slave_read_repl_offset"))
        if os.path.exists(node.socket_path):
            os.unlink(node.socket_path)
        node.start()
        # A kill in the middle of a write leaves what nobody can continue from.
        if self.count(TORN, node) > self.torn.get(node, 0):
            self.torn[node] = self.count(TORN, node)
            for replica, upstream in self.upstream.items():
                if node in (replica, upstream):
                    self.excuse(replica)
            return
        first = int(self.info(node, "repl_backlog_first_byte_offset")) - 1
        for replica, offset in held.items():
            if offset < first:
                self.excuse(replica)

    def excuse(self, replica):
        self.excused[replica] += 1
        if replica is self.middle:
            self.excused[self.end] += 1  # whose history goes with it

    def test_whatever_fails_all_hold_the_same_in_the_end_and_nobody_starts_over_who_could_go_on(self):
        writers = [Writer(self.primary, SEED * 100 + i) for i in range(WRITERS)]
        for writer in writers:
            writer.start()
        faults = [self.cut] * 4 + [self.cut_all, self.delay, self.throttle, self.throttle] + [self.heal] * 2 + \
            [self.stop_for_a_while, self.restart_a_replica, self.restart_a_replica, self.restart_the_primary, self.rewrite]
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            fault = self.chance.choice(faults)
            self.done.append(fault.__name__)
            fault()
            time.sleep(self.chance.uniform(0.05, 0.6))  # the work between the faults
        for writer in writers:
            writer.ends.set()
        for writer in writers:
            writer.join(self.wait_s)
        self.heal()
        nodes = [self.primary, *self.upstream]
        digests = {}

        def compared():
            """Keys still expire: who looks counts only if nothing came in between."""
            before = {self.offset(node) for node in nodes}
            digests.update({node.name: node.control.command("DEBUG", "DIGEST") for node in nodes})
            return len(before | {self.offset(node) for node in nodes}) == 1

        self.wait_for("all being in step", lambda: all(self.info(node, "master_link_status") == "up" for node in self.upstream)
                      and compared())
        if len(set(digests.values())) > 1:
            self.fail((digests, self.differences(nodes), self.done))
        self.assertGreater(self.primary.control.command("DBSIZE"), 0)
        for replica in self.upstream:
            self.assertLessEqual(self.full_syncs(replica), self.excused[replica], (replica.name, self.done))
        print(f"{sum(writer.sent for writer in writers)} commands, {self.offset(self.primary)} bytes of the stream, "
              f"faults: { {name: self.done.count(name) for name in sorted(set(self.done))} }, full synchronisations: "
              f"{ {replica.name: (self.full_syncs(replica), self.excused[replica]) for replica in self.upstream} }")


class BrakeTest(NodeCase):
    """A replica that reads slowly behind a primary that is written to at full speed."""
    wait_s = 60
    LIMIT = ("--client-output-buffer-limit", "replica", "8mb", "0", "0", "--repl-backlog-size", "1mb")

    def write_while(self, primary, goes_on):
        """One request after the other: a share of 1 % of that is less than the line's worst."""
        value = os.urandom(4_000)
        with contextlib.closing(primary.connect()) as connection:
            for i in itertools.takewhile(lambda _: goes_on(), itertools.count()):
                self.assertEqual(connection.command("SET", f"k{i % 20}", value), ("+", b"OK"))

    def run_with(self, percent):
        """Returns the primary, and how often its replica has been sent away."""
        primary = self.start("--port", str(free_port()), *self.LIMIT, "--redisha-slow-replica-brake-percent", str(percent),
                             timeout_s=60)
        relay = Relay(("127.0.0.1", int(self.info(primary, "tcp_port"))))
        self.addCleanup(relay.close)
        replica = self.start("--replicaof", "127.0.0.1", str(relay.port), timeout_s=60)
        self.wait_for("the replica", lambda: self.info(replica, "master_link_status") == "up")
        relay.bytes_per_s = 10_000_000
        return primary, lambda: relay.passed_on - 1

    def test_the_brake_keeps_a_replica_that_would_be_sent_away(self):
        primary, sent_away = self.run_with(0)
        self.write_while(primary, lambda: not sent_away())  # it comes
        self.assertEqual(float(self.info(primary, "redisha_write_brake_seconds")), 0)

        primary, sent_away = self.run_with(99)
        until = time.monotonic() + 4
        self.write_while(primary, lambda: time.monotonic() < until)
        self.assertEqual(sent_away(), 0)
        self.assertGreater(float(self.info(primary, "redisha_write_brake_seconds")), 0)


if __name__ == "__main__":
    unittest.main()
