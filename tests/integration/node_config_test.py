"""Configuration of redisha-node as a user meets it: files of a stock server and back, what is protected, what survives
CONFIG REWRITE and a restart."""
import hashlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from tests.support import members, resp
from tests.support.node_case import NodeCase

OURS = os.path.join(os.environ.get("RHA_BIN_DIR", "build/release/bin"), "redisha-node")
STOCK = shutil.which("redis-server")
STOCK_CONF = "/etc/redis/redis.conf"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class AtOnceTest(NodeCase):
    """What an option does is seen by the command behind CONFIG SET: here no tick comes to see to it."""

    def without_ticks(self, *options):
        node = self.start("--enable-debug-command", "yes", *options)
        self.assertEqual(node.control.command("DEBUG", "PAUSE-CRON", "1"), ("+", b"OK"))
        return node

    def set(self, node, option, value):
        self.assertEqual(node.control.command("CONFIG", "SET", option, value), ("+", b"OK"))

    def test_whether_a_save_that_failed_stops_writes(self):
        node = self.without_ticks("--save", "3600 1")
        os.mkdir(os.path.join(node.directory, f"dump.rdb.{node.pid}.bg0.tmp"))
        node.control.command("BGSAVE")
        self.wait_for("the save to fail", lambda: self.info(node, "rdb_last_bgsave_status") == "err")
        refused = node.control.command("SET", "k", "v")
        self.assertTrue(refused[1].startswith(b"MISCONF"), refused)
        for option, otherwise in (("stop-writes-on-bgsave-error", "no"), ("save", "")):
            before = node.control.command("CONFIG", "GET", option)[1]
            self.set(node, option, otherwise)
            self.assertEqual(node.control.command("SET", "k", "v"), ("+", b"OK"))
            self.set(node, option, before)
            refused = node.control.command("SET", "k", "v")
            self.assertTrue(refused[1].startswith(b"MISCONF"), refused)

    def test_how_much_of_the_stream_is_kept(self):
        port = free_port()
        node, replica = self.start("--port", str(port), "--repl-backlog-size", "1mb"), self.start("--replicaof", "127.0.0.1", str(port))
        self.wait_for("the replica", lambda: self.info(replica, "master_link_status") == "up")
        node.control.command("SET", "k", b"x" * (512 << 10))
        self.assertEqual(node.control.command("WAIT", "1", "20000"), 1)
        for words in (["MULTI"], ["CONFIG", "SET", "repl-backlog-size", "16kb"], ["INFO", "replication"]):
            node.control.command(*words)
        info = dict(line.split(":", 1) for line in node.control.command("EXEC")[1].decode().splitlines() if ":" in line)
        self.assertLess(int(info["repl_backlog_histlen"]), 256 << 10)


class ConfigTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="rha-config-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.port = free_port()
        self.conf = os.path.join(self.dir, "redis.conf")

    def write(self, text):
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(text)

    def text(self):
        with open(self.conf, encoding="utf-8") as file:
            return file.read()

    def base(self, more=""):
        return f"port {self.port}\nbind 127.0.0.1\ndir {self.dir}\n{more}"

    def launch(self, program=OURS, flags=(), env=None):
        log = open(os.path.join(self.dir, "log"), "ab")
        process = subprocess.Popen([program, self.conf, *flags], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   env={**os.environ, **(env or {})})
        log.close()
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def start(self, program=OURS, flags=(), password=None, env=None):
        process = self.launch(program, flags, env)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                client = self.client(password)
                if not isinstance(client.command("PING"), resp.Error):
                    return process, client
                client.close()
            except resp.Disconnected:
                pass
            if process.poll() is not None:
                break
            time.sleep(0.02)
        with open(os.path.join(self.dir, "log"), encoding="utf-8", errors="replace") as file:
            self.fail(f"{program} did not start:\n{file.read()[-3000:]}")

    def end(self, process, with_signal=signal.SIGKILL):
        process.send_signal(with_signal)
        process.wait(60)

    def client(self, password=None, port=None):
        client = resp.Connection("127.0.0.1", port or self.port, password, timeout=20)
        self.addCleanup(client.close)
        return client

    def stranger(self):
        """A client whose address is not one of this machine's own names."""
        client = self.client()
        client.close()
        client.socket = socket.create_connection(("127.0.0.1", self.port), 20, source_address=("127.0.0.2", 0))
        self.addCleanup(client.socket.close)
        return client

    def refused(self, text, *flags):
        self.write(text)
        done = subprocess.run([OURS, self.conf, *flags], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def option(self, client, name):
        return client.command("CONFIG", "GET", name)[1].decode()

    def assert_error(self, reply, text):
        self.assertIsInstance(reply, resp.Error)
        self.assertIn(text, str(reply))


class ProtectionTest(ConfigTest):
    def test_local_is_for_connections_from_this_machine_only(self):
        self.write(self.base("enable-debug-command local\nenable-protected-configs local\nprotected-mode no\n"))
        _, client = self.start()
        self.assertEqual(client.command("DEBUG", "SET-ACTIVE-EXPIRE", "1"), b"OK")
        self.assertEqual(client.command("CONFIG", "SET", "dbfilename", "a.rdb"), b"OK")
        far = self.stranger()
        self.assert_error(far.command("DEBUG", "SET-ACTIVE-EXPIRE", "1"), "DEBUG command not allowed")
        self.assert_error(far.command("CONFIG", "SET", "dbfilename", "b.rdb"), "protected config")
        self.assertEqual(far.command("MULTI"), b"OK")
        self.assert_error(far.command("DEBUG", "SET-ACTIVE-EXPIRE", "1"), "DEBUG command not allowed")
        self.assertEqual(self.option(client, "dbfilename"), "a.rdb")

    def test_no_value_becomes_a_directive(self):
        self.write(self.base())
        process, client = self.start()
        for name, value in (("ignore-warnings", '"x\nenable-debug-command yes"'), ("ignore-warnings", "x\nenable-debug-command yes"),
                            ("bind", '"127.0.0.1" "-x\nenable-debug-command yes"'), ("masterauth", "x\r\nenable-debug-command yes\n"),
                            ("proc-title-template", "\nenable-debug-command yes"), ("requirepass", "")):
            client.command("CONFIG", "SET", name, value)
        self.assertEqual(client.command("CONFIG", "REWRITE"), b"OK")
        for line in self.text().splitlines():
            self.assertFalse(line.startswith("enable-debug-command"), self.text())
        self.end(process)
        _, client = self.start()
        self.assertEqual(self.option(client, "enable-debug-command"), "no")
        self.assertEqual(self.option(client, "masterauth"), "x\r\nenable-debug-command yes\n")

    def test_a_protection_that_is_not_there_ends_the_start_and_says_so(self):
        for line in ("tls-port 6380", "tls-replication yes", "cluster-enabled yes", "syslog-enabled yes"):
            text = self.refused(self.base(line + "\n"))
            self.assertIn("cannot be honoured: ", text)
            self.assertIn("at line 4", text)
        self.assertIn("No such command", self.refused(self.base('rename-command NOSUCH ""\n')))

    def test_a_member_may_not_differ_from_its_primary(self):
        text = self.refused(self.base("redisha-managed yes\npropagation-error-behavior ignore\n"))
        self.assertIn("a member of a RedisHA may not", text)

    def test_passwords_are_not_in_the_log(self):
        self.assertNotIn("s3cret", self.refused(self.base("requirepass s3cret more\n")))

    def test_what_config_set_is_given_is_not_in_the_slow_log(self):
        self.write(self.base("slowlog-log-slower-than 0\n"))
        _, client = self.start()
        client.command("CONFIG", "SET", "timeout", "77", "masterauth", "s3cret", "masteruser", "s3cret")
        client.command("CONFIG", "SET", "masterauth", "s3cret", "nosuch", "x")
        client.command("CONFIG", "SET", "MasterAuth", "s3cret", "tls-port", "1")
        client.command("MULTI")
        client.command("CONFIG", "SET", "requirepass", "s3cret")
        client.command("EXEC")
        entries = [entry[3] for entry in client.command("SLOWLOG", "GET", "-1")]
        self.assertIn([b"CONFIG", b"SET", b"timeout", b"77", b"masterauth", b"(redacted)", b"masteruser", b"(redacted)"], entries)
        self.assertIn([b"CONFIG", b"SET", b"requirepass", b"(redacted)"], entries)
        self.assertNotIn(b"s3cret", [word for entry in entries for word in entry])

    def test_more_clients_than_the_system_allows_are_refused(self):
        self.write(self.base())
        _, client = self.start()
        self.assert_error(client.command("CONFIG", "SET", "maxclients", "4000000000"), "is not able to handle")
        self.assertEqual(self.option(client, "maxclients"), "10000")
        self.assertEqual(client.command("PING"), b"PONG")

    def test_sigterm_saves_if_it_shall(self):
        self.write(self.base('save ""\nshutdown-on-sigterm save\nshutdown-on-sigint nosave\n'))
        process, client = self.start()
        client.command("SET", "k", "1")
        self.end(process, signal.SIGTERM)
        process, client = self.start()
        self.assertEqual(client.command("GET", "k"), b"1")
        client.command("SET", "k", "2")
        self.end(process, signal.SIGINT)
        _, client = self.start()
        self.assertEqual(client.command("GET", "k"), b"1")

    def test_a_folder_is_not_changed_under_the_file_that_is_loaded(self):
        self.write(self.base("enable-protected-configs yes\nkey-load-delay 20000\nenable-debug-command yes\nsave \"\"\n"))
        process, client = self.start()
        client.command("DEBUG", "POPULATE", "5000")
        client.command("SAVE")
        self.end(process)
        self.launch()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                client = self.client()
                break
            except resp.Disconnected:
                time.sleep(0.02)
        self.assertIn("loading:1", client.command("INFO", "persistence").decode())
        self.assert_error(client.command("CONFIG", "SET", "dir", "/"), "LOADING ")
        self.assertEqual(client.command("CONFIG", "SET", "loglevel", "debug"), b"OK")
        self.assertEqual(self.option(client, "dir"), self.dir)

    def oom_score(self, process, value=None):
        with open(f"/proc/{process.pid}/oom_score_adj", "r" if value is None else "w", encoding="utf-8") as file:
            return int(file.read()) if value is None else file.write(str(value))

    def test_the_kernel_is_told_how_soon_the_process_may_end_by_its_role(self):
        self.write(self.base("oom-score-adj yes\noom-score-adj-values 10 20 30\n"))
        with open("/proc/self/oom_score_adj", encoding="utf-8") as file:
            base = int(file.read())
        process, client = self.start()
        self.assertEqual(self.oom_score(process), base + 10)
        client.command("REPLICAOF", "127.0.0.1", "1")
        self.assertEqual(self.oom_score(process), base + 20)
        client.command("REPLICAOF", "NO", "ONE")
        self.assertEqual(self.oom_score(process), base + 10)
        # A change that fails for another reason leaves all as it was.
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            self.assert_error(client.command("CONFIG", "SET", "oom-score-adj", "no", "port", str(taken.getsockname()[1])), "Unable to listen")
        self.assertEqual(self.oom_score(process), base + 10)
        self.assertEqual(client.command("CONFIG", "SET", "oom-score-adj", "absolute"), b"OK")
        self.assertEqual(self.oom_score(process), 10)
        self.assertEqual(client.command("CONFIG", "SET", "oom-score-adj", "no"), b"OK")
        self.assertEqual(self.oom_score(process), base)
        self.end(process)
        self.write(self.base("oom-score-adj yes\noom-score-adj-values 10 20 30\nreplicaof 127.0.0.1 1\n"))
        process, client = self.start()
        self.assertEqual(self.oom_score(process), base + 20)

    def title(self, process):
        with open(f"/proc/{process.pid}/cmdline", "rb") as file:
            return file.read().rstrip(b"\0").decode()

    def test_the_process_is_called_as_its_template_says(self):
        socket_path = os.path.join(self.dir, "s")
        self.write(self.base(f"unixsocket {socket_path}\n"))
        process, client = self.start(env={"SECRET": "s3cret"})
        self.assertEqual(self.title(process), f"{OURS} 127.0.0.1:{self.port}")
        for template in ("T {title} {listen-addr} {port} {tls-port} {unixsocket} {config-file}", "short", "x" * 5000):
            expected = template.replace("{title}", OURS).replace("{listen-addr}", f"127.0.0.1:{self.port}")
            expected = expected.replace("{port}", str(self.port)).replace("{tls-port}", "0").replace("{unixsocket}", socket_path)
            expected = expected.replace("{config-file}", self.conf)
            self.assertEqual(client.command("CONFIG", "SET", "proc-title-template", template), b"OK")
            self.assertTrue(expected.startswith(self.title(process)), self.title(process))
            if len(expected) < 1000:
                self.assertEqual(self.title(process), expected)
        self.assert_error(client.command("CONFIG", "SET", "proc-title-template", "{nosuch}"),
                          "template format is invalid or contains unknown variables")
        self.end(process)
        self.write(self.base("set-proc-title no\n"))
        process, client = self.start(flags=["--hz", "20"])
        self.assertEqual(client.command("CONFIG", "SET", "proc-title-template", "other"), b"OK")
        self.assertEqual(self.title(process).split("\0"), [OURS, self.conf, "--hz", "20"])

    def test_all_that_can_be_configured_is_written_where_asked_for(self):
        self.write(self.base("enable-debug-command yes\ntimeout 7\n"))
        process, client = self.start()
        before = client.command("CONFIG", "GET", "*")
        self.assertEqual(client.command("DEBUG", "CONFIG-REWRITE-FORCE-ALL"), b"OK")
        self.assertIn("\nlfu-log-factor 10\n", self.text())
        self.end(process)
        _, client = self.start()
        self.assertEqual(client.command("CONFIG", "GET", "*"), before)

    def test_a_renamed_command_is_called_by_its_new_name_alone(self):
        self.write(self.base('rename-command FLUSHALL ""\nrename-command CONFIG guarded\nrename-command set put\n'))
        _, client = self.start()
        self.assert_error(client.command("FLUSHALL"), "unknown command 'FLUSHALL'")
        self.assert_error(client.command("CONFIG", "GET", "port"), "unknown command 'CONFIG'")
        self.assert_error(client.command("SET", "k", "v"), "unknown command")
        self.assertEqual(client.command("PUT", "k", "v"), b"OK")
        self.assertEqual(client.command("Guarded", "GET", "port")[1], b"%d" % self.port)
        self.assertEqual(client.command("COMMAND", "INFO", "flushall", "put")[0], None)
        self.assertNotIn(b"flushall", client.command("COMMAND", "LIST"))
        self.assertEqual(client.command("GUARDED", "REWRITE"), b"OK")
        for line in ('rename-command FLUSHALL ""', "rename-command CONFIG guarded", "rename-command set put"):
            self.assertIn(line + "\n", self.text())

    def test_renamed_commands_reach_replicas(self):
        self.write(self.base("rename-command SET put\n"))
        _, client = self.start()
        other = ConfigTest()
        other.setUp()
        self.addCleanup(other.doCleanups)
        other.write(other.base(f"rename-command SET put\nreplicaof 127.0.0.1 {self.port}\n"))
        _, replica = other.start()
        client.command("PUT", "a", "1")
        client.command("PUT", "b", "2", "PX", "100000")  # in the stream: SET b 2 PXAT ...
        deadline = time.monotonic() + 60
        while [replica.command("GET", key) for key in "ab"] != [b"1", b"2"]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)


