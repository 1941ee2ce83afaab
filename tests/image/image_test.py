"""The Dockerfile builds, and its programs run in it as Kubernetes runs them."""
import contextlib
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest

from tests.image import builder
from tests.support.server import free_port

START_TIMEOUT_S = 30


def until(condition, what):
    deadline = time.monotonic() + START_TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {START_TIMEOUT_S} s: {what}")
        time.sleep(0.05)


@unittest.skipIf(builder.missing_tool(), builder.missing_tool())
class ImageTest(unittest.TestCase):
    build = builder.Image.build

    @classmethod
    def setUpClass(cls):
        cls.image = builder.Image()
        cls.addClassCleanup(cls.image.remove)
        cls.build(cls.image)

    def test_every_program_finds_its_libraries(self):
        names = [os.path.basename(p) for p in builder.programs()]
        self.assertGreaterEqual(len(names), 4)
        for name in names:
            with self.subTest(name):
                done = self.image.run(name, "--help", entrypoint=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("Usage", done.stdout)

    def test_it_is_not_root_and_its_root_is_not_written_to(self):
        self.assertEqual(self.image.config["User"], "65532:65532")
        done = self.image.run("sh", "-c", "id -u; id -g; touch /usr/x; touch /data/x && echo data", entrypoint=False)
        self.assertEqual(done.stdout.split(), ["65532", "65532", "data"])
        self.assertIn("Read-only file system", done.stderr)

    def test_nothing_in_it_gives_privileges(self):
        done = subprocess.run(["find", self.image.root, "-xdev", "-perm", "/6000", "-type", "f"], capture_output=True, text=True)
        # Debian's own; no_new_privs, which the operator sets, disarms them.
        allowed = {"chage", "chfn", "chsh", "expiry", "gpasswd", "mount", "newgrp", "passwd", "su", "umount", "unix_chkpwd"}
        self.assertLessEqual({os.path.basename(line) for line in done.stdout.split()}, allowed)

    def test_labels(self):
        labels = self.image.config["Labels"]
        with open(os.path.join(builder.ROOT, "CMakeLists.txt"), encoding="utf-8") as file:
            version = re.search(r"project\(redisha VERSION (\S+)", file.read())[1]
        self.assertEqual(labels["org.opencontainers.image.version"], version)
        for label in ("title", "description", "licenses", "revision", "base.name"):
            self.assertTrue(labels[f"org.opencontainers.image.{label}"], label)

    def test_the_bill_of_materials_is_of_what_is_inside(self):
        with open(self.image.root + "/usr/share/doc/redisha/sbom.spdx.json", encoding="utf-8") as file:
            bill = json.load(file)
        names = {p["name"] for p in bill["packages"] if p["SPDXID"].startswith("SPDXRef-Package")}
        with open(self.image.root + "/var/lib/dpkg/status", encoding="utf-8") as file:
            installed = {block.split("\n")[0].removeprefix("Package: ") for block in file.read().strip().split("\n\n")
                         if "\nStatus: install ok installed" in block}
        self.assertEqual(names, installed)
        self.assertIn("libjemalloc-dev", {p["name"] for p in bill["packages"]})

    def start(self, words, **options):
        node = subprocess.Popen(self.image.command(words, **options), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, start_new_session=True)

        def end():
            # The whole group: a program that has given up its privileges is not told that its parent has died.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(node.pid, signal.SIGKILL)
            node.wait()
        self.addCleanup(end)
        return node

    def test_a_node_serves_and_ends_cleanly(self):
        port = str(free_port())
        node = self.start(["redisha-node", "--port", port, "--bind", "127.0.0.1"], entrypoint=False)
        ask = lambda *words: self.image.run("redis-cli", "-p", port, *words, entrypoint=False).stdout.strip()
        until(lambda: ask("ping") == "PONG", "PONG")
        self.assertEqual(ask("set", "k", "v"), "OK")
        self.assertEqual(ask("get", "k"), "v")
        self.assertEqual(ask("shutdown", "save"), "")
        self.assertEqual(node.wait(START_TIMEOUT_S), 0)

    def test_the_entrypoint_takes_the_names_of_redis_and_the_variables_of_bitnami(self):
        self.assertEqual(self.image.config["Entrypoint"], ["redisha-entrypoint"])
        self.assertEqual(self.image.config["Cmd"], ["redis-server"])
        self.assertIn("compatible with Redis", self.image.run("redis-server", "--version").stdout)
        self.assertIn("redisha-sentinel", self.image.run("redis-sentinel", "--version").stdout)
        self.assertIn("redis-cli 7", self.image.run("redis-cli", "--version").stdout)
        port = str(free_port())
        self.start(["--bind", "127.0.0.1"], environment=["REDIS_PASSWORD=secret", f"REDIS_PORT_NUMBER={port}"])
        ask = lambda *words: self.image.run("redis-cli", "-p", port, *words, environment=["REDISCLI_AUTH=secret"]).stdout.strip()
        until(lambda: ask("ping") == "PONG", "PONG")
        self.assertEqual(ask("config", "get", "dir").split("\n")[-1], "/data")
        self.assertEqual(ask("save"), "OK")

    def test_a_data_folder_of_somebody_else(self):
        with tempfile.TemporaryDirectory(prefix="rha-volume-") as volume:
            os.chmod(volume, 0o755)  # of root, as a folder of the host that is mounted
            refused = self.image.run("redis-server", volume=volume)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("write to /data: Permission denied: mount a volume there that user 65532 may write to", refused.stderr)


if __name__ == "__main__":
    unittest.main()
