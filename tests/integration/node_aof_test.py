"""The append-only file of redisha-node: what it promises when the process is killed, the disk fills up or the file is damaged, and that redis-server 7.0 reads it, as it reads redis-server's."""
import os
import random
import resource
import shutil
import signal
import subprocess
import threading
import time
import unittest

from tests.support import wire
from tests.support.node_case import NODE, NodeCase
from tests.support.server import Server, free_port

STOCK = shutil.which("redis-server")
CHECK = shutil.which("redis-check-aof")
STRACE = shutil.which("strace")
KILLS = int(os.environ.get("RHA_AOF_KILLS", "4"))  # of each policy; scripts/test --all asks for more
OK = ("+", b"OK")


def send(connection, *commands):
    """Without waiting for the replies."""
    connection.send(b"".join(wire.encode([str(word).encode() for word in words]) for words in commands))


class Writer(threading.Thread):
    """Counts keys up in rounds until the connection ends; knows what was acknowledged, and when."""

    def __init__(self, server, key, pipeline):
        super().__init__()
        self.connection, self.key, self.pipeline = server.connect(), key, pipeline
        self.acknowledged = [(0.0, 0)]  # when, and the value by then

    def run(self):
        value = 0
        try:
            while True:
                send(self.connection, *[("INCR", self.key)] * self.pipeline)
                for _ in range(self.pipeline):
                    reply = self.connection.read()
                    if not isinstance(reply, int):
                        return
                    value = reply
                self.acknowledged.append((time.monotonic(), value))
        except (wire.Disconnected, OSError):
            pass
        finally:
            self.connection.close()

    def promised(self, at):
        """What had been acknowledged by that time."""
        return max(value for when, value in self.acknowledged if when <= at)


class AofTest(NodeCase):
    wait_s = 60

    def start(self, *options, **also):
        return super().start("--enable-debug-command", "yes", "--appendonly", "yes", *options, **also)

    def folder(self, server):
        return os.path.join(server.directory, "appendonlydir")

    def manifest(self, server):
        with open(os.path.join(self.folder(server), "appendonly.aof.manifest"), encoding="ascii") as file:
            return file.read().splitlines()

    def last_increment(self, server):
        return os.path.join(self.folder(server), self.manifest(server)[-1].split()[1])

    def rewrite(self, server):
        before = int(self.info(server, "aof_rewrites"))
        self.assertEqual(server.control.command("BGREWRITEAOF")[0], "+")
        self.wait_for("the rewrite", lambda: int(self.info(server, "aof_rewrites")) > before)

    def kill(self, server):
        """Ends the process when all it was told is written, synced or not, and starts it again."""
        self.wait_for("the file", lambda: self.info(server, "aof_buffer_length") == "0")
        server.restart()

    def digest(self, server):
        return server.control.command("DEBUG", "DIGEST")

    def check(self, server):
        if CHECK:
            done = subprocess.run([CHECK, os.path.join(self.folder(server), "appendonly.aof.manifest")],
                                  capture_output=True, text=True, timeout=self.wait_s)
            self.assertEqual(done.returncode, 0, done.stdout)

    def trace(self, node, inject, call="fdatasync"):
        """Injects into the log's thread's calls; returns the name of the file that says what they did."""
        path = os.path.join(node.directory, "trace")
        tasks = f"/proc/{node.pid}/task"
        threads = {open(f"{tasks}/{task}/comm", encoding="ascii").read().strip(): task for task in os.listdir(tasks)}
        tracer = subprocess.Popen([STRACE, "-qq", "-o", path, "-e", f"trace={call}",
                                   "-e", f"inject={call}:{inject}", "-p", threads["aof"]], stdin=subprocess.DEVNULL)
        self.addCleanup(tracer.wait)
        self.addCleanup(tracer.terminate)

        def attached():
            with open(f"{tasks}/{threads['aof']}/status", encoding="ascii") as status:
                return f"TracerPid:\t{tracer.pid}\n" in status.read()

        self.wait_for("strace", attached)
        return path

    def fill(self, server, seed=1):
        chance = random.Random(seed)
        run = server.control.command
        for i in range(200):
            run("SELECT", str(chance.randrange(3)))
            run("SET", f"s{i}", "v" * chance.randrange(300), *(["EX", "1000"] if i % 5 == 0 else []))
            run("RPUSH", f"l{i % 7}", *(str(n) for n in range(chance.randrange(1, 9))))
            run("HSET", f"h{i % 5}", f"f{i}", "v")
            run("SADD", f"set{i % 3}", str(i), f"m{i}")
            run("ZADD", f"z{i % 3}", str(chance.random()), f"m{i}")
        run("SPOP", "set0", "5")
        run("MULTI")
        run("INCR", "counter")
        run("SELECT", "1")
        run("LPOP", "l0")
        run("EXEC")
        run("SELECT", "0")


