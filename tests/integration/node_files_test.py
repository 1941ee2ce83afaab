"""What redisha-node saves, and what it never saves over: whole transactions, and no dataset that is not known to be whole."""
import fcntl
import os
import shutil
import signal
import subprocess
import unittest

from tests.support.node_case import NODE, NodeCase

STOCK = shutil.which("redis-server")
CHECK = shutil.which("redis-check-rdb")


class NodeFilesTest(NodeCase):
    def file_of(self, server, name="dump.rdb"):
        return os.path.join(server.directory, name)

    def exec(self, server, *commands):
        for words in (("MULTI",), *commands):
            server.control.command(*words)
        return server.control.command("EXEC")

    def test_a_background_save_inside_a_transaction_saves_all_of_it(self):
        node = self.start()
        replies = self.exec(node, ("INCR", "c"), ("BGSAVE",), ("INCR", "c"))
        self.assertEqual(replies, [1, ("+", b"Background saving scheduled"), 2])
        self.wait_for("the save", lambda: self.info(node, "rdb_saves") == "1")
        node.restart()
        self.assertEqual(node.control.command("GET", "c"), b"2")

    def test_flushall_inside_a_transaction_saves_what_the_transaction_leaves(self):
        node = self.start()
        node.control.command("CONFIG", "SET", "save", "3600 1")
        node.control.command("SET", "old", "v")
        self.exec(node, ("INCR", "c"), ("FLUSHALL",), ("INCR", "c"), ("INCR", "c"))
        node.restart()
        self.assertEqual(node.control.command("GET", "c"), b"2")
        self.assertEqual(node.control.command("DBSIZE"), 1)

    def test_a_reload_inside_a_transaction_is_refused(self):
        node = self.start("--enable-debug-command", "yes")
        replies = self.exec(node, ("INCR", "c"), ("DEBUG", "RELOAD"), ("INCR", "c"))
        self.assertEqual(replies, [1, ("-", b"ERR Not allowed inside a transaction"), 2])
        self.assertFalse(os.path.exists(self.file_of(node)))

    def killed_while_saving(self, node, folder, *command):
        """Ends the process with a file half written; returns the name of that."""
        half = []

        def begun():
            half.extend(name for name in os.listdir(folder) if name.endswith(".tmp")) if os.path.isdir(folder) else None
            return half
        node.control.command("DEBUG", "POPULATE", "200000", "k", "200")
        node.control.command(*command)
        self.wait_for("the file to begin", begun)
        node.end()
        self.assertEqual(len(half), 1)
        self.assertIn(half[0], os.listdir(folder))
        return half[0]

    def test_what_a_killed_process_has_half_written_is_gone_after_the_next_start(self):
        node = self.start("--enable-debug-command", "yes")
        half = self.killed_while_saving(node, node.directory, "BGSAVE")
        others = ["dump.rdb.notes.tmp", "dump.rdb.12.bgx.tmp", "dump.rdb.12.tmp.1", "other.rdb.12.tmp", "dump.rdb.77.bg0.tmp"]
        for name in others + ["dump.rdb.78.tmp"]:
            with open(self.file_of(node, name), "w") as file:
                file.write("x")
        with open(self.file_of(node, others[-1])) as busy:
            fcntl.flock(busy, fcntl.LOCK_EX)  # somebody writes it
            node.start()
        there = os.listdir(node.directory)
        self.assertNotIn(half, there)
        self.assertNotIn("dump.rdb.78.tmp", there)
        self.assertLessEqual(set(others), set(there))

    def test_what_a_killed_process_has_left_of_its_first_append_only_file_goes(self):
        node = self.start("--enable-debug-command", "yes")
        folder = self.file_of(node, "appendonlydir")
        half = self.killed_while_saving(node, folder, "CONFIG", "SET", "appendonly", "yes")
        node.start()
        self.assertEqual(node.control.command("CONFIG", "SET", "appendonly", "yes"), ("+", b"OK"))
        self.wait_for("the base", lambda: self.info(node, "redisha_aof_sound") == "yes")
        self.assertNotIn(half, os.listdir(folder))

    def lose_dataset(self):
        """A node whose memory a failed synchronisation has emptied, beside a file with `k`."""
        stock = self.start_at_port("--repl-diskless-sync-delay", "0", "--databases", "32", program=STOCK)
        for i in range(1000):
            stock.control.command("SET", f"s{i}", "v")
        stock.control.command("SELECT", "20")  # which the node does not have
        stock.control.command("SET", "k", "v")
        node = self.start()
        node.control.command("SET", "k", "v")
        self.assertEqual(node.control.command("SAVE"), ("+", b"OK"))
        node.control.command("FLUSHALL")  # without save points the file stays; and an empty node checks nothing first
        node.control.command("CONFIG", "SET", "save", "3600 1")
        node.control.command("REPLICAOF", "127.0.0.1", stock.port)
        self.wait_for("the load to fail", lambda: self.info(node, "redisha_dataset") == "unknown"
                      and self.info(node, "loading") == "0")
        return node, stock

    @unittest.skipUnless(STOCK, "redis-server is not installed")
    def test_a_load_that_failed_is_saved_over_no_file_and_answers_nothing(self):
        node, _ = self.lose_dataset()
        with open(self.file_of(node), "rb") as file:
            whole = file.read()
        for command in ("SAVE", "BGSAVE"):
            kind, text = node.control.command(command)
            self.assertEqual(kind, "-")
            self.assertIn(b"not known to be whole", text)
        kind, text = node.control.command("GET", "k")
        self.assertEqual((kind, text[:10]), ("-", b"MASTERDOWN"))
        node.process.send_signal(signal.SIGTERM)
        self.assertEqual(node.process.wait(20), 0)
        with open(self.file_of(node), "rb") as file:
            self.assertEqual(file.read(), whole)
        node.restart()
        self.assertEqual(node.control.command("GET", "k"), b"v")

    @unittest.skipUnless(STOCK, "redis-server is not installed")
    def test_who_makes_a_lost_dataset_count_keeps_the_file_before_it(self):
        node, _ = self.lose_dataset()
        with open(self.file_of(node), "rb") as file:
            whole = file.read()
        node.control.command("REPLICAOF", "NO", "ONE")
        self.assertEqual(self.info(node, "redisha_dataset"), "chosen")
        node.control.command("SET", "new", "v")
        self.assertEqual(node.control.command("SAVE"), ("+", b"OK"))
        self.assertEqual(self.info(node, "redisha_dataset"), "whole")
        with open(self.file_of(node, "dump.rdb.kept"), "rb") as file:
            self.assertEqual(file.read(), whole)
        node.restart()
        self.assertEqual(node.control.command("GET", "new"), b"v")

    @unittest.skipUnless(STOCK, "redis-server is not installed")
    def test_saves_that_fail_keep_the_older_file_once_and_replace_none(self):
        node, _ = self.lose_dataset()
        with open(self.file_of(node, "dump.rdb.kept"), "wb") as file:
            file.write(b"of an earlier time")
        node.control.command("REPLICAOF", "NO", "ONE")
        node.control.command("SET", "new", "v")
        obstacle = self.file_of(node, f"dump.rdb.{node.pid}.tmp")
        os.mkdir(obstacle)
        for _ in range(12):
            self.assertEqual(node.control.command("SAVE")[0], "-")
        os.rmdir(obstacle)
        self.assertEqual(node.control.command("SAVE"), ("+", b"OK"))
        kept = [f for f in os.listdir(node.directory) if ".kept" in f]
        self.assertEqual(sorted(kept), ["dump.rdb.kept", "dump.rdb.kept.1"])
        with open(self.file_of(node, "dump.rdb.kept"), "rb") as file:
            self.assertEqual(file.read(), b"of an earlier time")

    def test_a_reload_that_would_fail_costs_no_data(self):
        node = self.start("--enable-debug-command", "yes")
        node.control.command("SET", "k", "v" * 100)
        node.control.command("SAVE")
        with open(self.file_of(node), "r+b") as file:
            file.truncate(os.path.getsize(self.file_of(node)) - 20)
        self.assertEqual(node.control.command("DEBUG", "RELOAD", "NOSAVE")[0], "-")
        self.assertEqual(node.control.command("GET", "k"), b"v" * 100)
        self.assertEqual(self.info(node, "redisha_dataset"), "whole")

    def test_a_start_that_fails_leaves_the_file_alone(self):
        node = self.start()
        node.control.command("SET", "k", "v" * 100)
        node.control.command("SAVE")
        node.end()
        with open(self.file_of(node), "r+b") as file:
            file.truncate(os.path.getsize(self.file_of(node)) - 20)
            file.seek(0)
            damaged = file.read()
        node.options += ["--save", "3600 1"]
        with self.assertRaises(SystemExit):
            node.start()
        with open(self.file_of(node), "rb") as file:
            self.assertEqual(file.read(), damaged)

    def test_a_dataset_above_the_limit_is_evicted_while_it_is_loaded(self):
        node = self.start("--enable-debug-command", "yes")
        node.control.command("DEBUG", "POPULATE", "400000", "key", "500")
        node.control.command("SAVE")
        node.options += ["--maxmemory", "30mb", "--maxmemory-policy", "allkeys-lru"]
        node.restart()
        self.wait_for("the load", lambda: self.info(node, "loading") == "0")
        self.assertEqual(self.info(node, "rdb_last_load_keys_loaded"), "400000")
        # The limit, and what a slice of 50 ms loads before it is looked at again.
        self.assertLess(int(self.info(node, "used_memory_peak")), 180 << 20)


