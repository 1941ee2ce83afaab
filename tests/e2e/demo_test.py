"""The demo, as a newcomer runs it, ends with 0 and says what it promised to say."""
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class DemoTest(unittest.TestCase):
    def test_every_claim_of_the_demo_is_true(self):
        with tempfile.TemporaryDirectory(prefix="redisha-demo-") as directory:
            done = subprocess.run(
                [sys.executable, os.path.join(ROOT, "scripts", "demo.py"), "--bin-dir", os.environ["RHA_BIN_DIR"],
                 "--dir", os.path.join(directory, "local")], capture_output=True, text=True, timeout=500)
        print(done.stdout)
        self.assertEqual(done.returncode, 0, done.stderr)
        for claim in ("was elected; writes were down for", "acknowledged keys are there", "is back, as a replica of"):
            self.assertIn(claim, done.stdout)


if __name__ == "__main__":
    unittest.main()
