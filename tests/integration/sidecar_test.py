#!/usr/bin/env python3
"""redisha-sentinel with stock redis-server and its Sentinel: discovery, failover, what clients see.

Binaries are found in $RHA_BIN_DIR; redis-server and python3-redis come from the distribution.
"""
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import redis
import redis.sentinel

BIN = os.environ.get("RHA_BIN_DIR", "build/dev/bin")
SENTINEL = os.path.join(BIN, "redisha-sentinel")
NODE = os.path.join(BIN, "redisha-node")


def own_ports():
    """The first of a hundred ports that no other test has, as long as this process lives; and what says so."""
    for place in range(os.getpid(), os.getpid() + 100):
        claim = open(os.path.join(tempfile.gettempdir(), f"rha-ports-{place % 100}"), "w", encoding="ascii")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return 21300 + place % 100 * 100, claim
        except OSError:
            claim.close()
    raise RuntimeError("a hundred tests have all the ports")


PORT_BASE, PORT_CLAIM = own_ports()
GROUP = "mymaster"


def until(what, condition, seconds=15.0):
    """Waits for a condition and says what it waited for when it does not come."""
    deadline = time.monotonic() + seconds
    last = None
    while time.monotonic() < deadline:
        try:
            last = condition()
            if last:
                return last
        except (redis.RedisError, OSError, KeyError, IndexError) as error:
            last = error
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s for: {what} (last: {last!r})")


class Process:
    def __init__(self, args, folder, name):
        self.log_path = os.path.join(folder, name + ".log")
        self.log = open(self.log_path, "ab")
        self.args = args
        self.process = subprocess.Popen(args, stdout=self.log, stderr=subprocess.STDOUT, cwd=folder)

    def kill(self, sig=signal.SIGKILL):
        if self.process.poll() is None:
            self.process.send_signal(sig)
            if sig in (signal.SIGKILL, signal.SIGTERM):
                self.process.wait(15)
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.kill()
        self.log.close()


