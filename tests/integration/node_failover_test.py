"""FAILOVER: a primary hands its role to a replica, and nobody loses a write by it."""
import os
import shutil
import signal
import threading
import unittest

from tests.support import wire
from tests.support.node_case import NODE, NodeCase
from tests.support.relay import Relay

STOCK = shutil.which("redis-server")
WRITERS = 8
OK = ("+", b"OK")


class FailoverTest(NodeCase):
    def server(self, program=NODE):
        return self.start_at_port("--repl-diskless-sync-delay", "0", "--enable-debug-command", "local", program=program)

    def follow(self, replica, primary):
        replica.control.command("REPLICAOF", "127.0.0.1", primary.port)
        self.wait_for("the replica to stream", lambda: self.info(replica, "master_link_status") == "up")
        self.wait_for("the primary to know", lambda: "state=online" in self.info(primary, "slave0"))

    def pair(self, primary=NODE, replica=NODE):
        first, second = self.server(primary), self.server(replica)
        self.follow(second, first)
        return first, second

    def stop(self, server):
        os.kill(server.pid, signal.SIGSTOP)
        self.addCleanup(self.go_on, server)

    @staticmethod
    def go_on(server):
        if server.alive():
            os.kill(server.pid, signal.SIGCONT)

    def wait_for_end(self, server):
        self.wait_for("the end of the failover", lambda: self.info(server, "master_failover_state") == "no-failover")

    def held_back(self, server, *words):
        """A connection whose command has been read, and waits."""
        client = server.connect()
        self.addCleanup(client.close)
        number = client.command("CLIENT", "ID")
        client.send(wire.encode([word.encode() for word in words]))
        self.wait_for("the command to be read", lambda: self.command_of(server, number) != "client|id")
        return client

    def command_of(self, server, number):
        line = server.control.command("CLIENT", "LIST", "ID", number).decode()
        fields = dict(word.split("=", 1) for word in line.split())
        return fields["cmd"] if fields["qbuf"] == "0" else "in the input"

    def test_what_has_come_when_a_replica_is_to_lead_is_not_lost(self):
        """The order has been waiting for longer than what the dead primary sent."""
        for pause in (False, True):
            with self.subTest(pause=pause):
                primary, replica = self.pair()
                order = replica.connect()
                if pause:
                    replica.control.command("CLIENT", "PAUSE", 100_000, "WRITE")
                self.stop(replica)
                order.send(wire.encode([b"REPLICAOF", b"NO", b"ONE"]))
                primary.control.command("MSET", *(word for i in range(100) for word in (f"k{i}", "v")))
                primary.end(signal.SIGKILL)
                self.go_on(replica)
                self.assertEqual(order.read(), OK)
                self.assertEqual(replica.control.command("DBSIZE"), 100)
                order.close()

    def test_what_exec_writes_behind_replicaof_does_not_stay(self):
        """It is in no history: from where this node stands nothing can be continued."""
        first, second = self.pair()
        first.control.command("MULTI")
        for words in (("SET", "k", 1), ("REPLICAOF", "127.0.0.1", second.port), ("INCR", "k")):
            first.control.command(*words)
        self.assertEqual(first.control.command("EXEC"), [OK, OK, 2])
        second.control.command("REPLICAOF", "NO", "ONE")
        self.wait_for("the two to be in step", lambda: self.info(first, "master_link_status") == "up" and
                      self.info(first, "master_replid") == self.info(second, "master_replid"))
        self.assertEqual(*(server.control.command("DEBUG", "DIGEST") for server in (first, second)))

    def test_writes_under_way_are_executed_once_by_one_of_the_two(self):
        first, second = self.pair()
        done, leader, counted = threading.Event(), [first], [0] * WRITERS

        def write(i):
            server, client = None, None
            while not done.is_set():
                if server is not leader[0]:
                    server, client = leader[0], leader[0].connect()
                    self.addCleanup(client.close)
                try:
                    reply = client.command("INCR", f"count:{i}")
                except wire.Disconnected:  # it was held back, and never executed
                    leader[0] = second
                    continue
                if isinstance(reply, int):
                    counted[i] += 1
                elif reply[1].startswith(b"READONLY"):
                    leader[0] = second
                else:
                    self.fail(reply)

        writers = [threading.Thread(target=write, args=(i,)) for i in range(WRITERS)]
        for writer in writers:
            writer.start()
        self.wait_for("writes", lambda: min(counted) > 100)
        self.assertEqual(first.control.command("FAILOVER"), OK)
        self.wait_for_end(first)
        before = list(counted)
        self.wait_for("writes to the new primary", lambda: all(b > a + 10 for a, b in zip(before, counted)))
        done.set()
        for writer in writers:
            writer.join()
        self.assertEqual(counted, [int(second.control.command("GET", f"count:{i}")) for i in range(WRITERS)])
        self.assertEqual(self.info(second, "role"), "master")
        self.wait_for("the old primary to follow", lambda: self.info(first, "master_link_status") == "up")
        self.assertEqual((self.info(second, "sync_full"), self.info(second, "sync_partial_ok")), ("0", "1"))

    def test_what_is_held_back_is_answered_by_the_primary_that_stays(self):
        first, second = self.pair()
        self.stop(second)
        first.control.command("SET", "never", "acknowledged")
        self.assertEqual(first.control.command("FAILOVER", "TO", "127.0.0.1", second.port, "TIMEOUT", 200), OK)
        writer = self.held_back(first, "SET", "k", "v")
        self.assertEqual(first.control.command("GET", "never"), b"acknowledged")
        self.assertEqual(first.control.command("FAILOVER"), ("-", b"ERR FAILOVER already in progress."))
        self.assertEqual(first.control.command("REPLICAOF", "NO", "ONE"),
                         ("-", b"ERR REPLICAOF not allowed while failing over."))
        self.wait_for_end(first)
        self.assertEqual(writer.read(), OK)
        self.assertEqual(first.control.command("FAILOVER", "TO", "127.0.0.1", second.port, "TIMEOUT", 2 ** 62), OK)
        writer = self.held_back(first, "DEL", "k")
        self.assertEqual(first.control.command("FAILOVER", "ABORT"), OK)
        self.assertEqual(writer.read(), 1)
        self.assertEqual(self.info(first, "role"), "master")

    def test_a_forced_handover_waits_for_the_target_and_can_be_given_up(self):
        first, second = self.pair()
        self.stop(second)
        self.assertEqual(
            first.control.command("FAILOVER", "TO", "127.0.0.1", second.port, "TIMEOUT", 1, "FORCE"), OK)
        self.wait_for("the handover", lambda: self.info(first, "master_failover_state") == "failover-in-progress")
        self.assertEqual(self.info(first, "role"), "slave")
        writer = self.held_back(first, "SET", "k", "v")
        self.assertEqual(first.control.command("FAILOVER", "ABORT"), OK)
        self.assertEqual(writer.read(), OK)
        self.assertEqual(self.info(first, "role"), "master")

    def test_who_was_held_back_is_disconnected_when_the_other_leads(self):
        first, second = self.pair()
        self.stop(second)
        self.assertEqual(first.control.command("FAILOVER"), OK)
        writer = self.held_back(first, "SET", "k", "v")
        self.go_on(second)
        with self.assertRaises(wire.Disconnected):
            writer.read()
        self.wait_for_end(first)
        self.assertEqual(first.control.command("SET", "k", "v")[1].split()[0], b"READONLY")
        self.assertIsNone(second.control.command("GET", "k"))

    def test_what_a_transaction_does_after_failover_is_handed_over_too(self):
        first, second = self.pair()
        for words in (("MULTI",), ("FAILOVER",), ("SET", "k", "v")):
            first.control.command(*words)
        self.assertEqual(first.control.command("EXEC"), [OK, OK])
        self.wait_for("the new primary", lambda: self.info(second, "role") == "master")
        self.wait_for_end(first)
        self.assertEqual(second.control.command("GET", "k"), b"v")
        self.assertEqual(self.info(second, "sync_full"), "0")

    def test_one_leads_though_the_targets_answer_was_lost(self):
        first, second = self.server(), self.server()
        lost = []

        def answers(said):
            if b"+CONTINUE" not in said or lost:
                return [said]
            lost.append(said)
            relay.cut()
            return []

        relay = Relay(("127.0.0.1", second.port), answers=answers)
        self.addCleanup(relay.close)
        second.control.command("CONFIG", "SET", "replica-announce-port", relay.port)
        self.follow(second, first)
        self.assertEqual(first.control.command("FAILOVER", "TO", "127.0.0.1", relay.port), OK)
        self.wait_for_end(first)
        self.assertTrue(lost)
        self.assertEqual((self.info(first, "role"), self.info(second, "role")), ("slave", "master"))
        second.control.command("SET", "k", "v")
        self.wait_for("the old primary to follow", lambda: first.control.command("GET", "k") == b"v")
        self.assertEqual(self.info(second, "sync_full"), "0")
        # A history that it has never had is not taken over.
        stranger = second.connect()
        self.assertEqual(stranger.command("PSYNC", "a" * 40, 1, "FAILOVER"),
                         ("-", b"ERR PSYNC FAILOVER can't be sent to a master."))
        stranger.close()

    def test_a_target_that_refuses_leaves_the_primary_as_it_was(self):
        first, second = self.pair()
        second.control.command("DEBUG", "CHANGE-REPL-ID")
        self.assertEqual(first.control.command("FAILOVER"), OK)
        self.wait_for("the refusal", lambda: "rejected psync request" in first.log_tail())
        self.wait_for_end(first)
        self.assertEqual(first.control.command("SET", "k", "v"), OK)
        self.wait_for("the replica to come back", lambda: second.control.command("GET", "k") == b"v")
        self.assertEqual((self.info(first, "role"), self.info(second, "role")), ("master", "slave"))

    def test_only_the_primary_of_a_replica_may_hand_over(self):
        first, second = self.pair()
        for server, history, reply in ((first, "a" * 40, b"ERR PSYNC FAILOVER can't be sent to a master."),
                                       (second, "a" * 40, b"ERR PSYNC FAILOVER replid must match my replid.")):
            client = server.connect()
            self.addCleanup(client.close)
            self.assertEqual(client.command("PSYNC", history, 1, "FAILOVER"), ("-", reply))
        self.assertEqual(self.info(second, "role"), "slave")
        self.assertEqual(second.control.command("FAILOVER"), ("-", b"ERR FAILOVER is not valid when server is a replica."))

    @unittest.skipUnless(STOCK, "SKIPPED: redis-server is not installed")
    def test_stock_and_ours_hand_over_to_each_other(self):
        for names in ((NODE, STOCK), (STOCK, NODE)):
            with self.subTest(primary=names[0]):
                first, second = self.pair(*names)
                first.control.command("SET", "k", "v")
                self.assertEqual(first.control.command("FAILOVER", "TO", "127.0.0.1", second.port), OK)
                self.wait_for("the new primary", lambda: self.info(second, "role") == "master")
                self.wait_for("the old one to follow", lambda: self.info(first, "master_link_status") == "up")
                second.control.command("SET", "k", "w")
                self.wait_for("the stream", lambda: first.control.command("GET", "k") == b"w")
                self.assertEqual((self.info(second, "sync_full"), self.info(second, "sync_partial_ok")), ("0", "1"))


if __name__ == "__main__":
    unittest.main()
