"""DUMP, RESTORE and MIGRATE of redisha-node, with redis-server 7.0.15 on the other side where that is installed."""
import os
import random
import shutil
import socket
import unittest

from tests.support import wire
from tests.support.node_case import NodeCase
from tests.support.server import free_port

STOCK = shutil.which("redis-server")
REPLY_S = 10


def request(*words):
    return wire.encode([word if isinstance(word, bytes) else str(word).encode() for word in words])


def values():
    """{key: commands that make it}: every type in every encoding that Redis 7.0 has for it."""
    chance = random.Random(1)
    noise = chance.randbytes(100_000)
    many = [b"member:%d" % i for i in range(1000)]
    made = {}
    for name, text in {"empty": b"", "int8": b"-7", "int16": b"300", "int32": b"-70000", "int64": b"1234567890123", "zeros": b"007",
                       "embstr": b"hello", "repeats": b"ab" * 5000, "noise": noise}.items():
        made[name] = [("SET", name, text)]
    made["list"] = [("RPUSH", "list", "a", "-1", "70000", "9999999999", "x" * 100)]
    made["list:nodes"] = [("RPUSH", "list:nodes", *many)]
    made["list:large"] = [("RPUSH", "list:large", "a", noise[:20_000], "b" * 20_000)]
    for bits in (15, 31, 62):
        made[f"set:int{bits}"] = [("SADD", f"set:int{bits}", *range(10), 2 ** bits, -2 ** bits)]
    made["set:table"] = [("SADD", "set:table", *many)]
    made["zset"] = [("ZADD", "zset", 1, "a", 2.5, "b", "-inf", "c", "1e300", "d", -3, "e")]
    made["zset:tree"] = [("ZADD", "zset:tree", *(word for i, member in enumerate(many) for word in (i / 7, member)))]
    made["hash"] = [("HSET", "hash", "f", "v", "n", 12345, "long", "x" * 60)]
    made["hash:table"] = [("HSET", "hash:table", *(word for member in many for word in (member, member * 3)))]
    made["stream"] = [("XADD", "stream", f"{i // 3}-{i % 3 + 1}", "field", i, "other" if i % 5 else "odd", "v") for i in range(500)]
    made["stream"] += [("XDEL", "stream", "7-1", "100-2"), ("XGROUP", "CREATE", "stream", "g", 0), ("XGROUP", "CREATE", "stream", "idle", "$"),
                       ("XREADGROUP", "GROUP", "g", "c1", "COUNT", 20, "STREAMS", "stream", ">"),
                       ("XREADGROUP", "GROUP", "g", "c2", "COUNT", 5, "STREAMS", "stream", ">"), ("XACK", "stream", "g", "0-1", "1-1")]
    made["stream:empty"] = [("XGROUP", "CREATE", "stream:empty", "g", "$", "MKSTREAM")]
    return made


class DumpInteropTest(NodeCase):
    @unittest.skipUnless(STOCK, "redis-server is not installed")
    def test_what_one_server_dumps_the_other_restores_and_the_same_comes_back(self):
        ours = self.start("--enable-debug-command", "yes")
        stock = self.start("--enable-debug-command", "yes", program=STOCK)
        for compress in ("yes", "no"):
            for server in (ours, stock):
                server.control.command("CONFIG", "SET", "rdbcompression", compress)
            for source, target in ((ours, stock), (stock, ours)):
                for key, commands in values().items():
                    source.control.command("FLUSHALL")
                    for words in commands:
                        source.control.command(*words)
                    payload = source.control.command("DUMP", key)
                    self.assertEqual(target.control.command("RESTORE", "k", 0, payload, "REPLACE"), ("+", b"OK"), key)
                    self.assertEqual(target.control.command("DEBUG", "DIGEST-VALUE", "k"),
                                     source.control.command("DEBUG", "DIGEST-VALUE", key), key)
                    again = target.control.command("DUMP", "k")
                    self.assertEqual(source.control.command("RESTORE", "k", 0, again, "REPLACE"), ("+", b"OK"), key)
                    self.assertEqual(source.control.command("DEBUG", "DIGEST-VALUE", "k"),
                                     source.control.command("DEBUG", "DIGEST-VALUE", key), key)