class Bed(unittest.TestCase):
    """Servers and sentinels on loopback ports, all ended and removed afterwards."""

    SERVER = "redis-server"
    next_port = PORT_BASE

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rha-sidecar-")
        self.processes = []
        self.servers = {}
        self.sentinels = {}

    def failed(self):
        result = self._outcome.result
        return any(case is self for case, _ in result.failures + result.errors)

    def tearDown(self):
        for process in self.processes:
            process.close()
        if self.failed():
            for name in sorted(os.listdir(self.folder)):
                if name.endswith(".log"):
                    with open(os.path.join(self.folder, name), errors="replace") as log:
                        print(f"==== {name}\n" + "".join(log.readlines()[-60:]))
        shutil.rmtree(self.folder, ignore_errors=True)

    @classmethod
    def port(cls):
        cls.next_port = Bed.next_port
        Bed.next_port += 1
        return cls.next_port

    def start(self, args, name):
        process = Process(args, self.folder, name)
        self.processes.append(process)
        return process

    def start_server(self, port=None, replica_of=None, *options):
        port = port or self.port()
        args = [self.SERVER, "--port", str(port), "--save", "", "--dir", self.folder,
                "--repl-diskless-sync-delay", "0", *options]
        if replica_of:
            args += ["--replicaof", "127.0.0.1", str(replica_of)]
        self.servers[port] = self.start(args, f"server-{port}")
        client = redis.Redis(port=port, socket_timeout=2)
        until(f"server {port} answers", client.ping)
        return port

    def start_trio(self, *options):
        """A primary and two replicas in sync; returns the three ports."""
        primary = self.start_server(None, None, *options)
        replicas = [self.start_server(None, primary, *options) for _ in range(2)]
        client = redis.Redis(port=primary, password=self.password_of(options))
        until("replicas in sync", lambda: client.info("replication")["connected_slaves"] == 2 and all(
            redis.Redis(port=p, password=self.password_of(options)).info("replication")["master_link_status"] == "up"
            for p in replicas))
        return [primary, *replicas]

    @staticmethod
    def password_of(options):
        return options[options.index("--requirepass") + 1] if "--requirepass" in options else None

    def config_of(self, port):
        return os.path.join(self.folder, f"sentinel-{port}.conf")

    def start_sentinel(self, primary, quorum=2, stock=False, port=None, down_after=1000, lines=()):
        port = port or self.port()
        path = self.config_of(port)
        if not os.path.exists(path):
            with open(path, "w") as conf:
                conf.write(f"port {port}\nbind 127.0.0.1\ndir {self.folder}\n"
                           f"sentinel monitor {GROUP} 127.0.0.1 {primary} {quorum}\n"
                           f"sentinel down-after-milliseconds {GROUP} {down_after}\n"
                           f"sentinel failover-timeout {GROUP} 10000\n" + "".join(l + "\n" for l in lines))
        args = ["redis-server", path, "--sentinel"] if stock else [SENTINEL, path]
        self.sentinels[port] = self.start(args, f"sentinel-{port}")
        until(f"sentinel {port} answers", self.sentinel(port).ping)
        return port

    @staticmethod
    def sentinel(port):
        return redis.Redis(port=port, decode_responses=True, socket_timeout=3)

    def start_sentinels(self, primary, kinds=("ours", "ours", "ours"), **options):
        ports = [self.start_sentinel(primary, stock=kind == "stock", **options) for kind in kinds]
        for port in ports:
            until(f"sentinel {port} knows everyone", lambda: self.knows(port, 2, len(ports) - 1), 20)
        return ports

    def knows(self, port, replicas, others):
        master = self.master(port)
        return master["num-slaves"] == replicas and master["num-other-sentinels"] == others

    def master(self, port):
        return self.sentinel(port).sentinel_master(GROUP)

    def address(self, port):
        answer = self.sentinel(port).sentinel_get_master_addr_by_name(GROUP)
        return answer[1] if answer else None

    def agreed_new_primary(self, sentinels, old, seconds=20):
        """The port all sentinels agree on, once it differs from `old` and takes writes."""
        def agreed():
            ports = {self.address(p) for p in sentinels}
            return ports.pop() if len(ports) == 1 and old not in ports and None not in ports else None
        new = until("all sentinels agree on a new primary", agreed, seconds)
        until("the new primary takes writes", lambda: redis.Redis(port=new).set("after", "failover"))
        return new


