"""What it costs to keep writes: SET of 64 bytes over 50 connections, without and with the append-only file, and with two replicas.

  python3 -m tests.bench.durable [--arms none,everysec,always,replicas] [--sync-us 1000] [--rounds 5] [--pipelines 1,16]

All arms run side by side and take turns. Prints for each its writes a second and the CPU time (all threads) of a write, medians, and the medians
of their ratios to the first arm, round by round. The server has the first core, the rest have the second, so the node's threads share one.
--sync-us: fdatasync takes just so long and does nothing, as if the disk did: the real one's times vary too much to compare two binaries with.
--ours may be given several times: each arm with each of them.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from tests.bench import load
from tests.support.node_case import NODE
from tests.support.server import Server, free_port

SLEEPY_SYNC = """
#include <time.h>
int fdatasync(int fd) {
  struct timespec time = {0, %d * 1000L};
  (void)fd;
  clock_nanosleep(CLOCK_MONOTONIC, 0, &time, 0);
  return 0;
}
"""
LOG = ("--auto-aof-rewrite-percentage", "0", "--appendonly", "yes", "--appendfsync")
ARMS = {"none": (), "everysec": (*LOG, "everysec"), "always": (*LOG, "always"), "replicas": ()}
REPLICAS = 2
WINDOW_S = 1.5


class Arm:
    def __init__(self, name, program, prefix):
        self.name, self.rows = name, {}
        words = {"program": program, "prefix": prefix}
        port = ("--port", str(free_port()))
        self.server = Server("ours", options=(*port, *ARMS[name]), cpus={0}, **words).start()
        self.server.port = int(port[1])
        self.replicas = []
        for _ in range(REPLICAS if name == "replicas" else 0):
            follows = ("--replicaof", f"127.0.0.1 {port[1]}", "--port", str(free_port()))
            self.replicas.append(Server("replica", options=follows, cpus={1}, **words).start())

    def measure(self, pipeline):
        workload = load.Workload("set", ("set", "key:__rand_int__", "x" * 64), 0, pipeline, 200_000)
        operations = 20_000
        while True:  # until a window is long enough
            before = load.cpu_seconds(self.server.pid)
            done, rate, *_ = load.run(workload, self.server, operations, {1})
            if operations > rate * WINDOW_S / 2:
                break
            operations = int(rate * WINDOW_S)
        self.rows.setdefault(pipeline, []).append((rate, (load.cpu_seconds(self.server.pid) - before) / done * 1e6))

    def remove(self):
        for server in (*self.replicas, self.server):
            server.remove()


def sleepy_sync(directory, microseconds):
    """What is put before a program whose fdatasync is to take that long."""
    if microseconds is None:
        return ()
    library = os.path.join(directory, "sync.so")
    subprocess.run([shutil.which("cc"), "-shared", "-fPIC", "-O1", "-x", "c", "-o", library, "-"], check=True, text=True,
                   input=SLEEPY_SYNC % microseconds)
    return ("env", f"LD_PRELOAD={library}")


def report(arms, pipelines):
    for pipeline in pipelines:
        first = arms[0].rows[pipeline]
        for arm in arms:
            rows = arm.rows[pipeline]
            rate, cpu_us = (statistics.median(column) for column in zip(*rows))
            of_rate, of_cpu = (statistics.median(mine / its for mine, its in zip(*columns)) for columns in zip(zip(*rows), zip(*first)))
            print(f"P={pipeline:<3} {arm.name:9} {rate:9.0f} writes/s {of_rate:5.2f}   {cpu_us:7.3f} us of CPU {of_cpu:5.2f}   {arm.server.program}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", action="append")
    parser.add_argument("--arms", default=",".join(ARMS))
    parser.add_argument("--sync-us", type=int)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pipelines", default="1,16")
    options = parser.parse_args()
    pipelines = [int(text) for text in options.pipelines.split(",")]
    with tempfile.TemporaryDirectory(prefix="rha-bench-") as directory:
        prefix = sleepy_sync(directory, options.sync_us)
        arms = [Arm(name, program, prefix) for name in options.arms.split(",") for program in options.ours or [NODE]]
        try:
            for _ in range(options.rounds):
                for pipeline in pipelines:
                    for arm in arms:
                        arm.measure(pipeline)
            report(arms, pipelines)
        finally:
            for arm in arms:
                arm.remove()


if __name__ == "__main__":
    sys.exit(main())
