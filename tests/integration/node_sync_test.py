"""Full synchronisation as its options want it: loaded beside the old data (repl-diskless-load swapdb), begun with company (repl-diskless-sync-delay); and a compressed stream."""
import os
import shutil
import signal
import time
import unittest

from tests.support import wire
from tests.support.node_case import NodeCase
from tests.support.server import free_port

KEYS = 1_000
STOCK = shutil.which("redis-server")


class SyncTest(NodeCase):
    def server(self, *options):
        return self.start_at_port("--repl-backlog-size", "16kb", *options)

    def follow(self, replica, primary):
        self.assertEqual(replica.control.command("REPLICAOF", "127.0.0.1", primary.port), ("+", b"OK"))

    def in_sync(self, replica):
        self.wait_for("the replica to stream", lambda: self.info(replica, "master_link_status") == "up")

    def write(self, server, value):
        server.control.command("SET", "k", value)
        for i in range(KEYS):
            server.control.command("SET", f"key:{i}", value + "x" * 100)

    def pair(self, *options):
        primary, replica = self.server(), self.server("--repl-diskless-load", "swapdb", *options)
        self.write(primary, "old")
        self.follow(replica, primary)
        self.in_sync(replica)
        replica.control.command("CONFIG", "SET", "key-load-delay", "500")
        return primary, replica

    def lose_touch(self, primary, replica):
        """The replica comes back when the backlog no longer holds what it lacks."""
        os.kill(replica.pid, signal.SIGSTOP)
        try:
            primary.control.command("CLIENT", "KILL", "TYPE", "replica")
            self.wait_for("the end of the link", lambda: self.info(primary, "connected_slaves") == "0")
            self.write(primary, "new")
        finally:
            os.kill(replica.pid, signal.SIGCONT)


class ReconnectTest(SyncTest):
    def test_a_primary_that_is_not_reached_is_asked_for_often(self):
        replica = self.start("--loglevel", "debug", "--replicaof", "127.0.0.1", str(free_port()))

        def refusals():
            with open(os.path.join(replica.directory, "log"), encoding="utf-8") as log:
                return log.read().count("is down, as before")

        self.wait_for("some", lambda: refusals() >= 5)  # when pauses would have grown
        some, since = refusals(), time.monotonic()
        self.wait_for("ten more", lambda: refusals() >= some + 10)
        self.assertLess(time.monotonic() - since, 5)


class SourceTest(SyncTest):
    def test_connections_to_a_primary_come_from_the_address_that_is_given(self):
        for source, primary_host in (("127.0.0.2", "127.0.0.1"), ("::1", "::1")):
            with self.subTest(source=source):
                primary = self.server("--bind", "127.0.0.1", "::1", "--protected-mode", "no")
                replica = self.server()
                replica.control.command("CONFIG", "SET", "bind-source-addr", source)
                replica.control.command("REPLICAOF", primary_host, primary.port)
                self.in_sync(replica)
                self.assertIn(f"ip={source},", self.info(primary, "slave0"))
                replica.control.command("CONFIG", "SET", "bind-source-addr", "")
                replica.control.command("REPLICAOF", "NO", "ONE")
                replica.control.command("REPLICAOF", "127.0.0.1", primary.port)
                self.in_sync(replica)
                self.wait_for("the new link", lambda: "ip=127.0.0.1," in self.info(primary, "slave0"))

    def test_an_address_that_is_not_this_machines_is_told(self):
        primary, replica = self.server(), self.server("--bind-source-addr", "192.0.2.1")
        self.follow(replica, primary)
        self.wait_for("the reason", lambda: "bind to source address 192.0.2.1" in self.info(replica, "redisha_master_link_error"))
        kind, text = replica.control.command("CONFIG", "SET", "bind-source-addr", "nowhere")
        self.assertEqual(kind, "-")
        self.assertIn(b"must be an IP address", text)

    def test_values_move_from_the_address_that_is_given(self):
        target = self.server("--protected-mode", "no")
        source = self.server("--bind-source-addr", "127.0.0.3")
        source.control.command("SET", "k", "v")
        self.assertEqual(source.control.command("MIGRATE", "127.0.0.1", target.port, "k", "0", "5000"), ("+", b"OK"))
        self.assertIn(b"addr=127.0.0.3:", target.control.command("CLIENT", "LIST"))