class Target:
    """A server of a test's own: takes one connection, shows what it is sent, and answers what it is told to."""

    def __init__(self, case):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(REPLY_S)
        case.addCleanup(self.listener.close)
        self.case = case
        self.port = self.listener.getsockname()[1]

    def expect(self, *words, answers=(b"+OK",)):
        """What is sent, until all words are there; SELECT, which comes first, is given `answers`."""
        connection, _ = self.listener.accept()
        self.case.addCleanup(connection.close)
        connection.settimeout(REPLY_S)
        self.connection = connection
        seen = b""
        while not all(word in seen for word in words):
            more = connection.recv(1 << 16)
            self.case.assertTrue(more, f"the connection ended after {seen}")
            seen += more
            if answers and request("SELECT", 0) in seen:
                self.answer(*answers)
                answers = ()
        return seen

    def answer(self, *lines):
        self.connection.sendall(b"".join(line + b"\r\n" for line in lines))


class MigrateTest(NodeCase):
    def migrating(self, node, *words):
        """A client that has asked for it and waits."""
        client = node.connect()
        self.addCleanup(client.close)
        client.send(request("MIGRATE", "127.0.0.1", *words))
        return client

    def test_keys_move_with_their_time_to_live_to_either_server(self):
        programs = [{}] + ([{"program": STOCK}] if STOCK else [])
        for other in programs:
            ports = free_port(), free_port()
            node = self.start("--port", str(ports[0]))
            target = self.start("--port", str(ports[1]), **other)
            for source, to, port in ((node, target, ports[1]), (target, node, ports[0])):
                source.control.command("SET", "a", "1", "PX", 100000)
                source.control.command("RPUSH", "b", "x", "y")
                self.assertEqual(source.control.command("MIGRATE", "127.0.0.1", port, "", 3, 5000, "REPLACE", "KEYS", "a", "none", "b"), ("+", b"OK"))
                self.assertEqual(source.control.command("EXISTS", "a", "b"), 0)
                to.control.command("SELECT", 3)
                self.assertEqual(to.control.command("GET", "a"), b"1")
                self.assertGreater(to.control.command("PTTL", "a"), 50000)
                self.assertEqual(to.control.command("LRANGE", "b", 0, -1), [b"x", b"y"])
                to.control.command("SELECT", 0)
            self.assertEqual(self.info(node, "migrate_cached_sockets"), "1")
            self.assertEqual(node.control.command("MIGRATE", "127.0.0.1", ports[1], "none", 0, 5000), ("+", b"NOKEY"))

    def test_errors_of_the_target_are_told_and_only_what_it_took_goes(self):
        port = free_port()
        node, target = self.start(), self.start("--port", str(port))
        node.control.command("MSET", "a", "1", "b", "2", "c", "3")
        target.control.command("SET", "b", "other")
        self.assertEqual(node.control.command("MIGRATE", "127.0.0.1", port, "", 0, 5000, "KEYS", "a", "b", "c"),
                         ("-", b"ERR Target instance replied with error: BUSYKEY Target key name already exists."))
        self.assertEqual(node.control.command("KEYS", "*"), [b"b"])
        self.assertEqual(node.control.command("MIGRATE", "127.0.0.1", port, "b", 0, 5000, "COPY", "REPLACE"), ("+", b"OK"))
        self.assertEqual((node.control.command("GET", "b"), target.control.command("GET", "b")), (b"2", b"2"))
        self.assertEqual(node.control.command("MIGRATE", "127.0.0.1", port, "b", 99, 5000)[0], "-")
        self.assertEqual(node.control.command("MIGRATE", "127.0.0.1", free_port(), "b", 0, 5000),
                         ("-", b"IOERR error or timeout connecting to the client"))
        target.restart()  # the kept connection has gone: a new one is made
        self.assertEqual(node.control.command("MIGRATE", "127.0.0.1", port, "b", 0, 5000), ("+", b"OK"))

    def test_others_are_served_while_the_target_is_silent(self):
        node, target = self.start(), Target(self)
        node.control.command("SET", "k", "v")
        client = self.migrating(node, target.port, "k", 0, 300)
        self.assertIn(b"$1\r\nk\r\n", target.expect(b"SELECT", b"RESTORE", b"\x00\x01v"))
        self.assertEqual(node.control.command("GET", "k"), b"v")
        self.assertEqual(self.info(node, "blocked_clients"), "1")
        self.assertEqual(client.read(), ("-", b"IOERR error or timeout reading to target instance"))
        self.assertEqual(node.control.command("GET", "k"), b"v")

    def test_a_key_that_changes_on_its_way_stays(self):
        node, target = self.start(), Target(self)
        node.control.command("MSET", "changed", "old", "gone", "v", "same", "v")
        client = self.migrating(node, target.port, "", 0, 5000, "KEYS", "changed", "gone", "same")
        target.expect(b"changed", b"gone", b"same")
        node.control.command("APPEND", "changed", "!")
        node.control.command("DEL", "gone")
        target.answer(b"+OK", b"+OK", b"+OK")
        self.assertEqual(client.read(), ("-", b"ERR A key has changed while it was being copied, and was kept: the target has its older value"))
        self.assertEqual(node.control.command("MGET", "changed", "gone", "same"), [b"old!", None, None])

    def test_a_stream_whose_groups_change_on_its_way_stays(self):
        node = self.start()
        run = node.control.command
        for change in (("XACK", "s", "g", "1-1"), ("XGROUP", "CREATE", "s", "h", "$"), ("XGROUP", "DESTROY", "s", "g"),
                       ("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")):
            with self.subTest(change):
                target = Target(self)
                run("DEL", "s")
                run("XADD", "s", "1-1", "a", "b")
                run("XGROUP", "CREATE", "s", "g", "0")
                run("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")
                run("XADD", "s", "1-2", "a", "b")
                client = self.migrating(node, target.port, "s", 0, 5000)
                target.expect(b"RESTORE", b"s")
                run(*change)
                target.answer(b"+OK")
                self.assertIn(b"was kept", client.read()[1])
                self.assertEqual(run("EXISTS", "s"), 1)

    def test_who_was_unblocked_is_not_told_what_became_of_an_earlier_move(self):
        node, first, second = self.start(), Target(self), Target(self)
        run = node.control.command
        run("MSET", "k1", "v1", "k2", "v2")
        client = self.migrating(node, first.port, "k1", 0, 5000)
        first.expect(b"k1")
        identity = next(line for line in run("CLIENT", "LIST").decode().splitlines() if "cmd=migrate" in line)
        run("CLIENT", "UNBLOCK", identity.split()[0][3:], "ERROR")
        self.assertIn(b"UNBLOCKED", client.read()[1])
        client.send(request("MIGRATE", "127.0.0.1", second.port, "k2", 0, 5000))
        second.expect(b"k2")
        first.answer(b"+OK")
        self.wait_for("the first has gone", lambda: run("EXISTS", "k1") == 0)
        second.answer(b"-ERR full")
        self.assertIn(b"ERR full", client.read()[1])
        self.assertEqual(run("GET", "k2"), b"v2")

    def test_values_under_way_are_bounded(self):
        node, slow, other = self.start(), Target(self), Target(self)
        run = node.control.command
        for key in ("a", "b"):
            run("SET", key, os.urandom(40_000_000))
        client = self.migrating(node, slow.port, "a", 0, 5000)
        self.wait_for("it waits", lambda: self.info(node, "blocked_clients") == "1")
        self.assertIn(b"under way", self.migrating(node, other.port, "b", 0, 5000).read()[1])
        client.close()

    def test_what_was_acknowledged_goes_even_if_the_client_has_gone(self):
        port = free_port()
        node, target = self.start("--port", str(port)), Target(self)
        replica = self.start("--replicaof", f"127.0.0.1 {port}")
        self.wait_for("the replica", lambda: self.info(replica, "master_link_status") == "up")
        node.control.command("SET", "k", "v")
        self.wait_for("the key", lambda: replica.control.command("EXISTS", "k") == 1)
        client = self.migrating(node, target.port, "k", 0, 5000)
        target.expect(b"\x00\x01v")
        client.close()
        self.wait_for("its end", lambda: self.info(node, "blocked_clients") == "0")
        target.answer(b"+OK")
        self.wait_for("the key to go", lambda: node.control.command("EXISTS", "k") == 0)
        self.wait_for("the replica to hear of it", lambda: replica.control.command("EXISTS", "k") == 0)

    def test_a_node_whose_writes_are_held_back_deletes_nothing(self):
        node, target = self.start(), Target(self)
        node.control.command("SET", "k", "v")
        client = self.migrating(node, target.port, "k", 0, 5000)
        target.expect(b"\x00\x01v")
        node.control.command("CLIENT", "PAUSE", 60000, "WRITE")
        target.answer(b"+OK")
        self.assertIn(b"its writes are held back", client.read()[1])
        self.assertEqual(node.control.command("GET", "k"), b"v")

    def test_passwords_are_sent_and_not_shown(self):
        node, target = self.start("--slowlog-log-slower-than", "0"), Target(self)
        node.control.command("SET", "k", "v")
        monitor = node.connect()
        self.addCleanup(monitor.close)
        self.assertEqual(monitor.command("MONITOR"), ("+", b"OK"))
        client = self.migrating(node, target.port, "k", 0, 5000, "AUTH2", "someone", "s3cret")
        self.assertEqual(request("AUTH", "someone", "s3cret") + request("SELECT", 0), target.expect(b"SELECT", answers=(b"-WRONGPASS no", b"+OK")))
        self.assertEqual(client.read(), ("-", b"ERR Target instance replied with error: WRONGPASS no"))
        self.assertEqual(node.control.command("EXISTS", "k"), 1)
        shown = monitor.read()
        self.assertIn(b'"AUTH2" "(redacted)" "(redacted)"', shown[1])
        slow = repr(node.control.command("SLOWLOG", "GET", 10))
        self.assertIn("MIGRATE", slow)
        self.assertNotIn("s3cret", slow + repr(shown))

    def test_nothing_arrives_in_a_database_or_by_a_user_that_was_refused(self):
        port = free_port()
        node, target = self.start(), self.start("--port", str(port))
        target.control.command("CONFIG", "SET", "requirepass", "pw")
        node.control.command("MSET", "a", "mine", "b", "mine", "c", "mine")
        theirs = target.connect()
        self.addCleanup(theirs.close)
        theirs.command("AUTH", "pw")
        theirs.command("SET", "b", "precious")
        refused = b"ERR Target instance replied with error: "
        self.assertEqual(node.control.command("MIGRATE", "127.0.0.1", port, "b", 99, 5000, "REPLACE", "AUTH", "pw"),
                         ("-", refused + b"ERR DB index is out of range"))
        self.assertEqual(theirs.command("GET", "b"), b"precious")
        self.assertEqual(node.control.command("MIGRATE", "127.0.0.1", port, "a", 0, 5000, "AUTH", "pw"), ("+", b"OK"))
        # The connection that is kept is nobody else's.
        self.assertIn(b"NOAUTH", node.control.command("MIGRATE", "127.0.0.1", port, "c", 0, 5000)[1])
        self.assertIn(b"WRONGPASS", node.control.command("MIGRATE", "127.0.0.1", port, "c", 0, 5000, "AUTH", "bad")[1])
        self.assertEqual(theirs.command("EXISTS", "c"), 0)
        self.assertEqual(node.control.command("MIGRATE", "127.0.0.1", port, "c", 0, 5000, "AUTH", "pw"), ("+", b"OK"))

    def test_a_password_that_holds_no_more_is_refused_though_a_connection_is_kept(self):
        port = free_port()
        node, target = self.start(), self.start("--port", str(port))
        target.control.command("CONFIG", "SET", "requirepass", "pw")
        node.control.command("MSET", "a", "1", "b", "2")
        self.assertEqual(node.control.command("MIGRATE", "127.0.0.1", port, "a", 0, 5000, "AUTH", "pw"), ("+", b"OK"))
        target.control.command("AUTH", "pw")
        target.control.command("CONFIG", "SET", "requirepass", "other")
        self.assertIn(b"WRONGPASS", node.control.command("MIGRATE", "127.0.0.1", port, "b", 0, 5000, "AUTH", "pw")[1])
        self.assertEqual(node.control.command("EXISTS", "b"), 1)

    def test_a_transaction_does_not_wait_for_another_server(self):
        node = self.start()
        node.control.command("SET", "k", "v")
        for words in (("MULTI",), ("MIGRATE", "127.0.0.1", free_port(), "k", 0, 1000)):
            node.control.command(*words)
        self.assertIn(b"part of no transaction", node.control.command("EXEC")[0][1])


if __name__ == "__main__":
    unittest.main()