class KeepsTest(AofTest):
    def test_a_restart_finds_everything_with_each_policy(self):
        for policy in ("always", "everysec", "no"):
            with self.subTest(policy):
                node = self.start("--appendfsync", policy)
                self.fill(node)
                digest = self.digest(node)
                self.kill(node)
                self.assertEqual(self.digest(node), digest)
                self.rewrite(node)
                self.fill(node, seed=2)
                digest = self.digest(node)
                self.assertEqual(node.control.command("DEBUG", "LOADAOF"), OK)
                self.assertEqual(self.digest(node), digest)
                node.process.send_signal(signal.SIGTERM)
                self.assertEqual(node.process.wait(self.wait_s), 0)
                self.check(node)
                node.restart()
                self.assertEqual(self.digest(node), digest)
                node.remove()

    def test_a_reply_under_always_comes_after_the_command_is_in_the_file(self):
        node = self.start("--appendfsync", "always")
        path = self.last_increment(node)
        for i in range(100):
            node.control.command("SET", f"key:{i}:", "v")
            with open(path, "rb") as file:
                self.assertIn(b"key:%d:" % i, file.read())

    @unittest.skipUnless(STRACE, "strace is not installed")
    def test_under_always_nobody_hears_of_a_write_before_it_was_synced(self):
        """The sync takes 300 ms: the writer, a reader of what was written and a subscriber wait for it; an idle client does not."""
        node = self.start("--appendfsync", "always", "--notify-keyspace-events", "KEA")
        node.control.command("SET", "k", "0")
        path = self.last_increment(node)
        subscriber = node.connect()
        subscriber.command("PSUBSCRIBE", "__keyspace*")
        trace = self.trace(node, "delay_enter=200000")
        writer, reader, idle = node.connect(), node.connect(), node.connect()

        def syncs():
            with open(trace, encoding="ascii") as file:
                return sum(" = 0" in line for line in file)

        before, size = syncs(), os.path.getsize(path)
        send(writer, ("SET", "k", "1"))
        self.wait_for("the write", lambda: os.path.getsize(path) > size)
        # Each answer is one that saw the write, so each must find the sync done.
        self.assertEqual(reader.command("GET", "k"), b"1")
        self.assertGreater(syncs(), before)
        self.assertEqual(writer.read(), OK)
        self.assertEqual(subscriber.read()[-1], b"set")
        before = syncs()
        self.assertEqual(idle.command("GET", "k"), b"1")  # nothing waits any more
        self.assertEqual(syncs(), before)

    def kill_under_load(self, policy, lost_s, rewriting):
        chance = random.Random(policy)
        node = self.start("--appendfsync", policy, "--auto-aof-rewrite-min-size", "0",
                          "--auto-aof-rewrite-percentage", "100" if rewriting else "0")
        for _ in range(KILLS):
            writers = [Writer(node, f"counter{i}", pipeline) for i, pipeline in enumerate((1, 1, 20))]
            first = [int(node.control.command("GET", writer.key) or 0) for writer in writers]
            for writer in writers:
                writer.acknowledged = [(0.0, first[writers.index(writer)])]
                writer.start()
            time.sleep(chance.uniform(0.05, 0.4))  # the moment of the kill is what varies
            killed_at = time.monotonic()
            node.restart()
            for writer in writers:
                writer.join(self.wait_s)
                found = int(node.control.command("GET", writer.key) or 0)
                self.assertGreaterEqual(found, writer.promised(killed_at - lost_s))
                # No more than was asked for.
                self.assertLessEqual(found, writer.acknowledged[-1][1] + writer.pipeline)

    def test_a_kill_at_any_moment_loses_nothing_that_was_acknowledged_under_always(self):
        self.kill_under_load("always", 0, rewriting=False)

    def test_a_kill_at_any_moment_loses_a_second_at_most_under_everysec(self):
        self.kill_under_load("everysec", 2, rewriting=False)

    def test_a_kill_at_any_moment_loses_a_second_at_most_where_nothing_is_synced(self):
        self.kill_under_load("no", 1, rewriting=False)  # the system has it; power loss is another matter

    def test_a_kill_while_the_file_is_rewritten_again_and_again_loses_nothing_acknowledged(self):
        self.kill_under_load("always", 0, rewriting=True)

    def test_the_file_is_rewritten_when_it_has_grown(self):
        node = self.start("--auto-aof-rewrite-min-size", "100kb")
        rewrites = int(self.info(node, "aof_rewrites"))
        for _ in range(30):
            node.control.command("SET", "k", "v" * 10_000)
        self.wait_for("a rewrite", lambda: int(self.info(node, "aof_rewrites")) > rewrites)
        self.wait_for("history to go", lambda: len(os.listdir(self.folder(node))) == 3)
        self.assertLess(sum(os.path.getsize(os.path.join(self.folder(node), name))
                            for name in os.listdir(self.folder(node))), 100_000)

    def test_switched_on_it_begins_with_a_rewrite_and_switched_off_it_stays_as_it_is(self):
        node = self.start("--appendonly", "no")
        node.control.command("SET", "before", "1")
        self.assertEqual(node.control.command("CONFIG", "SET", "appendonly", "yes"), OK)
        self.wait_for("the base", lambda: self.info(node, "redisha_aof_sound") == "yes")
        node.control.command("SET", "after", "1")
        self.assertEqual(node.control.command("CONFIG", "SET", "appendonly", "no"), OK)
        node.control.command("SET", "later", "1")
        self.assertEqual(node.control.command("DEBUG", "LOADAOF"), OK)
        self.assertEqual(sorted(node.control.command("KEYS", "*")), [b"after", b"before"])

    def test_switched_on_in_a_rewrite_that_was_asked_for_while_it_was_off_it_begins_anew(self):
        node = self.start("--appendonly", "no")
        node.control.command("DEBUG", "POPULATE", "100000")
        send(node.control, ("BGREWRITEAOF",), ("CONFIG", "SET", "appendonly", "yes"), ("SET", "k", "1"))
        replies = [node.control.read() for _ in range(3)]
        self.assertEqual(replies[1:], [OK, OK], replies)
        self.wait_for("the base", lambda: self.info(node, "redisha_aof_sound") == "yes")
        node.options[node.options.index("no")] = "yes"
        self.kill(node)
        self.assertEqual(node.control.command("DBSIZE"), 100001)

    def test_without_an_append_only_file_the_rdb_file_is_what_it_begins_with(self):
        node = self.start("--appendonly", "no")
        node.control.command("SET", "saved", "1")
        node.control.command("SAVE")
        node.options[node.options.index("no")] = "yes"
        node.restart()
        self.assertEqual(node.control.command("GET", "saved"), b"1")
        self.assertEqual(self.info(node, "redisha_aof_sound"), "yes", "small data have their file before anybody is served")
        node.control.command("SET", "more", "1")
        os.unlink(os.path.join(node.directory, "dump.rdb"))
        self.kill(node)
        self.assertEqual(node.control.command("MGET", "saved", "more"), [b"1", b"1"])

    def test_SIGTERM_before_the_first_base_is_there_writes_it_and_SHUTDOWN_is_refused(self):
        node = self.start("--appendonly", "no")
        node.control.command("CONFIG", "SET", "rdb-key-save-delay", "100000000")
        for key in ("k", "l"):
            node.control.command("SET", key, "1")
        node.control.command("CONFIG", "SET", "appendonly", "yes")
        node.control.command("SET", "k", "2")
        self.assertEqual(node.control.command("SHUTDOWN"), ("-", b"ERR Errors trying to SHUTDOWN. Check logs."))
        node.control.command("CONFIG", "SET", "rdb-key-save-delay", "0")
        node.process.send_signal(signal.SIGTERM)
        self.assertEqual(node.process.wait(self.wait_s), 0)
        node.options[node.options.index("no")] = "yes"
        node.restart()
        self.assertEqual(node.control.command("GET", "k"), b"2")


