"""A resolver for the hosts' names: answers at once, or after a while, or not at all; a process of its own."""
import heapq
import multiprocessing
import random
import select
import signal
import socket
import struct
import subprocess
import time

from .network import ip

ADDRESS = "10.77.255.53"
SILENT_SHARE = 0.1        # of the questions while it is slow
PACKET_BYTES_MAX = 1500
HEADER_BYTES = 12
ANSWERED, NOT_THERE = 0x8580, 0x8583
TYPE_A = 1
TTL_S = 1
WAIT_S = 0.5
CONFIGURATION = "/etc/resolv.conf"


def question(query):
    """Pure: the name, the kind of what is asked for, and where the question ends; None if that is no question."""
    labels, at = [], HEADER_BYTES
    while at < len(query) and query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1").lower())
        at += 1 + query[at]
    if len(query) < at + 5:
        return None
    return ".".join(labels), struct.unpack_from("!H", query, at + 1)[0], at + 5


def reply(query, address):
    """Pure. `address`: of the name that is asked for; None: there is no such name."""
    _, kind, end = question(query)
    records = b""
    if address and kind == TYPE_A:
        records = struct.pack("!HHHIH", 0xC000 | HEADER_BYTES, TYPE_A, 1, TTL_S, 4) + socket.inet_aton(address)
    header = struct.pack("!5H", ANSWERED if address else NOT_THERE, 1, 1 if records else 0, 0, 0)
    return query[:2] + header + query[HEADER_BYTES:end] + records


class SlowDns:
    """`arms`: name → its Arm. `late_s` of each: the longest that an answer about one of its hosts may take."""

    def __init__(self, arms, folder, seed):
        self.hosts = {name: (address, arm) for arm, of in arms.items() for name, address in zip(of.trio.names, of.trio.hosts)}
        self.late_s = {arm: multiprocessing.Value("d", 0.0, lock=False) for arm in arms}
        self.counts = multiprocessing.Array("Q", 2, lock=False)  # questions, and those that are never answered
        self.chance = random.Random(seed)
        ip(f"address add {ADDRESS}/32 dev lo")
        self._replace_configuration(folder)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ADDRESS, 53))
        self.process = multiprocessing.Process(target=self._run, daemon=True)
        self.process.start()

    def end(self):
        self.process.kill()
        self.process.join()
        self.socket.close()

    @staticmethod
    def _replace_configuration(folder):
        """For this program and all that it starts: mounts are its own."""
        path = f"{folder}/resolv.conf"
        with open(path, "w", encoding="ascii") as file:
            file.write(f"nameserver {ADDRESS}\n")
        subprocess.run(["mount", "--bind", path, CONFIGURATION], check=True)

    def _run(self):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        waiting = []
        while True:
            wait_s = min(WAIT_S, max(0.0, waiting[0][0] - time.monotonic())) if waiting else WAIT_S
            if select.select([self.socket], [], [], wait_s)[0]:
                self._take(waiting)
            while waiting and waiting[0][0] <= time.monotonic():
                _, answer, client = heapq.heappop(waiting)
                self.socket.sendto(answer, client)

    def _take(self, waiting):
        query, client = self.socket.recvfrom(PACKET_BYTES_MAX)
        asked = question(query)
        if asked is None:
            return
        address, arm = self.hosts.get(asked[0], (None, None))
        late_s = self.late_s[arm].value if arm else 0.0
        self.counts[0] += 1
        if late_s and self.chance.random() < SILENT_SHARE:
            self.counts[1] += 1
            return
        heapq.heappush(waiting, (time.monotonic() + self.chance.uniform(0, late_s), reply(query, address), client))
