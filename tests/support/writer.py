"""A client that writes without pause (or at most so many keys a second), follows the primary through Sentinel and remembers what was acknowledged.

Each batch writes fresh keys of all five types, followed by WAIT 1 (or 0, where an answer is enough): the batch counts as acknowledged
when the WAIT says that a replica holds it too. So nothing acknowledged may be missing after a failover, and the longest pause between two acknowledged
batches is the outage that a user would see.
"""
import threading
import time

from . import resp

WAIT_TIMEOUT_MS = 500
REPLY_TIMEOUT_S = 1.0
RETRY_PAUSE_S = 0.002
# Key n is of type n modulo 5. For each: how it is written, how it is read, and what must then come back.
TYPES = (
    (lambda key, n: ("SET", key, n), lambda key: ("GET", key), lambda n: b"%d" % n),
    (lambda key, n: ("HSET", key, "field", n), lambda key: ("HGETALL", key), lambda n: [b"field", b"%d" % n]),
    (lambda key, n: ("RPUSH", key, n), lambda key: ("LRANGE", key, 0, -1), lambda n: [b"%d" % n]),
    (lambda key, n: ("SADD", key, n), lambda key: ("SMEMBERS", key), lambda n: [b"%d" % n]),
    (lambda key, n: ("ZADD", key, n, "member"), lambda key: ("ZRANGE", key, 0, -1, "WITHSCORES"), lambda n: [b"member", b"%d" % n]),
)


class Writer(threading.Thread):
    def __init__(self, sentinels, master_name, password, prefix="w", batch=64, keys_per_s_max=None, copies=1):
        super().__init__(daemon=True)
        self.sentinels, self.master_name, self.password = sentinels, master_name, password
        self.prefix, self.batch, self.copies = prefix, batch, copies
        self.pause_s = batch / keys_per_s_max if keys_per_s_max else 0
        self.stopping = threading.Event()
        self.acknowledged = []  # (time, first, last): keys first..last-1 were acknowledged at that time
        self.written = 0        # keys acknowledged so far
        self.next_key = 0
        self.primary = None
        self.rediscoveries = 0

    def key(self, number):
        return f"{self.prefix}:{number}"

    def run(self):
        connection = None
        while not self.stopping.is_set():
            if connection is None:
                connection = self._connect()
                if connection is None:
                    self.stopping.wait(RETRY_PAUSE_S)
                    continue
            first, last = self.next_key, self.next_key + self.batch
            self.next_key = last  # a batch of unknown outcome is never written again under the same keys
            commands = [TYPES[n % len(TYPES)][0](self.key(n), n) for n in range(first, last)]
            commands.append(("WAIT", self.copies, WAIT_TIMEOUT_MS))
            try:
                replies = connection.pipeline(commands)
            except resp.Disconnected:
                replies = None
            if replies is None or any(isinstance(reply, resp.Error) for reply in replies):
                connection.close()
                connection = None
            elif replies[-1] >= self.copies:
                self.acknowledged.append((time.monotonic(), first, last))
                self.written += self.batch
                if self.pause_s:
                    self.stopping.wait(self.pause_s)
        if connection is not None:
            connection.close()

    def _connect(self):
        address = resp.ask_sentinels(self.sentinels, self.master_name, self.password)
        if address is None:
            return None
        try:
            connection = resp.Connection(*address, password=self.password, timeout=REPLY_TIMEOUT_S)
        except (resp.Disconnected, resp.Error):
            return None
        self.rediscoveries += self.primary is not None and self.primary != address
        self.primary = address
        return connection

    def stop(self):
        self.stopping.set()
        self.join()

    def outage_after(self, moment):
        """The longest pause between acknowledged batches from `moment` on, in milliseconds; None if none followed."""
        times = [t for t, _, _ in self.acknowledged]
        later = [i for i, t in enumerate(times) if t > moment and i > 0]
        return max(((times[i] - times[i - 1]) * 1000 for i in later), default=None)

    def missing(self, host, port):
        """The acknowledged keys that the server at host:port does not hold."""
        connection = resp.Connection(host, port, password=self.password, timeout=10)
        lost = []
        for _, first, last in self.acknowledged:
            values = connection.pipeline([TYPES[n % len(TYPES)][1](self.key(n)) for n in range(first, last)])
            lost += [self.key(n) for n, value in zip(range(first, last), values) if value != TYPES[n % len(TYPES)][2](n)]
        connection.close()
        return lost
