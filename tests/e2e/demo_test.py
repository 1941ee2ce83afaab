"""The demo, as a newcomer runs it, ends with 0 and says what it promised to say; also in an ordinary container."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Like `docker run`: root, but neither namespaces nor mounts. The limit holds within the user namespace made here.
CONFINED = ["unshare", "--user", "--map-root-user", "sh", "-c",
            'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-sys_admin "$@"', "sh"]


def can_confine():
    return subprocess.run([*CONFINED, "true"], capture_output=True).returncode == 0


class DemoTest(unittest.TestCase):
    def demo(self, *prefix, options=()):
        with tempfile.TemporaryDirectory(prefix="redisha-demo-") as directory:
            done = subprocess.run(
                [*prefix, sys.executable, os.path.join(ROOT, "scripts", "demo.py"), "--bin-dir", os.environ["RHA_BIN_DIR"],
                 "--dir", os.path.join(directory, "local"), *options], capture_output=True, text=True, timeout=250)
        print(done.stdout)
        self.assertEqual(done.returncode, 0, done.stderr)
        for claim in ("was elected; writes were down for", "acknowledged keys are there", "is back, as a replica of"):
            self.assertIn(claim, done.stdout)
        return done.stdout

    def test_every_claim_of_the_demo_is_true(self):
        if not shutil.which("prometheus"):
            self.demo()
            self.skipTest("true, but prometheus is not installed, so --observe was left out")
        self.assertIn("failovers that the operator saw: ", self.demo(options=["--observe"]))

    def test_it_is_true_where_namespaces_are_forbidden(self):
        if not can_confine():
            self.skipTest("no namespaces can be made here, so the other test has shown it already")
        self.assertIn("containers share this machine's files", self.demo(*CONFINED))


if __name__ == "__main__":
    unittest.main()
