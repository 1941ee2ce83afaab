"""What redisha-node finds when it starts again after faults that came together: kills in each phase of a full synchronisation,
of rewrites beside FLUSHALL and evictions, changes of the role, a full disk.
"""
import os
import resource
import unittest

from tests.support.node_case import NodeCase
from tests.support.server import free_port

OK = ("+", b"OK")
FILES = {"rdb": ("--save", "3600 1"), "aof": ("--appendonly", "yes", "--appendfsync", "always")}


class RestartCase(NodeCase):
    wait_s = 60

    def start(self, *options):
        return super().start("--enable-debug-command", "yes", "--bind", "127.0.0.1", *options, timeout_s=30)

    def digest(self, node):
        return node.control.command("DEBUG", "DIGEST")

    def follow(self, replica, primary):
        self.assertEqual(replica.control.command("REPLICAOF", "127.0.0.1", self.info(primary, "tcp_port")), OK)

    def in_step(self, primary, replica):
        self.wait_for("the replica", lambda: self.info(replica, "master_link_status") == "up"
                      and self.info(replica, "slave_repl_offset") == self.info(primary, "master_repl_offset"))
        self.assertEqual(self.digest(replica), self.digest(primary))

    def sound(self, node):
        """All that it has said is in its file."""
        if self.info(node, "aof_enabled") == "1":
            self.wait_for("the base", lambda: self.info(node, "redisha_aof_sound") == "yes"
                          and self.info(node, "aof_rewrite_in_progress") == "0")
            self.wait_for("the file", lambda: self.info(node, "aof_buffer_length") == "0")
        else:
            self.wait_for("a save, which may stand behind one that it began itself", lambda: node.control.command("SAVE") == OK)


class FullSynchronisationTest(RestartCase):
    PHASES = {"asks": lambda info: True,
              "receives": lambda info: info("master_sync_in_progress") == "1",
              "loads": lambda info: info("loading") == "1",
              "has loaded": lambda info: info("master_link_status") == "up"}

    def nodes(self, files):
        primary = self.start("--port", str(free_port()), *FILES[files])
        replica = self.start("--port", str(free_port()), *FILES[files])
        replica.control.command("DEBUG", "POPULATE", "20000", "old", "50")
        if files == "aof":
            replica.control.command("BGREWRITEAOF")  # DEBUG POPULATE is not in the file
            self.wait_for("the rewrite", lambda: self.info(replica, "aof_rewrites") != "0")
        primary.control.command("DEBUG", "POPULATE", "40000", "new", "50")
        if files == "aof":
            primary.control.command("BGREWRITEAOF")
            self.wait_for("the rewrite", lambda: self.info(primary, "aof_rewrites") != "0")
        self.sound(replica)
        self.sound(primary)
        return primary, replica

    def reach(self, phase, replica):
        """Whoever loads is quicker than we look, now and then: then it has loaded."""
        def there():
            info = dict(line.split(":", 1) for line in replica.control.command("INFO", "everything").decode().splitlines()
                        if ":" in line)
            return self.PHASES[phase](info.get) or info["master_link_status"] == "up"
        self.wait_for(phase, there)

    def test_a_replica_that_is_killed_twice_has_its_old_data_or_the_primarys_and_then_catches_up(self):
        for files in FILES:
            primary, replica = self.nodes(files)
            old, new = self.digest(replica), self.digest(primary)
            for phase in self.PHASES:
                with self.subTest(files=files, phase=phase):
                    for _ in range(2):
                        self.follow(replica, primary)
                        self.reach(phase, replica)
                        replica.restart()
                        self.assertIn(self.digest(replica), (old, new))
            self.follow(replica, primary)
            self.in_step(primary, replica)
            self.sound(replica)
            replica.restart()
            self.assertEqual(self.digest(replica), new)
            primary.remove()
            replica.remove()

    def test_a_primary_that_is_killed_twice_is_followed_from_where_it_stands(self):
        for files in FILES:
            primary, replica = self.nodes(files)
            new = self.digest(primary)
            for phase in ("receives", "loads"):
                with self.subTest(files=files, phase=phase):
                    replica.control.command("REPLICAOF", "NO", "ONE")
                    replica.control.command("SET", "own", phase)  # so that it needs all of it
                    self.follow(replica, primary)
                    for _ in range(2):
                        self.reach(phase, replica)
                        primary.restart()
                        self.assertEqual(self.digest(primary), new)
            self.assertEqual(primary.control.command("SET", "late", "1"), OK)
            self.in_step(primary, replica)
            primary.remove()
            replica.remove()


    def test_what_a_replica_was_given_is_saved_although_nothing_changes_any_more(self):
        """Otherwise a restart of all would find the dataset before it, and an empty volume nothing."""
        primary = self.start("--port", str(free_port()))
        primary.control.command("SET", "k", "v")
        replica = self.start("--save", "3600 1")
        self.follow(replica, primary)
        self.in_step(primary, replica)
        self.wait_for("the save", lambda: self.info(replica, "rdb_saves") == "1")
        primary.remove()
        replica.restart()
        self.assertEqual(replica.control.command("GET", "k"), b"v")


