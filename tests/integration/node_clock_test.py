"""A wall clock that is set moves key expiry, and no interval of redisha-node."""
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest

from tests.support.node_case import NODE, NodeCase

COMPILER = shutil.which("cc")
DAY_S = 86400


@unittest.skipUnless(COMPILER, "no C compiler (cc) for the clock that can be set")
class NodeClockTest(NodeCase):
    def setUp(self):
        with open(NODE, "rb") as file:
            if b"__asan_init" in file.read() or b"__tsan_init" in file.read():
                self.skipTest("a sanitizer must be loaded first")
        self.directory = tempfile.mkdtemp(prefix="rha-clock-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.shim = os.path.join(self.directory, "clock.so")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clock_shim.c")
        subprocess.run([COMPILER, "-shared", "-fPIC", "-O1", "-o", self.shim, source], check=True)
        self.offset = os.path.join(self.directory, "offset")
        self.set_clock(0)

    def set_clock(self, seconds):
        """Relative to the true time, for all servers of the test."""
        with open(self.offset, "r+b" if os.path.exists(self.offset) else "w+b") as file:
            file.write(struct.pack("q", seconds * 1_000_000))

    def start(self, *options):
        return super().start(*options, prefix=["env", f"LD_PRELOAD={self.shim}", f"RHA_CLOCK_OFFSET={self.offset}"])

    def test_a_clock_that_is_set_back_delays_no_snapshot(self):
        node = self.start("--save", "1 1")
        node.control.command("SET", "k", "v")
        self.wait_for("the first save", lambda: self.info(node, "rdb_saves") == "1")
        self.set_clock(-DAY_S)
        self.assertLess(int(node.control.command("TIME")[0]), time.time() - DAY_S / 2)
        node.control.command("SET", "k", "w")
        self.wait_for("the next save", lambda: self.info(node, "rdb_saves") == "2")

    def test_a_clock_that_is_set_back_delays_no_rewrite(self):
        node = self.start()
        obstacle = os.path.join(node.directory, "appendonlydir")
        with open(obstacle, "w"):
            pass
        node.control.command("CONFIG", "SET", "appendonly", "yes")
        self.wait_for("a rewrite to fail", lambda: self.info(node, "aof_last_bgrewrite_status") == "err")
        self.set_clock(-DAY_S)
        os.remove(obstacle)
        self.wait_for("the next rewrite", lambda: self.info(node, "redisha_aof_sound") == "yes")

    def test_a_clock_that_is_set_back_delays_no_end(self):
        primary = self.start_at_port("--shutdown-timeout", "1")
        replica = self.start("--replicaof", "127.0.0.1", str(primary.port))
        primary.control.command("SET", "k", "v")
        self.assertEqual(primary.control.command("WAIT", "1", "4000"), 1)
        os.kill(replica.pid, signal.SIGSTOP)
        primary.control.command("SET", "k", "w")
        primary.process.send_signal(signal.SIGTERM)
        self.wait_for("it waits for the replica", lambda: self.info(primary, "shutdown_in_milliseconds"))
        self.set_clock(-DAY_S)
        self.assertEqual(primary.process.wait(self.wait_s), 0)

    def test_expiry_follows_the_clock(self):
        node = self.start()
        node.control.command("SET", "k", "v", "EX", "100")
        self.set_clock(DAY_S)
        self.wait_for("it expires", lambda: node.control.command("GET", "k") is None)


if __name__ == "__main__":
    unittest.main()
