"""What disturbs the hosts of an arm without killing any of them. Each is a thread that goes by its own phases."""
import random
import threading
import time

from tests.support import resp

from ..hosts import NODE_PORT, SENTINEL_PORT

SAVE_PAUSE_S = 1.0
SCRIPT_PAUSE_S = (2.0, 6.0)
SCRIPT_ANSWER_S = 10.0
PRIMARY_SHARE = 2 / 3     # of the throttlings
REDIAL_PAUSE_S = (2.0, 6.0)
DNS_LATE_S = 5.0
# Of time as it passes, not of work: a server that is throttled as well would otherwise be mute for several seconds.
SCRIPT = """
local function now() local time = redis.call('TIME') return time[1] * 1000 + time[2] / 1000 end
local begin = now()
repeat until now() - begin >= tonumber(ARGV[1])
return tostring(now() - begin)
"""


class Noise(threading.Thread):
    """`what`: as help says it. begin(), step() every pause() while it is on, end()."""

    what = ""

    def __init__(self, arm, phases, seed):
        super().__init__(daemon=True)
        self.arm, self.trio, self.phases = arm, arm.trio, phases
        self.chance, self.stopping = random.Random(f"{seed} {self.name_of()} steps"), threading.Event()
        self.times, self.failed = 0, 0

    @classmethod
    def name_of(cls):
        return cls.__name__.lower()

    def run(self):
        started = time.monotonic()
        for phase in self.phases:
            if self.stopping.wait(max(0.0, started + phase.begin - time.monotonic())):
                return
            self.arm.note(f"{self.name_of()} begins")
            self._try(self.begin)
            while time.monotonic() < started + phase.end and not self.stopping.is_set():
                self._try(self.step)
                self.stopping.wait(min(self.pause(), max(0.0, started + phase.end - time.monotonic())))
            self._try(self.end)
            self.arm.note(f"{self.name_of()} ends")

    def _try(self, part):
        """Who does not answer in time is disturbed enough."""
        try:
            part()
        except (resp.Disconnected, resp.Error):
            self.failed += 1

    def stop(self):
        self.stopping.set()
        self.join()

    def begin(self):
        pass

    def step(self):
        pass

    def end(self):
        pass

    def pause(self):
        return 1.0

    def said(self):
        """What came of it, for the last lines."""
        return f"{self.times} {self.name_of()}"


class Saves(Noise):
    what = "BGSAVE and BGREWRITEAOF in turn, on all servers, over and over"

    def step(self):
        for host in range(3):
            (text,) = self.trio.ask(host, NODE_PORT, ("INFO", "persistence"))
            if b"bgsave_in_progress:1" in text or b"rewrite_in_progress:1" in text:
                continue
            word = ("BGSAVE", "BGREWRITEAOF")[self.times // 3 % 2]
            self.trio.ask(host, NODE_PORT, (word,))
            self.times += 1
            self.arm.note(f"{word} on {self.trio.hosts[host]}")

    def pause(self):
        return SAVE_PAUSE_S


class Scripts(Noise):
    what = "EVAL of 900 ms on the primary, every 2 to 6 s"
    length_ms, longest_ms = 900, 0.0
    stops_ms = 150        # what a throttled host may add at the end, when its share is used up

    def step(self):
        host = self.trio.hosts[self.arm.primary]
        connection = resp.Connection(host, NODE_PORT, timeout=SCRIPT_ANSWER_S)
        try:
            self.arm.note(f"a script on {host}")
            with self.arm.computing:
                throttled = self.arm.throttled == self.arm.primary
                answer = connection.command("EVAL", SCRIPT, 0, self.length_ms - (self.stops_ms if throttled else 0))
        finally:
            connection.close()
        if isinstance(answer, resp.Error):
            raise answer
        self.times += 1
        self.longest_ms = max(self.longest_ms, float(answer))
        self.arm.note(f"the script on {host} took {float(answer):.0f} ms")

    def pause(self):
        return self.chance.uniform(*SCRIPT_PAUSE_S)

    def said(self):
        return f"{super().said()} (the longest {self.longest_ms:.0f} ms)"


class Throttle(Noise):
    what = "server and sentinel of one host, mostly the primary's, have 20 % of one CPU together"
    percent, host, of_primary = 20, None, 0

    def begin(self):
        primary = self.arm.primary
        others = [host for host in range(3) if host != primary]
        self.host = primary if self.chance.random() < PRIMARY_SHARE else self.chance.choice(others)
        self.of_primary += self.host == primary
        self.times += 1
        with self.arm.computing:
            self.arm.throttled = self.host
            self.arm.shares[self.host].limit(self.percent)
        self.arm.note(f"{self.trio.hosts[self.host]} has {self.percent} %")

    def end(self):
        self.arm.shares[self.host].limit(None)
        self.arm.throttled = None

    def said(self):
        periods = sum(share.throttled_periods() for share in self.arm.shares)
        return f"{super().said()} ({self.of_primary} of the primary; {periods / 10:.0f} s with its share used up)"


class Loss(Noise):
    what = "5 % of all packets between hosts are lost"
    share = 0.05

    def begin(self):
        self.times += 1
        self.arm.network.router.loss.value = self.share

    def end(self):
        self.arm.network.router.loss.value = 0.0

    def said(self):
        passed, lost = self.arm.network.router.counts
        return f"{super().said()} ({lost} of {passed + lost} packets)"


class Jitter(Noise):
    what = "each packet between hosts takes 0 to 200 ms"
    most_s = 0.2

    def begin(self):
        self.times += 1
        self.arm.network.router.delay_s.value = self.most_s

    def end(self):
        self.arm.network.router.delay_s.value = 0.0


class Dns(Noise):
    what = "hosts know each other by name; answers take 0 to 5 s, one in ten never comes, and now and then a connection is closed"
    late_s = DNS_LATE_S
    resolver = None           # that of all arms

    def begin(self):
        self.resolver.late_s[self.arm.name].value = self.late_s

    def step(self):
        """Names are asked for when a connection is to be made, so one between two hosts is closed."""
        host, port = self.chance.randrange(3), self.chance.choice((NODE_PORT, SENTINEL_PORT))
        listed = self.trio.ask(host, port, *self._admission(port), ("CLIENT", "LIST"))[-1].decode().splitlines()
        fields = [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in listed]
        others = [field for field in fields if field["addr"].rpartition(":")[0] in self.trio.hosts]
        if others:
            chosen = self.chance.choice(others)
            self.trio.ask(host, port, *self._admission(port), ("CLIENT", "KILL", "ID", chosen["id"]))
            self.times += 1
            self.arm.note(f"{self.trio.hosts[host]}:{port} closes the connection of {chosen['addr']} {chosen['name']}")

    def _admission(self, port):
        return self.trio.admission() if port == SENTINEL_PORT else []

    def end(self):
        self.resolver.late_s[self.arm.name].value = 0.0

    def pause(self):
        return self.chance.uniform(*REDIAL_PAUSE_S)

    def said(self):
        questions, silent = self.resolver.counts
        return f"{self.times} connections closed ({questions} questions of all arms to the resolver, {silent} never answered)"


NOISES = {noise.name_of(): noise for noise in (Saves, Scripts, Throttle, Loss, Jitter, Dns)}
