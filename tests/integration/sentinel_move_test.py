#!/usr/bin/env python3
"""SENTINEL FAILOVER of a plain `sentinel monitor`: the primary is moved ten times under full load, and nothing acknowledged is lost."""
import os
import signal
import socket
import threading
import time
import unittest

import redis

from sidecar_test import BIN, GROUP, Bed, Events, raw_command, until

NODE = os.path.join(BIN, "redisha-node")
STOCK = "redis-server"
MOVES = 10
BATCH = 16


class Writer(threading.Thread):
    """Writes fresh keys in small pipelines, and asks the sentinels anew whenever it is sent away."""

    def __init__(self, sentinels):
        super().__init__(daemon=True)
        self.sentinels = sentinels
        self.done = threading.Event()
        self.next = 0
        self.acknowledged = []  # (time, number of the first, how many of this batch)

    def connect(self):
        for port in self.sentinels:
            try:
                answer = raw_command(port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP)
                if answer:
                    return socket.create_connection((answer[0], int(answer[1])), 2)
            except OSError:
                continue
        return None

    def write(self, connection):
        first, self.next = self.next, self.next + BATCH
        words = b"".join(b"*3\r\n$3\r\nSET\r\n$9\r\nk%08d\r\n$1\r\n1\r\n" % n for n in range(first, self.next))
        connection.sendall(words)
        replies = b""
        while replies.count(b"\r\n") < BATCH:
            more = connection.recv(65536)
            if not more:
                break
            replies += more
        answers = replies.split(b"\r\n")[:-1]
        oks = next((i for i, answer in enumerate(answers) if answer != b"+OK"), len(answers))
        if oks:
            self.acknowledged.append((time.monotonic(), first, oks))
        return oks == BATCH

    def run(self):
        connection = None
        while not self.done.is_set():
            try:
                if connection is None:
                    connection = self.connect()
                if connection is not None and self.write(connection):
                    continue
            except OSError:
                pass
            if connection is not None:
                connection.close()
            connection = None
            time.sleep(0.0005)

    def outage(self, since, until_time):
        times = [t for t, _, _ in list(self.acknowledged) if since <= t <= until_time]
        return max((b - a for a, b in zip(times, times[1:])), default=float("inf"))


