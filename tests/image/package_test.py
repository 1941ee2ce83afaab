"""The Debian package: what is in it, and that its services are sound and confined."""
import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from tests.image.builder import BIN, ROOT

SYSTEMD = os.path.join(ROOT, "deploy", "systemd")
EXPOSURE_MAX = 15  # of 100, by systemd's own reckoning


def output(*words, **options):
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def make_package(folder):
    output("cpack", "-G", "DEB", "-B", folder, cwd=os.path.dirname(BIN))
    package, = glob.glob(os.path.join(folder, "*.deb"))
    return package


@unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze in PATH: apt-get install systemd")
class Units(unittest.TestCase):
    def test_systemd_finds_nothing_wrong_and_little_exposed(self):
        for path in glob.glob(os.path.join(SYSTEMD, "*.service")):
            with self.subTest(os.path.basename(path)), tempfile.TemporaryDirectory() as folder:
                with open(path, encoding="utf-8") as file:
                    text = file.read().replace("/usr/bin/", BIN + "/")
                unit = os.path.join(folder, os.path.basename(path))
                with open(unit, "w", encoding="utf-8") as file:
                    file.write(text)
                done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60)
                self.assertEqual([line for line in done.stderr.splitlines() if os.path.basename(path) in line], [])
                output("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", unit)

    def test_node_and_sentinel_are_confined_alike(self):
        confinement = []
        for name in ("node", "sentinel"):
            with open(os.path.join(SYSTEMD, f"redisha-{name}.service"), encoding="utf-8") as file:
                confinement.append(file.read().split("OOMScoreAdjust", 1)[1])
        self.assertEqual(*confinement)


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="rha-package-")
        cls.addClassCleanup(folder.cleanup)
        cls.root = os.path.join(folder.name, "root")
        output("dpkg-deb", "--raw-extract", make_package(folder.name), cls.root)

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            return file.read()

    def test_it_needs_what_the_programs_are_linked_with(self):
        depends = {word.split()[0] for word in re.search(r"^Depends: (.*)$", self.read("DEBIAN/control"), re.MULTILINE)[1].split(", ")}
        with open(os.path.join(ROOT, "scripts", "runtime-packages.txt"), encoding="utf-8") as file:
            listed = {line for line in file.read().splitlines() if line and not line.startswith("#")}
        self.assertEqual(depends, (listed - {"ca-certificates", "redis-tools"}) | {"adduser", "libc6", "libgcc-s1"})

    def test_configuration_files_are_marked_as_such(self):
        there = {"/" + os.path.relpath(p, self.root) for p in glob.glob(os.path.join(self.root, "etc", "**", "*.conf"), recursive=True)}
        self.assertEqual(set(self.read("DEBIAN/conffiles").split()), there)

    def test_what_the_services_start_is_there_and_takes_the_files(self):
        for name in ("node", "sentinel"):
            words = re.search(r"^ExecStart=(\S+) (\S+)", self.read(f"lib/systemd/system/redisha-{name}.service"), re.MULTILINE)
            self.assertTrue(os.access(self.root + words[1], os.X_OK), words[1])
            self.assertTrue(os.path.exists(self.root + words[2]), words[2])
        with tempfile.TemporaryDirectory() as folder:
            for name in ("node", "sentinel"):
                text = self.read(f"etc/redisha/{name}.conf").replace("/var/lib/redisha", folder)
                path = os.path.join(folder, name + ".conf")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                done = subprocess.run([os.path.join(BIN, f"redisha-{name}"), path, "--port", "none"], capture_output=True, text=True, timeout=20)
                # All of the file was read: what is complained about is the option behind it.
                self.assertNotEqual(done.returncode, 0)
                self.assertRegex(done.stderr, r"the command line|option --port")


if __name__ == "__main__":
    unittest.main()
