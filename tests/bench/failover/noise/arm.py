"""One arm: three hosts in a network of their own, with data, and what all noises of it share."""
import os
import random
import threading
from datetime import datetime, timezone

from tests.support import resp
from tests.support.cluster import Failed, wait_for

from ..hosts import NAME, NODE_PORT, SENTINEL_PORT, Group, Trio
from . import throttle
from .network import Network
from .noises import NOISES

VALUE_BYTES = 1000
AT_ONCE = 500             # writes of the filling client
FILL_S, CATCH_UP_S = 120, 180
LAG_BYTES_MAX = 1 << 16
BACKLOG = "64mb"          # a link that breaks is not to cost a full copy over a line like this


class Noisy:
    """Before Trio or one of its kind. The files of servers are written as they are in production, and the network is another."""

    named = False             # by host names, which must be resolved

    def join(self, network, arm):
        self.network, self.hosts = network, network.hosts
        self.names = [f"{arm}-{host}.noise.test" for host in range(3)] if self.named else self.hosts

    def within(self, host):
        return self.network.within(host)

    def node_lines(self, host, primary):
        lines = [line for line in super().node_lines(host, primary) if not line.startswith("appendonly")]
        return [*lines, "appendonly yes", "appendfsync everysec", f"repl-backlog-size {BACKLOG}"]


class NoisyTrio(Noisy, Trio):
    def sentinel_lines(self, host):
        names = ["sentinel resolve-hostnames yes", "sentinel announce-hostnames yes"] if self.named else []
        return [*names, *super().sentinel_lines(host)]


class NoisyGroup(Noisy, Group):
    pass


KINDS = {"stock": NoisyTrio, "plain": NoisyTrio, "group": NoisyGroup}


class Arm:
    def __init__(self, name, number, programs, folder, options):
        self.name = name
        self.chance = random.Random(f"{options.seed} {name}")  # of the main thread
        self.network = Network(number, 3, f"{options.seed} {name}")
        self.journal = os.path.join(folder, f"{name}-noise")
        self.trio = KINDS[name](*programs, os.path.join(folder, name), number, options.down_after)
        self.trio.named = "dns" in options.noises
        self.trio.join(self.network, name)
        self.shares, self.primary, self.throttled = [], None, None
        self.computing = threading.Lock()  # a script runs: it reckons with the share that it began with
        self.passed_over = {}  # address → lines of its sentinel from before the noise

    def start(self, options):
        self.trio.start()
        if throttle.are_needed(options):
            for host in range(3):
                processes = [self.trio.processes[kind, host].pid for kind in ("node", "sentinel")]
                self.shares.append(throttle.Share(f"{self.name}-{host}", processes, first=options.real_time))
        self.primary = self.trio.settled()
        self.fill(options.dataset)
        wait_for(f"all copies of {self.name}", self.copies_are_whole, CATCH_UP_S)
        self.passed_over = {address: len(lines) for address, lines in self.logs().items()}

    def note(self, what):
        """For the reader of logs, as a line of them."""
        with open(self.journal, "a", encoding="ascii") as file:
            file.write(f"{datetime.now(timezone.utc).isoformat(timespec='milliseconds')} {what}\n")

    def fill(self, megabytes):
        connection = resp.Connection(self.trio.hosts[self.primary], NODE_PORT, timeout=FILL_S)
        for first in range(0, megabytes * (1 << 20) // VALUE_BYTES, AT_ONCE):
            connection.pipeline([("SET", f"data:{number}", self.chance.randbytes(VALUE_BYTES)) for number in range(first, first + AT_ONCE)])
        connection.close()

    def copies_are_whole(self):
        offsets = []
        for host in range(3):
            (text,) = self.trio.ask(host, NODE_PORT, ("INFO", "replication"))
            said = dict(line.split(":", 1) for line in text.decode().splitlines() if ":" in line)
            if host != self.primary and said.get("master_link_status") != "up":
                raise Failed(f"the link of {self.trio.hosts[host]} is not up")
            offsets.append(int(said["master_repl_offset"]))
        return max(offsets) - min(offsets) <= LAG_BYTES_MAX

    def look(self):
        """Who leads, as the next sentinel says that answers."""
        for host in self.chance.sample(range(3), 3):
            try:
                (answer,) = self.trio.ask(host, SENTINEL_PORT, ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME))
            except (resp.Disconnected, resp.Error):
                continue
            if answer:
                self.primary = self.trio.number_of(answer[0].decode())
                return

    def notes(self):
        with open(self.journal, encoding="ascii") as file:
            return file.read().splitlines()

    def logs(self):
        """address → what its sentinel said since the noise began"""
        said = {}
        for host, address in enumerate(self.trio.hosts):
            with open(os.path.join(self.trio.path("sentinel", host), "log"), encoding="utf-8", errors="replace") as log:
                said[address] = log.read().splitlines()[self.passed_over.get(address, 0):]
        return said

    def end(self, keep):
        self.trio.end(keep)
        for share in self.shares:
            share.end()
        self.network.end()
