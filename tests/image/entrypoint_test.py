"""redisha-entrypoint: what becomes of arguments and environment, and what of the passwords in it."""
import os
import shutil
import subprocess
import tempfile
import time
import unittest

from tests.image.builder import BIN
from tests.support.server import free_port

ENTRYPOINT = os.path.join(BIN, "redisha-entrypoint")
START_TIMEOUT_S = 20


class EntrypointTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rha-entrypoint-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.port = str(free_port())

    def environment(self, variables):
        return {"PATH": BIN + ":/usr/bin:/bin", **variables}

    def run_to_end(self, *words, **variables):
        return subprocess.run([ENTRYPOINT, *words], cwd=self.folder, env=self.environment(variables), capture_output=True, text=True,
                              timeout=START_TIMEOUT_S, stdin=subprocess.DEVNULL)

    def start(self, *words, **variables):
        process = subprocess.Popen([ENTRYPOINT, *words], cwd=self.folder, env=self.environment(variables), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def cli(self, *words, password=None):
        environment = {**os.environ, **({"REDISCLI_AUTH": password} if password else {})}
        done = subprocess.run(["redis-cli", "-p", self.port, *words], capture_output=True, text=True, env=environment, timeout=10)
        return (done.stdout + done.stderr).strip()

    def until(self, condition, process):
        deadline = time.monotonic() + START_TIMEOUT_S
        while not condition():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise AssertionError(process.stdout.read())
            time.sleep(0.02)

    def test_a_password_is_in_no_argument_and_goes_no_further_in_the_environment(self):
        node = self.start("redis-server", "--port", self.port, REDIS_PASSWORD="secret word")
        self.until(lambda: self.cli("ping", password="secret word") == "PONG", node)
        self.assertIn("NOAUTH", self.cli("ping"))
        for what in ("cmdline", "environ"):
            with open(f"/proc/{node.pid}/{what}", "rb") as file:
                self.assertNotIn(b"secret", file.read())

    def test_options_win_over_the_environment_and_it_over_the_file(self):
        path = os.path.join(self.folder, "my.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write("port 1\ndatabases 3\nmaxmemory 1mb\nrequirepass old\n")
        node = self.start(path, "--maxmemory", "2mb", REDIS_PORT_NUMBER=self.port, REDIS_PASSWORD="new",
                          REDIS_EXTRA_FLAGS="--maxmemory 3mb")
        get = lambda name: self.cli("config", "get", name, password="new").split("\n")[-1]
        self.until(lambda: self.cli("ping", password="new") == "PONG", node)
        self.assertEqual([get("databases"), get("maxmemory")], ["3", str(2 << 20)])

    def test_a_sentinel_keeps_its_memory_in_a_file_of_its_own(self):
        sentinel = self.start("redis-sentinel", REDIS_MASTER_HOST="127.0.0.1", REDIS_SENTINEL_PASSWORD="secret",
                              REDIS_SENTINEL_DATA_DIR=self.folder, REDIS_SENTINEL_PORT_NUMBER=self.port)
        self.until(lambda: self.cli("ping", password="secret") == "PONG", sentinel)
        path = os.path.join(self.folder, "sentinel.conf")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        with open(path, encoding="utf-8") as file:
            self.assertIn("sentinel myid", file.read())

    def test_bad_input_ends_in_clear_lines(self):
        done = self.run_to_end(REDIS_AOF_ENABLED="perhaps", REDIS_PORT_NUMBER="x")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.split("\n")[:3], [
            "redisha-entrypoint: REDIS_AOF_ENABLED must be yes or no",
            "REDIS_PORT_NUMBER must be a port, 1 to 65535",
            "REDIS_PASSWORD is not set: set it, or ALLOW_EMPTY_PASSWORD=yes where nobody else reaches the port"])
        self.assertIn("mount a volume there that user", self.run_to_end(REDIS_DATA_DIR="/nowhere", REDIS_PASSWORD="p").stderr)
        self.assertIn("nothing to watch", self.run_to_end("redis-sentinel").stderr)
        self.assertEqual(self.run_to_end("no-such-program").returncode, 127)

    def test_help_lists_every_variable(self):
        shown = self.run_to_end("--help").stdout
        for word in ("Usage: IMAGE", "REDIS_PASSWORD ", "REDIS_SENTINEL_QUORUM "):
            self.assertIn(word, shown)
        self.assertIn("Usage: redisha-node", self.run_to_end("redis-server", "--help").stdout)
        self.assertIn("Usage: redisha-sentinel", self.run_to_end("redis-sentinel", "--help").stdout)
        self.assertEqual(self.run_to_end("echo", "as", "it", "is").stdout, "as it is\n")


if __name__ == "__main__":
    unittest.main()
