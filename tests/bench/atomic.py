"""Measures commands that are one step however much they walk: how long each holds up everybody else, beside redis-server.

Usage: python3 -m tests.bench.atomic [--members 1000000] [--runs 1]
Both servers tell themselves (INFO commandstats), so neither the network nor this program counts; of --runs the least is
the figure. Ours is $RHA_BIN_DIR/redisha-node or --ours PATH; stock is --stock PATH, or redis-server.
"""
import argparse
import os
import re
import shutil
import sys

from tests.support import wire
from tests.support.programs import all_there
from tests.support.server import Server

from . import load

REPLY_TIMEOUT_S = 120.0


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", default=os.path.join(os.environ.get("RHA_BIN_DIR", ""), "redisha-node"))
    parser.add_argument("--stock", default="redis-server")
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=1)
    return parser.parse_args()


def fill(control, members):
    """A large value of each type, and a small set to combine with."""
    at_once = 1000
    for first in range(0, members, at_once):
        numbers = [b"%d" % n for n in range(first, min(first + at_once, members))]
        names = [b"member:%s" % n for n in numbers]
        pairs = [word for pair in zip(numbers, names) for word in pair]
        swapped = [word for pair in zip(names, numbers) for word in pair]
        control.command("RPUSH", "list", *numbers)
        control.command("SADD", "set", *names)
        control.command("HSET", "hash", *swapped)
        control.command("ZADD", "zset", *pairs)
    control.command("SADD", "few", "member:1")
    load.fill(control, ((b"XADD", b"stream", b"%d-0" % n, b"f", b"v") for n in range(1, members + 1)))


# Each changes at most a copy that the one before it made.
def commands(members):
    half = members // 2
    copies = {f"COPY {kind}": ("COPY", kind, f"{kind}2", "REPLACE") for kind in ("list", "set", "hash", "zset", "stream")}
    return {
        **copies,
        "ZREMRANGEBYRANK, half": ("ZREMRANGEBYRANK", "zset2", "0", half),
        "ZREMRANGEBYSCORE, all": ("ZREMRANGEBYSCORE", "zset2", "-inf", "+inf"),
        "COPY zset, again": ("COPY", "zset", "zset2", "REPLACE"),
        "ZPOPMIN, half": ("ZPOPMIN", "zset2", half),
        "XTRIM MAXLEN, half": ("XTRIM", "stream2", "MAXLEN", half),
        "SPOP, half": ("SPOP", "set2", half),
        "LTRIM, half": ("LTRIM", "list2", half, "-1"),
        "LREM, none": ("LREM", "list2", "0", "none"),
        "SORT, a number of each": ("SORT", "list", "LIMIT", "0", "10"),
        "SORT ... STORE": ("SORT", "list", "STORE", "list2"),
        "SORT ... ALPHA": ("SORT", "set", "ALPHA", "LIMIT", "0", "10"),
        "SUNIONSTORE": ("SUNIONSTORE", "set2", "set", "few"),
        "ZUNIONSTORE": ("ZUNIONSTORE", "zset2", "1", "zset"),
        "ZRANGESTORE": ("ZRANGESTORE", "zset2", "zset", "0", "-1"),
        "SMEMBERS": ("SMEMBERS", "set"),
        "HGETALL": ("HGETALL", "hash"),
        "ZRANGE": ("ZRANGE", "zset", "0", "-1"),
        "LRANGE": ("LRANGE", "list", "0", "-1"),
        "DEL of all that": ("DEL", "list", "set", "hash", "zset", "stream", "list2", "set2", "hash2", "zset2", "stream2"),
    }


def carry_out(control, words):
    """Reads the reply without looking at its million elements; a PING behind it marks its end."""
    control.send(wire.encode([str(word).encode() for word in words]) + wire.encode([b"PING"]))
    reply = control.pass_over(b"+PONG\r\n")
    if reply.startswith(b"-"):
        raise SystemExit(f"atomic: {words}: {reply.decode()}")


def took_ms(control, words):
    control.command("CONFIG", "RESETSTAT")
    carry_out(control, words)
    told = control.command("INFO", "commandstats").decode()
    return int(re.search(rf"cmdstat_{words[0].lower()}:calls=1,usec=(\d+)", told).group(1)) / 1000


def measure(options, program):
    """name of a command → the least of what it took."""
    least = {}
    for _ in range(options.runs):
        with Server(os.path.basename(program), program, timeout_s=REPLY_TIMEOUT_S) as server:
            fill(server.control, options.members)
            for name, words in commands(options.members).items():
                least[name] = min(least.get(name, float("inf")), took_ms(server.control, words))
    return least


def main():
    options = parse_arguments()
    if not all_there("atomic", (options.ours, options.stock)):
        return 2
    ours, stock = measure(options, shutil.which(options.ours)), measure(options, shutil.which(options.stock))
    print(f"{f'of {options.members:,} members, ms':26} {'ours':>8} {'stock':>8}")
    for name in ours:
        print(f"{name:26} {ours[name]:8.1f} {stock[name]:8.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