class RoleTest(ConfigTest):
    def test_a_role_given_by_command_survives_rewrite_and_restart(self):
        self.write(self.base())
        process, client = self.start()
        self.assertEqual(client.command("REPLICAOF", "127.0.0.1", "1"), b"OK")
        self.assertEqual(self.option(client, "replicaof"), "127.0.0.1 1")
        self.assertEqual(self.option(client, "slaveof"), "127.0.0.1 1")
        client.command("CONFIG", "REWRITE")
        self.end(process)
        process, client = self.start()
        self.assert_error(client.command("SET", "k", "v"), "READONLY")
        self.assertEqual(client.command("REPLICAOF", "NO", "ONE"), b"OK")
        self.assertEqual(self.option(client, "replicaof"), "")
        client.command("CONFIG", "REWRITE")
        self.end(process)
        _, client = self.start()
        self.assertEqual(client.command("SET", "k", "v"), b"OK")
        self.assertNotIn("replicaof", self.text())


    def test_a_role_that_a_sentinel_gives_is_the_one_after_a_kill_and_a_full_disk_keeps_the_old_file(self):
        self.write(self.base("appendonly yes\n"))
        process, client = self.start()
        self.assertEqual(client.command("SET", "k", "v"), b"OK")

        def turn(*role):
            """As a stock sentinel does."""
            return client.pipeline([("MULTI",), ("REPLICAOF", *role), ("CONFIG", "REWRITE"), ("EXEC",)])[-1]
        self.assertEqual(turn("127.0.0.1", "1"), [b"OK", b"OK"])
        for _ in range(2):
            self.end(process)
            process, client = self.start()
            self.assertEqual(self.option(client, "replicaof"), "127.0.0.1 1")
            self.assertEqual(client.command("GET", "k"), b"v")
        before, there = self.text(), os.listdir(self.dir)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
        done, rewritten = turn("NO", "ONE")
        self.assertEqual(done, b"OK")
        self.assert_error(rewritten, "Rewriting config file")
        self.assertEqual((self.text(), os.listdir(self.dir)), (before, there))
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.assertEqual(client.command("CONFIG", "REWRITE"), b"OK")
        self.end(process)
        _, client = self.start()
        self.assertEqual(client.command("SET", "k", "w"), b"OK")

    def test_the_folder_of_a_member_is_not_changed_under_its_role_file(self):
        key = os.path.join(self.dir, "peer-key")
        with open(key, "w", encoding="ascii") as file:
            file.write(members.KEY)
        self.write(self.base(f"redisha-peer-key-file {key}\nredisha-cluster-uid uid\nredisha-node-name pod-0\n"
                             "enable-protected-configs yes\n"))
        _, client = self.start()
        os.mkdir(os.path.join(self.dir, "other"))
        self.assert_error(client.command("CONFIG", "SET", "dir", os.path.join(self.dir, "other")), "member's role")
        self.assertEqual(self.option(client, "dir"), self.dir)