class LoadAsideTest(SyncTest):
    def test_the_old_data_are_served_until_the_new_ones_take_their_place(self):
        primary, replica = self.pair()
        self.lose_touch(primary, replica)
        self.wait_for("the synchronisation", lambda: self.info(replica, "async_loading") == "1")
        seen, sizes = [], set()

        def over():
            seen.append(replica.control.command("GET", "k"))
            sizes.add(replica.control.command("DBSIZE"))
            self.assertEqual(self.info(replica, "loading"), "0")
            return self.info(replica, "async_loading") == "0"

        self.wait_for("the end of the load", over)
        self.assertEqual(set(seen[:-1]) | {b"old"}, {b"old"})
        self.assertEqual(sizes, {KEYS + 1})
        self.in_sync(replica)
        self.assertEqual(replica.control.command("GET", "k"), b"new")
        self.assertEqual(self.info(primary, "sync_full"), "2")

    def test_a_load_that_is_given_up_leaves_the_old_data_and_their_history(self):
        primary, replica = self.pair()
        history = self.info(replica, "master_replid")
        self.lose_touch(primary, replica)
        self.wait_for("the synchronisation", lambda: self.info(replica, "async_loading") == "1")
        replica.control.command("REPLICAOF", "NO", "ONE")
        self.assertEqual(self.info(replica, "async_loading"), "0")
        self.assertEqual(replica.control.command("GET", "k"), b"old")
        self.assertEqual(replica.control.command("DBSIZE"), KEYS + 1)
        self.assertEqual(self.info(replica, "master_replid2"), history)
        self.assertEqual(self.info(replica, "redisha_dataset"), "whole")

    def test_data_of_another_history_are_not_served_meanwhile(self):
        _, replica = self.pair()
        other = self.server()
        self.write(other, "other")
        self.follow(replica, other)
        self.wait_for("the load", lambda: self.info(replica, "loading") == "1")
        self.assertEqual(self.info(replica, "async_loading"), "0")
        self.assertIn(b"LOADING", replica.control.command("GET", "k")[1])
        self.in_sync(replica)
        self.assertEqual(replica.control.command("GET", "k"), b"other")

    def test_who_is_to_save_and_end_meanwhile_saves_the_old_data_and_their_history(self):
        _, replica = self.pair()
        history = self.info(replica, "master_replid")
        other = self.server()
        self.write(other, "other")
        self.follow(replica, other)
        self.wait_for("the load", lambda: self.info(replica, "loading") == "1")
        replica.control.send(wire.encode([b"SHUTDOWN", b"SAVE"]))
        replica.process.wait(self.wait_s)
        replica.restart()
        self.assertEqual(replica.control.command("GET", "k"), b"old")
        self.assertEqual(self.info(replica, "master_replid2"), history)

    def test_a_transfer_of_another_history_that_ends_early_leaves_the_old_data(self):
        _, replica = self.pair()
        other = self.server("--rdb-key-save-delay", "10000")
        self.write(other, "other")
        self.follow(replica, other)
        self.wait_for("the transfer", lambda: self.info(replica, "loading") == "1")
        self.assertEqual(self.info(other, "rdb_bgsave_in_progress"), "1")
        other.end()
        self.wait_for("its end", lambda: self.info(replica, "loading") == "0")
        self.assertEqual(replica.control.command("GET", "k"), b"old")


class FlushTest(SyncTest):
    def test_a_background_save_that_begins_behind_a_flush_is_the_save_that_follows_it(self):
        primary, replica = self.server(), self.server("--save", "3600", "100000")
        self.follow(replica, primary)
        self.in_sync(replica)
        replica.control.command("CONFIG", "SET", "rdb-key-save-delay", "5000")
        # Both are there when the replica looks, the flush first.
        os.kill(replica.pid, signal.SIGSTOP)
        try:
            primary.control.command("FLUSHALL")
            self.write(primary, "new")
            replica.control.send(wire.encode([b"BGSAVE"]))
        finally:
            os.kill(replica.pid, signal.SIGCONT)
        self.assertEqual(replica.control.read(), ("+", b"Background saving started"))
        self.assertEqual(self.info(replica, "rdb_bgsave_in_progress"), "1")
        self.assertEqual(self.info(replica, "rdb_last_bgsave_status"), "ok")


