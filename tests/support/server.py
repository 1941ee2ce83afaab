"""One of the two servers under comparison: a process on a Unix socket, started afresh after each death."""
import os
import shutil
import signal
import subprocess
import tempfile
import time

from . import wire

START_TIMEOUT_S = 20.0
REPLY_TIMEOUT_S = 5.0
LOG_TAIL_BYTES = 4000


class Server:
    """`name` is what reports call it, `program` the binary; both take redis-server's flags."""

    def __init__(self, name, program):
        self.name, self.program = name, program
        self.directory = tempfile.mkdtemp(prefix="differential-")
        self.socket_path = os.path.join(self.directory, "server.sock")
        self.process = None
        self.control = None

    def start(self):
        self.log = open(os.path.join(self.directory, "log"), "ab")
        words = [self.program, "--port", "0", "--unixsocket", self.socket_path, "--dir", self.directory,
                 "--save", "", "--appendonly", "no"]
        # Sorting by collation and numbers' decimal point must not depend on who runs the test.
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env={**os.environ, "LC_ALL": "C"})
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                self.control = self.connect()
                if self.control.command("PING") == ("+", b"PONG"):
                    return
                self.control.close()
            except wire.Disconnected:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{self.name} did not start: {' '.join(words)}\n{self.log_tail()}")
            time.sleep(0.01)

    def connect(self):
        return wire.Connection(self.socket_path, REPLY_TIMEOUT_S)

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

    def end(self):
        if self.control:
            self.control.close()
        if self.alive():
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        if self.process:
            self.log.close()
        self.process = None

    def remove(self):
        self.end()
        shutil.rmtree(self.directory, ignore_errors=True)
