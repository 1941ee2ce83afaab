"""What redisha-node holds for those who do not read: bounded, counted, given back as it is sent."""
import os
import re
import select
import signal
import socket
import sys
import time
import unittest

from tests.support import wire
from tests.support.server import Server, free_port

BIN = os.path.join(os.environ.get("RHA_BIN_DIR", "build/dev/bin"), "redisha-node")
PATIENCE_S = 20
MB = 1 << 20


def until(condition, what):
    deadline = time.time() + PATIENCE_S
    while not condition():
        if time.time() > deadline:
            raise AssertionError("waited in vain: " + what)
        time.sleep(0.01)


class OutputTest(unittest.TestCase):
    def start(self, *options):
        server = Server("ours", BIN, list(options))
        server.start()
        self.addCleanup(server.remove)
        self.addCleanup(server.end)
        return server

    def start_with_password(self):
        server = self.start()
        server.control.command(b"CONFIG", b"SET", b"requirepass", b"secret")
        return server, server.control

    def client(self, server):
        client = server.connect()
        self.addCleanup(client.close)
        return client

    def raw(self, server):
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(PATIENCE_S)
        link.connect(server.socket_path)
        self.addCleanup(link.close)
        return link

    @staticmethod
    def memory(client, field=b"used_memory"):
        return int(re.search(rb"\r\n" + field + rb":(\d+)", client.command(b"INFO")).group(1))

    @staticmethod
    def fields(client, name):
        for line in client.command(b"CLIENT", b"LIST").splitlines():
            fields = dict(word.split(b"=", 1) for word in line.split())
            if fields[b"name"] == name:
                return fields
        return None

    def read_exactly(self, link, count):
        while count > 0:
            got = len(link.recv(min(count, MB)))
            self.assertGreater(got, 0, "the stream ended")
            count -= got

    def test_a_subscriber_that_is_always_behind_costs_what_it_is_behind(self):
        server = self.start()
        publisher, slow = self.client(server), self.raw(server)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(wire.encode([b"SUBSCRIBE", b"c"]))
        self.read_exactly(slow, len(b"*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"))
        payload = b"x" * (100 << 10)
        message = len(b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$102400\r\n\r\n") + len(payload)
        before, behind = self.memory(publisher), 0
        for _ in range(1000):
            self.assertEqual(publisher.command(b"PUBLISH", b"c", payload), 1)
            behind += message
            if behind > 4 * MB:
                self.read_exactly(slow, message)
                behind -= message
        self.assertLess(self.memory(publisher) - before, 8 * MB)
        self.read_exactly(slow, behind)
        until(lambda: self.memory(publisher) - before < MB, "memory comes back")

    def test_what_a_reader_is_owed_is_shown(self):
        server = self.start()
        client, slow = self.client(server), self.raw(server)
        client.command(b"SET", b"k", b"v" * MB)
        slow.sendall(wire.encode([b"CLIENT", b"SETNAME", b"slow"]) + 20 * wire.encode([b"GET", b"k"]))
        until(lambda: self.fields(client, b"slow") and int(self.fields(client, b"slow")[b"omem"]) > 10 * MB, "output")
        slow_one = self.fields(client, b"slow")
        self.assertGreater(int(slow_one[b"oll"]), 100)
        self.assertGreaterEqual(int(slow_one[b"tot-mem"]), int(slow_one[b"omem"]))
        self.assertGreater(self.memory(client, b"client_recent_max_output_buffer"), 10 * MB)
        self.assertGreater(self.memory(client, b"mem_clients_normal"), 10 * MB)
        self.read_exactly(slow, len(b"+OK\r\n") + 20 * len(b"$1048576\r\n\r\n") + 20 * MB)
        until(lambda: self.fields(client, b"slow")[b"omem"] == b"0", "nothing is owed")

    def owed_to_a_stranger(self, request):
        """Sends without reading until the server ends it; the most memory that was seen."""
        server, client = self.start_with_password()
        stranger = self.raw(server)
        before, most, ended, sent = self.memory(client), 0, False, 0
        stranger.setblocking(False)
        while not ended and sent < 64 * MB:
            _, writable, _ = select.select([], [stranger], [], 0.5)
            if not writable:
                break
            try:
                sent += stranger.send(request)
            except (BrokenPipeError, ConnectionResetError):
                ended = True
            most = max(most, self.memory(client) - before)
        self.assertTrue(ended, f"still connected after {sent} bytes")
        return most

    def test_who_has_not_authenticated_is_owed_little(self):
        self.assertLess(self.owed_to_a_stranger(b"PING\r\n" * 10_000), MB)

    def test_who_has_not_authenticated_sends_little_at_a_time(self):
        # Each word is allowed; ten of them are more than a stranger may make us keep.
        part = b"*10\r\n" + 9 * (b"$16384\r\n" + b"x" * 16384 + b"\r\n")
        self.assertLess(self.owed_to_a_stranger(part), MB)

    def test_a_stranger_that_reads_is_answered_however_much_it_asks(self):
        server, _ = self.start_with_password()
        stranger = self.raw(server)
        requests, reply = 3000, b"-NOAUTH Authentication required.\r\n"
        for _ in range(10):
            stranger.sendall(b"PING\r\n" * requests)
            self.read_exactly(stranger, requests * len(reply))
        stranger.sendall(wire.encode([b"AUTH", b"secret"]) + wire.encode([b"PING"]))
        self.assertEqual(stranger.recv(100), b"+OK\r\n+PONG\r\n")

    def test_a_hard_limit_holds_inside_of_one_command(self):
        server = self.start("--client-output-buffer-limit", "normal", "1mb", "0", "0")
        client, greedy = self.client(server), self.raw(server)
        client.command(b"SET", b"k", b"v" * MB)
        before = self.memory(client)
        greedy.sendall(wire.encode([b"MGET"] + 500 * [b"k"]) + wire.encode([b"PING"]))
        self.assertEqual(greedy.recv(100), b"")
        self.assertLess(self.memory(client, b"used_memory_peak") - before, 8 * MB)

    def test_a_count_that_the_limit_would_end_ends_its_client_and_without_a_limit_is_out_of_range(self):
        server = self.start("--client-output-buffer-limit", "normal", "1mb", "0", "0")
        client = self.client(server)
        client.command(b"HSET", b"h", b"f", b"v")
        client.command(b"SADD", b"s", b"m")
        client.command(b"ZADD", b"z", b"1", b"m")
        draws = ((b"HRANDFIELD", b"h"), (b"SRANDMEMBER", b"s"), (b"ZRANDMEMBER", b"z"))
        before = self.memory(client)
        for name, key in draws:
            for count in (b"-999999999", b"-9223372036854775807", b"-16777216"):
                greedy = self.raw(server)
                greedy.sendall(wire.encode([name, key, count]) + wire.encode([b"PING"]))
                self.assertEqual(greedy.recv(100), b"", (name, count))
            transaction = self.raw(server)
            transaction.sendall(b"".join(wire.encode(words) for words in ([b"MULTI"], [name, key, b"-999999999"], [b"INCR", name], [b"EXEC"])))
            self.assertEqual(transaction.recv(100), b"")
            self.assertEqual(client.command(b"GET", name), b"1")
            mute = self.client(server)
            mute.send(wire.encode([b"CLIENT", b"REPLY", b"OFF"]) + wire.encode([name, key, b"-999999999"]) +
                      wire.encode([b"CLIENT", b"REPLY", b"ON"]))
            self.assertEqual(mute.read(), ("+", b"OK"))
        self.assertLess(self.memory(client, b"used_memory_peak") - before, 8 * MB)
        client.command(b"CONFIG", b"SET", b"client-output-buffer-limit", b"normal 0 0 0")
        for name, key in draws:
            self.assertEqual(client.command(name, key, b"-999999999"), ("-", b"ERR value is out of range"))

    def test_what_is_read_of_a_request_is_not_in_the_query_buffer_any_more(self):
        server = self.start()
        client, slow = self.client(server), self.raw(server)
        slow.sendall(wire.encode([b"CLIENT", b"SETNAME", b"slow"]) + b"*3\r\n$3\r\nSET\r\n$2\r\nab\r\n$1000000\r\n" + b"x" * 40_000)
        until(lambda: (self.fields(client, b"slow") or {}).get(b"qbuf") == b"40000", "its input")
        self.assertEqual(self.fields(client, b"slow")[b"argv-mem"], b"5")

    def test_a_reader_that_was_above_the_soft_limit_and_has_drained_begins_anew(self):
        server = self.start("--client-output-buffer-limit", "normal", "0", "10kb", "1")
        client, reader = self.client(server), self.raw(server)
        client.command(b"SET", b"k", b"v" * 400_000)  # the kernel takes about half of it
        size = len(b"$400000\r\n\r\n") + 400_000
        reader.sendall(wire.encode([b"CLIENT", b"SETNAME", b"reader"]))
        self.read_exactly(reader, len(b"+OK\r\n"))
        started = time.time()
        while time.time() < started + 1.5:
            reader.sendall(wire.encode([b"GET", b"k"]))
            until(lambda: int(self.fields(client, b"reader")[b"omem"]) > (10 << 10), "above the limit")
            self.read_exactly(reader, size)
            until(lambda: self.fields(client, b"reader")[b"omem"] == b"0", "drained")
        reader.sendall(wire.encode([b"GET", b"k"]))
        until(lambda: self.fields(client, b"reader") is None, "above it for a second")

    def test_a_reader_that_is_always_behind_and_was_below_the_soft_limit_begins_anew(self):
        server = self.start("--client-output-buffer-limit", "normal", "0", "1mb", "1")
        client, reader = self.client(server), self.raw(server)
        client.command(b"SET", b"k", b"v" * (2 * MB))
        reader.sendall(wire.encode([b"CLIENT", b"SETNAME", b"reader"]))

        def owed():
            return int(self.fields(client, b"reader")[b"omem"])
        until(lambda: self.fields(client, b"reader") is not None, "it has its name")
        started = time.time()
        while time.time() < started + 1.5:
            reader.sendall(wire.encode([b"GET", b"k"]))
            until(lambda: owed() > MB, "above the limit")
            while owed() >= MB:
                self.read_exactly(reader, 100_000)
            self.assertGreater(owed(), 0)
        reader.sendall(wire.encode([b"GET", b"k"]))
        until(lambda: self.fields(client, b"reader") is None, "above it for a second")

    def test_a_transaction_whose_client_is_cut_off_is_whole_here_and_at_the_replica(self):
        primary = self.start("--port", str(free_port()), "--bind", "127.0.0.1",
                             "--client-output-buffer-limit", "normal", "1mb", "0", "0")
        replica = self.start("--replicaof", "127.0.0.1", primary.options[1])
        client, greedy = self.client(primary), self.raw(primary)
        client.command(b"SET", b"k", b"v" * MB)
        self.assertEqual(client.command(b"WAIT", b"1", b"4000"), 1)
        words = [[b"MULTI"], [b"INCR", b"before"], [b"MGET"] + 50 * [b"k"], [b"INCR", b"after"], [b"EXEC"],
                 [b"INCR", b"never"]]
        greedy.sendall(b"".join(map(wire.encode, words)))
        until(lambda: greedy.recv(1000) == b"", "it is cut off")
        self.assertEqual(client.command(b"MGET", b"before", b"after", b"never"), [b"1", b"1", None])
        client.command(b"SET", b"end", b"1")
        self.assertEqual(client.command(b"WAIT", b"1", b"4000"), 1)
        self.assertEqual(self.client(replica).command(b"MGET", b"before", b"after", b"never"), [b"1", b"1", None])

    def test_where_a_name_is_kept_differs_from_process_to_process(self):
        names, orders = [f"name{n}".encode() for n in range(100)], []
        for _ in range(2):
            server = self.start()
            client, listener = self.client(server), self.raw(server)
            client.command(b"MSET", *[word for name in names for word in (name, b"v")])
            listener.sendall(wire.encode([b"SUBSCRIBE", *names]))
            until(lambda: len(client.command(b"PUBSUB", b"CHANNELS")) == len(names), "all are subscribed to")
            orders.append((client.command(b"KEYS", b"*"), client.command(b"PUBSUB", b"CHANNELS")))
        for first, second in zip(*orders):
            self.assertEqual(sorted(first), sorted(second))
            self.assertNotEqual(first, second)

    def test_a_greedy_pipeline_leaves_others_their_turn(self):
        server = self.start()
        client, greedy = self.client(server), self.raw(server)
        client.command(b"SET", b"k", b"v" * MB)
        before = self.memory(client)
        greedy.sendall(wire.encode([b"GET", b"k"]) * 300)
        greedy.sendall(wire.encode([b"SET", b"end", b"1"]))
        self.assertEqual(client.command(b"PING"), ("+", b"PONG"))
        self.assertLess(self.memory(client) - before, 200 * MB)
        until(lambda: client.command(b"EXISTS", b"end") == 1, "all is executed, read or not")
        self.read_exactly(greedy, 300 * (len(b"$1048576\r\n\r\n") + MB) + len(b"+OK\r\n"))

    def test_input_behind_a_blocked_command_waits_in_the_kernel(self):
        server = self.start()
        client, blocked = self.client(server), self.raw(server)
        before = self.memory(client)
        blocked.sendall(wire.encode([b"CLIENT", b"SETNAME", b"b"]) + wire.encode([b"BLPOP", b"list", b"0"]))
        request, sent = wire.encode([b"SET", b"k", b"x" * 1000]), 0
        blocked.setblocking(False)
        while select.select([], [blocked], [], 0.3)[1] and sent < 64 * MB:
            sent += blocked.send(request * 1000)
        self.assertLess(sent, 64 * MB)
        self.assertLess(self.memory(client) - before, 4 * MB)
        client.command(b"RPUSH", b"list", b"v")
        until(lambda: client.command(b"EXISTS", b"k") == 1, "it goes on")
        blocked.settimeout(PATIENCE_S)
        self.read_exactly(blocked, len(b"+OK\r\n*2\r\n$4\r\nlist\r\n$1\r\nv\r\n") + sent // len(request) * len(b"+OK\r\n"))

    def test_what_comes_behind_a_shutdown_is_not_its_answer(self):
        server = self.start()
        link = self.raw(server)
        link.sendall(wire.encode([b"SHUTDOWN", b"NOSAVE"]) + wire.encode([b"PING"]))
        self.assertEqual(link.recv(100), b"")

    def test_a_shutdown_that_waits_is_answered_when_it_is_called_off(self):
        primary = Server("primary", BIN, ["--port", str(free_port()), "--bind", "127.0.0.1"]).start()
        self.addCleanup(primary.remove)
        replica = self.start("--replicaof", "127.0.0.1", primary.options[1])
        client = self.client(primary)
        client.command(b"SET", b"k", b"v")
        self.assertEqual(client.command(b"WAIT", b"1", b"4000"), 1)
        os.kill(replica.pid, signal.SIGSTOP)
        client.command(b"SET", b"k", b"w")
        link = self.raw(primary)
        link.sendall(wire.encode([b"SHUTDOWN", b"NOSAVE"]) + wire.encode([b"PING"]))
        until(lambda: b"shutdown_in_milliseconds" in client.command(b"INFO", b"server"), "it waits")
        self.assertEqual(client.command(b"CLIENT", b"PAUSE", b"60000", b"WRITE"), ("+", b"OK"))
        self.assertEqual(select.select([link], [], [], 0)[0], [])
        self.assertEqual(client.command(b"SHUTDOWN", b"ABORT"), ("+", b"OK"))
        expected = b"-ERR Errors trying to SHUTDOWN. Check logs.\r\n+PONG\r\n"
        self.assertEqual(link.recv(len(expected), socket.MSG_WAITALL), expected)
        link.sendall(wire.encode([b"SET", b"k", b"x"]))
        until(lambda: b"blocked_clients:1" in client.command(b"INFO", b"clients"), "the clients' own pause still holds")


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
