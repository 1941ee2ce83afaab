"""The modes of redis-cli that do more than send one request, and all of redis-benchmark, against redisha-node."""
import os
import shutil
import signal
import subprocess
import threading
import unittest

from tests.support import wire
from tests.support.node_case import NodeCase

CLI = shutil.which("redis-cli")
BENCHMARK = shutil.which("redis-benchmark")
CHECK_RDB = shutil.which("redis-check-rdb")
LIMIT_S = 30
BENCHMARKS = ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "LPUSH", "RPUSH", "LPOP", "RPOP", "SADD", "HSET", "SPOP", "ZADD", "ZPOPMIN",
              "LPUSH", "LRANGE_100", "LRANGE_300", "LRANGE_500", "LRANGE_600", "MSET"]


@unittest.skipUnless(CLI, "redis-cli is not installed")
class RedisCliTest(NodeCase):
    def setUp(self):
        self.node = self.start("--maxmemory-policy", "allkeys-lfu")
        control = self.node.control
        control.command("MSET", *(word for i in range(100) for word in (f"string:{i}", i)))
        control.command("RPUSH", "list", *range(2000))
        control.command("SADD", "set", *range(1000))
        control.command("ZADD", "zset", *(word for i in range(50) for word in (i, f"member:{i}")))
        control.command("HSET", "hash", *(word for i in range(300) for word in (f"field:{i}", i)))
        for i in range(10):
            control.command("XADD", "stream", "*", "n", i)

    def cli(self, *words, stdin=None):
        done = subprocess.run([CLI, "-s", self.node.socket_path, *words], input=stdin, capture_output=True, timeout=LIMIT_S)
        return done.returncode, done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")

    def test_rdb(self):
        path = os.path.join(self.node.directory, "copy.rdb")
        code, shown = self.cli("--rdb", path)
        self.assertEqual(code, 0, shown)
        self.assertIn("Transfer finished with success", shown)
        if CHECK_RDB:
            self.assertIn("RDB looks OK", subprocess.run([CHECK_RDB, path], capture_output=True, timeout=LIMIT_S, text=True).stdout)
        again = self.start("--dbfilename", "copy.rdb", "--dir", self.node.directory)
        self.assertEqual(again.control.command("DBSIZE"), 105)

    def test_functions_rdb(self):
        path = os.path.join(self.node.directory, "functions.rdb")
        library = b"#!lua name=mine\nredis.register_function('f', function() return 1 end)"
        self.node.control.command("FUNCTION", "LOAD", library)
        code, shown = self.cli("--functions-rdb", path)
        self.assertEqual(code, 0, shown)
        if CHECK_RDB:
            self.assertIn("RDB looks OK", subprocess.run([CHECK_RDB, path], capture_output=True, timeout=LIMIT_S, text=True).stdout)
        self.assertLess(os.path.getsize(path), 400)  # no keys
        with open(path, "rb") as file:
            self.assertIn(b"name=mine", file.read())

    def test_pipe(self):
        requests = b"".join(wire.encode((b"SET", b"piped:%d" % i, b"v" * 100)) for i in range(5000))
        code, shown = self.cli("--pipe", stdin=requests)
        self.assertEqual(code, 0, shown)
        self.assertIn("errors: 0, replies: 5000", shown)

    def test_biggest_keys(self):
        for mode in ("--bigkeys", "--memkeys"):
            code, shown = self.cli(mode)
            self.assertEqual(code, 0, shown)
            for kind in ("string", "list", "set", "zset", "hash", "stream"):
                self.assertRegex(shown, f"Biggest +{kind} found ", mode)
            self.assertIn("Sampled 105 keys in the keyspace", shown)

    def test_hot_keys(self):
        for _ in range(100):
            self.node.control.command("GET", "string:7")
        code, shown = self.cli("--hotkeys")
        self.assertEqual(code, 0, shown)
        self.assertRegex(shown, r'hot key found with counter: \d+\s+keyname: "?string:7')

    def first_lines(self, *words, lines):
        """The first lines of a mode that goes on until it is interrupted."""
        process = subprocess.Popen([CLI, "-s", self.node.socket_path, *words], stdout=subprocess.PIPE, text=True)
        watch = threading.Timer(LIMIT_S, process.kill)
        watch.start()
        try:
            return [process.stdout.readline() for _ in range(lines)]
        finally:
            watch.cancel()
            process.send_signal(signal.SIGINT)
            process.communicate()

    def test_scan(self):
        code, shown = self.cli("--scan", "--pattern", "string:*")
        self.assertEqual((code, len(shown.split())), (0, 100))

    def test_statistics(self):
        first, again = (line.split() for line in self.first_lines("--stat", "-i", "0.01", lines=4)[2:])
        self.assertEqual((first[0], again[0]), ("105", "105"))
        self.assertRegex(again[4], r"^\d+$")  # requests so far

    def test_latency(self):
        code, shown = self.cli("-i", "0.01", "--latency")  # with no terminal: one line after an interval
        self.assertEqual(code, 0, shown)
        self.assertEqual(len(shown.split()), 4, shown)

    def test_a_replica_of_its_own(self):
        self.node.control.command("CONFIG", "SET", "repl-ping-replica-period", "1")
        self.assertEqual(self.first_lines("--replica", lines=1), ['"PING"\n'])

    @unittest.skipUnless(BENCHMARK, "redis-benchmark is not installed")
    def test_benchmarks(self):
        for options in ((), ("-P", "16"), ("-3",), ("--threads", "2"), ("-r", "1000", "-d", "1000")):
            done = subprocess.run([BENCHMARK, "-s", self.node.socket_path, "-n", "1000", "-c", "10", "--csv", *options],
                                  capture_output=True, timeout=LIMIT_S * 2, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""), options)
            rows = [line.split(",")[0].strip('"').split(" ")[0] for line in done.stdout.splitlines()[1:]]
            self.assertEqual(rows, BENCHMARKS, done.stdout)


if __name__ == "__main__":
    unittest.main()
