"""Data sets, and one measured run of a workload: redis-benchmark drives, the kernel's account of the server is read."""
import csv
import io
import os
import random
import selectors
import socket
import subprocess
from dataclasses import dataclass

from tests.support import wire

CHUNK_COMMANDS = 5000
TRANSACTION_VALUE = b"x" * 64


class Impossible(Exception):
    """The server does not do what the workload asks; .args[0] is its reply."""


# --- what a server has used

def cpu_seconds(pid):
    """Exact run time of all threads so far."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def rss_bytes(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) * 1024


def used_memory(connection):
    info = connection.command("INFO", "memory").decode()
    return int(next(line for line in info.splitlines() if line.startswith("used_memory:")).split(":")[1])


def core_busy_seconds(core):
    with open("/proc/stat") as file:
        fields = next(line for line in file if line.startswith(f"cpu{core} ")).split()[1:]
    return (sum(map(int, fields[:3])) + int(fields[5]) + int(fields[6])) / os.sysconf("SC_CLK_TCK")


# --- data

def fill(connection, commands):
    """Sends them all in long pipelines; the first error reply ends it."""
    chunk = []
    for words in commands:
        chunk.append(wire.encode(words))
        if len(chunk) == CHUNK_COMMANDS:
            _send(connection, chunk)
            chunk = []
    _send(connection, chunk)


def _send(connection, chunk):
    connection.send(b"".join(chunk))
    for _ in chunk:
        reply = connection.read()
        if isinstance(reply, tuple) and reply[0] == "-":
            raise Impossible(reply[1].decode())


def key(number, prefix=b"key"):
    """What redis-benchmark makes of key:__rand_int__; 16 bytes with the prefix `key`."""
    return b"%s:%012d" % (prefix, number)


def strings(keys, size, ttl_s=None):
    extra = (b"EX", b"%d" % ttl_s) if ttl_s else ()
    half = random.Random(1).randbytes(size).hex().encode()
    return ((b"SET", key(n), (b"%08x" % n + half)[:size], *extra) for n in range(keys))


def integers(keys):
    return ((b"SET", key(n, b"counter"), b"%d" % (n + 100000)) for n in range(keys))


def _groups(members, group):
    return [range(at, min(at + group, members)) for at in range(0, members, group)]


def hashes(keys, fields, value_bytes):
    value = b"v" * value_bytes
    for n in range(keys):
        for part in _groups(fields, 100):
            yield (b"HSET", key(n, b"hash"), *(w for i in part for w in (b"field:%04d" % i, value)))


def profiles(keys):
    """Hashes of five fields as applications keep them: 85 bytes with the key."""
    for n in range(keys):
        yield (b"HSET", key(n, b"key"), b"name", b"%08x" % n, b"age", b"%d" % (18 + n % 60), b"email", b"%018x" % n,
               b"created", b"%d" % (1_700_000_000 + n), b"status", b"idle" if n % 2 else b"active")


def member(number):
    """What redis-benchmark makes of m__rand_int__."""
    return b"m%012d" % number


def short_member(number):
    """10 bytes."""
    return b"m%09d" % number


def sets(keys, members, name=member):
    for n in range(keys):
        for part in _groups(members, 100):
            yield (b"SADD", key(n, b"set"), *map(name, part))


def sorted_sets(keys, members, name=member):
    for n in range(keys):
        for part in _groups(members, 100):
            yield (b"ZADD", key(n, b"zset"), *(w for i in part for w in (b"%d" % i, name(i))))


def point(chance):
    """Longitude and latitude of somewhere in and around Sicily."""
    return b"%.6f" % chance.uniform(12, 16), b"%.6f" % chance.uniform(36, 39)


def places(keys, members):
    chance = random.Random(3)
    for n in range(keys):
        for part in _groups(members, 100):
            yield (b"GEOADD", key(n, b"geo"), *(w for i in part for w in (*point(chance), member(i))))


def stream(key_name, entries):
    return ((b"XADD", key_name, b"%d-1" % (n + 1), b"field", b"value:%08d" % n) for n in range(entries))


def bitmaps(size, *names):
    return ((b"SET", name, random.Random(4).randbytes(size)) for name in names)


def lists(keys, elements, size):
    element = b"e" * size
    return ((b"RPUSH", key(n, b"list"), *[element] * elements) for n in range(keys))


# --- load

@dataclass(frozen=True)
class Workload:
    name: str
    command: tuple        # redis-benchmark's words; () is the transaction below
    goal: float           # highest acceptable ratio of CPU time per operation
    pipeline: int = 16
    random_below: int = 1_000_000
    data: object = None   # a function that gives the commands that fill the server
    before: tuple = ()    # commands before each window
    operations_max: int = 100_000_000  # of a window
    stock: tuple = ()     # what redis-server is asked instead, which does not know the command


def run(workload, server, operations, cpus):
    """Performs about that many operations over 50 connections; (operations, ops/s, p50 ms, p99 ms)."""
    if not workload.command:
        return _transactions(server.port, operations, workload.random_below)
    command = workload.stock if workload.stock and server.name == "stock" else workload.command
    words = ["redis-benchmark", "-p", str(server.port), "-c", "50", "-P", str(workload.pipeline), "-n", str(operations),
             "-r", str(workload.random_below), "--csv", *command]
    done = subprocess.run(words, capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, cpus))
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    if done.returncode != 0 or not rows:
        raise Impossible((done.stderr or done.stdout).strip()[-300:])
    row = rows[-1]
    return operations, float(row["rps"]), float(row["p50_latency_ms"]), float(row["p99_latency_ms"])


def _transactions(port, operations, keys):
    """MULTI, SET, GET, EXEC in one write: redis-benchmark cannot say it. Counts transactions."""
    chance = random.Random(operations)
    payloads = [b"".join(map(wire.encode, (
        (b"MULTI",), (b"SET", k, TRANSACTION_VALUE), (b"GET", k), (b"EXEC",)))) for k in
        (key(chance.randrange(keys)) for _ in range(5000))]
    answer = len(b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$64\r\n\r\n") + len(TRANSACTION_VALUE)
    selector, sent, done = selectors.DefaultSelector(), 0, 0
    for _ in range(50):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ, [0])
        connection.sendall(payloads[sent % 5000])
        sent += 1
    while done < operations:
        for ready, _ in selector.select():
            ready.data[0] += len(ready.fileobj.recv(4096))
            if ready.data[0] == answer:
                ready.data[0], done = 0, done + 1
                ready.fileobj.sendall(payloads[sent % 5000])
                sent += 1
            elif ready.data[0] > answer:
                raise Impossible("a transaction was answered with something else")
    for registered in list(selector.get_map().values()):
        registered.fileobj.close()
    return done, 0.0, 0.0, 0.0