class Moves(Bed):
    def missing(self, port, writer):
        client, lost = redis.Redis(port=port, socket_timeout=20), 0
        keys = [b"k%08d" % n for _, first, count in writer.acknowledged for n in range(first, first + count)]
        for at in range(0, len(keys), 5000):
            part = keys[at:at + 5000]
            lost += len(part) - client.exists(*part)
        return lost, len(keys)

    def follows(self, port, primary):
        info = redis.Redis(port=port).info("replication")
        return info["role"] == "slave" and info["master_port"] == primary and info["master_link_status"] == "up"

    def idle(self, sentinel):
        return "failover-state" not in raw_command(sentinel, "SENTINEL", "MASTER", GROUP)

    def move(self, sentinels, command=()):
        """Again where a replica lags behind for too long, as on a busy machine: that is given up, and nothing is lost by it."""
        old, leader = self.address(sentinels[0]), sentinels[0]
        for _ in range(10):
            until("the move is accepted", lambda: raw_command(leader, "SENTINEL", "FAILOVER", GROUP, *command) == "OK")
            until("another primary, or the end of it", lambda: self.address(leader) != old or self.idle(leader))
            if self.address(leader) != old:
                return self.address(leader)
        raise AssertionError("the primary was not moved")

    def user_of_sentinels(self, *rights):
        """Who may do everything but that, at the nodes."""
        options = ("--user", "sentinel", "on", ">s", "~*", "&*", "+@all", *rights)
        return options, (f"sentinel auth-user {GROUP} sentinel", f"sentinel auth-pass {GROUP} s")

    def mixed_trio(self, programs, *options):
        servers = []
        for program in programs:
            self.SERVER = program
            # A backlog that holds all which a slow replica, as one under a sanitizer, has not read when it is sent elsewhere.
            servers.append(self.start_server(None, servers[0] if servers else None, "--bind", "127.0.0.1",
                                             "--repl-backlog-size", "256mb", "--repl-diskless-sync-delay", "0", *options))
        until("replicas in sync", lambda: all(self.follows(port, servers[0]) for port in servers[1:]))
        return servers

    def moves(self, programs, *command, count=MOVES, options=(), lines=()):
        servers = self.mixed_trio(programs, *options)
        sentinels = self.start_sentinels(servers[0], lines=lines)
        events = Events(sentinels[0])
        writer = Writer(sentinels)
        writer.start()
        until("writes", lambda: len(writer.acknowledged) > 100)
        outages = []
        for _ in range(count):
            since = time.monotonic()
            new = self.move(sentinels, command)
            until("everybody follows it", lambda: all(self.follows(p, new) for p in servers if p != new), 30)
            until("the failover has ended", lambda: self.idle(sentinels[0]), 30)
            until("all names agree", lambda: {self.address(p) for p in sentinels} == {new})
            written = len(writer.acknowledged)
            until("writes to the new primary", lambda: len(writer.acknowledged) > written + 10)
            outages.append(writer.outage(since, time.monotonic()))
        writer.done.set()
        writer.join(10)
        lost, total = self.missing(self.address(sentinels[0]), writer)
        rate = total / (writer.acknowledged[-1][0] - writer.acknowledged[0][0])
        shown = " ".join(f"{1000 * o:.1f}" for o in sorted(outages))
        kinds = "+".join(os.path.basename(program) for program in dict.fromkeys(programs))
        print(f"\n{kinds} {' '.join(command)}: {count} moves, {lost} of {total} acknowledged writes lost "
              f"({rate:.0f}/s); outages of writes, ms: {shown}", flush=True)
        self.assertEqual(lost, 0)
        return events

    def test_moves_of_our_nodes_lose_nothing(self):
        events = self.moves([NODE] * 3)
        self.assertFalse(events.find("+failover-state-wait-promotion"), "somebody was told to lead")

    def test_coordinated_moves_lose_nothing(self):
        self.moves([NODE] * 3, "COORDINATED")

    def test_moves_of_redis_servers_lose_nothing(self):
        self.moves([STOCK] * 3)

    def test_moves_between_ours_and_redis_servers_lose_nothing(self):
        self.moves([NODE, STOCK, STOCK])

    def test_where_writes_may_not_be_paused_FAILOVER_is_asked_for(self):
        options, lines = self.user_of_sentinels("-client|pause")
        events = self.moves([STOCK] * 3, count=3, options=options, lines=lines)
        self.assertFalse(events.find("-failover-hand-over-refused"))

    def test_where_neither_is_allowed_the_move_is_forced_and_says_so(self):
        options, lines = self.user_of_sentinels("-client|pause", "-failover")
        servers = self.mixed_trio([STOCK] * 3, *options)
        sentinels = self.start_sentinels(servers[0], lines=lines)
        events = Events(sentinels[0])
        self.assertEqual(raw_command(sentinels[0], "SENTINEL", "FAILOVER", GROUP, "COORDINATED"), "OK")
        until("it is given up", lambda: events.find("-failover-abort-hand-over-refused"))
        self.assertEqual(self.address(sentinels[0]), servers[0])
        self.assertNotEqual(self.move(sentinels), servers[0])
        self.assertIn("NOPERM", events.find("-failover-hand-over-refused")[0])

    def test_nothing_stays_held_back_when_no_replica_catches_up_or_the_sentinel_dies(self):
        for programs in ([NODE] * 3, [STOCK] * 3):
            servers = self.mixed_trio(programs)
            leader = self.start_sentinel(servers[0], quorum=1)
            until("replicas are known", lambda: self.knows(leader, 2, 0))
            events = Events(leader)
            for dies in (False, True):
                until("all are well", lambda: self.all_well(leader))
                self.stop_replicas_and_move(servers, leader)
                if dies:
                    self.sentinels[leader].kill()
                else:
                    until("it is given up", lambda: events.find("-failover-abort-slave-timeout"))
                client = redis.Redis(port=servers[0], socket_timeout=10)
                self.assertTrue(client.set("k", "x"))
                self.assertEqual(client.info("replication")["role"], "master")
                for port in servers[1:]:
                    self.servers[port].kill(signal.SIGCONT)
                until("the replicas follow", lambda: all(self.follows(port, servers[0]) for port in servers[1:]))

    def all_well(self, leader):
        """Nobody is down, and each replica has said of its link that it is up."""
        replicas = [dict(zip(s[0::2], s[1::2])) for s in raw_command(leader, "SENTINEL", "REPLICAS", GROUP)]
        return self.master(leader)["flags"] == "master" and all(
            r["flags"] == "slave" and r["master-link-status"] == "ok" for r in replicas)

    def stop_replicas_and_move(self, servers, leader):
        for port in servers[1:]:
            self.servers[port].kill(signal.SIGSTOP)
        redis.Redis(port=servers[0]).set("k", "v")
        self.assertEqual(raw_command(leader, "SENTINEL", "FAILOVER", GROUP), "OK")
        held = redis.Redis(port=servers[0], socket_timeout=0.05)

        def holds_back():
            try:
                held.set("k", "w")
            except redis.TimeoutError:
                return True
            return False
        until("writes are held back", holds_back)


if __name__ == "__main__":
    unittest.main()
