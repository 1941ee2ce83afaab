"""A redis-server or redisha-node of one's own: a process with its directory, reached by Unix socket (and TCP if asked)."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from . import wire

START_TIMEOUT_S = 20.0
REPLY_TIMEOUT_S = 20.0
LOG_TAIL_BYTES = 4000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`name` is what reports call it, `program` the binary; `options` are redis-server's, `prefix` runs it (valgrind ...).

    `cpus`: the set of cores it may run on. Its clients wait `timeout_s` for each reply.
    """

    def __init__(self, name, program, options=(), cpus=None, prefix=(), timeout_s=REPLY_TIMEOUT_S):
        self.name, self.program, self.options = name, program, list(options)
        self.cpus, self.prefix, self.timeout_s = cpus, list(prefix), timeout_s
        self.directory = tempfile.mkdtemp(prefix="rha-server-")
        self.socket_path = os.path.join(self.directory, "server.sock")
        self.process = None
        self.control = None

    def start(self):
        self.log = open(os.path.join(self.directory, "log"), "ab")
        port = [] if "--port" in self.options else ["--port", "0"]
        words = [*self.prefix, self.program, *port, "--unixsocket", self.socket_path, "--dir", self.directory,
                 "--save", "", "--appendonly", "no", *self.options]
        # Sorting by collation and numbers' decimal point must not depend on who runs the test.
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env={**os.environ, "LC_ALL": "C"})
        if self.cpus:
            os.sched_setaffinity(self.process.pid, self.cpus)
        deadline = time.monotonic() + max(START_TIMEOUT_S, self.timeout_s)
        while True:
            try:
                self.control = self.connect()
                if self.control.command("PING") == ("+", b"PONG"):
                    return self
                self.control.close()
            except wire.Disconnected:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{self.name} did not start: {' '.join(words)}\n{self.log_tail()}")
            time.sleep(0.01)

    @property
    def pid(self):
        return self.process.pid

    def connect(self):
        return wire.Connection(self.socket_path, self.timeout_s)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def restart(self):
        self.end()
        if os.path.exists(self.socket_path):
            os.unlink(self.socket_path)
        self.start()

    def log_tail(self):
        with open(os.path.join(self.directory, "log"), "rb") as file:
            return file.read()[-LOG_TAIL_BYTES:].decode("utf-8", "replace")

    def end(self, with_signal=signal.SIGKILL):
        if self.control:
            self.control.close()
            self.control = None
        if self.process and self.process.poll():
            print(f"{self.name} ended by itself ({self.process.returncode}):\n{self.log_tail()}", file=sys.stderr)
        if self.alive():
            self.process.send_signal(with_signal)
            self.process.wait()
        if self.process:
            self.log.close()
        self.process = None

    def remove(self):
        self.end()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.remove()
