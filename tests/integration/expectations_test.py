"""The unit tests of the commands, with redis-server's replies in place of ours: it proves what they expect."""
import os
import shutil
import subprocess
import unittest

from tests.support.server import Server

TESTS = os.path.join(os.environ.get("RHA_BIN_DIR", "build/dev/bin"), "node_commands_test")


@unittest.skipUnless(os.path.exists(TESTS), "node_commands_test is not part of this build")
@unittest.skipUnless(shutil.which("redis-server"), "redis-server is not installed")
class ExpectationsTest(unittest.TestCase):
    def test_redis_server_meets_them(self):
        with Server("redis-server", shutil.which("redis-server"), ["--save", "", "--enable-debug-command", "yes"]) as server:
            environment = dict(os.environ, RHA_REFERENCE=server.socket_path)
            ended = subprocess.run([TESTS, "--gtest_brief=1"], env=environment, capture_output=True, text=True, timeout=100)
        self.assertEqual(ended.returncode, 0, ended.stdout)


if __name__ == "__main__":
    unittest.main()