class CheckRdbTest(NodeCase):
    """redisha-node --check-rdb, which needs no server."""

    def check(self, *args):
        return subprocess.run([NODE, "--check-rdb", *args], capture_output=True, text=True, timeout=self.wait_s)

    def saved(self):
        node = self.start()
        for command in (("SET", "k", "v" * 100), ("HSET", "h", "f", "v"), ("XADD", "x", "1-1", "f", "v"), ("SAVE",)):
            node.control.command(*command)
        node.end()
        with open(os.path.join(node.directory, "dump.rdb"), "rb") as file:
            return file.name, file.read()

    def test_a_whole_file_is_described(self):
        path, _ = self.saved()
        found = self.check(path)
        self.assertEqual(found.returncode, 0, found.stderr)
        self.assertIn("is whole: 3 keys", found.stdout)
        self.assertIn("Written by a server of version 7", found.stdout)

    def test_what_is_damaged_is_named_with_its_byte_as_redis_check_rdb_finds_it(self):
        path, whole = self.saved()
        middle = len(whole) // 2
        flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1:]
        for damaged in whole[:middle], whole[:-9], whole[:-1], flipped, b"REDIS0099" + whole[9:], b"no such file", b"":
            with self.subTest(damaged):
                with open(path, "wb") as file:
                    file.write(damaged)
                found = self.check(path)
                self.assertEqual(found.returncode, 1, found.stdout)
                self.assertRegex(found.stderr, "byte [0-9]+|version|not an RDB file|checksum")
                self.assertIn("No start takes it", found.stderr)
                if CHECK:
                    self.assertEqual(subprocess.run([CHECK, path], capture_output=True, timeout=self.wait_s).returncode, 1)
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), damaged)

    def test_exit_codes_tell_usage_from_what_cannot_be_read(self):
        self.assertEqual(self.check("--help").returncode, 0)
        for args in (), ("--fix", "x"), ("a", "b"):
            self.assertEqual(self.check(*args).returncode, 2, args)
        missing = self.check("/nonexistent/dump.rdb")
        self.assertEqual((missing.returncode, missing.stdout), (1, ""))
        self.assertIn("/nonexistent/dump.rdb", missing.stderr)


if __name__ == "__main__":
    unittest.main()
