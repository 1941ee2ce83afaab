"""How long a client waits that asks every 0.3 ms, while somebody else measures something.

  python3 -m tests.bench.probe SOCKET

Says "asking" once it does, asks the server at that Unix socket until its standard input ends, and then prints
{"asked": n, "p999_ms": x, "longest_ms": y}.
Whoever starts it gives it real-time priority: else it shows how long it waited for a core, too.
"""
import gc
import json
import select
import sys
import time

from tests.support import wire

PERIOD_S = 0.0003
REPLY_TIMEOUT_S = 60.0


def waits(connection):
    """In seconds, of each request."""
    connection.command("PING")
    print("asking", flush=True)
    took = [0.0]
    while not select.select([sys.stdin], [], [], PERIOD_S)[0]:
        began = time.perf_counter()
        connection.command("GET", "probe")
        took.append(time.perf_counter() - began)
    return sorted(took)


def main():
    gc.disable()  # a collection would count as the server's
    took = waits(wire.Connection(sys.argv[1], REPLY_TIMEOUT_S))
    print(json.dumps({"asked": len(took), "p999_ms": 1000 * took[len(took) * 999 // 1000], "longest_ms": 1000 * took[-1]}))


if __name__ == "__main__":
    main()
