"""Measures the longest turn of redisha-node's loop while something large happens: how long everybody else waits.

Usage: python3 -m tests.bench.stalls [--only TEXT] [--keys 10000000] [--runs 3] [-o FILE.json]
The server counts itself (INFO eventloop_duration_max), so nothing that delays a client shows. It runs at real-time
priority where that is allowed, since a turn in which a neighbour had the core would count as long. What the machine
itself takes away (a virtual one stands still for milliseconds) cannot be told apart; but what the server causes comes
again in every run, so of --runs the least is the figure. Beside it stands how long a client waited that asked every
0.3 ms at the same priority (tests.bench.probe), of the same run.
Ours is $RHA_BIN_DIR/redisha-node or --ours PATH. Exit code 1 if --check is given and a turn was longer than its goal.
"""
import argparse
import functools
import json
import os
import subprocess
import sys
import time

from tests.support import wire
from tests.support.programs import all_there
from tests.support.server import Server, free_port

from . import load

GOAL_MS = 2.0
LOAD_PIPELINE = 16      # of the one client that asks meanwhile: a turn holds no more than that
EXPIRING_KEYS = 1_000_000
WRITES_PER_S = 5_000
SAVED_KEYS, SAVED_BYTES = 1_000_000, 1000
LARGE_SETS, LARGE_MEMBERS = 100, 100_000
REPLY_TIMEOUT_S = 120.0


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", default=os.path.join(os.environ.get("RHA_BIN_DIR", ""), "redisha-node"))
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--keys", type=int, default=10_000_000, help="keys or members of the large ones")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("-o", "--output", metavar="FILE")
    return parser.parse_args()


def stats(control):
    lines = control.command("INFO", "stats").decode().splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def pipelined(control, commands):
    """Few at a time, so that the turns are those of an ordinary client."""
    chunk = []
    for words in commands:
        chunk.append(wire.encode(words))
        if len(chunk) == LOAD_PIPELINE:
            control.send(b"".join(chunk))
            for _ in chunk:
                control.read()
            chunk = []


def read(n):
    return (b"GET", load.key(n))


def write(n):
    return (b"SET", load.key(n * 7919 % SAVED_KEYS), b"y" * SAVED_BYTES)


def write_large(n):
    return (b"SADD", load.key(n % LARGE_SETS, b"set"), b"new:%d" % n)


def ask_for(control, seconds, request):
    """An ordinary client meanwhile."""
    begun, n = time.monotonic(), 0
    while time.monotonic() < begun + seconds:
        pipelined(control, (request(n + i) for i in range(LOAD_PIPELINE)))
        n += LOAD_PIPELINE
        if request is not read:
            time.sleep(max(0.0, begun + n / WRITES_PER_S - time.monotonic()))


def wait_until(control, done, what, request=read, seconds=120):
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise SystemExit(f"stalls: {what} did not come to an end")
        ask_for(control, 0.05, request)


def wait_for_info(control, section, line, request):
    wait_until(control, lambda: line in control.command("INFO", section), line.decode(), request)


# Each prepares, has the counters reset, and then does what is measured.

def growth(server, keys, reset):
    reset()
    pipelined(server.control, load.strings(keys, 32))