class OrdersTest(AofTest):
    def test_an_administrators_command_that_changes_data_is_in_the_file_and_on_replicas(self):
        node = self.start("--port", str(free_port()))
        node.control.command("PFADD", "h", "a")
        replica = self.start("--replicaof", "127.0.0.1", self.info(node, "tcp_port"))
        self.wait_for("the replica", lambda: self.info(replica, "master_link_status") == "up")
        self.assertEqual(len(node.control.command("PFDEBUG", "GETREG", "h")), 16384)
        self.wait_for("the change", lambda: self.digest(replica) == self.digest(node))
        self.assertEqual(self.info(replica, "master_link_status"), "up")
        for server in (node, replica):
            digest = self.digest(server)
            self.kill(server)
            self.assertEqual(self.digest(server), digest)


    def test_counts_of_a_stream_at_their_end_stay_there_and_load(self):
        """Beyond it they were below zero, which no XGROUP takes: the file did not load, and replicas refused the stream."""
        last = str((1 << 63) - 1)
        node = self.start("--port", str(free_port()))
        run = node.control.command
        run("XADD", "s", "1-1", "f", "v")
        run("XGROUP", "CREATE", "s", "g", "0", "ENTRIESREAD", last)
        run("XSETID", "s", "1-1", "ENTRIESADDED", last)
        replica = self.start("--replicaof", "127.0.0.1", self.info(node, "tcp_port"))
        self.wait_for("the replica", lambda: self.info(replica, "master_link_status") == "up")
        run("XADD", "s", "2-1", "f", "v")
        self.assertEqual(len(run("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")[0][1]), 2)
        self.assertEqual(run("XREADGROUP", "GROUP", "g", "c", "NOACK", "STREAMS", "s", ">"), ("*", None))
        run("XADD", "s", "3-1", "f", "v")
        run("XREADGROUP", "GROUP", "g", "c", "NOACK", "STREAMS", "s", ">")
        for server in (node, replica):
            self.wait_for("the stream", lambda: self.digest(replica) == self.digest(node))
            self.rewrite(server)
            server.control.command("CONFIG", "SET", "aof-use-rdb-preamble", "no")
            self.rewrite(server)
            self.kill(server)
            groups = server.control.command("XINFO", "GROUPS", "s")[0]
            self.assertEqual(groups[groups.index(b"entries-read") + 1], (1 << 63) - 1)
            info = server.control.command("XINFO", "STREAM", "s")
            self.assertEqual(info[info.index(b"entries-added") + 1], (1 << 63) - 1)


