"""Counts the instructions that redisha-node executes per command and compares them with the committed baseline.

Usage: python3 -m tests.bench.instructions [--only TEXT] [--update] [--server PATH]
The server runs under callgrind; counters are zeroed and dumped around each workload, so neither start nor loading count.
Unlike times, the counts are the same on a busy machine and a quiet one. They hold for the release preset and its
compiler. Exit code 1 if a workload grew by more than 10 %, with the functions that grew.
"""
import argparse
import json
import os
import random
import re
import subprocess
import sys

from tests.support import wire
from tests.support.programs import all_there
from tests.support.server import Server

from . import load

BASELINE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "instructions.json")
TOLERANCE = 0.10  # two runs differ by 1 %; another processor chooses other variants of memcpy and the like
COMMANDS = 6400           # of each window, after a tenth of that to warm up
WINDOWS = 4               # the least counts: timers and growing tables add to the others
KEYS = 10_000
FUNCTIONS_KEPT = 25       # of each workload in the baseline, to tell what grew
VALGRIND_TIMEOUT_S = 60
VALUE = b"x" * 64
READ = b"stream:read"        # by a consumer group


def workloads():
    """name: (pipeline, a function from a random generator to a command's words)."""
    def string(chance):
        return load.key(chance.randrange(KEYS))

    def group(prefix, count):
        return lambda chance: load.key(chance.randrange(count), prefix)

    hashed, in_set, in_zset, in_list = group(b"hash", 1000), group(b"set", 100), group(b"zset", 10), group(b"list", 100)
    counted, places, stream = group(b"hll", 100), group(b"geo", 10), group(b"stream", 10)
    return {
        "GET P=1": (1, lambda r: (b"GET", string(r))),
        "SET P=1": (1, lambda r: (b"SET", string(r), VALUE)),
        "GET P=16": (16, lambda r: (b"GET", string(r))),
        "SET P=16": (16, lambda r: (b"SET", string(r), VALUE)),
        "GET P=64": (64, lambda r: (b"GET", string(r))),
        "SET P=64": (64, lambda r: (b"SET", string(r), VALUE)),
        "MGET 10": (1, lambda r: (b"MGET", *(string(r) for _ in range(10)))),
        "MSET 10": (1, lambda r: (b"MSET", *(w for _ in range(10) for w in (string(r), VALUE)))),
        "SETEX P=16": (16, lambda r: (b"SETEX", string(r), b"1000", VALUE)),
        "EXPIRE P=16": (16, lambda r: (b"EXPIRE", string(r), b"1000")),
        "INCR P=16": (16, lambda r: (b"INCR", load.key(r.randrange(KEYS), b"counter"))),
        "MULTI INCR EXEC P=16": (16, lambda r: (
            (b"MULTI",), (b"INCR", load.key(r.randrange(KEYS), b"counter")), (b"EXEC",))),
        "HSET P=16": (16, lambda r: (b"HSET", hashed(r), b"field:%04d" % r.randrange(10), b"w" * 16)),
        "HGETALL 10 P=16": (16, lambda r: (b"HGETALL", hashed(r))),
        "SADD P=16": (16, lambda r: (b"SADD", in_set(r), load.member(r.randrange(2000)))),
        "SISMEMBER P=16": (16, lambda r: (b"SISMEMBER", in_set(r), load.member(r.randrange(2000)))),
        "ZADD P=16": (16, lambda r: (b"ZADD", in_zset(r), b"%d" % r.randrange(2000), load.member(r.randrange(2000)))),
        "ZRANGE 10 P=16": (16, lambda r: (b"ZRANGE", in_zset(r), b"500", b"509")),
        "LPUSH P=16": (16, lambda r: (b"LPUSH", in_list(r), b"e" * 16)),
        "LRANGE 100 P=1": (1, lambda r: (b"LRANGE", in_list(r), b"0", b"99")),
        "PFADD P=16": (16, lambda r: (b"PFADD", counted(r), b"%d" % r.randrange(10_000))),
        "GEOADD P=16": (16, lambda r: (b"GEOADD", places(r), *load.point(r), load.member(r.randrange(2000)))),
        "GEOSEARCH 20 km P=16": (16, lambda r: (
            b"GEOSEARCH", places(r), b"FROMLONLAT", *load.point(r), b"BYRADIUS", b"20", b"km", b"ASC")),
        "XADD P=16": (16, lambda r: (b"XADD", stream(r), b"MAXLEN", b"~", b"1000", b"*", b"field", b"e" * 16)),
        "XRANGE 10 P=16": (16, lambda r: (b"XRANGE", stream(r), b"-", b"+", b"COUNT", b"10")),
        "XADD XREADGROUP P=16": (16, lambda r: (
            (b"XADD", READ, b"MAXLEN", b"~", b"1000", b"*", b"field", b"e" * 16),
            (b"XREADGROUP", b"GROUP", b"group", b"consumer", b"COUNT", b"1", b"STREAMS", READ, b">"))),
        "SETBIT P=16": (16, lambda r: (b"SETBIT", load.key(r.randrange(10), b"bits"), b"%d" % r.randrange(100_000), b"1")),
        "EVAL get P=16": (16, lambda r: (b"EVAL", b"return redis.call('get', KEYS[1])", b"1", string(r))),
        "FCALL get P=16": (16, lambda r: (b"FCALL", b"read", b"1", string(r))),
        "HSETEX P=16": (16, lambda r: (
            b"HSETEX", load.key(r.randrange(1000), b"timed"), b"EX", b"1000", b"FIELDS", b"1",
            b"field:%04d" % r.randrange(10), b"w" * 16)),
        "DUMP P=16": (16, lambda r: (b"DUMP", hashed(r))),
    }


