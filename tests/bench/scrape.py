"""Times what one scrape of the metrics page costs the node's loop, with many clients and every command called.

Usage: python3 -m tests.bench.scrape [--clients 10000] [--scrapes 50] [--server PATH]
Sends what the sidecar sends (sidecar/shell/node_scraper.cc) and reads from INFO what the loop's thread used and how long
its longest turn was. Prints one line of JSON, in microseconds.
"""
import argparse
import json
import os
import resource
import socket
import time

from tests.support import wire
from tests.support.server import Server

SCRAPE = [("CONFIG", "GET", "maxclients"), ("CONFIG", "GET", "maxmemory"), ("CONFIG", "GET", "io-threads"),
          ("CONFIG", "GET", "repl-backlog-size"), ("SLOWLOG", "LEN"), ("SLOWLOG", "GET", "1"), ("LATENCY", "LATEST"),
          ("LATENCY", "HISTOGRAM"), ("INFO", "ALL")]
# They end the connection or the server, wait, change its role or forget the counters.
NOT_CALLED = {"shutdown", "debug", "monitor", "sync", "psync", "replicaof", "slaveof", "failover", "quit", "reset", "hello",
              "subscribe", "psubscribe", "ssubscribe", "blpop", "brpop", "brpoplpush", "blmove", "blmpop", "bzpopmin",
              "bzpopmax", "bzmpop", "wait", "waitaof", "config|resetstat", "config|rewrite", "client|kill", "client|pause",
              "client|reply", "redisha", "multi", "exec", "replconf", "auth", "restore-asking", "pfdebug"}
SETTLE_S = 1.0


def fields(connection):
    text = connection.command("INFO", "ALL").decode()
    return dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)


def call_every_command(connection):
    for name in sorted(word.decode() for word in connection.command("COMMAND", "LIST")):
        if name in NOT_CALLED or name.split("|")[0] in NOT_CALLED:
            continue
        (info,) = connection.command("COMMAND", "INFO", name)
        if not info:
            continue
        words = name.split("|")
        connection.command(*words, *["1"] * max(0, abs(info[1]) - len(words)))


def crowd(path, count):
    sockets = []
    for _ in range(count):
        sockets.append(socket.socket(socket.AF_UNIX))
        sockets[-1].connect(path)
    return sockets


def cpu_us(info):
    """What the loop's thread has used so far: unlike the length of its turns, the same on a busy machine."""
    return 1e6 * sum(float(info[f"used_cpu_{kind}_main_thread"]) for kind in ("user", "sys"))


def measure(server, clients, scrapes):
    connection = server.connect()
    others = crowd(server.socket_path, clients)
    while int(fields(connection)["connected_clients"]) < clients:
        time.sleep(0.05)
    time.sleep(SETTLE_S)
    connection.command("CONFIG", "RESETSTAT")  # accepting so many was the longest turn
    call_every_command(connection)
    request = b"".join(wire.encode([word.encode() for word in words]) for words in SCRAPE)
    before = fields(connection)
    for _ in range(scrapes):
        connection.send(request)
        for _ in SCRAPE:
            connection.read()
    after = fields(connection)
    for each in others:
        each.close()
    return {"clients": clients, "rows": sum(name.startswith("cmdstat_") for name in after),
            "histograms": sum(name.startswith("latency_percentiles_usec_") for name in after),
            "cpu_usec_per_scrape": round((cpu_us(after) - cpu_us(before)) / scrapes),
            "longest_turn_usec": {"before": int(before["eventloop_duration_max"]), "after": int(after["eventloop_duration_max"])}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--scrapes", type=int, default=50)
    parser.add_argument("--server", default=os.path.join("build", "release", "bin", "redisha-node"))
    arguments = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with Server("node", arguments.server, ["--maxclients", str(arguments.clients + 100)]) as server:
        print(json.dumps(measure(server, arguments.clients, arguments.scrapes)))


if __name__ == "__main__":
    main()
