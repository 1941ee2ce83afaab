"""What applications do, by the libraries and queues that they do it with, against redisha-node.

RHA_CLIENTS=all: those too that need compilers and minutes to install.
"""
import os
import subprocess
import unittest

from tests.clients import programs
from tests.support.node_case import NodeCase
from tests.support.server import free_port

LIMIT_S = 90
CLIENTS = programs.ALL if os.environ.get("RHA_CLIENTS") == "all" else {**programs.QUICK, **programs.QUEUES}


class BasicsTest(NodeCase):
    def basics(self, name):
        words = programs.command(name)
        port = free_port()
        node = self.start("--port", str(port), "--bind", "127.0.0.1")
        try:
            done = subprocess.run([*words, "basics", "127.0.0.1", str(port)], cwd=node.directory, timeout=LIMIT_S, text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except subprocess.TimeoutExpired as late:
            self.fail(f"no end after {LIMIT_S} s: {(late.stdout or b'')[-4000:].decode(errors='replace')}")
        self.assertEqual(done.returncode, 0, done.stdout[-4000:])
        self.assertTrue(node.alive())


for client in CLIENTS:
    setattr(BasicsTest, f"test_{client}", lambda self, name=client: self.basics(name))

if __name__ == "__main__":
    unittest.main()