@unittest.skipUnless(STOCK and os.access(STOCK_CONF, os.R_OK), "no stock server with a readable configuration here")
class StockFilesTest(ConfigTest):
    def stock_conf(self):
        """The installed file, moved to a place of our own: directives are replaced where they stand."""
        own = {"port": self.port, "dir": self.dir, "logfile": '""', "pidfile": os.path.join(self.dir, "pid"), "daemonize": "no"}
        with open(STOCK_CONF, encoding="utf-8") as file:
            lines = file.read().splitlines()
        return "\n".join(f"{w[0]} {own[w[0]]}" if (w := line.split()) and w[0] in own else line for line in lines) + "\n"

    def rewritten_by(self, program, *settings, password=None):
        process, client = self.start(program)
        for name, value in settings:
            self.assertEqual(client.command("CONFIG", "SET", name, value), b"OK", name)
        if password:
            client.command("AUTH", password)
        self.assertEqual(client.command("CONFIG", "REWRITE"), b"OK")
        values = client.command("CONFIG", "GET", "*")
        self.end(process)
        return {k.decode(): v.decode() for k, v in zip(values[::2], values[1::2])}

    def test_the_installed_file_starts_ours_as_it_is(self):
        self.write(self.stock_conf())
        self.start(flags=("--supervised", "systemd", "--daemonize", "no"))

    def test_what_stock_rewrites_starts_ours_with_the_same_values(self):
        settings = (("maxmemory", "100mb"), ("maxmemory-policy", "allkeys-lfu"), ("oom-score-adj", "relative"), ("save", "60 5 7 8"),
                    ("client-output-buffer-limit", "pubsub 1mb 1mb 7"), ("notify-keyspace-events", "KEA"), ("masterauth", "a \"b' c"),
                    ("latency-tracking-info-percentiles", "50 75.5"), ("cluster-node-timeout", "5000"), ("lua-time-limit", "7"),
                    ("shutdown-on-sigterm", "save now"), ("tls-cert-file", ""), ("active-defrag-ignore-bytes", "7mb"),
                    ("oom-score-adj-values", "1 2 3"), ("proc-title-template", "{title} x"), ("requirepass", "foo bar"))
        self.write(self.stock_conf() + "server_cpulist 0-1\nbio_cpulist 0\n")
        stock = self.rewritten_by(STOCK, *settings, password="foo bar")
        self.assertIn("user default on", self.text())
        _, client = self.start(password="foo bar")
        ours = client.command("CONFIG", "GET", "*")
        ours = {k.decode(): v.decode() for k, v in zip(ours[::2], ours[1::2])}
        differing = {name: (value, ours.get(name)) for name, value in stock.items() if ours.get(name) != value}
        # Our unix socket is the owner's alone unless the file says otherwise.
        self.assertEqual(differing, {"unixsocketperm": ("0", "700"), "propagation-error-behavior": ("ignore", "panic-on-replicas")})

    def test_what_ours_rewrites_starts_stock(self):
        self.write(self.stock_conf() + 'rename-command FLUSHALL ""\n')
        self.rewritten_by(OURS, ("maxmemory", "100mb"), ("save", ""), ("masterauth", "x\n\"y"), ("bind", "127.0.0.1"),
                          ("shutdown-on-sigterm", "save"), ("requirepass", "foo bar"), password="foo bar")
        _, client = self.start(STOCK, password="foo bar")
        self.assertEqual(self.option(client, "masterauth"), "x\n\"y")
        self.assertEqual(self.option(client, "save"), "")
        self.assert_error(client.command("FLUSHALL"), "unknown command")

    def test_a_password_of_which_the_file_has_only_a_hash_is_asked_for(self):
        digest = hashlib.sha256(b"foo").hexdigest()
        self.write(self.base(f"user default on sanitize-payload #{digest} ~* &* +@all\n"))
        _, client = self.start(password="foo")
        self.assertEqual(client.command("SET", "k", "v"), b"OK")
        self.assert_error(self.client().command("GET", "k"), "NOAUTH")
        self.assert_error(self.client().command("AUTH", "bar"), "WRONGPASS")
        self.assertEqual(client.command("CONFIG", "REWRITE"), b"OK")
        self.assertIn(digest, self.text())

    def test_the_service_manager_is_told_when_it_is_ready(self):
        path = os.path.join(self.dir, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(60)
            self.write(self.base("supervised auto\ndaemonize yes\n"))
            process, _ = self.start(env={"NOTIFY_SOCKET": path})
            self.assertIn(b"READY=1\n", manager.recv(1000))
            self.end(process, signal.SIGTERM)
            self.assertEqual(manager.recv(1000), b"STOPPING=1\n")


if __name__ == "__main__":
    unittest.main()