class DivergenceTest(SyncTest):
    """propagation-error-behavior ignore: a command that the replica cannot apply, and what comes behind it."""
    def test_the_replica_goes_on_only_where_it_is_told_to(self):
        primary = self.server("--enable-debug-command", "yes")
        strict = self.server()
        ignoring = self.server("--propagation-error-behavior", "ignore", "--appendonly", "yes", "--replica-read-only", "no")
        for replica in (strict, ignoring):
            self.follow(replica, primary)
            self.in_sync(replica)
        synced = self.info(primary, "sync_full")
        ignoring.control.command("SET", "text", "x")
        self.assertEqual(primary.control.command("DEBUG", "REPLICATE", "nosuch", "word"), ("+", b"OK"))
        primary.control.command("INCR", "text")
        primary.control.command("SET", "k", "behind")
        self.wait_for("the write behind it", lambda: ignoring.control.command("GET", "k") == b"behind")
        self.assertEqual(ignoring.control.command("GET", "text"), b"x")
        self.wait_for("the other's end of the link", lambda: "nosuch" in self.info(strict, "redisha_master_link_error"))
        self.assertEqual(ignoring.log_tail().count("== CRITICAL =="), 2)
        self.assertEqual(self.info(primary, "sync_full"), synced)

        # Some tries later the other has all data anew, and streams.
        self.wait_for("a full synchronisation", lambda: strict.control.command("GET", "k") == b"behind")
        self.in_sync(strict)
        self.assertEqual(int(self.info(primary, "sync_full")), int(synced) + 1)
        self.assertIn("all data are asked for anew", strict.log_tail())

        # What failed is not in its append-only file, where it would end a load.
        ignoring.end(signal.SIGTERM)
        ignoring.restart()
        self.assertEqual(ignoring.control.command("GET", "k"), b"behind")


