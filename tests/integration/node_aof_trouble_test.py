"""What the append-only file promises while its disk is full, slow or fails, and that it heals: also what others rely on (WAIT, WAITAOF)."""
import os
import resource
import signal
import threading
import unittest

from node_aof_test import OK, STRACE, AofTest, send
from tests.support import wire

CLIENTS = 20


class TroubleTest(AofTest):
    def limit(self, node, size):
        """Files of the node cannot grow beyond `size`: what a full disk is to it."""
        resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def server(self, *options):
        return self.start_at_port("--repl-diskless-sync-delay", "0", *options)

    def follow(self, replica, primary):
        self.assertEqual(replica.control.command("REPLICAOF", "127.0.0.1", primary.port), OK)
        self.wait_for("the replica to stream", lambda: self.info(replica, "master_link_status") == "up")

    def has_failed(self, node, field):
        try:
            return self.info(node, field) == "err"
        except wire.Disconnected:  # as is who is answered in the turn in which it is noticed
            node.control = node.connect()
            return False

    def sound(self, node):
        return self.info(node, "redisha_aof_sound") == "yes"


class NobodyHearsTest(TroubleTest):
    def test_under_always_no_answer_leaves_in_the_turn_in_which_the_disk_fails(self):
        node = self.start("--appendfsync", "always")
        self.limit(node, os.path.getsize(self.last_increment(node)) + 100_000)
        kept = [[] for _ in range(CLIENTS)]

        def write(own, name):
            connection = node.connect()
            try:
                while connection.command("SET", f"{name}:{len(own)}", "v") == OK:
                    own.append(f"{name}:{len(own)}")
            except wire.Disconnected:
                pass
        writers = [threading.Thread(target=write, args=(own, i)) for i, own in enumerate(kept)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(self.wait_s)
        self.assertEqual(self.info(node, "aof_last_write_status"), "err")
        node.restart()
        acknowledged = [key for own in kept for key in own]
        self.assertGreater(len(acknowledged), CLIENTS)
        self.assertEqual(node.control.command("EXISTS", *acknowledged), len(acknowledged))

    def test_under_always_wait_does_not_count_a_replica_whose_disk_fails(self):
        primary, replica = self.server("--appendonly", "no"), self.server("--appendfsync", "always")
        self.follow(replica, primary)
        self.wait_for("the replica's file", lambda: self.sound(replica))
        client = primary.connect()
        client.command("SET", "before", "v")
        self.assertEqual(client.command("WAIT", "1", "10000"), 1)
        self.limit(replica, os.path.getsize(self.last_increment(replica)) + 20)
        client.command("SET", "k", "v")
        self.wait_for("the failure", lambda: self.has_failed(replica, "aof_last_write_status"))
        client.command("SET", "k", "w")
        self.assertEqual(client.command("WAIT", "1", "200"), 0)
        self.limit(replica, resource.RLIM_INFINITY)
        self.assertEqual(client.command("WAIT", "1", "20000"), 1)

    def test_under_always_replicas_of_a_primary_whose_disk_fails_go_on_hearing_it(self):
        primary, replica = self.server("--appendfsync", "always", "--repl-ping-replica-period", "1"), self.server("--appendonly", "no")
        self.follow(replica, primary)
        self.limit(primary, os.path.getsize(self.last_increment(primary)) + 20)
        with self.assertRaises(wire.Disconnected):
            primary.connect().command("SET", "k", "v" * 100)
        self.wait_for("the failure", lambda: self.has_failed(primary, "aof_last_write_status"))
        heard = int(self.info(replica, "slave_repl_offset"))
        for _ in range(2):
            self.wait_for("a sign of life", lambda: int(self.info(replica, "slave_repl_offset")) > heard)
            heard = int(self.info(replica, "slave_repl_offset"))

    def test_under_always_replicas_of_a_replica_whose_disk_fails_go_on_hearing_the_primary(self):
        primary, middle, last = self.server("--appendonly", "no"), self.server("--appendfsync", "always"), self.server("--appendonly", "no")
        self.follow(middle, primary)
        self.wait_for("the file of the one between", lambda: self.sound(middle))
        self.follow(last, middle)
        self.limit(middle, os.path.getsize(self.last_increment(middle)) + 20)
        client = primary.connect()
        client.command("SET", "k", "v")
        self.wait_for("the failure", lambda: self.has_failed(middle, "aof_last_write_status"))
        client.command("SET", "k", "w")
        self.wait_for("the write", lambda: last.control.command("GET", "k") == b"w")
        self.assertEqual(client.command("WAIT", "1", "200"), 0)
        self.assertEqual(self.info(middle, "aof_last_write_status"), "err")
        self.limit(middle, resource.RLIM_INFINITY)
        self.assertEqual(client.command("WAIT", "1", "20000"), 1)

    @unittest.skipUnless(STRACE, "strace is not installed")
    def test_waitaof_does_not_count_what_was_synced_of_another_history(self):
        first, second = self.server("--appendonly", "no"), self.server("--appendonly", "no")
        replica = self.server()
        self.follow(replica, first)
        for i in range(100):
            first.control.command("SET", f"k{i}", "x" * 10_000)
        self.assertEqual(first.control.command("WAITAOF", "0", "1", "20000"), [0, 1])
        self.follow(replica, second)
        self.wait_for("the new base", lambda: self.sound(replica))
        self.trace(replica, "delay_enter=10000000")
        client = second.connect()
        client.command("SET", "promised", "v")
        self.assertEqual(client.command("WAIT", "1", "10000"), 1)
        self.assertEqual(client.command("WAITAOF", "0", "1", "1500"), [0, 0])


class HealsTest(TroubleTest):
    def test_a_rewrite_makes_room_for_what_cannot_be_written(self):
        node = self.start()
        for i in range(500):
            node.control.command("SET", "k", "v" * 100)
        self.wait_for("the writes in the file", lambda: os.path.getsize(self.last_increment(node)) > 50_000)
        self.limit(node, os.path.getsize(self.last_increment(node)) + 10)
        self.wait_for("a refusal", lambda: node.control.command("SET", "k", "w" * 100) != OK)
        self.assertEqual(node.control.command("BGREWRITEAOF")[0], "+")
        self.wait_for("writes", lambda: node.control.command("SET", "after", "v") == OK)
        self.assertTrue(self.sound(node))
        digest = self.digest(node)
        self.kill(node)
        self.assertEqual(self.digest(node), digest)

    def test_a_rewrite_for_which_there_is_no_room_leaves_a_log_that_heals_by_itself(self):
        for rewrite in ("BGREWRITEAOF",), ("CONFIG", "SET", "appendonly", "yes"):
            with self.subTest(rewrite):
                node = self.start()
                node.control.command("SET", "k", "v")
                self.rewrite(node)
                self.limit(node, 40)
                node.control.command("SET", "waits", "v" * 100)
                self.wait_for("the failure", lambda: self.has_failed(node, "aof_last_write_status"))
                node.control.command(*rewrite)
                if rewrite[0] == "BGREWRITEAOF":
                    self.wait_for("the failure", lambda: self.has_failed(node, "aof_last_bgrewrite_status"))
                rewrites = self.info(node, "aof_rewrites")
                self.assertTrue(self.sound(node))
                self.limit(node, resource.RLIM_INFINITY)
                self.wait_for("writes", lambda: node.control.command("SET", "after", "v") == OK)
                self.assertEqual(self.info(node, "aof_rewrites"), rewrites)
                self.wait_for("an empty queue", lambda: self.info(node, "aof_buffer_length") == "0")
                digest = self.digest(node)
                self.kill(node)
                self.assertEqual(self.digest(node), digest)

    def test_a_full_disk_on_which_neither_file_can_be_written_heals_by_itself_once_there_is_room(self):
        node = self.start("--save", "1 1")
        self.limit(node, 40)
        node.control.command("SET", "waits", "v" * 100)
        for status in "aof_last_write_status", "rdb_last_bgsave_status":
            self.wait_for(status, lambda status=status: self.has_failed(node, status))
        self.assertIn(b"MISCONF", node.control.command("SET", "k", "v")[1])
        self.limit(node, resource.RLIM_INFINITY)
        self.wait_for("writes", lambda: node.control.command("SET", "after", "v") == OK)
        for status in "aof_last_write_status", "rdb_last_bgsave_status":
            self.assertEqual(self.info(node, status), "ok")
        self.kill(node)
        self.assertEqual(node.control.command("EXISTS", "waits", "after"), 2)

    def test_another_dataset_gets_a_file_though_the_one_before_cannot_be_written_on(self):
        for offered in "yes", "no":  # the file of the full synchronisation becomes the base, or does not
            with self.subTest(offered):
                first, second = self.server("--appendonly", "no"), self.server("--appendonly", "no")
                second.control.command("SET", "other", "v")
                replica = self.server("--aof-use-rdb-preamble", offered)
                self.follow(replica, first)
                self.wait_for("its file", lambda: self.sound(replica))
                for _ in range(100):
                    first.control.command("SET", "k", "v" * 100)
                first.control.command("WAITAOF", "0", "1", "20000")
                self.limit(replica, os.path.getsize(self.last_increment(replica)) + 10)
                first.control.command("SET", "k", "w" * 100)
                self.wait_for("the failure", lambda: self.has_failed(replica, "aof_last_write_status"))
                self.follow(replica, second)
                self.wait_for("a file of the other dataset", lambda: self.sound(replica))
                second.control.command("SET", "after", "v")
                self.assertEqual(second.control.command("WAITAOF", "0", "1", "20000"), [0, 1])
                digest = self.digest(replica)
                self.kill(replica)
                self.wait_for("what it holds", lambda: self.digest(replica) == digest)

    @unittest.skipUnless(STRACE, "strace is not installed")
    def test_a_folder_that_could_not_be_synced_once_is_healed_by_the_next_rewrite(self):
        for failing in (1, 2, 3, 4):
            with self.subTest(failing):
                node = self.start()
                node.control.command("SET", "before", "v")
                self.trace(node, f"error=EIO:when={failing}", "fsync")
                node.control.command("BGREWRITEAOF")
                # In this order: a rewrite that is over has failed, or has not.
                self.wait_for("writes", lambda: self.info(node, "aof_rewrite_in_progress") == "0" and self.sound(node)
                              and node.control.command("SET", "k", "v") == OK)
                self.wait_for("an empty queue", lambda: self.info(node, "aof_buffer_length") == "0")
                node.restart()
                self.assertEqual(node.control.command("EXISTS", "before", "k"), 2)

    @unittest.skipUnless(STRACE, "strace is not installed")
    def test_without_a_file_of_this_dataset_writes_are_refused_once_the_first_has_failed(self):
        node = self.start("--appendfsync", "always")
        node.control.command("SET", "before", "v")
        node.control.command("CONFIG", "SET", "appendonly", "no")
        self.limit(node, 40)
        node.control.command("CONFIG", "SET", "appendonly", "yes")
        self.wait_for("the failure", lambda: self.has_failed(node, "aof_last_bgrewrite_status"))
        self.assertIn(b"MISCONF", node.control.command("SET", "k", "v")[1])
        self.limit(node, resource.RLIM_INFINITY)
        self.wait_for("writes", lambda: node.control.command("SET", "k", "v") == OK)
        self.kill(node)
        self.assertEqual(node.control.command("EXISTS", "before", "k"), 2)


class SlowTest(TroubleTest):
    @unittest.skipUnless(STRACE, "strace is not installed")
    def test_a_sync_that_takes_long_holds_back_nothing_from_the_operating_system(self):
        node = self.start()
        self.trace(node, "delay_enter=10000000")
        written = 0

        def beside():
            nonlocal written
            written += 1
            self.assertEqual(node.control.command("SET", f"k{written}", "v"), OK)
            return int(self.info(node, "aof_delayed_fsync")) > 0 and self.info(node, "aof_buffer_length") == "0"

        self.wait_for("a write beside the sync", beside)
        node.process.send_signal(signal.SIGKILL)
        node.process.wait(self.wait_s)
        node.restart()
        self.assertEqual(node.control.command("DBSIZE"), written)


class MoveTest(TroubleTest):
    """A planned move while a disk is full."""

    def pair(self):
        first, second = self.server(), self.server()
        self.follow(second, first)
        self.wait_for("its file", lambda: self.sound(second))
        self.wait_for("the primary to know", lambda: "state=online" in self.info(first, "slave0"))
        return first, second

    def fill_disk_of(self, node, primary):
        self.limit(node, os.path.getsize(self.last_increment(node)) + 20)
        self.assertEqual(primary.control.command("SET", "waits", "v" * 100), OK)
        self.wait_for("the failure", lambda: self.has_failed(node, "aof_last_write_status"))

    def test_does_not_go_where_writes_would_be_refused(self):
        first, second = self.pair()
        self.fill_disk_of(second, first)
        self.assertEqual(first.control.command("FAILOVER"), OK)
        self.wait_for("the end of the move", lambda: self.info(first, "master_failover_state") == "no-failover")
        self.assertEqual((self.info(first, "role"), self.info(second, "role")), ("master", "slave"))
        self.assertEqual(first.control.command("SET", "after", "v"), OK)
        self.limit(second, resource.RLIM_INFINITY)
        self.assertEqual(first.control.command("WAITAOF", "1", "1", "20000"), [1, 1])
        second.restart()
        self.assertEqual(second.control.command("EXISTS", "waits", "after"), 2)
        self.assertEqual(self.info(first, "sync_full"), "1")

    def test_helps_a_primary_that_refuses_writes_and_whose_file_heals_as_a_replicas(self):
        first, second = self.pair()
        self.fill_disk_of(first, first)
        self.assertIn(b"MISCONF", first.control.command("SET", "k", "v")[1])
        self.assertEqual(first.control.command("FAILOVER"), OK)
        self.wait_for("the other to lead", lambda: self.info(second, "role") == "master")
        self.wait_for("writes", lambda: second.control.command("SET", "after", "v") == OK)
        self.wait_for("the write", lambda: first.control.command("EXISTS", "waits", "after") == 2)
        self.limit(first, resource.RLIM_INFINITY)
        self.assertEqual(second.control.command("WAITAOF", "1", "1", "20000"), [1, 1])
        self.assertEqual(self.info(second, "sync_full"), "0")
        first.restart()
        self.wait_for("what it holds", lambda: first.control.command("EXISTS", "waits", "after") == 2)


class FlushTest(TroubleTest):
    def test_the_file_that_a_replica_saves_at_flushall_names_the_place_behind_it(self):
        primary = self.server("--appendonly", "no")
        primary.control.command("SET", "a", "1")
        replica = self.server("--appendonly", "no", "--save", "3600 100000", "--replicaof", f"127.0.0.1 {primary.port}")
        self.wait_for("the replica to stream", lambda: self.info(replica, "master_link_status") == "up")
        saves = int(self.info(replica, "rdb_saves"))
        send(primary.control, ("RENAME", "a", "b"), ("FLUSHALL",), ("SET", "after", "1"))  # one packet
        for _ in range(3):
            self.assertEqual(primary.control.read(), OK)
        self.wait_for("the save", lambda: int(self.info(replica, "rdb_saves")) > saves)
        replica.restart()
        self.wait_for("the replica to stream", lambda: self.info(replica, "master_link_status") == "up")
        self.wait_for("the write", lambda: replica.control.command("GET", "after") == b"1")
        self.assertEqual(self.info(primary, "sync_full"), "1")


if __name__ == "__main__":
    unittest.main()
