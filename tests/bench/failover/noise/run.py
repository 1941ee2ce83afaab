"""The run: the arms side by side, each with a writer, a schedule and its noises."""
import sys
import threading
import time

from tests.support import resp
from tests.support.cluster import Failed

from ..options import go_first
from ..report import ACKNOWLEDGED, account
from ..writer import Writer
from . import report
from .arm import Arm
from .noises import NOISES
from .schedule import on_at, phases
from .slow_dns import SlowDns

LOOK_S = 0.5
PROGRESS_S = 60
PULSE_S, STOOD_STILL_S = 0.02, 0.15


class Pulse(threading.Thread):
    """Notes when the machine had no time for anybody: what happens then is not the noise's doing."""

    def __init__(self, arms, first):
        super().__init__(daemon=True)
        self.arms, self.first, self.longest_s = arms, first, 0.0

    def run(self):
        if self.first:
            go_first()
        while True:
            before = time.monotonic()
            time.sleep(PULSE_S)
            late_s = time.monotonic() - before - PULSE_S
            self.longest_s = max(self.longest_s, late_s)
            if late_s > STOOD_STILL_S:
                for arm in self.arms:
                    arm.note(f"the machine stood still for {late_s * 1000:.0f} ms")


class Run:
    """One writer, network and schedule for each arm."""

    def __init__(self, options, programs, folder):
        self.options, self.seconds = options, options.minutes * 60
        self.writers = {arm: Writer(options.rate) for arm in options.arms}
        self.arms = [Arm(name, number + 1, programs[name], folder, options) for number, name in enumerate(options.arms)]
        self.plans = {arm.name: {noise: phases(f"{options.seed} {arm.name}", noise, self.seconds) for noise in options.noises} for arm in self.arms}
        self.pulse = Pulse(self.arms, options.real_time)
        self.noises, self.dns, self.began = {}, None, None
        if "dns" in options.noises:
            self.dns = SlowDns({arm.name: arm for arm in self.arms}, folder, options.seed)
        if options.real_time:
            for process in [writer.process for writer in self.writers.values()] + [arm.network.router.process for arm in self.arms]:
                go_first(process.pid)

    def start(self):
        for arm in self.arms:
            arm.start(self.options)
        self.pulse.start()
        for arm in self.arms:
            arm.note("the noise begins")
        self.began = time.time()
        for arm in self.arms:
            self.writers[arm.name].begin(arm.trio.hosts, "w:", dict(zip(arm.trio.names, arm.trio.hosts)))
            self.noises[arm.name] = [self.noise(arm, name) for name in self.options.noises]
            for noise in self.noises[arm.name]:
                noise.start()

    def noise(self, arm, name):
        noise = NOISES[name](arm, self.plans[arm.name][name], f"{self.options.seed} {arm.name}")
        noise.resolver = self.dns
        return noise

    def watch(self):
        """Until the time is over."""
        end, told = self.began + self.seconds, self.began
        while (now := time.time()) < end:
            for arm in self.arms:
                arm.look()
            if now - told >= PROGRESS_S:
                told = now
                self.progress((now - self.began) / 60)
            time.sleep(LOOK_S)

    def progress(self, minutes):
        for arm in self.arms:
            said = report.counts(arm.logs())
            print(f"  {minutes:3.0f} min {arm.name}: {sum(self.writers[arm.name].counts)} acknowledged, " +
                  ", ".join(f"{count} {name}" for name, count in said.items()) +
                  f"; on: {' '.join(on_at(self.plans[arm.name], minutes * 60)) or 'nothing'}", file=sys.stderr, flush=True)

    def row(self, arm):
        """What came of it, once it is quiet again."""
        for noise in self.noises[arm.name]:
            noise.stop()
        events, late_s = self.writers[arm.name].end()
        seen = account(events, 0)
        lost = self.lost(arm, [f"w:{event.number}" for event in events if event.outcome == ACKNOWLEDGED])
        print(f"{arm.name}: " + ", ".join(noise.said() for noise in self.noises[arm.name]) + f"; errors for the writer: {seen['why'] or 'none'}; "
              f"once its router was late by {arm.network.router.late_s.value * 1000:.0f} ms and its writer by {late_s * 1000:.0f} ms, and "
              f"the machine stood still for up to {self.pulse.longest_s * 1000:.0f} ms")
        return report.row(arm.name, self.options.minutes, self.options.noises, arm.logs(), seen, lost)

    @staticmethod
    def lost(arm, keys):
        try:
            return arm.trio.missing(arm.trio.settled(), keys)
        except (Failed, resp.Disconnected, resp.Error) as error:
            print(f"{arm.name} does not come to rest: {error}\n{arm.trio.log_tails()}", file=sys.stderr)
            return None

    def print_failovers(self):
        """True: there were some."""
        some = False
        for arm in self.arms:
            logs = arm.logs()
            for moment in report.moments(logs):
                some = True
                at = moment.timestamp() - self.began
                print(f"\n--- a failover of {arm.name} after {at:.1f} s; on: {' '.join(on_at(self.plans[arm.name], at))}")
                print(report.around(logs, arm.notes(), moment))
        return some

    def end(self):
        for arm in self.arms:
            arm.end(self.options.logs)
        if self.dns:
            self.dns.end()
