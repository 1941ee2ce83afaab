"""A client that follows Sentinel well, in a process of its own: a paced SET of a fresh key, one at a time, each sent once.

It asks the sentinels in turn who leads: when its connection breaks, when an answer is an error, and every 10 ms while an answer is overdue.
"""
import multiprocessing
import signal
import time

from tests.support import resp

from .hosts import NAME, SENTINEL_PORT
from .report import ACKNOWLEDGED, FAILED, UNANSWERED, Event

OVERDUE_S = 0.01         # asks the sentinels then
PATIENCE_S = 5.0         # with an answer, if the sentinels go on naming the same primary; longer than a failover takes, so that
                         # no attempt to connect anew to a host that is gone is under way when it ends
CONNECT_S = 0.1
SENTINEL_ANSWER_S = 0.05
ASIDE_S = 1.0            # a sentinel that did not answer is not asked
PAUSE_S = 0.002          # before it asks again after an error


class Sentinels:
    """Connections to them are kept."""

    def __init__(self, addresses, names=None):
        """`names`: name → address, where the sentinels announce names."""
        self.addresses, self.names, self.connections, self.aside, self.turn = addresses, names or {}, {}, {}, 0

    def primary(self):
        """The address that the next sentinel names which answers, or None."""
        for _ in self.addresses:
            host = self.addresses[self.turn % len(self.addresses)]
            self.turn += 1
            if self.aside.get(host, 0) > time.monotonic():
                continue
            try:
                if host not in self.connections:
                    self.connections[host] = resp.Connection(host, SENTINEL_PORT, timeout=SENTINEL_ANSWER_S)
                answer = self.connections[host].command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
            except resp.Disconnected:
                self.drop(host)
                self.aside[host] = time.monotonic() + ASIDE_S
                continue
            if isinstance(answer, list):
                host = answer[0].decode()
                return self.names.get(host, host), int(answer[1])
        return None

    def drop(self, host):
        if host in self.connections:
            self.connections.pop(host).close()

    def close(self):
        for host in list(self.connections):
            self.drop(host)


class Client:
    def __init__(self, sentinels, prefix, interval_s):
        self.sentinels, self.prefix, self.interval_s = sentinels, prefix, interval_s
        self.connection, self.host, self.events, self.next = None, None, [], 0
        self.due, self.late_s = time.monotonic(), 0.0

    def step(self):
        """One write, or one attempt to find out to whom; the address of who acknowledged it, or None."""
        self._pace()
        if self.connection is None and not self._connect():
            time.sleep(PAUSE_S)
            return None
        number, self.next = self.next, self.next + 1
        outcome, why = self._write(number)
        self.events.append(Event(time.monotonic(), number, outcome, self.host, why))
        if outcome == ACKNOWLEDGED:
            return self.host
        self.close()
        if outcome == FAILED:
            time.sleep(PAUSE_S)
        return None

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def _pace(self):
        """What could not be written in time is left out, not made up for."""
        self.due += self.interval_s
        left_s = self.due - time.monotonic()
        if left_s > 0:
            time.sleep(left_s)
            self.late_s = max(self.late_s, time.monotonic() - self.due)
        else:
            self.due = time.monotonic()

    def _connect(self):
        address = self.sentinels.primary()
        if address is None:
            return False
        try:
            self.connection, self.host = resp.Connection(*address, timeout=CONNECT_S), address[0]
        except resp.Disconnected:
            return False
        self.connection.socket.settimeout(OVERDUE_S)
        return True

    def _write(self, number):
        try:
            self.connection.socket.sendall(resp.encode(("SET", f"{self.prefix}{number}", number)))
            answer = self._answer()
        except (OSError, resp.Disconnected) as error:
            return UNANSWERED, type(error).__name__
        if answer is None:
            return UNANSWERED, "overdue"
        return (FAILED, answer.args[0].split()[0]) if isinstance(answer, resp.Error) else (ACKNOWLEDGED, "")

    def _answer(self):
        """None: it did not come, and somebody else leads or patience is at its end."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                return self.connection.read()
            except TimeoutError:
                named = self.sentinels.primary()
                if named and named[0] != self.host:
                    return None
        return None


class Writer:
    """The process, and what the measuring one sees of it: begin(), how many each host has acknowledged, end()."""

    def __init__(self, rate):
        self.rate = rate
        self.pipe, other = multiprocessing.Pipe()
        self.counts = multiprocessing.Array("Q", 3, lock=False)
        self.stopping = multiprocessing.Value("b", 0, lock=False)
        self.process = multiprocessing.Process(target=self._run, args=(other,), daemon=True)
        self.process.start()

    def begin(self, hosts, prefix, names=None):
        self.counts[:] = [0, 0, 0]
        self.stopping.value = 0
        self.pipe.send((hosts, prefix, names))

    def end(self):
        """(events, how late the machine once was in waking it up, in s)"""
        self.stopping.value = 1
        return self.pipe.recv()

    def _run(self, pipe):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while True:
            hosts, prefix, names = pipe.recv()
            sentinels = Sentinels(hosts, names)
            client = Client(sentinels, prefix, 1 / self.rate)
            while not self.stopping.value:
                host = client.step()
                if host is not None:
                    self.counts[hosts.index(host)] += 1
            client.close()
            sentinels.close()
            pipe.send((client.events, client.late_s))
