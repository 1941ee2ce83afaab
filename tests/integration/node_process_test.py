"""The process redisha-node: start, bad input on its command line and its socket, and its end."""
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from tests.support import members

BIN = os.path.join(os.environ.get("RHA_BIN_DIR", "build/dev/bin"), "redisha-node")
SANITIZED = os.path.basename(os.path.dirname(os.path.dirname(BIN))) in ("asan", "tsan")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.input = self.socket.makefile("rb")

    def send(self, *words):
        words = [w.encode() if isinstance(w, str) else w for w in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))

    def read(self):
        line = self.input.readline().rstrip(b"\r\n")
        if line[:1] == b"$":
            length = int(line[1:])
            return None if length < 0 else self.input.read(length + 2)[:-2]
        if line[:1] == b"*":
            return [self.read() for _ in range(int(line[1:]))]
        return line

    def ask(self, *words):
        self.send(*words)
        return self.read()

    command = ask  # as tests/support/members.py calls it

    def close(self):
        self.input.close()
        self.socket.close()


class NodeTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="rha-node-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.port = free_port()

    def run_to_end(self, *args, stdin=None):
        return subprocess.run([BIN, *args], input=stdin, capture_output=True, text=True, timeout=20)

    def start(self, *args):
        process = subprocess.Popen([BIN, *args, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.dir],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        deadline = time.time() + 20
        while time.time() < deadline:
            try:
                client = self.client()
                if not client.ask("ping").startswith(b"-LOADING"):
                    return process, client
                client.close()
            except OSError:
                time.sleep(0.02)
        self.fail("the node did not come up")

    def client(self):
        client = Client(self.port)
        self.addCleanup(client.close)
        return client

    def start_managed(self, *args):
        """A node that waits for its role, and the session of a member that may assign it."""
        key = os.path.join(self.dir, "peer-key")
        with open(key, "w") as file:
            file.write(members.KEY)
        process, client = self.start("--redisha-managed", "yes", "--redisha-peer-key-file", key, "--redisha-cluster-uid",
                                     "uid", "--redisha-node-name", "pod-0", *args)
        peer = self.client()
        self.assertEqual(members.introduce(peer, "uid", "pod-1"), b"+OK")
        return process, client, peer

    def test_bad_command_lines_end_in_one_clear_error(self):
        for args, text in (
                (["--nosuch", "1"], "Bad directive or wrong number of arguments"),
                (["--port", "abc"], "couldn't be parsed into an integer"),
                (["--port", "70000"], "must be between 0 and 65535"),
                (["--appendfilename", "a/b"], "appendfilename can't be a path, just a filename"),
                (["/nonexistent.conf"], "can't open config file"),
                (["--dir", "/nonexistent", "--port", "0"], "/nonexistent"),
                (["--requirepass-file", "/nonexistent"], "requirepass-file"),
        ):
            done = self.run_to_end(*args)
            self.assertEqual(done.returncode, 1, args)
            self.assertIn(text, done.stdout + done.stderr)
        done = self.run_to_end("-", stdin="port 1\nfoo bar\n")
        self.assertIn("at line 2\n>>> 'foo bar'", done.stderr)
        self.assertEqual(self.run_to_end("--version").returncode, 0)
        self.assertIn("Usage", self.run_to_end("--help").stdout)

    def test_lines_of_the_log_are_redis_own_where_asked_for(self):
        log = os.path.join(self.dir, "log")
        _, client = self.start("--log-format", "redis", "--logfile", log)
        client.ask("REPLICAOF", "127.0.0.1", "1")
        client.ask("DEBUG", "LOG", "a line")
        client.send("SHUTDOWN", "NOSAVE")
        self.assertEqual(client.input.read(), b"")
        with open(log, encoding="utf-8") as file:
            lines = file.read().splitlines()
        for line in lines:
            self.assertRegex(line, r"^\d+:[MS] \d\d [A-Z][a-z][a-z] \d{4} \d\d:\d\d:\d\d\.\d{3} [.*#] .")
        self.assertIn(":M ", lines[0])
        self.assertIn(":S ", lines[-1])

    def test_a_taken_port_is_one_clear_error(self):
        self.start()
        done = self.run_to_end("--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.dir)
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(self.port), done.stdout + done.stderr)

    def test_hostile_bytes_cost_their_connection_at_most(self):
        _, client = self.start()
        for bytes_, error in ((b"*1\r\n$-2\r\n", b"invalid bulk length"), (b"*1\r\n$9223372036854775808\r\n", b"invalid bulk length"),
                              (b"*1\r\n$629145600\r\n", b"invalid bulk length"), (b"*1\r\n*1\r\n", b"expected '$', got '*'"),
                              (b"*99999999999\r\n", b"invalid multibulk length"), (b"a" * 70000, b"too big inline request"),
                              (b"*2\r\n$3\r\nGET\r\n:1\r\n", b"expected '$', got ':'")):
            bad = self.client()
            bad.socket.sendall(bytes_)
            self.assertEqual(bad.read(), b"-ERR Protocol error: " + error)
            self.assertEqual(bad.socket.recv(1), b"", "the connection is closed")
        random_bytes = random.Random(7)
        for _ in range(300):
            bad = self.client()
            try:
                bad.socket.sendall(bytes(random_bytes.randrange(256) for _ in range(random_bytes.randrange(1, 300))))
            except OSError:
                pass
            bad.close()
        self.assertEqual(client.ask("ping"), b"+PONG")

    def test_half_requests_and_pipelines(self):
        _, client = self.start()
        value = os.urandom(3_000_000)
        request = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n%s\r\n" % (len(value), value)
        for i in range(0, len(request), 333_333):
            client.socket.sendall(request[i:i + 333_333])
            time.sleep(0.001)
        self.assertEqual(client.read(), b"+OK")
        self.assertEqual(client.ask("get", "k"), value)
        client.socket.sendall(b"*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n" * 50_000)
        for i in range(50_000):
            self.assertEqual(client.read(), b":%d" % (i + 1))

    def test_requests_that_fill_the_read_buffer_exactly_are_all_answered(self):
        _, client = self.start()
        for length in (65536, 2 * 65536, 10 * 65536):
            value = b"x" * (length - len(b"*2\r\n$4\r\nECHO\r\n$655360\r\n\r\n"))
            request = b"*2\r\n$4\r\nECHO\r\n$%d\r\n%s\r\n" % (len(value), value)
            request += b"\n" * (length - len(request))  # an empty inline request is none
            self.assertEqual(len(request), length)
            client.socket.sendall(request)
            self.assertEqual(client.read(), value)

    def test_the_end_of_a_stream_is_seen_behind_its_last_request(self):
        _, client = self.start()
        for _ in range(200):
            other = self.client()
            other.socket.sendall(b"PING\r\n")
            other.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(other.input.read(), b"+PONG\r\n", "the reply, and then the end")
            other.close()
        self.assertIn(b"connected_clients:1\r\n", client.ask("info", "clients"))

    def test_replies_longer_than_a_turn_reach_a_slow_reader(self):
        _, client = self.start()
        value = os.urandom(6_000_000)
        client.ask("set", "k", value)
        for _ in range(3):
            client.send("get", "k")
        time.sleep(0.2)
        for _ in range(3):
            self.assertEqual(client.read(), value)

    def memory(self, client):
        return int(re.search(rb"used_memory:(\d+)", client.ask("info", "memory")).group(1))

    def test_a_memory_limit_holds_at_every_command(self):
        limit, slack = 20 << 20, 256 << 10
        _, client = self.start("--maxmemory", str(limit))
        before, replies, key = self.memory(client), [], 0
        client.ask("set", "big", b"x" * (4 << 20))
        if self.memory(client) < before + (4 << 20):
            return  # a sanitizer's allocator keeps no count
        while b"+OK" in replies or not replies:
            client.socket.sendall(b"".join(b"*3\r\n$3\r\nSET\r\n$8\r\n%08d\r\n$1000\r\n%s\r\n" % (key + i, b"v" * 1000)
                                         for i in range(100)))
            replies, key = [client.read() for _ in range(100)], key + 100
        self.assertEqual(set(replies), {b"-OOM command not allowed when used memory > 'maxmemory'."})
        self.assertLess(abs(self.memory(client) - limit), slack)
        client.ask("config", "set", "maxmemory-policy", "allkeys-lru")
        for i in range(50_000):
            self.assertEqual(client.ask("set", "k%d" % i, b"v" * 1000), b"+OK")
        self.assertLess(self.memory(client), limit + slack)
        self.assertEqual(client.ask("get", "k49999"), b"v" * 1000, "the latest is there")
        self.assertIsNone(client.ask("get", "00000000"), "the oldest is not")

    def test_output_limits_and_client_limits(self):
        _, client = self.start("--maxclients", "2", "--client-output-buffer-limit", "pubsub", "1mb", "0", "0")
        slow = self.client()
        slow.ask("subscribe", "c")
        third = self.client()
        self.assertEqual(third.read(), b"-ERR max number of clients reached")
        receivers, sent = b":1", 0
        while receivers == b":1" and sent < 100:
            receivers = client.ask("publish", "c", b"x" * 1_000_000)
            sent += 1
        self.assertEqual(receivers, b":0", "the slow subscriber was dropped")

    def test_protected_mode_is_for_two_addresses_as_in_redis(self):
        self.start()
        with socket.create_connection(("127.0.0.1", self.port), 10, source_address=("127.0.0.2", 0)) as other:
            self.assertTrue(other.recv(1 << 12).startswith(b"-DENIED"))

    def test_a_larger_proto_max_bulk_len_starts_and_values_have_their_limit(self):
        _, client = self.start("--proto-max-bulk-len", "1gb", "--maxmemory-samples", "100")
        self.assertEqual(client.ask("config", "get", "proto-max-bulk-len")[1], b"1073741824")
        self.assertTrue(client.ask("setrange", "k", str(800 << 20), "x").startswith(b"-ERR string exceeds maximum"))
        client.socket.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n" % (800 << 20))
        self.assertEqual(client.read(), b"-ERR Protocol error: invalid bulk length")

    def test_who_has_not_authenticated_leaves_for_who_does(self):
        self.start("--requirepass", "secret", "--maxclients", "4")
        waiting = [self.client() for _ in range(9)]
        clients = [self.client() for _ in range(4)]
        for client in clients:
            self.assertEqual(client.ask("auth", "secret"), b"+OK")
        self.assertEqual(waiting[0].input.read(), b"", "the oldest had to leave")
        self.assertEqual(self.client().read(), b"-ERR max number of clients reached")
        self.assertEqual([client.ask("ping") for client in clients], [b"+PONG"] * 4)

    def test_without_descriptors_it_waits_and_says_so_once(self):
        process, client = self.start("--logfile", os.path.join(self.dir, "log"))
        free = len(os.listdir(f"/proc/{process.pid}/fd"))
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (free, free))
        late = [self.client() for _ in range(5)]
        for turn in range(50):
            self.assertEqual(client.ask("ping"), b"+PONG")
        client.close()
        self.assertEqual(late[0].ask("ping"), b"+PONG")
        late[0].close()
        self.assertEqual(late[1].ask("ping"), b"+PONG")
        with open(os.path.join(self.dir, "log")) as log:
            self.assertLess(log.read().count("Too many open files"), 6)

    @unittest.skipIf(SANITIZED, "a sanitizer reports crashes itself")
    def test_a_crash_is_told_in_the_log_with_where_it_was(self):
        for enabled in ("yes", "no"):
            process, _ = self.start("--crash-log-enabled", enabled, "--logfile", os.path.join(self.dir, "log"))
            process.send_signal(signal.SIGSEGV)
            self.assertEqual(process.wait(20), -signal.SIGSEGV)
            with open(os.path.join(self.dir, "log"), encoding="utf-8") as log:
                text = log.read()
            self.assertRegex(text, r"crashed by signal: 11, si_code: 0\n\n-+ STACK TRACE -+\n(.*redisha-node.*\n|.*libc.*\n)+")
            self.assertEqual(text.count("STACK TRACE"), 1, "the second process says nothing")

    def test_a_turn_that_takes_too_long_is_told_with_its_command_and_an_idle_loop_is_not(self):
        path = os.path.join(self.dir, "log")
        process, client = self.start("--enable-debug-command", "yes", "--watchdog-period", "50", "--logfile", path)

        def told():
            with open(path, encoding="utf-8") as log:
                return log.read()

        self.assertEqual(client.ask("debug", "sleep", "0.01"), b"+OK")
        self.assertNotIn("WATCHDOG", told())
        self.assertEqual(client.ask("debug", "sleep", "0.5"), b"+OK")
        self.assertRegex(told(), r"(?s)--- WATCHDOG TIMER EXPIRED ---\nA turn of the loop has taken \d+ ms so far. Command: debug\n"
                                 r"\n-+ STACK TRACE -+\n.*redisha-node")
        before = told().count("WATCHDOG")
        self.assertGreaterEqual(before, 2, "once more after twice the time")
        self.assertLessEqual(before, 4)
        self.assertEqual(client.ask("config", "set", "watchdog-period", "0"), b"+OK")
        self.assertEqual(client.ask("debug", "sleep", "0.2"), b"+OK")
        self.assertEqual(told().count("WATCHDOG"), before)
        client.send("shutdown", "nosave")
        self.assertEqual(process.wait(20), 0)

    @unittest.skipIf(SANITIZED, "a sanitizer reports crashes itself")
    def test_a_broken_invariant_ends_the_process_as_use_exit_on_panic_says(self):
        for option, status in (("no", -signal.SIGABRT), ("yes", 1)):
            process, client = self.start("--use-exit-on-panic", option, "--enable-debug-command", "yes")
            client.send("debug", "panic")
            self.assertEqual(process.wait(20), status)
        process, _ = self.start("--use-exit-on-panic", "yes")
        process.send_signal(signal.SIGABRT)
        self.assertEqual(process.wait(20), -signal.SIGABRT, "a signal from outside is no panic")

    def test_sigterm_saves_and_a_restart_loads(self):
        process, client = self.start("--save", "3600", "1")
        client.ask("set", "k", "v")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 0)
        process, client = self.start("--save", "")
        self.assertEqual(client.ask("get", "k"), b"v")
        client.send("shutdown", "nosave")
        self.assertEqual(process.wait(20), 0)

    def test_while_the_cron_is_paused_a_signal_waits_and_can_be_taken_back(self):
        process, client = self.start("--enable-debug-command", "yes")
        client.ask("debug", "pause-cron", "1")
        process.send_signal(signal.SIGTERM)
        deadline = time.time() + 20
        while client.ask("shutdown", "abort") != b"+OK":
            self.assertLess(time.time(), deadline)
        client.ask("debug", "pause-cron", "0")
        self.assertEqual(client.ask("shutdown", "abort"), b"-ERR No shutdown in progress.")
        client.ask("debug", "pause-cron", "1")
        process.send_signal(signal.SIGTERM)
        client.ask("debug", "pause-cron", "0")
        self.assertEqual(process.wait(20), 0)

    def test_a_second_sigint_ends_the_save_of_the_first(self):
        process, client = self.start("--save", "3600", "1", "--rdb-key-save-delay", "50000")
        for i in range(1000):
            client.ask("set", f"k{i}", "v")
        process.send_signal(signal.SIGINT)
        deadline = time.time() + 20
        while not os.path.exists(os.path.join(self.dir, f"dump.rdb.{process.pid}.tmp")):
            self.assertLess(time.time(), deadline)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20), 1)
        self.assertEqual([name for name in os.listdir(self.dir) if name.startswith("dump.rdb")], [])

    def test_where_no_thread_can_be_started_no_file_is_written_until_one_can_be(self):
        process, client = self.start()
        client.ask("set", "k", "v")
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            size_kb = int(re.search(r"VmSize:\s+(\d+)", status.read()).group(1))
        # No room for a thread's stack, as with a pod's limit of pids.
        before = resource.prlimit(process.pid, resource.RLIMIT_AS)
        resource.prlimit(process.pid, resource.RLIMIT_AS, ((size_kb + 2048) * 1024, before[1]))
        self.assertIn(b"start a thread", client.ask("bgsave"))
        self.assertEqual(client.ask("config", "set", "appendonly", "yes"), b"+OK")
        self.assertIn(b"-MISCONF", client.ask("set", "k", "new"))
        self.assertEqual(client.ask("get", "k"), b"v")
        resource.prlimit(process.pid, resource.RLIMIT_AS, before)
        deadline = time.time() + 20
        while client.ask("set", "k", "new") != b"+OK":
            self.assertLess(time.time(), deadline)

    def test_a_save_that_has_to_wait_counts_as_one_under_way(self):
        _, client = self.start()
        for command in (["multi"], ["bgsave"], ["info", "persistence"]):
            client.ask(*command)
        self.assertIn(b"rdb_bgsave_in_progress:1", client.ask("exec")[1])

    def test_a_save_under_way_goes_with_who_is_to_save_nothing(self):
        process, client = self.start("--rdb-key-save-delay", "50000")
        for i in range(1000):
            client.ask("set", f"k{i}", "v")
        client.ask("bgsave")
        files = lambda: [name for name in os.listdir(self.dir) if name.startswith("dump.rdb")]
        deadline = time.time() + 20
        while not files():
            self.assertLess(time.time(), deadline)
        client.send("shutdown", "nosave")
        self.assertEqual(process.wait(20), 0)
        self.assertEqual(files(), [])

    def test_a_second_sigint_waits_for_no_replica(self):
        process, client = self.start("--shutdown-timeout", "60")
        client.send("psync", "?", "-1")  # and acknowledges nothing
        self.client().ask("set", "k", "v")
        process.send_signal(signal.SIGINT)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20), 1)

    def test_a_managed_node_that_ends_is_gone_for_others_before_it_saves(self):
        process, client, peer = self.start_managed("--save", "3600", "1")
        self.assertEqual(peer.ask("redisha", "role", "1", "pod-1", "primary"), b"+OK")
        client.ask("set", "k", "v")
        # Saving stands still until somebody reads this.
        pipe = os.path.join(self.dir, f"dump.rdb.{process.pid}.tmp")
        os.mkfifo(pipe)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(client.input.read(), b"")
        with self.assertRaises(ConnectionRefusedError):
            self.client()
        self.assertIsNone(process.poll())
        with open(pipe, "rb") as reader:
            self.assertTrue(reader.read().startswith(b"REDIS"))
        self.assertEqual(process.wait(20), 0, "a file that cannot be saved does not keep it")

    def test_wait_times_out_and_pause_holds_writes(self):
        _, client = self.start()
        started = time.time()
        client.ask("set", "k", "v")
        self.assertEqual(client.ask("wait", "1", "200"), b":0")
        self.assertGreaterEqual(time.time() - started, 0.19)
        other = self.client()
        other.ask("client", "pause", "300", "write")
        started = time.time()
        self.assertEqual(client.ask("set", "k", "w"), b"+OK")
        self.assertGreaterEqual(time.time() - started, 0.29)

    def test_latencies_are_told_per_command(self):
        _, client = self.start()
        for _ in range(3):
            client.ask("set", "k", "v")
        client.ask("config", "get", "port")

        def histograms(*names):
            reply = client.ask("latency", "histogram", *names)
            return dict(zip(reply[::2], reply[1::2]))

        calls, count, bounds, buckets = histograms("set")[b"set"]
        self.assertEqual((calls, count, bounds), (b"calls", b":3", b"histogram_usec"))
        self.assertEqual(buckets[-1], b":3", "the widest bucket has every call")
        self.assertEqual(list(histograms("config", "nonsense")), [b"config|get"])
        self.assertLess({b"set", b"config|get"}, set(histograms()))
        self.assertRegex(client.ask("info", "latencystats"),
                         rb"\r\nlatency_percentiles_usec_set:p50=\d+\.000,p99=\d+\.000,p99\.9=\d+\.000\r\n")

        for bad in ("101", "-1", "a", "nan"):
            self.assertIn(b"between 0 and 100", client.ask("config", "set", "latency-tracking-info-percentiles", bad))
        client.ask("config", "set", "latency-tracking-info-percentiles", "100 0.5")
        self.assertRegex(client.ask("info", "latencystats"), rb"_set:p100=\d+\.000,p0\.5=\d+\.000\r\n")
        client.ask("config", "set", "latency-tracking", "no")
        client.ask("get", "k")
        self.assertEqual(histograms("get"), {})
        client.ask("config", "resetstat")
        self.assertEqual(histograms(), {})

        client.ask("config", "set", "latency-tracking", "yes")
        other = self.client()
        other.send("blpop", "list", "0")
        deadline = time.time() + 10
        while b"blocked_clients:1" not in client.ask("info", "clients") and time.time() < deadline:
            time.sleep(0.01)
        self.assertEqual(histograms("blpop"), {}, "who waits has not been answered")
        client.ask("lpush", "list", "x")
        self.assertEqual(other.read(), [b"list", b"x"])
        self.assertEqual(histograms("blpop")[b"blpop"][1], b":1")

    def test_what_took_long_is_told_by_kind_of_event(self):
        _, client = self.start("--enable-debug-command", "yes")
        client.ask("debug", "sleep", "0.03")
        self.assertEqual(client.ask("latency", "latest"), [], "the monitor is off by default")
        client.ask("config", "set", "latency-monitor-threshold", "20")
        client.ask("debug", "sleep", "0.03")
        [[event, _, latest, worst]] = client.ask("latency", "latest")
        self.assertEqual((event, latest), (b"command", worst))
        self.assertGreaterEqual(int(worst[1:]), 30)
        [[_, milliseconds]] = client.ask("latency", "history", "command")
        self.assertEqual(milliseconds, worst)
        self.assertRegex(client.ask("latency", "graph", "command"), rb"^command - high \d+ ms, low \d+ ms \(all time")
        self.assertIn(b"1. command: 1 latency spikes", client.ask("latency", "doctor"))
        self.assertEqual(client.ask("latency", "reset", "nonsense"), b":0")
        self.assertEqual(client.ask("latency", "reset"), b":1")
        self.assertEqual(client.ask("latency", "latest"), [])

    def test_info_has_what_later_versions_tell(self):
        _, client = self.start()
        waiting, watching, listening = self.client(), self.client(), self.client()
        waiting.send("blpop", "a", "b", "0")
        self.assertEqual(watching.ask("watch", "x", "y"), b"+OK")
        listening.ask("subscribe", "channel")
        client.ask("auth", "nobody", "wrong")
        client.ask("acl", "setuser", "alice", "on", "nopass", "~a", "+get")
        alice = self.client()
        alice.ask("auth", "alice", "any")
        alice.ask("get", "b")
        alice.ask("set", "a", "1")
        deadline = time.time() + 10
        while b"blocked_clients:1" not in client.ask("info", "clients") and time.time() < deadline:
            time.sleep(0.01)
        told = client.ask("info", "everything").decode().split("\r\n")
        for line in (f"listener0:name=tcp,bind=127.0.0.1,port={self.port}", "pubsub_clients:1", "watching_clients:1",
                     "total_watched_keys:2", "total_blocking_keys:2", "total_blocking_keys_on_nokey:0",
                     "acl_access_denied_auth:1", "acl_access_denied_cmd:1", "acl_access_denied_key:1",
                     "acl_access_denied_channel:0", "evicted_scripts:0", "mem_overhead_db_hashtable_rehashing:0",
                     "client_query_buffer_limit_disconnections:0", "client_output_buffer_limit_disconnections:0"):
            self.assertIn(line, told)
        self.assertRegex("\n".join(told), r"\neventloop_duration_cmd_sum:[1-9]\d*\n")
        self.assertIn(b" watch=2 ", client.ask("client", "list", "type", "normal"))

    def test_memory_has_the_figures_of_redis(self):
        _, client = self.start()
        client.ask("set", "k", "v" * 100)
        stats = client.ask("memory", "stats")
        figures = dict(zip(stats[::2], stats[1::2]))
        self.assertEqual(figures[b"keys.count"], b":1")
        self.assertGreater(int(figures[b"db.0"][1][1:]), 0)
        self.assertGreaterEqual(int(figures[b"peak.allocated"][1:]), int(figures[b"total.allocated"][1:]))
        self.assertIn(b"jemalloc statistics", client.ask("memory", "malloc-stats"))
        self.assertTrue(client.ask("memory", "doctor").startswith(b"Hi Sam, this instance is empty"))

    def test_config_rewrite_keeps_the_file_and_adds_what_changed(self):
        path = os.path.join(self.dir, "node.conf")
        with open(path, "w") as file:
            file.write("# mine\nmaxmemory 1gb\nsave 900 1\nsave 300 10\n")
        _, client = self.start(path)
        client.ask("config", "set", "maxmemory", "2gb", "timeout", "77", "save", "60 5")
        self.assertEqual(client.ask("config", "rewrite"), b"+OK")
        with open(path) as file:
            text = file.read()
        self.assertRegex(text, r"^# mine\nmaxmemory 2147483648\nsave 60 5\n")
        self.assertIn("timeout 77\n", text)
        self.assertEqual(len(re.findall("^save", text, re.M)), 1)

    def test_a_managed_node_waits_for_its_role(self):
        password = os.path.join(self.dir, "password")
        with open(password, "w") as file:
            file.write("secret\n")
        _, client, peer = self.start_managed("--requirepass-file", password, "--replicaof", "127.0.0.1", "1")
        self.assertEqual(client.ask("get", "k"), b"-NOAUTH Authentication required.")
        self.assertEqual(client.ask("auth", "secret"), b"+OK")
        self.assertEqual(client.ask("get", "k"), b"-MASTERDOWN No role has been assigned to this node yet")
        info = client.ask("info", "replication")
        self.assertIn(b"role:slave", info)
        self.assertIn(b"redisha_undecided:1", info)
        self.assertTrue(client.ask("replicaof", "no", "one").startswith(b"-ERR the members of its cluster"))
        self.assertEqual(peer.ask("redisha", "role", "1", "pod-1", "primary"), b"+OK")
        self.assertEqual(client.ask("set", "k", "v"), b"+OK")
        self.assertIn(b"role:master", client.ask("info", "replication"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