class DamageTest(AofTest):
    def restarted(self, node):
        """True if it started again; otherwise its log."""
        try:
            node.restart()
            return True
        except SystemExit:
            return node.log_tail()

    def test_a_tail_that_was_cut_is_dropped_only_if_that_is_wanted(self):
        node = self.start()
        for i in range(3):
            node.control.command("SET", f"k{i}", "v" * 50)
        self.wait_for("the file", lambda: self.info(node, "aof_buffer_length") == "0")
        node.end()
        path = self.last_increment(node)
        with open(path, "r+b") as file:
            file.truncate(os.path.getsize(path) - 20)
        node.options += ["--aof-load-truncated", "no"]
        self.assertIn("Unexpected end of file reading the append only file", self.restarted(node))
        node.options[-1] = "yes"
        self.assertTrue(self.restarted(node) is True)
        self.assertEqual(node.control.command("DBSIZE"), 2)
        node.control.command("SET", "new", "v")
        self.kill(node)
        self.assertEqual(node.control.command("DBSIZE"), 3)
        self.check(node)

    def test_damage_in_the_middle_is_refused_with_its_place_and_nothing_is_touched(self):
        node = self.start()
        for i in range(3):
            node.control.command("SET", f"k{i}", "v" * 50)
        self.wait_for("the file", lambda: self.info(node, "aof_buffer_length") == "0")
        node.end()
        path = self.last_increment(node)
        with open(path, "r+b") as file:
            whole = file.read()
            at = whole.index(b"*3", len(whole) // 3)
            file.seek(at)
            file.write(b"!")
        log = self.restarted(node)
        self.assertIn("Bad file format reading the append only file", log)
        self.assertIn(f"{path} at offset {at}", log)
        self.assertNotIn("it begins with a rewrite", log)
        self.assertEqual(os.path.getsize(path), len(whole))
        self.assertEqual(len(self.manifest(node)), 2)

    def test_a_missing_file_is_named(self):
        node = self.start()
        node.end()
        os.unlink(self.last_increment(node))
        self.assertIn("appendonly.aof.1.incr.aof doesn't exist", self.restarted(node))


class CheckAofTest(AofTest):
    """redisha-node --check-aof, which needs no server."""

    def check_aof(self, server, *args):
        manifest = os.path.join(self.folder(server), "appendonly.aof.manifest")
        return subprocess.run([NODE, "--check-aof", *args, manifest], capture_output=True, text=True, timeout=self.wait_s)

    def stopped_with(self, *increments):
        """A node whose files hold a key of before, and then these increments."""
        node = self.start()
        node.control.command("SET", "before", "1")
        send(node.control, ("SHUTDOWN",))
        node.process.wait(self.wait_s)
        node.end()
        with open(os.path.join(self.folder(node), "appendonly.aof.manifest"), "a", encoding="ascii") as manifest:
            for i, (time_s, key) in enumerate(increments, 2):
                manifest.write(f"file appendonly.aof.{i}.incr.aof seq {i} type i\n")
                with open(os.path.join(self.folder(node), f"appendonly.aof.{i}.incr.aof"), "wb") as file:
                    file.write(b"#TS:%d\r\n" % time_s + wire.encode([b"SELECT", b"0"]) + wire.encode([b"SET", key, b"1"]))
        return node

    def test_a_file_is_taken_back_to_a_moment_across_its_increments(self):
        now = int(time.time())
        node = self.stopped_with((now + 100, b"kept"), (now + 200, b"late"), (now + 300, b"later"))
        done = self.check_aof(node, "--truncate-to-timestamp", str(now + 150))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Successfully truncated AOF appendonly.aof.3.incr.aof", done.stdout)
        self.assertFalse(os.path.exists(os.path.join(self.folder(node), "appendonly.aof.4.incr.aof")))
        self.check(node)
        self.assertEqual(self.check_aof(node).returncode, 0)
        node.start()
        self.assertEqual(sorted(node.control.command("KEYS", "*")), [b"before", b"kept"])

    def test_a_moment_that_the_file_does_not_reach_changes_nothing_and_says_why(self):
        now = int(time.time())
        node = self.stopped_with((now + 100, b"kept"))
        early = self.check_aof(node, "--truncate-to-timestamp", str(now - 1000))
        self.assertEqual(early.returncode, 1)
        self.assertIn("nothing in it is as old as", early.stderr)
        late = self.check_aof(node, "--truncate-to-timestamp", str(now + 100))
        self.assertEqual((late.returncode, late.stdout[:26]), (0, "Nothing in it is later than"[:26]))
        unmarked = self.check_aof(self.stopped_with(), "--truncate-to-timestamp", str(now + 100))
        self.assertIn("without aof-timestamp-enabled", unmarked.stderr)
        self.assertEqual(self.check_aof(node, "--truncate-to-timestamp", "soon").returncode, 2)

    def test_a_cut_end_is_found_and_mended(self):
        node = self.stopped_with((1, b"kept"))
        path = self.last_increment(node)
        with open(path, "ab") as file:
            file.write(b"*1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\nx\r\n")
        found = self.check_aof(node)
        self.assertEqual(found.returncode, 1)
        self.assertIn("appendonly.aof.2.incr.aof ends within a command or transaction", found.stderr)
        self.assertEqual(self.check_aof(node, "--fix").returncode, 0)
        self.assertEqual(self.check_aof(node).returncode, 0)
        self.check(node)

    def test_what_no_start_would_execute_is_found(self):
        for words, says in (([b"Xet", b"k", b"v"], "Unknown command 'Xet'"), ([b"SET", b"k"], "words, 'set'"),
                            ([b"SHUTDOWN"], "does not belong there, 'shutdown'")):
            with self.subTest(says):
                node = self.stopped_with((1, b"kept"))
                with open(self.last_increment(node), "ab") as file:
                    file.write(wire.encode(words))
                found = self.check_aof(node)
                self.assertEqual(found.returncode, 1)
                self.assertIn(says, found.stderr)


class FullDiskTest(AofTest):
    def limit(self, node, size):
        """Files of the node cannot grow beyond `size`: what a full disk is to it."""
        resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def test_a_disk_that_fills_up_during_a_save_or_rewrite_ends_it(self):
        node = self.start("--enable-debug-command", "yes", "--auto-aof-rewrite-percentage", "0")
        node.control.command("DEBUG", "POPULATE", 300_000, "key", 20)
        self.limit(node, 1 << 20)
        for command, busy, state in (("BGSAVE", "rdb_bgsave_in_progress", "rdb_last_bgsave_status"),
                                     ("BGREWRITEAOF", "aof_rewrite_in_progress", "aof_last_bgrewrite_status")):
            node.control.command(command)
            self.wait_for(f"the end of {command}", lambda busy=busy, state=state: self.info(node, busy) == "0" and
                          self.info(node, state) == "err")

    def test_a_full_disk_turns_writes_away_and_heals_by_itself(self):
        for policy in ("everysec", "always"):
            with self.subTest(policy):
                node = self.start("--appendfsync", policy)
                node.control.command("SET", "before", "v")
                self.wait_for("the write in the file", lambda: self.ends_whole(node))
                self.limit(node, os.path.getsize(self.last_increment(node)) + 50)
                acknowledged = []
                writer = node.connect()

                def refused():
                    nonlocal writer
                    try:
                        reply = writer.command("SET", f"k{len(acknowledged)}", "v" * 30)
                    except wire.Disconnected:  # what was not written is not answered
                        writer = node.connect()
                        return False
                    if reply == OK:
                        acknowledged.append(reply)
                        return False
                    self.assertIn(b"MISCONF Errors writing to the AOF file", reply[1])
                    return True

                self.wait_for("a refusal", refused)
                self.assertEqual(self.info(node, "aof_last_write_status"), "err")
                self.assertEqual(node.control.command("GET", "before"), b"v")  # reads go on
                self.wait_for("the part of a write to be cut off", lambda: self.ends_whole(node))
                self.limit(node, resource.RLIM_INFINITY)
                self.wait_for("writes", lambda: node.control.command("SET", "after", "v") == OK)
                self.assertEqual(self.info(node, "aof_last_write_status"), "ok")
                digest = self.digest(node)
                node.process.send_signal(signal.SIGTERM)
                self.assertEqual(node.process.wait(self.wait_s), 0)
                self.check(node)
                node.restart()
                self.assertEqual(self.digest(node), digest)
                for i in range(len(acknowledged)):
                    self.assertEqual(node.control.command("EXISTS", f"k{i}"), 1)
                node.remove()

    def ends_whole(self, node):
        with open(self.last_increment(node), "rb") as file:
            return file.read().endswith(b"\r\n")

    def test_a_rewrite_that_cannot_be_written_leaves_the_set_as_it_was(self):
        node = self.start()
        for i in range(1000):
            node.control.command("SET", f"k{i % 100}", os.urandom(200))
        self.limit(node, 2000)
        self.assertEqual(node.control.command("BGREWRITEAOF")[0], "+")
        self.wait_for("the failure", lambda: self.info(node, "aof_last_bgrewrite_status") == "err")
        self.limit(node, resource.RLIM_INFINITY)
        node.control.command("SET", "after", "v")
        digest = self.digest(node)
        self.kill(node)
        self.assertEqual(self.digest(node), digest)
        self.assertFalse([name for name in os.listdir(self.folder(node)) if name.startswith("temp-")])

    @unittest.skipUnless(STRACE, "strace is not installed")
    def test_a_sync_that_fails_is_healed_by_a_rewrite(self):
        node = self.start("--appendfsync", "always")
        node.control.command("SET", "before", "v")
        self.trace(node, "error=EIO:when=1")
        rewrites = int(self.info(node, "aof_rewrites"))
        with self.assertRaises(wire.Disconnected):
            node.connect().command("SET", "unknown", "v")
        self.wait_for("the rewrite", lambda: int(self.info(node, "aof_rewrites")) > rewrites)
        self.wait_for("writes", lambda: node.control.command("SET", "after", "v") == OK)
        digest = self.digest(node)
        self.kill(node)
        self.assertEqual(self.digest(node), digest)


@unittest.skipUnless(STOCK, "redis-server is not installed")
class InteropTest(AofTest):
    def move(self, server, program):
        """Another program goes on with its files."""
        other = Server(os.path.basename(program), program, server.options)
        shutil.rmtree(other.directory)
        server.end()
        shutil.copytree(server.directory, other.directory, ignore=shutil.ignore_patterns("*.sock"))
        self.addCleanup(other.remove)
        return other.start()

    def test_redis_reads_our_files_and_we_read_theirs(self):
        for program, other in ((NODE, STOCK), (STOCK, NODE)):
            for rewritten in (False, True):
                with self.subTest(program=program, rewritten=rewritten):
                    server = self.start("--aof-timestamp-enabled", "yes", program=program)
                    self.fill(server)
                    if rewritten:
                        self.wait_for("idle", lambda: self.info(server, "aof_rewrite_in_progress") == "0")
                        server.control.command("BGREWRITEAOF")
                        self.wait_for("the rewrite", lambda: ".2.base.rdb" in self.manifest(server)[0])
                        self.fill(server, seed=2)
                    digest = self.digest(server)
                    send(server.control, ("SHUTDOWN",))
                    server.process.wait(self.wait_s)
                    self.check(server)
                    next_server = self.move(server, other)
                    self.assertEqual(self.digest(next_server), digest)
                    self.fill(next_server, seed=3)
                    digest = self.digest(next_server)
                    send(next_server.control, ("SHUTDOWN",))
                    next_server.process.wait(self.wait_s)
                    self.assertEqual(self.digest(self.move(next_server, program)), digest)

    def fill_all_forms(self, server):
        """Small values of every type, and those that a snapshot walks in pieces."""
        self.fill(server)
        run = server.control.command
        for size in (3, 3000):
            for first in range(0, size, 500):
                numbers = range(first, min(first + 500, size))
                run("RPUSH", f"list{size}", *(f"m{n}" for n in numbers))
                run("SADD", f"set{size}", *(f"m{n}" for n in numbers))
                run("HSET", f"hash{size}", *(word for n in numbers for word in (f"f{n}", f"v{n}")))
                run("ZADD", f"zset{size}", *(word for n in numbers for word in (str(n / 7), f"m{n}")))
            run("SADD", f"ints{size}", *(str(n) for n in range(size)))
            for n in range(size):
                run("XADD", f"stream{size}", f"{n + 1}-{n % 3}", "f", str(n), *(["g", "v"] if n % 5 == 0 else []))
            run("XDEL", f"stream{size}", "2-1")
            run("XGROUP", "CREATE", f"stream{size}", "g", "0")
            run("XREADGROUP", "GROUP", "g", "alice", "COUNT", "2", "STREAMS", f"stream{size}", ">")
            run("PEXPIRE", f"hash{size}", "1000000")
        run("XGROUP", "CREATE", "empty", "g", "$", "MKSTREAM")
        run("SET", "long", b"x" * 700_000)

    def groups(self, server):
        return [server.control.command(*words) for name in ("stream3", "stream3000", "empty") for words in (
            ("XINFO", "GROUPS", name), ("XPENDING", name, "g", "-", "+", "10", "alice"))][::2] + [
                [pending[:2] + pending[3:] for pending in server.control.command("XPENDING", name, "g", "-", "+", "10")]
                for name in ("stream3", "stream3000", "empty")]

    def test_a_base_of_commands_holds_the_dataset_and_redis_reads_it(self):
        node = self.start("--aof-use-rdb-preamble", "no", "--aof-timestamp-enabled", "yes")
        self.fill_all_forms(node)
        self.rewrite(node)
        base = self.manifest(node)[0].split()[1]
        self.assertEqual(base, "appendonly.aof.2.base.aof")
        with open(os.path.join(self.folder(node), base), "rb") as file:
            self.assertEqual(file.read(4), b"#TS:")
        digest, groups = self.digest(node), self.groups(node)
        self.check(node)
        self.kill(node)
        self.assertEqual((self.digest(node), self.groups(node)), (digest, groups))
        stock = self.move(node, STOCK)
        self.assertEqual((self.digest(stock), self.groups(stock)), (digest, groups))

    def test_an_old_single_file_is_taken_over(self):
        node = self.start()
        node.end()
        shutil.rmtree(self.folder(node))
        with open(os.path.join(node.directory, "appendonly.aof"), "wb") as file:
            file.write(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n")
        node.start()
        self.assertEqual(node.control.command("GET", "k"), b"v")
        self.assertEqual(self.manifest(node), ["file appendonly.aof seq 1 type b",
                                               "file appendonly.aof.1.incr.aof seq 1 type i"])
        self.rewrite(node)
        self.assertEqual(self.manifest(node), ["file appendonly.aof.2.base.rdb seq 2 type b",
                                               "file appendonly.aof.2.incr.aof seq 2 type i"])
        node.restart()
        self.assertEqual(node.control.command("GET", "k"), b"v")


class ReplicationTest(AofTest):
    def pair(self, *options):
        primary = self.start_at_port(*options)
        replica = self.start("--replicaof", f"127.0.0.1 {primary.port}", *options)
        self.wait_for("the link", lambda: self.info(replica, "master_link_status") == "up")
        return primary, replica

    def in_step(self, primary, replica):
        self.wait_for("the replica", lambda: self.info(replica, "master_link_status") == "up"
                      and self.info(replica, "slave_repl_offset") == self.info(primary, "master_repl_offset"))
        self.assertEqual(self.digest(replica), self.digest(primary))

    def test_a_replica_keeps_what_its_primary_sent_and_continues_after_a_kill(self):
        for policy in ("everysec", "always"):
            with self.subTest(policy):
                primary, replica = self.pair("--appendfsync", policy)
                self.fill(primary)
                self.in_step(primary, replica)
                self.wait_for("the base", lambda: self.info(replica, "redisha_aof_sound") == "yes")
                self.fill(primary, seed=2)
                self.in_step(primary, replica)
                full = self.info(primary, "sync_full")
                self.kill(replica)
                self.in_step(primary, replica)
                self.assertEqual(self.info(primary, "sync_full"), full)
                # And the other way round.
                self.kill(primary)
                self.in_step(primary, replica)
                self.assertEqual(self.info(primary, "sync_full"), "0")
                self.check(replica)

    def test_a_turn_that_a_power_loss_tore_takes_nothing_from_the_rank_of_what_was_acknowledged(self):
        primary, replica = self.pair("--appendfsync", "always")
        self.fill(primary)
        self.in_step(primary, replica)
        self.assertEqual(primary.control.command("SET", "last", "1"), OK)
        acknowledged = int(self.info(primary, "master_repl_offset"))
        for node in (primary, replica):
            node.end()
        with open(self.last_increment(primary), "ab") as file:
            file.write(wire.encode([b"SELECT", b"0"]) + wire.encode([b"SET", b"torn", b"1"]) + wire.encode([b"SET", b"torn", b"2"])[:17])
        for node in (replica, primary):
            node.restart()
        self.assertEqual(primary.control.command("GET", "torn"), b"1")
        self.in_step(primary, replica)
        self.assertEqual(replica.control.command("GET", "torn"), b"1", "it has not continued from where it was")
        self.assertIn("the dataset holds more than it says of itself, which is up to offset ", primary.log_tail())
        self.assertGreaterEqual(int(primary.log_tail().split("which is up to offset ")[1].split(":")[0]), acknowledged)

    def test_the_file_of_a_full_synchronisation_becomes_the_base(self):
        primary = self.start_at_port()
        self.fill(primary)
        replica = self.start("--replicaof", f"127.0.0.1 {primary.port}")
        self.in_step(primary, replica)
        self.wait_for("the base", lambda: self.info(replica, "redisha_aof_sound") == "yes")
        self.assertIn("becomes the base of the append-only file", replica.log_tail())
        full = self.info(primary, "sync_full")
        for seed in (2, 3):
            self.kill(replica)
            self.in_step(primary, replica)
            self.fill(primary, seed=seed)
            self.in_step(primary, replica)
        self.assertEqual(self.info(primary, "sync_full"), full)
        self.check(replica)

    def test_waitaof_counts_the_disks_that_hold_the_write(self):
        primary, replica = self.pair("--appendfsync", "everysec")
        run = primary.control.command
        self.wait_for("the base", lambda: self.info(replica, "redisha_aof_sound") == "yes")
        run("SET", "k", "1")
        self.assertEqual(run("WAITAOF", "1", "1", "0"), [1, 1])
        replica.control.command("CONFIG", "SET", "appendfsync", "no")
        run("SET", "k", "2")
        self.assertEqual(run("WAITAOF", "1", "0", "0")[0], 1)
        self.assertEqual(run("WAITAOF", "0", "1", "50"), [1, 0])
        replica.control.command("CONFIG", "SET", "appendfsync", "always")
        self.assertEqual(run("WAITAOF", "0", "1", "0"), [1, 1])
        # What it was told of is still there when both have lost what was not synced.
        primary.control.command("CONFIG", "SET", "appendonly", "no")
        run("SET", "k", "3")
        self.assertEqual(run("WAITAOF", "0", "1", "0"), [0, 1])
        self.assertIn(b"appendonly is disabled", run("WAITAOF", "1", "1", "0")[1])

    def test_waitaof_needs_neither_replicas_nor_a_stream(self):
        node = self.start("--appendfsync", "no")
        run = node.control.command
        run("SET", "k", "1")
        self.assertEqual(run("WAITAOF", "1", "0", "50"), [0, 0])
        self.rewrite(node)
        self.assertEqual(run("WAITAOF", "1", "0", "0"), [1, 0])
        run("CONFIG", "SET", "appendfsync", "everysec")
        run("SET", "k", "2")
        self.assertEqual(run("WAITAOF", "1", "0", "0"), [1, 0])

    def test_a_full_synchronisation_leaves_the_old_set_until_the_new_one_is_there(self):
        primary, replica = self.pair()
        primary.control.command("SET", "k", "1")
        self.in_step(primary, replica)
        replica.control.command("REPLICAOF", "NO", "ONE")
        replica.control.command("SET", "k", "own")
        port = self.info(primary, "tcp_port")
        replica.control.command("REPLICAOF", "127.0.0.1", port)
        self.in_step(primary, replica)
        self.wait_for("the base", lambda: self.info(replica, "redisha_aof_sound") == "yes")
        primary.control.command("SET", "k", "2")
        self.in_step(primary, replica)
        replica.options = [word for word in replica.options if not word.startswith("127.0.0.1") and
                           word != "--replicaof"]
        self.kill(replica)
        self.assertEqual(replica.control.command("GET", "k"), b"2")

    def test_under_always_wait_counts_a_replica_once_the_write_is_on_its_disk(self):
        primary, replica = self.pair("--appendfsync", "always")
        self.wait_for("the base", lambda: self.info(replica, "redisha_aof_sound") == "yes")
        path = self.last_increment(replica)
        for i in range(50):
            primary.control.command("SET", f"key:{i}:", "v")
            self.assertEqual(primary.control.command("WAIT", "1", "10000"), 1)
            with open(path, "rb") as file:
                self.assertIn(b"key:%d:" % i, file.read())


if __name__ == "__main__":
    unittest.main()
