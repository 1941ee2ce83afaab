"""The common part of tests that start servers of their own and look at INFO."""
import os
import time
import unittest

from .server import Server

NODE = os.path.join(os.environ.get("RHA_BIN_DIR", "build/release/bin"), "redisha-node")


class NodeCase(unittest.TestCase):
    wait_s = 30

    def start(self, *options, program=NODE, **also):
        server = Server(os.path.basename(program), program, options, **also)
        self.addCleanup(server.remove)
        return server.start()

    def info(self, server, field):
        for line in server.control.command("INFO", "everything").decode().splitlines():
            if line.startswith(field + ":"):
                return line.split(":", 1)[1]
        self.fail(f"INFO has no {field}")

    def wait_for(self, what, condition):
        deadline = time.monotonic() + self.wait_s
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"timed out: {what}")
            time.sleep(0.01)
