#!/usr/bin/env python3
"""Every command with an argument of 512 MB and one byte: Redis' answer, and the server goes on.

By default such an argument is refused by its length, before it comes. With a raised proto-max-bulk-len it comes whole,
as the last word of each command, be that a key, an element or an option, to redisha-node and redis-server; both must
say the same.
"""
import os
import shutil
import sys
import unittest
import zlib

from tests.support.server import Server

BIN = os.path.join(os.environ.get("RHA_BIN_DIR", "build/dev/bin"), "redisha-node")
STOCK = shutil.which("redis-server")
HUGE_BYTES = (512 << 20) + 1
PIECE = b"x" * (1 << 20)
REPLY_TIMEOUT_S = 120.0
PREFIX_BYTES = 200        # of a reply that are compared as they are; of the rest length and checksum
# Not commands about data, or ones that never answer.
LEFT_OUT = {"shutdown", "debug", "monitor", "sync", "psync", "replconf", "replicaof", "slaveof", "subscribe", "psubscribe",
            "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe", "quit", "reset", "exec", "multi", "discard",
            "wait", "bgrewriteaof", "failover", "hello", "auth", "client", "acl", "config", "slowlog", "latency", "memory",
            "info", "lolwut", "time", "lastsave", "save", "bgsave", "role", "command", "module", "cluster"}


def bulk(word):
    return b"$%d\r\n%s\r\n" % (len(word), word)


def send(link, words):
    """A word that is None is the huge one."""
    link.sendall(b"*%d\r\n" % len(words))
    for word in words:
        if word is not None:
            link.sendall(bulk(word))
            continue
        link.sendall(b"$%d\r\n" % HUGE_BYTES)
        for _ in range(HUGE_BYTES // len(PIECE)):
            link.sendall(PIECE)
        link.sendall(b"x" * (HUGE_BYTES % len(PIECE)) + b"\r\n")


def answer(link, words):
    """What came back until the echo behind it: its beginning, length and checksum."""
    try:
        send(link, words)
        send(link, [b"echo", b"that-was-all"])
    except OSError:
        return b"closed while sending", 0, 0
    start, length, checksum, tail = b"", 0, 0, b""
    while not tail.endswith(b"\r\nthat-was-all\r\n"):
        part = link.recv(1 << 20)
        if not part:
            return start + b" and closed", length, checksum
        start += part[:max(0, PREFIX_BYTES - len(start))]
        length, checksum, tail = length + len(part), zlib.crc32(part, checksum), (tail + part)[-32:]
    return start, length, checksum


def commands_of(server):
    """name: arity of everything that takes arguments."""
    rows = ((row[0].decode(), row[1]) for row in server.control.command("COMMAND"))
    return {name: arity for name, arity in rows if name not in LEFT_OUT and abs(arity) > 1}


class HugeArguments(unittest.TestCase):
    def start(self, program, *options):
        server = Server(program, program, options, timeout_s=REPLY_TIMEOUT_S)
        self.addCleanup(server.remove)
        return server.start()

    def test_more_than_the_limit_is_refused_by_its_length(self):
        server = self.start(BIN)
        found = commands_of(server)
        self.assertGreater(len(found), 100)
        for name, arity in found.items():
            words = b"".join(bulk(word) for word in [name.encode()] + [b"1"] * (abs(arity) - 2))
            with server.connect().socket as link:
                link.sendall(b"*%d\r\n" % abs(arity) + words + b"$%d\r\n" % HUGE_BYTES)
                self.assertEqual(link.recv(1000), b"-ERR Protocol error: invalid bulk length\r\n", name)
                self.assertEqual(link.recv(1), b"", "the connection is closed")

    @unittest.skipUnless(STOCK, "redis-server is not installed")
    def test_below_a_raised_limit_it_is_treated_as_redis_does(self):
        options = ("--proto-max-bulk-len", "700mb", "--client-query-buffer-limit", "4gb", "--enable-debug-command", "yes")
        ours, stock = self.start(BIN, *options), self.start(STOCK, *options)
        different = []
        both_know = commands_of(ours).keys() & commands_of(stock).keys()  # an older stock has not all of ours
        self.assertGreater(len(both_know), 100)
        for name, arity in sorted(commands_of(ours).items()):
            if name not in both_know:
                continue
            words = [name.encode()] + [b"1"] * (abs(arity) - 2) + [None]
            answers = []
            for server in (ours, stock):
                with server.connect().socket as link:
                    answers.append(answer(link, words))
                    answer(link, [b"flushall"])
            if answers[0] != answers[1]:
                different.append(f"{name}\n   ours  {answers[0]}\n   stock {answers[1]}")
            self.assertTrue(ours.alive(), f"the server died of {name}")
        self.assertFalse(different, "\n" + "\n".join(different))


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