class Discovery(Bed):
    def test_finds_replicas_and_peers_and_shows_exact_flags(self):
        servers = self.start_trio()
        sentinels = self.start_sentinels(servers[0])
        for port in sentinels:
            client = self.sentinel(port)
            self.assertEqual(client.sentinel_get_master_addr_by_name(GROUP), ("127.0.0.1", servers[0]))
            self.assertEqual(client.sentinel_masters()[GROUP]["flags"], "master")
            raw = client.sentinel_slaves(GROUP)
            self.assertEqual({r["flags"] for r in raw}, {"slave"})
            self.assertEqual({r["port"] for r in raw}, set(servers[1:]))
            peers = client.sentinel_sentinels(GROUP)
            self.assertEqual(len(peers), 2)
            until("links to peers", lambda: {p["flags"] for p in client.sentinel_sentinels(GROUP)} == {"sentinel"})
            self.assertIn("OK 3 usable", raw_command(port, "SENTINEL", "CKQUORUM", GROUP))

    def test_fields_are_those_of_redis_in_the_same_order(self):
        servers = self.start_trio()
        ours, stock = self.start_sentinels(servers[0], kinds=("ours", "stock"))
        until("both see each other", lambda: self.knows(ours, 2, 1) and self.knows(stock, 2, 1))
        for command in (("MASTER", GROUP), ("REPLICAS", GROUP), ("SENTINELS", GROUP)):
            def names(port):
                rows = raw_command(port, "SENTINEL", *command)
                rows = rows if isinstance(rows[0], list) else [rows]
                return [row[0::2] for row in rows]
            self.assertEqual(names(ours), names(stock), command)
        for error in (("SENTINEL", "MASTER", "nobody"), ("SENTINEL", "NONSENSE"), ("SENTINEL", "MASTER"),
                      ("SENTINEL", "CKQUORUM", "nobody"), ("PUBLISH", "news", "x"), ("GET", "x"), ("SELECT", "1"),
                      ("SENTINEL", "FAILOVER", "nobody"), ("SENTINEL", "MONITOR", "a", "127.0.0.1", "1", "0"),
                      ("SENTINEL", "REMOVE", "nobody"), ("SENTINEL", "SET", "nobody", "quorum", "1"), ("HELLO", "9"),
                      ("SENTINEL", "SET", GROUP, "nonsense", "1"), ("SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "x", "y", "z", "*"),
                      ("CLIENT", "SETNAME", "a b"), ("AUTH", "x")):
            self.assertEqual(str(raw_command(ours, *error)), str(raw_command(stock, *error)), error)

    def test_unknown_group_is_a_null(self):
        servers = self.start_trio()
        port = self.start_sentinel(servers[0], quorum=1)
        self.assertIsNone(raw_command(port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "nobody"))


class RawError(str):
    pass


def raw_command(port, *words):
    """One command, answered as it came: lists, strings, ints, None and RawError."""
    with socket.create_connection(("127.0.0.1", port), 3) as connection:
        request = b"*%d\r\n" % len(words)
        for word in words:
            data = word.encode()
            request += b"$%d\r\n%s\r\n" % (len(data), data)
        connection.sendall(request)
        return read_reply(connection.makefile("rb"))


def read_reply(stream):
    line = stream.readline()
    if not line:
        raise EOFError("connection closed")
    kind, rest = line[:1], line[1:-2]
    if kind == b"+":
        return rest.decode()
    if kind == b"-":
        return RawError(rest.decode())
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return None if rest == b"-1" else stream.read(int(rest) + 2)[:-2].decode()
    if kind in b"*>~":
        return None if rest == b"-1" else [read_reply(stream) for _ in range(int(rest))]
    if kind == b"%":
        return {read_reply(stream): read_reply(stream) for _ in range(int(rest))}
    if kind == b"_":
        return None
    if kind == b"=":
        return stream.read(int(rest) + 2)[4:-2].decode()
    raise AssertionError(f"unexpected reply {line!r}")


class Events(threading.Thread):
    """Collects what a sentinel publishes."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.pubsub = redis.Redis(port=port, decode_responses=True).pubsub()
        self.pubsub.psubscribe("*")
        self.seen = []
        self.start()

    def run(self):
        try:
            for message in self.pubsub.listen():
                if message["type"] == "pmessage":
                    self.seen.append((message["channel"], message["data"]))
        except (redis.RedisError, OSError, ValueError):
            pass

    def find(self, channel):
        return [data for name, data in self.seen if name == channel]


class Failover(Bed):
    def test_kill_of_the_primary(self):
        self.failover_with(("ours", "ours", "ours"))

    def test_kill_with_two_of_ours_and_one_stock(self):
        self.failover_with(("ours", "ours", "stock"))

    def test_kill_with_one_of_ours_and_two_stock(self):
        self.failover_with(("ours", "stock", "stock"))

    def failover_with(self, kinds):
        servers = self.start_trio()
        sentinels = self.start_sentinels(servers[0], kinds=kinds)
        events = [Events(port) for port in sentinels]
        client = redis.sentinel.Sentinel([("127.0.0.1", p) for p in sentinels], socket_timeout=0.5)
        writer = client.master_for(GROUP)
        writer.set("before", "failover")
        until("both replicas have it", lambda: all(redis.Redis(port=p).get("before") for p in servers[1:]))

        killed = time.monotonic()
        self.servers[servers[0]].kill()
        new = self.agreed_new_primary(sentinels, servers[0])
        print(f"{kinds}: agreed on the new primary {1000 * (time.monotonic() - killed):.0f} ms after the kill")
        self.assertIn(new, servers[1:])
        self.assertEqual(writer.get("before"), b"failover")
        until("the client follows", lambda: writer.set("after", "all"))
        wanted = f"{GROUP} 127.0.0.1 {servers[0]} 127.0.0.1 {new}"
        for port, seen in zip(sentinels, events):
            until(f"+switch-master from {port}", lambda: wanted in seen.find("+switch-master"))

        # Stock sentinels keep their votes across a switch and may at once fail over a second time, away from a
        # healthy primary. So the primary to follow is the one that all name by then.
        def everyone_follows(ports):
            named = {self.address(port) for port in sentinels}
            return len(named) == 1 and all(
                redis.Redis(port=port).info("replication").get("master_port") in named for port in set(ports) - named)
        until("the other replica follows", lambda: everyone_follows(servers[1:]), 30)
        self.start_server(servers[0])
        until("the old primary comes back as replica", lambda: everyone_follows(servers), 30)
        for port in sentinels:
            until(f"sentinel {port} sees all healthy", lambda: self.healthy(port, 2), 30)

    def healthy(self, port, replicas):
        slaves = raw_command(port, "SENTINEL", "REPLICAS", GROUP)
        flags = [dict(zip(s[0::2], s[1::2]))["flags"] for s in slaves]
        return flags == ["slave"] * replicas and self.master(port)["flags"] == "master"

    def test_hang_of_the_primary_and_its_return(self):
        servers = self.start_trio()
        sentinels = self.start_sentinels(servers[0])
        self.servers[servers[0]].kill(signal.SIGSTOP)
        new = self.agreed_new_primary(sentinels, servers[0])
        self.servers[servers[0]].kill(signal.SIGCONT)
        until("the old primary becomes a replica", lambda: redis.Redis(
            port=servers[0], socket_timeout=1).info("replication").get("master_port") == new, 30)

    def test_a_refused_connection_that_the_replicas_confirm_is_a_death(self):
        servers = self.start_trio()
        sentinels = self.start_sentinels(servers[0], down_after=60000)
        self.servers[servers[0]].kill()
        self.assertIn(self.agreed_new_primary(sentinels, servers[0]), servers[1:])

    def test_a_script_for_longer_than_down_after_is_no_death(self):
        self.SERVER = NODE
        servers = self.start_trio()
        sentinels = self.start_sentinels(servers[0], down_after=500)
        events = [Events(port) for port in sentinels]
        caller = redis.Redis(port=servers[0], socket_timeout=30)
        script = "local t = redis.call('TIME')[1] + 3 while redis.call('TIME')[1] + 0 < t do end return 'done'"
        answers = []
        thread = threading.Thread(target=lambda: answers.append(caller.execute_command("EVAL", script, 0)))
        thread.start()
        for port in sentinels:
            until("it says that it is busy", lambda: "redisha-busy-time" in dict(self.raw_master(port)))
        thread.join()
        self.assertEqual(answers, [b"done"])
        for port in sentinels:
            until("it is no longer busy", lambda: "redisha-busy-time" not in dict(self.raw_master(port)))
        self.assertEqual([seen.find("+sdown") for seen in events], [[], [], []])
        self.assertEqual({self.address(port) for port in sentinels}, {servers[0]})

    @staticmethod
    def raw_master(port):
        fields = raw_command(port, "SENTINEL", "MASTER", GROUP)
        return zip(fields[0::2], fields[1::2])

    def test_failover_on_demand(self):
        servers = self.start_trio()
        sentinels = self.start_sentinels(servers[0])
        events = Events(sentinels[1])
        self.assertTrue(self.sentinel(sentinels[1]).execute_command("SENTINEL FAILOVER", GROUP))
        self.assertIn("INPROG", str(raw_command(sentinels[1], "SENTINEL", "FAILOVER", GROUP)))
        new = self.agreed_new_primary(sentinels, servers[0])
        until("+switch-master", lambda: events.find("+switch-master"))
        until("the old primary follows", lambda: redis.Redis(
            port=servers[0]).info("replication").get("master_port") == new, 30)

    def test_no_majority_no_failover(self):
        servers = self.start_trio()
        sentinels = self.start_sentinels(servers[0])
        for port in sentinels[1:]:
            self.sentinels[port].kill()
        self.servers[servers[0]].kill()
        until("sdown", lambda: "s_down" in self.master(sentinels[0])["flags"])
        time.sleep(3)
        self.assertEqual(self.address(sentinels[0]), servers[0])
        self.assertIn("NOQUORUM", str(raw_command(sentinels[0], "SENTINEL", "CKQUORUM", GROUP)))

    def test_passwords(self):
        secret = ("--requirepass", "secret", "--masterauth", "secret")
        primary = self.port()
        self.servers[primary] = self.start(["redis-server", "--port", str(primary), "--save", "", "--dir", self.folder,
                                            *secret], f"server-{primary}")
        until("primary answers", redis.Redis(port=primary, password="secret").ping)
        replica = self.port()
        self.servers[replica] = self.start(
            ["redis-server", "--port", str(replica), "--save", "", "--dir", self.folder, "--replicaof", "127.0.0.1",
             str(primary), *secret], f"server-{replica}")
        until("replica in sync", lambda: redis.Redis(port=replica, password="secret").info(
            "replication")["master_link_status"] == "up")
        port = self.start_sentinel(primary, quorum=1, lines=[f"sentinel auth-pass {GROUP} secret"])
        until("replica found", lambda: self.knows(port, 1, 0))
        self.servers[primary].kill()
        until("failed over", lambda: self.address(port) == replica)

    # docs/security-model.md names the same.
    SENTINELS_RIGHTS = ("&* -@all +multi +exec +slaveof +replicaof +ping +subscribe +config|rewrite +role +publish +info +client|setname "
                        "+client|kill +failover +client|pause +client|unpause")

    def least_rights(self, stock):
        """Nodes where the default user is off and everybody may do what he must."""
        server = os.path.join(BIN, "redisha-node")
        users = ["user default off", "user app on >a ~* &* +@all -@dangerous", f"user sentinel on >s {self.SENTINELS_RIGHTS}",
                 "user replica on >r +psync +replconf +ping", "masteruser replica", "masterauth r"]

        def app(port):
            return redis.Redis(port=port, username="app", password="a", socket_timeout=1)
        ports = [self.port(), self.port()]
        for port in ports:
            path = os.path.join(self.folder, f"server-{port}.conf")
            with open(path, "w", encoding="utf-8") as conf:
                conf.write("\n".join([f"port {port}", "bind 127.0.0.1", 'save ""', f"dir {self.folder}", "repl-diskless-sync-delay 0",
                                      *users, ""]))
                if port != ports[0]:
                    conf.write(f"replicaof 127.0.0.1 {ports[0]}\n")
            self.servers[port] = self.start([server, path], f"server-{port}")
        until("the replica follows", lambda: app(ports[0]).set("k", "v") and app(ports[1]).get("k") == b"v")
        self.assertRaises(redis.AuthenticationError, redis.Redis(port=ports[0]).get, "k")
        sentinel = self.start_sentinel(ports[0], quorum=1, stock=stock, lines=[f"sentinel auth-user {GROUP} sentinel",
                                                                               f"sentinel auth-pass {GROUP} s"])
        until("replica found", lambda: self.knows(sentinel, 1, 0))
        until("it is healthy", lambda: self.healthy(sentinel, 1))
        self.servers[ports[0]].kill()
        until("failed over", lambda: self.address(sentinel) == ports[1])
        until("it takes writes", lambda: app(ports[1]).set("k", "w"))
        if not stock:
            self.servers[ports[0]] = self.start([server, os.path.join(self.folder, f"server-{ports[0]}.conf")], "again")
            until("the old primary follows", lambda: app(ports[0]).get("k") == b"w", 30)
        denied = redis.Redis(port=ports[1], username="sentinel", password="s")
        self.assertRaises(redis.exceptions.NoPermissionError, denied.get, "k")

    def test_users_with_the_least_rights_at_nodes(self):
        self.least_rights(stock=False)

    def test_users_with_the_least_rights_at_nodes_for_a_stock_sentinel(self):
        self.least_rights(stock=True)

    @staticmethod
    def usable(client):
        try:
            return client.execute_command("SENTINEL", "CKQUORUM", GROUP)
        except redis.RedisError as error:
            return str(error)

    def test_the_own_password_opens_the_peers_as_in_redis(self):
        primary = self.start_server()
        ports = [self.port() for _ in range(2)]
        for port, stock in zip(ports, (False, True)):
            with open(self.config_of(port), "w", encoding="utf-8") as conf:
                conf.write(f"port {port}\nbind 127.0.0.1\ndir {self.folder}\nrequirepass secret\n"
                           f"sentinel monitor {GROUP} 127.0.0.1 {primary} 2\nsentinel down-after-milliseconds {GROUP} 1000\n")
            self.start(["redis-server", self.config_of(port), "--sentinel"] if stock else [SENTINEL, self.config_of(port)],
                       f"sentinel-{port}")
        for port in ports:
            client = redis.Redis(port=port, password="secret", decode_responses=True)
            until(f"{port} counts both", lambda: self.usable(client).startswith("OK 2 usable"))

    def test_a_primary_named_by_a_host_name_is_told_by_its_address(self):
        primary = self.start_server()
        port = self.port()
        with open(self.config_of(port), "w", encoding="utf-8") as conf:
            conf.write(f"port {port}\nbind 127.0.0.1\ndir {self.folder}\nsentinel resolve-hostnames yes\n"
                       f"sentinel monitor {GROUP} localhost {primary} 1\n")
        self.start_sentinel(primary, port=port)
        until("it is looked up", lambda: self.sentinel(port).sentinel_get_master_addr_by_name(GROUP)[0] in
              ("127.0.0.1", "::1"))


class State(Bed):
    def test_votes_and_topology_survive_a_restart(self):
        servers = self.start_trio()
        sentinels = self.start_sentinels(servers[0])
        myid = raw_command(sentinels[0], "SENTINEL", "MYID")
        self.servers[servers[0]].kill()
        new = self.agreed_new_primary(sentinels, servers[0])
        epoch = self.master(sentinels[0])["config-epoch"]
        self.assertGreaterEqual(epoch, 1)
        reply = raw_command(sentinels[0], "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", str(new), "50", "a" * 40)
        self.assertEqual(reply[1:], ["a" * 40, 50])
        self.sentinels[sentinels[0]].kill()
        with open(self.config_of(sentinels[0])) as conf:
            text = conf.read()
        self.assertIn(f"sentinel leader-epoch {GROUP} 50\n", text)
        self.assertIn("sentinel current-epoch 50\n", text)
        self.assertEqual(text.count("sentinel monitor"), 1)
        self.start_sentinel(servers[0], port=sentinels[0])
        self.assertEqual(raw_command(sentinels[0], "SENTINEL", "MYID"), myid)
        self.assertEqual(self.address(sentinels[0]), new)
        self.assertEqual(self.master(sentinels[0])["num-other-sentinels"], 2)
        reply = raw_command(sentinels[0], "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", str(new), "50", "b" * 40)
        self.assertNotEqual(reply[1:], ["b" * 40, 50], "voted twice in one epoch")

    def test_stock_sentinel_takes_over_our_file(self):
        servers = self.start_trio()
        sentinels = self.start_sentinels(servers[0])
        self.sentinels[sentinels[0]].kill(signal.SIGTERM)
        self.start_sentinel(servers[0], port=sentinels[0], stock=True)
        self.assertEqual(self.address(sentinels[0]), servers[0])
        self.assertTrue(self.knows(sentinels[0], 2, 2))

    def test_settings_made_by_commands_are_kept(self):
        servers = self.start_trio()
        port = self.start_sentinel(servers[0], quorum=1)
        self.assertEqual(raw_command(port, "SENTINEL", "SET", GROUP, "down-after-milliseconds", "2500"), "OK")
        self.assertEqual(raw_command(port, "SENTINEL", "MONITOR", "second", "127.0.0.1", str(servers[0]), "1"), "OK")
        self.assertIn("Duplicate", str(raw_command(port, "SENTINEL", "MONITOR", "second", "127.0.0.1", "1", "1")))
        for _ in range(2):
            self.sentinels[port].kill()
            self.start_sentinel(servers[0], port=port)
        self.assertEqual(self.master(port)["down-after-milliseconds"], 2500)
        self.assertEqual(raw_command(port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "second")[1], str(servers[0]))
        self.assertEqual(raw_command(port, "SENTINEL", "REMOVE", "second"), "OK")
        self.assertIsNone(raw_command(port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "second"))


    def test_the_service_manager_is_told_when_it_is_ready_and_when_it_ends(self):
        primary, port = self.start_server(), self.port()
        path = os.path.join(self.folder, "notify")
        with open(self.config_of(port), "w", encoding="utf-8") as conf:
            conf.write(f"port {port}\nbind 127.0.0.1\ndir {self.folder}\nsupervised systemd\n"
                       f"sentinel monitor {GROUP} 127.0.0.1 {primary} 1\n")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(20)
            os.environ["NOTIFY_SOCKET"] = path
            self.addCleanup(os.environ.pop, "NOTIFY_SOCKET")
            self.start_sentinel(primary, port=port)
            self.assertIn(b"READY=1\n", manager.recv(1000))
            self.sentinels[port].kill(signal.SIGTERM)
            self.assertEqual(manager.recv(1000), b"STOPPING=1\n")


class BadInput(Bed):
    def refused(self, text, *args):
        path = os.path.join(self.folder, "bad.conf")
        with open(path, "w") as conf:
            conf.write(text)
        done = subprocess.run([SENTINEL, path, *args], capture_output=True, text=True, timeout=20, cwd=self.folder)
        self.assertEqual(done.returncode, 1, done)
        lines = [l for l in done.stderr.splitlines() if l.startswith("redisha-sentinel: ")]
        self.assertEqual(len(lines), 1, done.stderr)
        return lines[0]

    def log_of(self, port):
        with open(os.path.join(self.folder, f"sentinel-{port}.log"), encoding="utf-8") as log:
            return log.read()

    def test_why_a_server_cannot_be_used_is_told(self):
        primary = self.start_server()
        redis.Redis(port=primary).execute_command("ACL", "SETUSER", "few", "on", ">secret", "+ping", "+client")
        redis.Redis(port=primary).execute_command("ACL", "SETUSER", "default", "resetpass", ">other")
        port = self.start_sentinel(primary, lines=[f"sentinel auth-pass {GROUP} wrong"])
        error = until("it says so", lambda: dict(Failover.raw_master(port)).get("redisha-link-error"))
        self.assertIn("WRONGPASS", error)
        self.assertIn(f"no connection to node 127.0.0.1:{primary}: {error}", self.log_of(port))
        self.sentinel(port).execute_command("SENTINEL", "SET", GROUP, "auth-user", "few", "auth-pass", "secret")
        until("it has too few rights", lambda: "INFO may not be sent" in self.log_of(port))
        self.assertNotIn("redisha-link-error", dict(Failover.raw_master(port)))

    def test_a_sentinel_in_the_place_of_a_server_is_told(self):
        other = self.start_sentinel(self.start_server())
        port = self.start_sentinel(other)
        until("it says so", lambda: f"127.0.0.1:{other} is a Sentinel" in self.log_of(port))

    def test_two_sentinels_with_one_id_are_told(self):
        primary = self.start_server()
        lines = ["sentinel myid " + "ab" * 20]
        ports = [self.start_sentinel(primary, lines=lines) for _ in range(2)]
        for port in ports:
            until("it says so", lambda: "has the id of this one" in self.log_of(port))

    def test_bad_files_end_in_one_clear_line(self):
        self.assertIn("line 2: 'prot 1': unknown directive", self.refused("# x\nprot 1\n"))
        self.assertIn("is not a port", self.refused("port x\n"))
        self.assertIn("unbalanced quotes", self.refused('bind "x\n'))
        self.assertIn("No such master", self.refused("sentinel parallel-syncs nobody 1\n"))
        self.assertIn("Quorum must be", self.refused("sentinel monitor a 127.0.0.1 1 0\n"))
        self.assertIn("belong together", self.refused("redisha-group a 2\n"))
        missing = subprocess.run([SENTINEL, "/nonexistent.conf"], capture_output=True, text=True)
        self.assertEqual((missing.returncode, missing.stderr),
                         (1, "redisha-sentinel: open /nonexistent.conf: no such file\n"))

    def test_taken_port(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            line = self.refused(f"port {port}\nbind 127.0.0.1\n")
            self.assertIn(f"127.0.0.1:{port}", line)
            self.assertIn("in use", line)

    def test_state_that_cannot_be_kept(self):
        key = os.path.join(self.folder, "peer-key")
        with open(key, "w") as file:
            file.write("0123456789abcdef" * 2 + "\n")
        text = (f"port {self.port()}\nbind 127.0.0.1\nredisha-group g 1\nredisha-member a 127.0.0.1\nself a\n"
                f"redisha-cluster-uid u\nredisha-peer-key-file {key}\nredisha-state-file {{}}\n")
        self.assertIn("redisha-peer-key-file is missing", self.refused(
            text.replace(f"redisha-peer-key-file {key}\n", "").format("s")))
        self.assertIn("cannot be written", self.refused(text.format("/nonexistent/sentinel.state")))
        broken = os.path.join(self.folder, "broken.state")
        with open(broken, "w") as state:
            state.write("sentinel myid " + "a" * 40 + "\n")
        self.assertIn("damaged", self.refused(text.format(broken)))

    def test_garbage_on_the_port(self):
        servers = self.start_trio()
        port = self.start_sentinel(servers[0], quorum=1)
        for garbage in (b"\x00\x01\x02\r\n", b"*1\r\n$-2\r\n", b"*9223372036854775807\r\n", b"*1\r\n$600000000\r\n",
                        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"*2\r\n$8\r\nSENTINEL", b"x" * 200000, b"*-5\r\n",
                        b"*3\r\n$7\r\nPUBLISH\r\n$18\r\n__sentinel__:hello\r\n$3\r\na,b\r\n"):
            with socket.create_connection(("127.0.0.1", port), 3) as connection:
                connection.sendall(garbage)
                connection.settimeout(0.2)
                try:
                    connection.recv(65536)
                except (socket.timeout, ConnectionError):
                    pass
        self.assertEqual(self.address(port), servers[0])
        self.assertEqual(self.master(port)["flags"], "master")

    def test_help_and_version(self):
        for flag in ("--help", "-h", "--version", "-v"):
            done = subprocess.run([SENTINEL, flag], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0)
            self.assertIn("redisha-sentinel", done.stdout)


if __name__ == "__main__":
    unittest.main()
