"""What it costs to tell of a write only once a majority has it: one primary with two replicas, SET by redis-benchmark, both ways in turn.

  python3 -m tests.bench.copies [--rounds 2]

Prints for each way and depth of pipeline the primary's CPU per write, and how many writes a second came through.
"""
import argparse
import csv
import os
import subprocess
import unittest

from tests.integration.members_test import Node, wait_for

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
WRITES = 200_000


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def group(case, copies):
    primary, *replicas = (Node(case, f"pod-{i}") for i in range(3))
    primary.role(1, "pod-0", "PRIMARY", "COPIES", copies)
    for replica in replicas:
        replica.role(1, "pod-0", "REPLICA", "127.0.0.1", primary.port)
    wait_for("both in step", lambda: primary.info()["redisha_replicas"].count("pod-") == 2)
    return primary, replicas


def measure(primary, pipeline):
    before = cpu_s(primary.process.pid)
    done = subprocess.run(["redis-benchmark", "-p", str(primary.port), "-t", "set", "-n", str(WRITES), "-r", "100000", "-c", "50",
                           "-P", str(pipeline), "--csv"], capture_output=True, text=True, check=True)
    rate = float(list(csv.reader(done.stdout.splitlines()))[-1][1])
    return (cpu_s(primary.process.pid) - before) / WRITES * 1e6, rate


class Copies(unittest.TestCase):
    rounds = 2

    def runTest(self):
        for _ in range(self.rounds):
            for copies, name in ((1, "Async"), (2, "Majority")):
                primary, replicas = group(self, copies)
                for pipeline in (1, 16):
                    cpu_us, rate = measure(primary, pipeline)
                    print(f"{name:8} P={pipeline:<3} {cpu_us:6.2f} us of CPU a write, {rate:9.0f} writes/s", flush=True)
                for node in (primary, *replicas):
                    node.kill()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    Copies.rounds = parser.parse_args().rounds
    unittest.TextTestRunner(verbosity=0).run(Copies())
