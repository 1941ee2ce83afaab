"""Three hosts, each a server and a sentinel at an address of its own: classic ones of either make, and a configured group."""
import os
import shutil
import signal
import subprocess

from tests.support import members, resp
from tests.support.cluster import Failed, wait_for

NODE_PORT, SENTINEL_PORT = 6379, 26379
NAME = "bench"
QUORUM = 2
FAILOVER_TIMEOUT_MS = 10_000
ANSWER_S = 2.0
START_S, SETTLE_S = 30, 120
EXISTS_AT_ONCE = 500
LOG_TAIL_LINES = 20
ADMIN = "admin-of-the-bench"


def fields(flat):
    words = [word.decode() for word in flat]
    return dict(zip(words[0::2], words[1::2]))


class Trio:
    """`node` and `sentinel` are programs with their options, which follow the name of the file.

    `number` tells its addresses from those of the other arms, which run beside it.
    """

    def __init__(self, node, sentinel, folder, number, down_after_ms):
        self.node, self.sentinel, self.folder, self.down_after_ms = node, sentinel, folder, down_after_ms
        self.hosts = [f"127.0.{10 + number}.{host + 1}" for host in range(3)]
        self.names = self.hosts  # as configurations call them
        self.processes = {}  # (kind, host)

    # --- processes

    def start(self):
        os.makedirs(self.folder, exist_ok=True)
        for host in range(3):
            for kind in ("node", "sentinel"):
                os.makedirs(self.path(kind, host))
        for host in range(3):
            self.start_node(host, None if host == 0 else 0)
        for host in range(3):
            wait_for(f"the server at {self.hosts[host]}", lambda: self.answers(host, NODE_PORT), START_S)
        for host in range(3):
            self.run("sentinel", host, self.sentinel, self.sentinel_lines(host))
        return self

    def start_node(self, host, primary):
        """`primary`: whom it follows at first, or None."""
        self.run("node", host, self.node, self.node_lines(host, primary))

    def run(self, kind, host, program, lines):
        path = self.path(kind, host)
        configuration = os.path.join(path, kind + ".conf")
        with open(configuration, "w", encoding="ascii") as file:
            file.write("".join(line + "\n" for line in lines))
        with open(os.path.join(path, "log"), "ab") as log:
            self.processes[kind, host] = subprocess.Popen([*self.within(host), program[0], configuration, *program[1:]], cwd=path,
                                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def within(self, host):
        """What starts a program on that host."""
        return []

    def signal_node(self, host, number):
        self.processes["node", host].send_signal(number)
        if number == signal.SIGKILL:
            self.processes["node", host].wait()

    def end(self, keep):
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        self.processes = {}
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def log_tails(self):
        """What each process said last."""
        said = []
        for kind, host in self.processes:
            with open(os.path.join(self.path(kind, host), "log"), encoding="utf-8", errors="replace") as log:
                said.append(f"--- {kind} at {self.hosts[host]}\n" + "".join(log.readlines()[-LOG_TAIL_LINES:]))
        return "\n".join(said)

    def path(self, kind, host):
        return os.path.join(self.folder, f"{kind}-{host}")

    # --- configuration

    def common_lines(self, kind, host):
        address = self.hosts[host]
        return [f"port {NODE_PORT if kind == 'node' else SENTINEL_PORT}", f"bind {address}", f"bind-source-addr {address}",
                f"dir {self.path(kind, host)}", "protected-mode no"]

    def node_lines(self, host, primary):
        return [*self.common_lines("node", host), f"replica-announce-ip {self.names[host]}", 'save ""', "appendonly no",
                "repl-diskless-sync-delay 0", *([] if primary is None else [f"replicaof {self.names[primary]} {NODE_PORT}"])]

    def sentinel_lines(self, host):
        return [*self.common_lines("sentinel", host), f"sentinel announce-ip {self.names[host]}",
                f"sentinel monitor {NAME} {self.names[0]} {NODE_PORT} {QUORUM}", *self.timing_lines()]

    def timing_lines(self):
        return [f"sentinel down-after-milliseconds {NAME} {self.down_after_ms}", f"sentinel failover-timeout {NAME} {FAILOVER_TIMEOUT_MS}"]

    # --- questions

    def ask(self, host, port, *commands):
        """The answers; one that is an error is raised."""
        connection = resp.Connection(self.hosts[host], port, timeout=ANSWER_S)
        try:
            answers = connection.pipeline(commands)
        finally:
            connection.close()
        for answer in answers:
            if isinstance(answer, resp.Error):
                raise answer
        return answers

    def answers(self, host, port):
        return self.ask(host, port, ("PING",)) == [b"PONG"]

    def settled(self):
        """Waits until all agree on one primary, which two replicas follow; its number."""
        return wait_for(f"agreement in {self.folder}", self._agreed, SETTLE_S)[0]

    def number_of(self, shown):
        """`shown`: a name or an address, as a sentinel says it."""
        return (self.names if shown in self.names else self.hosts).index(shown)

    def _agreed(self):
        said = {self._primary_of_a_sentinel_at_ease(host) for host in range(3)}
        if len(said) != 1:
            raise Failed(f"sentinels name {said}")
        primary = said.pop()
        number = self.number_of(primary)
        (text,) = self.ask(number, NODE_PORT, ("INFO", "replication"))
        if text.count(b"state=online") != 2 or b"role:master" not in text:
            raise Failed(f"{primary} says {text.decode()}")
        return [number]  # which may be 0

    def _primary_of_a_sentinel_at_ease(self, host):
        commands = [("SENTINEL", word, NAME) for word in ("MASTER", "REPLICAS", "SENTINELS")]
        master, replicas, sentinels = self.ask(host, SENTINEL_PORT, *commands)
        primary = fields(master)["ip"]
        seen = [fields(master)["flags"]]
        seen += [(r["flags"], r["master-link-status"], r["master-host"]) for r in map(fields, replicas)]
        seen += [s["flags"] for s in map(fields, sentinels)]
        if seen != ["master", *[("slave", "ok", primary)] * 2, *["sentinel"] * 2]:
            raise Failed(f"the sentinel at {self.hosts[host]} sees {primary} and {seen}")
        return primary

    def move(self, primary):
        """SENTINEL FAILOVER at another host's sentinel, unless that names another primary by now; refusals are not heeded."""
        host = (primary + 1) % 3
        try:
            ((address, _),) = self.ask(host, SENTINEL_PORT, ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME))
            if self.number_of(address.decode()) == primary:
                self.ask(host, SENTINEL_PORT, *self.admission(), ("SENTINEL", "FAILOVER", NAME))
        except resp.Error:
            pass

    def admission(self):
        """Commands that let a client administer a sentinel."""
        return []

    def missing(self, primary, keys):
        """How many of the keys are not there."""
        connection = resp.Connection(self.hosts[primary], NODE_PORT, timeout=10 * ANSWER_S)
        there = sum(connection.command("EXISTS", *keys[at:at + EXISTS_AT_ONCE]) for at in range(0, len(keys), EXISTS_AT_ONCE))
        connection.close()
        return len(keys) - there


