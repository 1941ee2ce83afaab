"""What krew is given installs: the manifest names the archive's checksum, and the archive has the program by its plugin name."""
import glob
import hashlib
import os
import subprocess
import tarfile
import tempfile
import unittest

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class KrewTest(unittest.TestCase):
    def test_manifest_and_archive_belong_together(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["python3", os.path.join(ROOT, "tools", "krew.py"), "--uri", "https://example.com/redisha.tar.gz",
                            "--bin", os.environ["RHA_BIN_DIR"], "--out", folder], check=True, capture_output=True, timeout=60)
            with open(os.path.join(folder, "redisha.yaml"), encoding="utf-8") as file:
                text = file.read()
            self.assertNotIn("@VERSION@", text)
            platform = yaml.safe_load(text)["spec"]["platforms"][0]
            archive, = glob.glob(os.path.join(folder, "redisha-*-linux-amd64.tar.gz"))
            with open(archive, "rb") as file:
                self.assertEqual(platform["sha256"], hashlib.sha256(file.read()).hexdigest())
            with tarfile.open(archive) as tar:
                self.assertLessEqual({entry["from"] for entry in platform["files"]}, set(tar.getnames()))
                self.assertTrue(tar.getmember(platform["bin"]).mode & 0o100)


if __name__ == "__main__":
    unittest.main()
