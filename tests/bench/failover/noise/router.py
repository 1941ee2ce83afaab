"""Passes packets between tun devices, those between hosts late or not at all; a process of its own.

The packets of one flow (both addresses and ports) keep their order, as on nearly every network, so a late one holds up those
behind it; those of another flow may overtake it.
"""
import heapq
import multiprocessing
import os
import random
import select
import signal
import time

PACKET_BYTES_MAX = 1 << 16
AT_ONCE = 64              # packets of one device
FLOWS_MAX = 4096          # remembered, until those that are quiet are forgotten
WAIT_S = 0.5


def addresses(packet):
    """Where an IPv4 packet is from and whom it is for."""
    return packet[12:16], packet[16:20]


def flow(packet):
    """Protocol, addresses and ports."""
    return packet[9:10] + packet[12:24]


class Line:
    """Packets under way, by when they are due. Pure."""

    def __init__(self, chance):
        self.chance, self.heap, self.last, self.order = chance, [], {}, 0

    def take(self, now, key, packet, loss, delay_s):
        """False: it is lost. `delay_s`: the most it may take."""
        if self.chance.random() < loss:
            return False
        due = now + self.chance.uniform(0, delay_s)
        if len(self.last) > FLOWS_MAX:
            self.last = {other: at for other, at in self.last.items() if at > now}
        due = self.last[key] = max(due, self.last.get(key, 0.0))
        self.order += 1
        heapq.heappush(self.heap, (due, self.order, packet))
        return True

    def due(self, now):
        """The packets whose time has come."""
        while self.heap and self.heap[0][0] <= now:
            yield heapq.heappop(self.heap)[2]

    def next_at(self):
        return self.heap[0][0] if self.heap else None


class Router:
    """`hosts`: address as 4 bytes → tun device. What is for nobody of them goes to `other`, at once, as does what comes from there."""

    def __init__(self, hosts, other, seed):
        self.hosts, self.other = hosts, other
        self.loss, self.delay_s = (multiprocessing.Value("d", 0.0, lock=False) for _ in range(2))
        self.late_s = multiprocessing.Value("d", 0.0, lock=False)   # the router itself, once
        self.counts = multiprocessing.Array("Q", 2, lock=False)     # passed on between hosts, and lost
        self.line = Line(random.Random(seed))
        self.process = multiprocessing.Process(target=self._run, daemon=True)
        self.process.start()

    def end(self):
        self.process.kill()
        self.process.join()

    def _run(self):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        devices = [*self.hosts.values(), self.other]
        while True:
            due = self.line.next_at()
            wait_s = WAIT_S if due is None else max(0.0, due - time.monotonic())
            for device in select.select(devices, [], [], min(wait_s, WAIT_S))[0]:
                self._read(device)
            now = time.monotonic()
            if due is not None and now > due:
                self.late_s.value = max(self.late_s.value, now - due)
            for packet in self.line.due(now):
                self._pass_on(packet)

    def _read(self, device):
        for _ in range(AT_ONCE):
            try:
                packet = os.read(device, PACKET_BYTES_MAX)
            except BlockingIOError:
                return
            if packet[0] >> 4 != 4:
                continue
            source, target = addresses(packet)
            if source not in self.hosts or target not in self.hosts:
                self._pass_on(packet)
                continue
            kept = self.line.take(time.monotonic(), flow(packet), packet, self.loss.value, self.delay_s.value)
            self.counts[0 if kept else 1] += 1

    def _pass_on(self, packet):
        try:
            os.write(self.hosts.get(addresses(packet)[1], self.other), packet)
        except OSError:
            pass  # its queue is full, or its device is not up yet: as lost as any other
