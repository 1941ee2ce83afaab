"""The common part of tests that start servers of their own and look at INFO."""
import os
import time
import unittest

from .server import Server, free_port

NODE = os.path.join(os.environ.get("RHA_BIN_DIR", "build/release/bin"), "redisha-node")


class NodeCase(unittest.TestCase):
    wait_s = 30

    def start(self, *options, program=NODE, **also):
        server = Server(os.path.basename(program), program, options, **also)
        self.addCleanup(server.remove)
        return server.start()

    def start_at_port(self, *options, **also):
        """The same, which others reach at `port` of 127.0.0.1."""
        port = free_port()
        server = self.start("--port", str(port), "--bind", "127.0.0.1", *options, **also)
        server.port = port
        return server

    def info(self, server, field):
        for line in server.control.command("INFO", "everything").decode(errors="replace").splitlines():
            if line.startswith(field + ":"):
                return line.split(":", 1)[1]
        self.fail(f"INFO has no {field}")

    def used(self, server):
        return int(self.info(server, "used_memory"))

    def keeps_count(self, server):
        """Not under a sanitizer: its allocator does not say what is in use, so nothing is evicted either."""
        before = self.used(server)
        server.control.command("SET", "probe", b"x" * (4 << 20))
        counted = self.used(server) >= before + (4 << 20)
        server.control.command("DEL", "probe")
        return counted

    def wait_for(self, what, condition):
        deadline = time.monotonic() + self.wait_s
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"timed out: {what}")
            time.sleep(0.01)