def expiry(server, _, reset):
    control = server.control
    start_ms = int(time.time() * 1000) + 20_000
    load.fill(control, ((b"SET", load.key(n), b"x" * 32, b"PXAT", b"%d" % (start_ms + n * 1000 // EXPIRING_KEYS))
                        for n in range(EXPIRING_KEYS)))
    time.sleep(max(0.0, start_ms / 1000 - time.time()))
    reset()
    wait_until(control, lambda: control.command("DBSIZE") == 0, "expiry")


def unlink(server, keys, reset):
    control = server.control
    load.fill(control, load.sets(1, keys, load.short_member))
    reset()
    control.command("UNLINK", load.key(0, b"set"))
    wait_for_info(control, "memory", b"lazyfree_pending_objects:0", read)


def flush(server, keys, reset):
    control = server.control
    load.fill(control, load.strings(keys, 32))
    reset()
    control.command("FLUSHALL")
    wait_for_info(control, "memory", b"lazyfree_pending_objects:0", read)


def fill_for_saving(control):
    load.fill(control, load.strings(SAVED_KEYS, SAVED_BYTES))


def save(control, reset, request):
    reset()
    control.command("BGSAVE")
    wait_for_info(control, "persistence", b"rdb_bgsave_in_progress:0", request)


def save_small(server, _, reset, request):
    fill_for_saving(server.control)
    save(server.control, reset, request)


def save_large(server, _, reset):
    load.fill(server.control, load.sets(LARGE_SETS, LARGE_MEMBERS, load.short_member))
    save(server.control, reset, write_large)


def flush_and_save(server, _, reset):
    """FLUSHALL answers once an empty file has taken the place of the last save's."""
    fill_for_saving(server.control)
    server.control.command("SAVE")
    server.control.command("CONFIG", "SET", "save", "900 1")
    reset()
    server.control.command("FLUSHALL")


def rewrite(server, _, reset):
    fill_for_saving(server.control)
    server.control.command("CONFIG", "SET", "appendonly", "yes")
    wait_for_info(server.control, "persistence", b"aof_rewrite_in_progress:0", read)
    reset()
    server.control.command("BGREWRITEAOF")
    wait_for_info(server.control, "persistence", b"aof_rewrite_in_progress:0", write)


def full_sync(server, _, reset):
    """The replica has the other core, and what the writer leaves of it."""
    fill_for_saving(server.control)
    with Server("replica", server.program, ("--port", str(free_port())), timeout_s=REPLY_TIMEOUT_S) as replica:
        reset()
        replica.control.command("REPLICAOF", "127.0.0.1", server.port)
        wait_until(server.control, lambda: b"master_link_status:up" in replica.control.command("INFO", "replication"),
                   "the full synchronisation", write)


SCENARIOS = {
    "a table grows to 10 M keys": (growth, 1),
    "1 M keys expire in one second": (expiry, 0),
    "a set of 10 M members is unlinked": (unlink, 1),
    "FLUSHALL of 10 M keys": (flush, 1),
    "BGSAVE of 1.1 GB": (functools.partial(save_small, request=read), 0),
    "BGSAVE of 1.1 GB that is written to": (functools.partial(save_small, request=write), 0),
    "BGSAVE of 100 sets of 100,000 that are written to": (save_large, 0),
    "FLUSHALL of 1.1 GB that has been saved": (flush_and_save, 0),
    "BGREWRITEAOF of 1.1 GB that is written to": (rewrite, 0),
    "full synchronisation of 1.1 GB that is written to": (full_sync, 0),
}


class Meanwhile:
    """From the moment that is measured from, a client that asks all the time."""

    def __init__(self, server, prefix):
        self.server, self.prefix, self.probe = server, prefix, None

    def begin(self):
        self.probe = subprocess.Popen([*self.prefix, sys.executable, "-m", "tests.bench.probe", self.server.socket_path],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.probe.stdout.readline()
        self.server.control.command("CONFIG", "RESETSTAT")

    def end(self):
        return json.loads(self.probe.communicate()[0])


def measure(options, name, scenario):
    real_time = subprocess.run(["chrt", "-f", "10", "true"], capture_output=True).returncode == 0
    prefix = ["chrt", "-f", "10"] if real_time else []
    port = free_port()
    with Server("ours", options.ours, ("--port", str(port)), prefix=prefix, timeout_s=REPLY_TIMEOUT_S) as server:
        server.port = port
        meanwhile = Meanwhile(server, prefix)
        scenario(server, options.keys, meanwhile.begin)
        found, client = stats(server.control), meanwhile.end()
    longest_ms = int(found["eventloop_duration_max"]) / 1000
    turns = int(found["eventloop_cycles"])
    return {"name": name, "longest_ms": longest_ms, "turns": turns, "mean_us": int(found["eventloop_duration_sum"]) / turns,
            "client": client, "goal_ms": GOAL_MS, "met": longest_ms <= GOAL_MS, "real_time": real_time}


def main():
    options = parse_arguments()
    if not all_there("stalls", [options.ours]):
        return 2
    rows = []
    for name, (scenario, scaled) in SCENARIOS.items():
        if options.only.lower() not in name.lower():
            continue
        title = name.replace("10 M", f"{options.keys / 1e6:g} M") if scaled else name
        rows.append(min((measure(options, title, scenario) for _ in range(options.runs)), key=lambda run: run["longest_ms"]))
        row = rows[-1]
        client = row["client"]
        print(f"{title:52} longest {row['longest_ms']:6.2f} ms of {row['turns']:8} turns, mean {row['mean_us']:5.1f} us; "
              f"a client: p99.9 {client['p999_ms']:.2f} ms, longest {client['longest_ms']:.2f} ms"
              f"{'' if row['met'] else '   (goal %g ms)' % GOAL_MS}", flush=True)
    if options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
    return 1 if options.check and not all(row["met"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