class Group(Trio):
    """Members that are listed, prove themselves to each other and elect their first primary (docs/sentinel.md)."""

    def start(self):
        os.makedirs(self.folder)
        for name, content in (("peer-key", members.KEY), ("admin", ADMIN)):
            with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
                file.write(content + "\n")
        return super().start()

    def member_lines(self):
        return [f"redisha-peer-key-file {self.folder}/peer-key", f"redisha-cluster-uid {NAME}"]

    def node_lines(self, host, primary):
        return [*super().node_lines(host, None), *self.member_lines(), "redisha-managed yes", f"redisha-node-name {NAME}-{host}",
                f"unixsocket {self.path('node', host)}/socket"]

    def sentinel_lines(self, host):
        voters = [f"redisha-member {NAME}-{n} {address}" for n, address in enumerate(self.names)]
        return [*self.common_lines("sentinel", host), f"redisha-group {NAME} {QUORUM}", *voters, f"self {NAME}-{host}",
                f"redisha-node-port {NODE_PORT}", f"redisha-local-socket {self.path('node', host)}/socket", *self.member_lines(),
                f"redisha-state-file {self.path('sentinel', host)}/state", f"redisha-admin-password-file {self.folder}/admin",
                f"announce-ip {self.hosts[host]}", *self.timing_lines()]

    def admission(self):
        return [("AUTH", "admin", ADMIN)]
