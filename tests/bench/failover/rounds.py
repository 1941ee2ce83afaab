"""Plays the rounds: a fault befalls the primary under the writer's eyes, and is undone once another one has led for a moment."""
import json
import os
import random
import sys
import time

from tests.bench.compare import machine
from tests.support import resp
from tests.support.cluster import Failed, wait_for

from . import report
from .faults import FAULTS
from .hosts import Group, Trio
from .writer import Writer

ARMS = {"stock": Trio, "plain": Trio, "group": Group}
BEFORE_WRITES = (300, 1300)  # a chance number between them, so that faults come at any time between two pings
AFTER_WRITES = 300
WRITES_BEGIN_S = 30
FAILOVER_S = 60              # beside down-after
AGAIN_S = 3
PROBE_BYTES = 1000


class Bench:
    """`programs`: arm → (node, sentinel). The files of all hosts are in `folder`."""

    def __init__(self, options, programs, folder):
        self.options, self.programs, self.folder = options, programs, folder
        self.rounds, self.trios, self.started = [], {}, 0
        self.writer = Writer(options.rate)

    def everything(self):
        for fault in self.options.faults:
            name, _, times = fault.partition(":")
            times = int(times or self.options.rounds)
            for number in range(times):
                first = number % len(self.options.arms)
                for arm in self.options.arms[first:] + self.options.arms[:first]:
                    self.add(arm, name, f"{name} {number + 1}/{times} {arm}")

    def add(self, arm, name, title):
        try:
            played = self.play(arm, name)
            told = (f"{report.figure(played['outage_ms'])} ms, {played['lost']} lost, {played['failed']} failed, "
                    f"{played['unanswered']} unanswered")
        except (Failed, resp.Disconnected, resp.Error) as error:
            played = {"arm": arm, "fault": name, "error": str(error)}
            told = played["error"] + ("\n" + self.trios[arm].log_tails() if arm in self.trios else "")
            self.give_up(arm)
        self.rounds.append(played)
        print(f"  {title}: {told}", file=sys.stderr, flush=True)
        self.write_output()

    # --- one round

    def play(self, arm, name):
        """What came of it, as report.py takes it."""
        trio, fault = self.trio(arm), FAULTS[name]
        old = trio.settled()
        prefix = f"{len(self.rounds)}:"
        self.writer.begin(trio.hosts, prefix)
        try:
            before = random.randint(*BEFORE_WRITES)
            wait_for("the first writes", lambda: self.writer.counts[old] >= before, WRITES_BEGIN_S)
            at, began = time.time(), time.monotonic()
            fault.begin(trio, old)
            self.wait_until_elsewhere(trio, fault, old)
        finally:
            events, late_s = self.writer.end()
        new = max((host for host in range(3) if host != old), key=lambda host: self.writer.counts[host])
        undone = time.monotonic()
        fault.undo(trio, old, new)
        final = trio.settled()
        keys = [f"{prefix}{event.number}" for event in events if event.outcome == report.ACKNOWLEDGED]
        return {"arm": arm, "fault": name, "at": at, **report.account(events, began), "lost": trio.missing(final, keys),
                **{role: trio.hosts[host] for role, host in (("old", old), ("new", new), ("final", final))},
                "settled_s": time.monotonic() - undone, "late_ms": late_s * 1000, "fsync_ms": self.fsync_ms()}

    def wait_until_elsewhere(self, trio, fault, old):
        deadline = time.monotonic() + self.options.down_after / 1000 + FAILOVER_S

        def elsewhere():
            return sum(self.writer.counts) - self.writer.counts[old]
        while True:
            try:
                return wait_for("writes elsewhere", lambda: elsewhere() >= AFTER_WRITES, AGAIN_S)
            except Failed:
                if time.monotonic() > deadline:
                    raise
                if not elsewhere():
                    fault.again(trio, old)

    def fsync_ms(self):
        """How long a small durable write takes: a sentinel's vote waits for one."""
        with open(os.path.join(self.folder, "probe"), "wb") as file:
            began = time.monotonic()
            file.write(b"x" * PROBE_BYTES)
            file.flush()
            os.fsync(file.fileno())
            return (time.monotonic() - began) * 1000

    # --- the hosts of the arms

    def trio(self, arm):
        if arm not in self.trios:
            self.started += 1
            folder = os.path.join(self.folder, f"{arm}-{self.started}")
            self.trios[arm] = ARMS[arm](*self.programs[arm], folder, self.started, self.options.down_after)
            self.trios[arm].start()
        return self.trios[arm]

    def give_up(self, arm):
        """The next round has three new hosts."""
        if arm in self.trios:
            self.trios.pop(arm).end(keep=self.options.logs)

    def end(self):
        for arm in list(self.trios):
            self.give_up(arm)

    # --- what is kept

    def write_output(self):
        if not self.options.output:
            return
        summaries = [{"fault": fault, "arm": arm, **row} for (fault, arm), row in report.rows(self.rounds).items()]
        with open(self.options.output + ".new", "w", encoding="utf-8") as file:
            json.dump({"machine": machine(), "options": vars(self.options), "goals": [goal._asdict() for goal in report.GOALS],
                       "rows": summaries, "rounds": self.rounds}, file, indent=1)
        os.rename(self.options.output + ".new", self.options.output)