class HeldBackTest(SyncTest):
    """CLIENT PAUSE on a replica."""

    def streaming_pair(self, *options):
        primary, replica = self.server(), self.server(*options)
        self.follow(replica, primary)
        self.in_sync(replica)
        primary.control.command("SET", "k", "before")
        self.caught_up(primary, replica)
        return primary, replica

    def caught_up(self, primary, replica):
        self.wait_for("the replica to apply", lambda: self.info(replica, "slave_repl_offset") == self.info(primary, "master_repl_offset"))

    def received(self, primary, replica):
        self.wait_for("the replica to receive", lambda: self.info(replica, "slave_read_repl_offset") == self.info(primary, "master_repl_offset"))

    def test_a_pause_holds_back_the_primarys_stream_until_it_ends(self):
        for scope, length_ms in (("WRITE", "600000"), ("ALL", "1000")):
            with self.subTest(scope=scope):
                primary, replica = self.streaming_pair("--appendonly", "yes", "--enable-debug-command", "yes")
                offset = self.info(primary, "master_repl_offset")
                watcher = replica.connect()
                self.addCleanup(watcher.close)
                watcher.command("SUBSCRIBE", "news")
                replica.control.command("CLIENT", "PAUSE", length_ms, scope)
                primary.control.command("MULTI")
                primary.control.command("INCR", "n")
                primary.control.command("INCR", "n")
                primary.control.command("EXEC")
                primary.control.command("SET", "k", "behind")
                primary.control.command("PUBLISH", "news", "hello")
                primary.control.command("SET", "k", "after")
                self.assertEqual(primary.control.command("WAIT", "1", "300"), 0)
                if scope == "WRITE":  # otherwise nobody is answered before the end
                    self.received(primary, replica)
                    self.assertEqual(self.info(replica, "slave_repl_offset"), offset)
                    self.assertEqual(replica.control.command("GET", "k"), b"before")
                    self.assertEqual(replica.control.command("CLIENT", "UNPAUSE"), ("+", b"OK"))
                self.caught_up(primary, replica)
                self.assertEqual(replica.control.command("MGET", "k", "n"), [b"after", b"2"])
                self.assertEqual(watcher.read()[2], b"hello")
                self.assertEqual(primary.control.command("WAIT", "1", "10000"), 1)
                replica.control.command("REPLICAOF", "NO", "ONE")
                self.assertEqual(replica.control.command("DEBUG", "LOADAOF"), ("+", b"OK"))
                self.assertEqual(replica.control.command("MGET", "k", "n"), [b"after", b"2"])

    def test_a_pause_leaves_nothing_out_of_a_log_that_is_loaded(self):
        primary, replica = self.streaming_pair("--appendonly", "yes", "--enable-debug-command", "yes")
        self.wait_for("the log to be of these data", lambda: self.info(replica, "redisha_aof_sound") == "yes")
        for key in ("a", "b", "c"):
            primary.control.command("SET", key, "v")
        self.caught_up(primary, replica)
        replica.control.command("CLIENT", "PAUSE", "600000", "WRITE")
        self.assertEqual(replica.control.command("DEBUG", "LOADAOF"), ("+", b"OK"))
        self.assertEqual(replica.control.command("MGET", "k", "a", "b", "c"), [b"before", b"v", b"v", b"v"])

    def test_a_replica_that_is_to_lead_applies_first_what_it_has_received(self):
        primary, replica = self.streaming_pair()
        replica.control.command("CLIENT", "PAUSE", "600000", "WRITE")
        for value in ("1", "2", "3"):
            primary.control.command("SET", "k", value)
        self.received(primary, replica)
        offset = self.info(primary, "master_repl_offset")
        for words in (["MULTI"], ["GET", "k"], ["REPLICAOF", "NO", "ONE"], ["GET", "k"]):
            replica.control.command(*words)
        self.assertEqual(replica.control.command("EXEC"), [b"before", ("+", b"OK"), b"3"])
        self.assertEqual(self.info(replica, "role"), "master")
        self.assertEqual(int(self.info(replica, "second_repl_offset")), int(offset) + 1)
        replica.control.command("CLIENT", "UNPAUSE")
        self.assertEqual(replica.control.command("SET", "k", "mine"), ("+", b"OK"))

    def test_what_is_held_back_stays_with_the_primary_beyond_a_limit(self):
        primary, replica = self.streaming_pair()
        replica.control.command("CLIENT", "PAUSE", "600000", "WRITE")
        for i in range(32):
            primary.control.command("SET", f"large:{i}", b"x" * (1 << 20))
        end = int(self.info(primary, "master_repl_offset"))
        self.assertLessEqual(self.held(replica), 2 << 20)
        self.assertEqual(self.info(replica, "master_link_status"), "up")
        replica.control.command("CLIENT", "UNPAUSE")
        self.caught_up(primary, replica)
        self.assertEqual(int(self.info(replica, "slave_repl_offset")), end)
        self.assertEqual(replica.control.command("DBSIZE"), 33)

    def test_a_link_that_is_cut_meanwhile_goes_on_where_the_data_stand(self):
        primary, replica = self.streaming_pair()
        replica.control.command("CLIENT", "PAUSE", "600000", "WRITE")
        primary.control.command("SET", "k", "after")
        self.received(primary, replica)
        primary.control.command("CLIENT", "KILL", "TYPE", "replica")
        self.wait_for("the next link", lambda: self.info(primary, "sync_partial_ok") == "1")
        self.received(primary, replica)
        self.assertEqual(replica.control.command("GET", "k"), b"before")
        replica.control.command("CLIENT", "UNPAUSE")
        self.caught_up(primary, replica)
        self.assertEqual(replica.control.command("GET", "k"), b"after")

    def end_of(self, primary, replica):
        primary.end(signal.SIGKILL)
        self.wait_for("the end of the link", lambda: self.info(replica, "master_link_status") == "down")

    def test_what_was_held_back_when_the_primary_died_is_applied_before_this_node_leads(self):
        for packed in ("no", "lz4"):
            with self.subTest(packed=packed):
                primary, replica = self.streaming_pair("--redisha-stream-compression", packed)
                replica.control.command("CLIENT", "PAUSE", "600000", "WRITE")
                for words in (["MULTI"], ["SELECT", "1"], ["SET", "k", "1"], ["EXEC"], ["SET", "k", "2"]):
                    primary.control.command(*words)
                self.received(primary, replica)
                end = int(self.info(primary, "master_repl_offset"))
                self.end_of(primary, replica)
                self.assertEqual(int(self.info(replica, "slave_read_repl_offset")), end)
                self.assertLess(int(self.info(replica, "slave_repl_offset")), end)
                self.assertEqual(replica.control.command("GET", "k"), b"before")
                replica.control.command("REPLICAOF", "NO", "ONE")
                self.assertEqual(int(self.info(replica, "second_repl_offset")), end + 1)
                self.assertEqual(replica.control.command("GET", "k"), b"before")
                replica.control.command("SELECT", "1")
                self.assertEqual(replica.control.command("GET", "k"), b"2")

    def test_what_was_held_back_when_the_primary_died_is_applied_when_the_pause_ends(self):
        primary, replica = self.streaming_pair()
        replica.control.command("CLIENT", "PAUSE", "600000", "WRITE")
        primary.control.command("SET", "k", "after")
        self.received(primary, replica)
        end = self.info(primary, "master_repl_offset")
        self.end_of(primary, replica)
        # It is held back for as long as the pause is made longer.
        replica.control.command("CLIENT", "PAUSE", "700000", "WRITE")
        self.assertEqual(replica.control.command("GET", "k"), b"before")
        replica.control.command("CLIENT", "UNPAUSE")
        self.wait_for("the replica to apply", lambda: self.info(replica, "slave_repl_offset") == end)
        self.assertEqual(replica.control.command("GET", "k"), b"after")
        self.assertEqual(self.info(replica, "master_link_status"), "down")

    def test_a_link_that_ends_beyond_the_limit_is_down_at_once_and_what_came_is_not_lost(self):
        primary, replica = self.streaming_pair()
        replica.control.command("CLIENT", "PAUSE", "600000", "WRITE")
        for i in range(8):
            primary.control.command("SET", f"large:{i}", b"x" * (1 << 20))
        self.wait_for("the limit", lambda: self.held(replica) >= 1 << 20)
        self.end_of(primary, replica)
        held = self.held(replica)
        self.assertGreaterEqual(held, 1 << 20)
        replica.control.command("REPLICAOF", "NO", "ONE")
        there = replica.control.command("DBSIZE") - 1
        self.assertGreaterEqual(there, held // ((1 << 20) + 100))
        self.assertEqual([replica.control.command("STRLEN", f"large:{i}") for i in range(there)], [1 << 20] * there)

    def test_a_script_beside_a_stream_that_is_held_back_sees_nothing_of_it_and_all_of_it_follows(self):
        primary, replica = self.streaming_pair("--busy-reply-threshold", "20")
        replica.control.command("CLIENT", "PAUSE", "600000", "WRITE")
        client = replica.connect()
        self.addCleanup(client.close)
        client.send(wire.encode([b"EVAL_RO", b"redis.call('get', 'k') while true do end", b"0"]))
        self.wait_for("BUSY", lambda: replica.control.command("PING")[1].startswith(b"BUSY"))
        for i in range(100):
            primary.control.command("MULTI")
            primary.control.command("INCR", "n")
            primary.control.command("RPUSH", "list", i)
            primary.control.command("EXEC")
        self.assertEqual(primary.control.command("WAIT", "1", "100"), 0)
        self.assertEqual(replica.control.command("SCRIPT", "KILL"), ("+", b"OK"))
        self.assertEqual(client.read()[0], "-")
        self.received(primary, replica)
        self.assertEqual(replica.control.command("MGET", "k", "n"), [b"before", None])
        # Now a pause ends while a script runs.
        script = b"local before = redis.call('exists', 'n') for i = 1, 2e7 do end return {before, redis.call('exists', 'n')}"
        client.send(b"".join(wire.encode(words) for words in ([b"CLIENT", b"UNPAUSE"], [b"CLIENT", b"PAUSE", b"1", b"WRITE"], [b"EVAL_RO", script, b"0"])))
        self.assertEqual([client.read() for _ in range(3)], [("+", b"OK"), ("+", b"OK"), [0, 0]])
        self.caught_up(primary, replica)
        self.assertEqual(replica.control.command("GET", "n"), b"100")
        self.assertEqual(replica.control.command("LRANGE", "list", "0", "-1"), [str(i).encode() for i in range(100)])

    def held(self, replica):
        return int(self.info(replica, "slave_read_repl_offset")) - int(self.info(replica, "slave_repl_offset"))


class CompressionTest(SyncTest):
    def follow_and_write(self, wanted, program=None):
        primary = self.start("--port", str(free_port()), "--enable-debug-command", "yes", **({"program": program} if program else {}))
        primary.control.command("SET", "before", "x" * 1000)
        replica = self.start("--enable-debug-command", "yes", "--redisha-stream-compression", wanted,
                             "--replicaof", "127.0.0.1", self.info(primary, "tcp_port"))
        self.wait_for("the replica", lambda: self.info(replica, "master_link_status") == "up")
        before = int(self.info(replica, "total_net_repl_input_bytes"))
        for i in range(2000):
            primary.control.command("SET", f"key:{i}", f"a value that is like others: {i}")
        primary.control.command("SET", "large", os.urandom(200_000))
        self.in_step(primary, replica)
        return primary, replica, int(self.info(replica, "total_net_repl_input_bytes")) - before

    def in_step(self, primary, replica):
        self.wait_for("all of it", lambda: self.info(replica, "slave_repl_offset") == self.info(primary, "master_repl_offset"))
        self.assertEqual(replica.control.command("DEBUG", "DIGEST"), primary.control.command("DEBUG", "DIGEST"))

    def test_a_compressed_stream_takes_less_and_counts_the_same(self):
        _, _, plain = self.follow_and_write("no")
        primary, replica, packed = self.follow_and_write("lz4")
        self.assertLess(packed - 200_000, (plain - 200_000) / 2, "what is no noise takes less than half")
        self.assertEqual(self.info(replica, "redisha_stream_compression"), "lz4")
        self.assertGreater(int(self.info(primary, "redisha_stream_packed_from_bytes")),
                           int(self.info(primary, "redisha_stream_packed_bytes")))
        replica.control.command("CLIENT", "KILL", "TYPE", "master")
        primary.control.command("SET", "after", "1")
        self.in_step(primary, replica)
        self.assertEqual(self.info(primary, "sync_full"), "1")
        self.assertEqual(self.info(primary, "sync_partial_ok"), "1")
        self.assertIn(int(self.info(replica, "redisha_master_heard_ms_ago")), range(60_000))

    @unittest.skipUnless(STOCK, "redis-server is not installed")
    def test_a_server_that_does_not_know_it_is_followed_as_ever(self):
        _, replica, _ = self.follow_and_write("lz4", program=STOCK)
        self.assertEqual(self.info(replica, "redisha_stream_compression"), "no")


class CompanyTest(SyncTest):
    def test_a_snapshot_waits_for_further_replicas_as_long_as_it_is_told(self):
        primary = self.server("--repl-diskless-sync-delay", "1000", "--repl-diskless-sync-max-replicas", "2")
        first, second = self.server(), self.server()
        self.follow(first, primary)
        self.wait_for("the question", lambda: "waits for further replicas" in primary.log_tail())
        self.follow(second, primary)
        self.in_sync(first)
        self.in_sync(second)

    def test_alone_it_begins_when_the_time_is_over(self):
        primary, replica = self.server("--repl-diskless-sync-delay", "1"), self.server()
        begun = time.monotonic()
        self.follow(replica, primary)
        self.in_sync(replica)
        self.assertGreaterEqual(time.monotonic() - begun, 1)


if __name__ == "__main__":
    unittest.main()