def data():
    for part in (load.strings(KEYS, 64), load.integers(KEYS), load.hashes(1000, 10, 16), load.sets(100, 1000),
                 load.sorted_sets(10, 1000), load.lists(100, 100, 16), load.places(10, 1000)):
        yield from part
    for i in range(1000):
        yield b"XADD", load.key(i % 10, b"stream"), b"*", b"field", b"e" * 16
    yield b"XGROUP", b"CREATE", READ, b"group", b"$", b"MKSTREAM"
    yield (b"FUNCTION", b"LOAD", b"#!lua name=bench\n"
           b"redis.register_function('read', function(keys) return redis.call('get', keys[1]) end)")


class Counter:
    """A server under callgrind and the counts of each workload."""

    def __init__(self, program):
        prefix = ["valgrind", "--tool=callgrind", "--compress-strings=no", "--compress-pos=no"]
        self.server = Server("ours", program, [], prefix=prefix, timeout_s=VALGRIND_TIMEOUT_S)
        self.dumps = os.path.join(self.server.directory, "counts")
        self.server.prefix.append(f"--callgrind-out-file={self.dumps}")
        self.dumped = 0

    def __enter__(self):
        self.server.start()
        try:
            load.fill(self.server.control, data())
        except BaseException:
            self.server.remove()
            raise
        return self

    def __exit__(self, *_):
        self.server.remove()

    def count(self, pipeline, make):
        """{"total": instructions per command, "functions": {name: ...}}"""
        chance = random.Random(4)
        self._perform(chance, pipeline, make, COMMANDS // 10)
        total, functions = min((self._window(chance, pipeline, make) for _ in range(WINDOWS)), key=lambda w: w[0])
        largest = sorted(functions.items(), key=lambda item: -item[1])[:FUNCTIONS_KEPT]
        return {"total": round(total / COMMANDS, 1),
                "functions": {name: round(cost / COMMANDS, 1) for name, cost in largest}}

    def _window(self, chance, pipeline, make):
        self._control("-z")
        self._perform(chance, pipeline, make, COMMANDS)
        self._control("-d")
        self.dumped += 1
        return read_counts(f"{self.dumps}.{self.dumped}")

    def _perform(self, chance, pipeline, make, commands):
        connection = self.server.control
        for _ in range(commands // pipeline):
            drawn = [make(chance) for _ in range(pipeline)]
            batch = [words for made in drawn for words in (made if isinstance(made[0], tuple) else (made,))]
            connection.send(b"".join(map(wire.encode, batch)))
            for _ in batch:
                reply = connection.read()
                if isinstance(reply, tuple) and reply[0] == "-":
                    raise load.Impossible(reply[1].decode())

    def _control(self, order):
        done = subprocess.run(["callgrind_control", order, str(self.server.pid)], capture_output=True, text=True,
                              timeout=VALGRIND_TIMEOUT_S)
        if done.returncode != 0 or "OK" not in done.stdout:
            raise SystemExit(f"callgrind_control {order}: {done.stdout}{done.stderr}")


def read_counts(path):
    """The sum and each function's own share of a callgrind dump without compression."""
    functions, own, total, called = {}, None, 0, False
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("fn="):
                own = short(line[3:].strip())
            elif line.startswith("calls="):
                called = True  # the next line is the callee's cost
            elif line[:1].isdigit():
                if not called:
                    cost = int(line.split()[1])
                    functions[own] = functions.get(own, 0) + cost
                    total += cost
                called = False
    return total, functions


def short(name):
    """Without argument lists, templates' arguments and what the compiler appends: these change with every edit."""
    name = re.sub(r"\(anonymous namespace\)", "anonymous", name)
    for _ in range(8):
        name = re.sub(r"<[^<>]*>|\([^()]*\)", "", name)
    return re.sub(r"('\d+|\.(part|isra|constprop|cold)(\.\d+)?| const| \[clone.*)$", "", name).strip()


def compare(found, baseline):
    """Prints a line per workload and what grew; the number of workloads that grew too much."""
    grown = 0
    for name, counts in found.items():
        before = baseline.get(name)
        if before is None:
            print(f"{name:24} {counts['total']:10.1f}   not in the baseline: --update")
            grown += 1
            continue
        change = counts["total"] / before["total"] - 1
        verdict = "GREW" if change > TOLERANCE else "less: --update would keep it" if change < -TOLERANCE else ""
        print(f"{name:24} {counts['total']:10.1f} {before['total']:10.1f} {change:+7.1%}  {verdict}")
        if change > TOLERANCE:
            grown += 1
            changes = {f: cost - before["functions"].get(f, 0) for f, cost in counts["functions"].items()}
            for function, more in sorted(changes.items(), key=lambda item: -item[1])[:6]:
                if more >= 0.5:
                    print(f"    {more:+8.1f}  {function}")
    return grown


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=os.path.join(os.environ.get("RHA_BIN_DIR", ""), "redisha-node"))
    parser.add_argument("--only", help="workloads whose name contains this")
    parser.add_argument("--update", action="store_true", help="renew the baseline instead of comparing")
    return parser.parse_args()


def main():
    options = parse_arguments()
    if not all_there("instructions", (options.server, "valgrind", "callgrind_control")):
        return 2
    baseline = {}
    if os.path.exists(BASELINE):
        with open(BASELINE, encoding="utf-8") as file:
            baseline = json.load(file)
    found = {}
    try:
        with Counter(options.server) as counter:
            for name, (pipeline, make) in workloads().items():
                if not options.only or options.only in name:
                    found[name] = counter.count(pipeline, make)
    except load.Impossible as reply:
        print(f"instructions: {reply}", file=sys.stderr)
        return 1
    grown = compare(found, baseline)
    if options.update:
        with open(BASELINE, "w", encoding="utf-8") as file:
            json.dump({**baseline, **found}, file, indent=1)
            file.write("\n")
        return 0
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