class HistoryTest(RestartCase):
    def test_no_acknowledged_write_is_lost_and_none_of_an_older_history_comes_back(self):
        """A primary loses its role unseen, writes on, follows, and is killed again and again."""
        first = self.start("--port", str(free_port()), *FILES["aof"])
        second = self.start("--port", str(free_port()), *FILES["aof"])
        self.follow(second, first)
        self.in_step(first, second)
        for turn in range(3):
            old, new = (first, second) if turn % 2 == 0 else (second, first)
            self.assertEqual(old.control.command("SET", f"shared{turn}", "v"), OK)
            self.in_step(old, new)
            self.sound(new)
            self.assertEqual(new.control.command("REPLICAOF", "NO", "ONE"), OK)
            self.assertEqual(old.control.command("SET", f"lost{turn}", "v"), OK)  # nobody has this one
            self.assertEqual(new.control.command("SET", f"kept{turn}", "v"), OK)
            self.assertEqual(new.control.command("INCR", "count"), turn + 1)
            for _ in range(2):
                old.restart()
                self.follow(old, new)
            new.restart()
            self.in_step(new, old)
            for node in (old, new):
                self.assertEqual(node.control.command("EXISTS", f"lost{turn}"), 0)
                self.assertEqual(node.control.command("MGET", f"shared{turn}", f"kept{turn}", "count"),
                                 [b"v", b"v", b"%d" % (turn + 1)])
            self.sound(old)
            old.restart()
            self.assertEqual(old.control.command("EXISTS", f"lost{turn}"), 0)
            self.assertEqual(old.control.command("GET", "count"), b"%d" % (turn + 1))
            self.follow(old, new)
            self.in_step(new, old)


class AofTest(RestartCase):
    def test_evictions_are_in_the_file(self):
        node = self.start(*FILES["aof"], "--appendfsync", "everysec", "--maxmemory", "8mb", "--maxmemory-policy",
                          "allkeys-random", "--auto-aof-rewrite-min-size", "1mb")
        if not self.keeps_count(node):
            return
        for i in range(20_000):
            # What waits for the disk may fill the memory for a moment: then a write is refused, which is no loss.
            self.assertIn(node.control.command("SET", f"k{i}", "v" * 500)[1].split()[0], (b"OK", b"OOM"))
            if i == 10_000:
                node.control.command("BGREWRITEAOF")
        self.assertGreater(int(self.info(node, "evicted_keys")), 4_000)
        node.control.command("CONFIG", "SET", "maxmemory", "0")  # nothing more goes, neither now nor after the restart
        node.options[node.options.index("8mb")] = "0"
        self.sound(node)
        keys, digest = node.control.command("DBSIZE"), self.digest(node)
        node.restart()
        self.assertEqual((node.control.command("DBSIZE"), self.digest(node)), (keys, digest))

    def test_a_flush_beside_a_rewrite_stays_a_flush(self):
        node = self.start(*FILES["aof"])
        for kill_at_once in (True, False):
            node.control.command("DEBUG", "POPULATE", "100000", "k", "50")
            node.control.command("BGREWRITEAOF")
            self.assertEqual(node.control.command("FLUSHALL"), OK)
            self.assertEqual(node.control.command("SET", "after", "1"), OK)
            if not kill_at_once:
                self.sound(node)
            node.restart()
            self.assertEqual(node.control.command("KEYS", "*"), [b"after"])

    def test_a_transaction_is_there_as_a_whole_or_not_at_all_wherever_the_file_ends(self):
        node = self.start(*FILES["aof"])
        for _ in range(3):
            for words in (("MULTI",), ("INCR", "a"), ("SET", "long", "x" * 200), ("INCR", "b"), ("EXEC",)):
                node.control.command(*words)
        self.sound(node)
        node.end()
        folder = os.path.join(node.directory, "appendonlydir")
        path = max((os.path.join(folder, name) for name in os.listdir(folder)), key=os.path.getsize)
        whole = os.path.getsize(path)
        for size in range(whole - 1, whole - 330, -47):
            os.truncate(path, size)
            node.start()
            a, b = node.control.command("MGET", "a", "b")
            self.assertEqual(a, b)
            self.assertIn(a, (b"2", b"3"))
            node.end()
            if os.path.getsize(path) < size:  # it was cut to where a transaction ends
                break

    def test_a_full_disk_beside_a_rewrite_and_a_restart_lose_nothing_that_was_acknowledged(self):
        node = self.start(*FILES["aof"])
        for i in range(200):
            self.assertEqual(node.control.command("SET", f"k{i}", os.urandom(300)), OK)
        resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
        node.control.command("BGREWRITEAOF")
        self.wait_for("the failure", lambda: self.info(node, "aof_last_bgrewrite_status") == "err")
        for _ in range(2):
            node.restart()
            self.assertEqual(node.control.command("DBSIZE"), 200)
            self.sound(node)
            self.assertFalse([name for name in os.listdir(os.path.join(node.directory, "appendonlydir"))
                              if name.startswith("temp-")])


if __name__ == "__main__":
    unittest.main()
