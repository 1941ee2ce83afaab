"""A primary whose changes are told once enough members have them, and nodes that are sealed."""
import os
import signal
import socket
import threading
import unittest

from tests.integration.members_test import Node, code, wait_for
from tests.support import resp
from tests.support.relay import Relay
from tests.support.server import free_port


class QuorumTest(unittest.TestCase):
    def setUp(self):
        self.nodes = []

    def node(self, *options):
        announced = free_port()
        node = Node(self, f"pod-{len(self.nodes)}",
                    options=[*options, "--replica-announce-ip", "127.0.0.1", "--replica-announce-port", str(announced)])
        node.announced = announced
        self.nodes.append(node)
        return node

    def lead(self, primary, epoch, copies=2):
        self.assertEqual(primary.role(epoch, primary.name, "PRIMARY", "COPIES", copies), "OK")

    def follow(self, replica, primary, epoch, port=None):
        self.assertEqual(replica.role(epoch, primary.name, "REPLICA", "127.0.0.1", port or primary.port), "OK")

    def group(self, epoch=1, *options):
        """A primary and two replicas in step; a change needs two copies."""
        primary, first, second = (self.node(*options) for _ in range(3))
        self.lead(primary, epoch)
        for replica in (first, second):
            self.follow(replica, primary, epoch)
        wait_for("both in step", lambda: primary.info()["redisha_replicas"].count("pod-") == 2 and
                 all(node.info()["redisha_data_epoch"] == str(epoch) for node in (first, second)))
        return primary, first, second

    def stop(self, *nodes):
        for node in nodes:
            os.kill(node.process.pid, signal.SIGSTOP)
            self.addCleanup(lambda pid=node.process.pid: os.kill(pid, signal.SIGCONT))

    @staticmethod
    def go_on(*nodes):
        for node in nodes:
            os.kill(node.process.pid, signal.SIGCONT)

    def uncommitted(self, primary):
        """A peer's view: something is executed that not enough copies have."""
        peer = primary.peer()

        def look():
            fields = resp.info(peer, "replication")
            return int(fields["redisha_committed_offset"]) < int(fields["master_repl_offset"])
        wait_for("a change that is not committed", look)
        return peer

    def others_lead_and_it_answers(self, deposed, new, other):
        self.go_on(new, other)
        self.lead(new, 2)
        self.follow(other, new, 2)
        client = deposed.connect()
        wait_for("it follows and answers", lambda: not isinstance(client.command("GET", "k"), resp.Error))

    def assert_silent(self, connection):
        connection.socket.settimeout(0)
        with self.assertRaises(BlockingIOError):
            connection.socket.recv(1)
        connection.socket.settimeout(20)

    def test_a_write_is_answered_once_enough_members_have_it(self):
        primary, *replicas = self.group()
        writer, reader = primary.connect(), primary.connect()
        self.assertEqual(writer.command("SET", "k", "old"), b"OK")
        self.stop(*replicas)
        writer.socket.sendall(resp.encode(("SET", "k", "new")))
        peer = self.uncommitted(primary)
        reader.socket.sendall(resp.encode(("GET", "k")))
        self.assertEqual(peer.command("PING"), b"PONG", "members are answered meanwhile")
        wait_for("the read is executed", lambda: int(resp.info(peer, "stats")["keyspace_hits"]) > 0)
        self.assert_silent(writer)
        self.assert_silent(reader)
        self.go_on(replicas[0])
        self.assertEqual(writer.read(), b"OK")
        self.assertEqual(reader.read(), b"new")

    def test_what_is_pushed_waits_too(self):
        primary, *replicas = self.group()
        listener = primary.connect()
        self.assertEqual(listener.command("SUBSCRIBE", "c")[0], b"subscribe")
        self.stop(*replicas)
        writer = primary.connect()
        writer.socket.sendall(resp.encode(("INCR", "n")) + resp.encode(("PUBLISH", "c", "counted")))
        self.uncommitted(primary)
        self.assert_silent(listener)
        self.go_on(*replicas)
        self.assertEqual(listener.read(), [b"message", b"c", b"counted"])
        self.assertEqual([writer.read(), writer.read()], [1, 1])

    def test_nothing_is_begun_without_enough_members(self):
        primary, first, second = self.group()
        client = primary.connect()
        self.assertEqual(client.command("SET", "k", "v"), b"OK")
        second.kill()
        self.assertEqual(client.command("SET", "k", "v1"), b"OK", "one of two is enough")
        first.kill()
        wait_for("the loss is noticed", lambda: primary.info()["redisha_replicas"] == "")
        self.assertEqual(code(client.command("SET", "k", "v2")), "NOREPLICAS")
        self.assertEqual(client.command("GET", "k"), b"v1")

    def test_a_primary_that_is_sealed_leaves_the_outcome_open(self):
        primary, *replicas = self.group()
        writer = primary.connect()
        self.stop(*replicas)
        writer.socket.sendall(resp.encode(("SET", "k", "v")))
        self.uncommitted(primary)
        self.assertEqual(primary.role(2, "pod-1", "SEAL"), "OK")
        with self.assertRaises(resp.Disconnected):
            writer.read()
        fields = primary.info()
        self.assertEqual((fields["redisha_sealed"], fields["redisha_undecided"], fields["redisha_role_epoch"]), ("1", "1", "2"))
        self.assertEqual(code(primary.connect().command("SET", "k", "v")), "MASTERDOWN")
        self.assertEqual(primary.role(1, "pod-0", "PRIMARY")[:10], "STALEEPOCH")

    def test_replicas_drain_a_sealed_primary(self):
        primary, first, second = self.group()
        self.stop(first)
        client = primary.connect()
        self.assertEqual(client.command("SET", "big", "x" * 3_000_000), b"OK")
        self.assertEqual(primary.role(2, "pod-1", "SEAL"), "OK")
        self.go_on(first)
        end = int(primary.info()["master_repl_offset"])
        wait_for("all of it", lambda: int(first.info()["slave_repl_offset"]) == end)
        self.lead(first, 2)
        for node in (primary, second):
            self.follow(node, first, 2)
        wait_for("they follow", lambda: first.info()["redisha_replicas"].count("pod-") == 2)
        self.assertEqual(first.info("stats")["sync_full"], "0")
        self.assertEqual(first.connect().command("STRLEN", "big"), 3_000_000)

    def test_a_sealed_replica_takes_nothing_more(self):
        primary, first, second = self.group()
        self.assertEqual(first.role(2, "pod-1", "SEAL", "COPIES", 2), "OK")
        self.assertEqual(first.role(2, "pod-1", "SEAL", "COPIES", 2), "OK", "again is the same")
        before = first.info()["slave_repl_offset"]
        self.assertEqual(primary.connect().command("SET", "k", "v"), b"OK")
        wait_for("the other has it", lambda: second.connect().command("GET", "k") == b"v")
        fields = first.info()
        self.assertEqual((fields["slave_repl_offset"], fields["master_link_status"]), (before, "down"))
        self.assertEqual(fields["redisha_copy_proven"], "1")
        # Nor from anybody who leads in an older epoch, whoever sends it there.
        self.assertEqual(first.role(2, "pod-1", "REPLICA", "127.0.0.1", primary.port), "OK")
        wait_for("the refusal", lambda: "epoch 1" in first.info().get("redisha_master_link_error", ""))
        self.lead(primary, 3)
        wait_for("the link", lambda: first.info()["master_link_status"] == "up")

    def test_what_a_restarted_node_finds_is_not_proven_until_it_has_followed(self):
        primary, first, _ = self.group(1, "--appendonly", "yes", "--appendfsync", "everysec")
        self.assertEqual(primary.connect().command("SET", "k", "v"), b"OK")
        first.kill()
        first.start()
        self.assertEqual(first.info()["redisha_copy_proven"], "0")
        self.follow(first, primary, 1)
        wait_for("in step", lambda: first.info()["redisha_copy_proven"] == "1")

    def test_a_restarted_copy_is_proven_only_once_it_has_what_the_primary_had(self):
        primary, first, second = self.group()
        wait_for("a save", lambda: first.connect().command("SAVE") == b"OK")  # one that has only just loaded may be saving
        self.assertEqual(primary.connect().command("SET", "later", "v"), b"OK")
        wait_for("it has it", lambda: first.connect().command("GET", "later") == b"v")
        first.kill()
        first.start()
        port, may_pass = self.held_up(primary)
        self.follow(first, primary, 1, port)
        wait_for("it continues", lambda: first.info()["master_link_status"] == "up")
        self.assertEqual(first.info()["redisha_copy_proven"], "0")
        may_pass.set()
        wait_for("it has all", lambda: first.info()["redisha_copy_proven"] == "1")
        self.assertEqual(first.connect().command("GET", "later"), b"v")

    def test_who_led_shows_nothing_of_what_was_not_committed(self):
        primary, *replicas = self.group()
        self.stop(*replicas)
        primary.connect().socket.sendall(resp.encode(("SET", "k", "uncommitted")))
        self.uncommitted(primary)
        self.assertEqual(primary.role(2, "pod-1", "REPLICA", "127.0.0.1", replicas[0].port), "OK")
        self.assertEqual(code(primary.connect().command("GET", "k")), "MASTERDOWN")
        self.others_lead_and_it_answers(primary, *replicas)

    def test_who_led_and_starts_again_shows_nothing_of_what_was_not_committed(self):
        primary, *replicas = self.group(1, "--appendonly", "yes", "--appendfsync", "always")
        self.stop(*replicas)
        primary.connect().socket.sendall(resp.encode(("SET", "k", "uncommitted")))
        self.uncommitted(primary)
        primary.kill()
        primary.start()
        self.assertEqual(primary.role(2, "pod-1", "REPLICA", "127.0.0.1", replicas[0].port, "COPIES", 2), "OK")
        self.assertEqual(code(primary.connect().command("GET", "k")), "MASTERDOWN")
        self.others_lead_and_it_answers(primary, *replicas)

    def held_up(self, primary):
        """A port at which it can be followed, where what follows +CONTINUE waits for the event."""
        port, may_pass, said = primary.announced, threading.Event(), bytearray()

        def hold(answer):
            said.extend(answer)
            end = answer.find(b"\r\n", answer.find(b"+CONTINUE")) + 2 if b"+CONTINUE" in answer else len(answer)
            if b"+CONTINUE" not in said or may_pass.is_set():
                return [answer]
            return [answer[:end], (may_pass, answer[end:])]
        relay = Relay(("127.0.0.1", primary.port), port=port, answers=hold)
        self.addCleanup(relay.close)
        self.addCleanup(may_pass.set)
        return port, may_pass

    def test_data_are_of_an_epoch_only_when_they_hold_what_it_began_with(self):
        """Who is re-stamped as it begins to follow would outrank a longer copy of the epoch before."""
        old, new, late = self.node(), self.node(), self.node()
        self.lead(old, 1, copies=1)
        for replica in (new, late):
            self.follow(replica, old, 1)
        wait_for("all in step", lambda: all(node.info()["redisha_data_epoch"] == "1" for node in (new, late)))
        self.assertEqual(late.role(1, old.name, "SEAL"), "OK")
        self.assertEqual(old.connect().command("SET", "k", "v"), b"OK")
        wait_for("one has it", lambda: new.connect().command("GET", "k") == b"v")
        self.lead(new, 2, copies=1)
        port, may_pass = self.held_up(new)
        self.follow(late, new, 2, port)
        wait_for("it continues", lambda: late.info()["master_link_status"] == "up")
        self.assertEqual(late.info()["redisha_data_epoch"], "1")
        may_pass.set()
        wait_for("it has all", lambda: late.info()["redisha_data_epoch"] == "2")
        self.assertEqual(late.connect().command("GET", "k"), b"v")

    def migrating(self, source, target):
        client = source.connect()
        client.socket.sendall(resp.encode(("MIGRATE", "127.0.0.1", target.port, "k", 0, 20_000)))
        return client

    def test_a_key_that_moves_stays_until_enough_members_of_the_target_have_it(self):
        source = self.node()
        self.lead(source, 1, copies=1)
        target, *replicas = self.group()
        asker = source.connect()
        self.assertEqual(asker.command("SET", "k", "v"), b"OK")
        self.stop(*replicas)
        client = self.migrating(source, target)
        self.uncommitted(target)
        self.assert_silent(client)
        self.assertEqual(asker.command("GET", "k"), b"v")
        self.go_on(replicas[0])
        self.assertEqual(client.read(), b"OK")
        self.assertEqual(asker.command("GET", "k"), None)
        self.assertEqual(target.connect().command("GET", "k"), b"v")

    def test_a_key_whose_target_is_deposed_before_enough_members_have_it_stays(self):
        source = self.node()
        self.lead(source, 1, copies=1)
        target, *replicas = self.group()
        asker = source.connect()
        self.assertEqual(asker.command("SET", "k", "v"), b"OK")
        self.stop(*replicas)
        client = self.migrating(source, target)
        self.uncommitted(target)
        self.assertEqual(target.role(2, replicas[0].name, "SEAL", "COPIES", 2), "OK")
        self.assertEqual(code(client.read()), "IOERR")
        self.assertEqual(asker.command("GET", "k"), b"v")

    def test_a_move_is_told_once_enough_members_have_forgotten_the_key(self):
        target = self.node()
        self.lead(target, 1, copies=1)
        source, *replicas = self.group()
        writer = source.connect()
        self.stop(*replicas)
        writer.socket.sendall(resp.encode(("SET", "k", "v")))
        peer = self.uncommitted(source)
        client = self.migrating(source, target)
        wait_for("it waits", lambda: resp.info(peer, "clients")["blocked_clients"] == "1")
        self.assertEqual(target.connect().command("EXISTS", "k"), 0, "what is not committed is told to nobody")
        self.go_on(*replicas)
        self.assertEqual([writer.read(), client.read()], [b"OK", b"OK"])
        self.assertEqual(target.connect().command("GET", "k"), b"v")
        self.assertEqual(replicas[0].connect().command("EXISTS", "k") + replicas[1].connect().command("EXISTS", "k") <= 1, True)

    def test_who_is_asked_for_copies_and_sent_away_holds_up_no_answer(self):
        limits = ("--client-output-buffer-limit", "replica 1mb 0 0", "--repl-backlog-size", "16kb", "--maxmemory-clients", "4mb")
        primary, first, second = self.group(1, *limits)
        writer, value = primary.connect(), "x" * 100_000
        self.stop(first)
        for i in range(300):
            self.assertEqual(writer.command("SET", f"one:{i}", value), b"OK")
            if first.name not in primary.info()["redisha_replicas"]:
                break
        self.assertNotIn(first.name, primary.info()["redisha_replicas"])
        self.go_on(first)
        wait_for("it is back", lambda: first.name in primary.info()["redisha_replicas"])
        wait_for("in step", lambda: first.info()["slave_repl_offset"] == primary.info()["master_repl_offset"])

        self.stop(first, second)
        peer = primary.peer()
        sender = threading.Thread(target=writer.socket.sendall,
                                  args=(b"".join(resp.encode(("SET", f"none:{i}", value)) for i in range(300)),), daemon=True)
        sender.start()
        wait_for("both are sent away", lambda: resp.info(peer, "replication")["redisha_replicas"] == "")
        self.assert_silent(writer)
        self.go_on(first, second)
        sender.join(20)
        answers = [writer.read() for _ in range(300)]
        done = [i for i, answer in enumerate(answers) if answer == b"OK"]
        self.assertEqual({code(answer) for answer in answers if answer != b"OK"}, {"NOREPLICAS"})
        self.assertEqual(done[0], 0)
        wait_for("in step", lambda: first.info()["slave_repl_offset"] == primary.info()["master_repl_offset"])
        reader = first.connect()
        self.assertEqual([i for i in range(300) if reader.command("EXISTS", f"none:{i}")], done)
        self.assertEqual(primary.info("stats")["evicted_clients"], "0")

    def test_a_paused_copy_counts_once_it_has_applied_a_compressed_stream(self):
        primary, first, second = self.group(1, "--redisha-stream-compression", "lz4")
        self.stop(second)
        self.assertEqual(first.connect().command("CLIENT", "PAUSE", 600_000, "WRITE"), b"OK")
        writer = primary.connect()
        writer.socket.sendall(resp.encode(("SET", "k", "v" * 1000)))
        end = self.received(primary, first)
        self.assert_silent(writer)
        self.assertLess(int(first.info()["slave_repl_offset"]), end)
        self.assertEqual(first.connect().command("CLIENT", "UNPAUSE"), b"OK")
        self.assertEqual(writer.read(), b"OK")

    def test_a_paused_copy_whose_primary_died_is_ranked_by_all_that_it_has_received(self):
        primary, first, second = self.group(1, "--redisha-stream-compression", "lz4")
        self.stop(second)
        self.assertEqual(first.connect().command("CLIENT", "PAUSE", 600_000, "WRITE"), b"OK")
        primary.connect().socket.sendall(resp.encode(("SET", "k", "v" * 1000)))
        end = self.received(primary, first)
        primary.kill()
        wait_for("the end of the link", lambda: first.info()["master_link_status"] == "down")
        self.assertEqual(first.role(2, first.name, "SEAL", "COPIES", 2), "OK")
        self.assertEqual(int(first.info()["slave_repl_offset"]), end)
        self.go_on(second)
        self.lead(first, 2)
        self.follow(second, first, 2)
        wait_for("it follows", lambda: second.connect().command("GET", "k") == b"v" * 1000)

    def received(self, primary, replica):
        """Where the stream ended when the replica had received all of it."""
        peer = self.uncommitted(primary)
        return wait_for("all is received", lambda: (end := int(resp.info(peer, "replication")["master_repl_offset"])) ==
                        int(replica.info()["slave_read_repl_offset"]) and end)


if __name__ == "__main__":
    unittest.main()
