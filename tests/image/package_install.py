"""Installs the Debian package into a Debian of its own, and removes it: a minute, and Debian's archive is needed (scripts/test --all)."""
import os
import shutil
import unittest

from tests.image import builder
from tests.image.package_test import make_package, output

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}


class Installation(unittest.TestCase):
    def test_it_installs_and_is_removed(self):
        image = builder.Image()
        self.addCleanup(shutil.rmtree, image.folder)
        root = os.path.join(image.folder, "root")
        os.mkdir(root)
        output("tar", "-C", root, "-xf", image.base())
        package = shutil.copy(make_package(image.folder), root)
        shutil.copy("/etc/resolv.conf", os.path.join(root, "etc"))
        inside = lambda script: output("chroot", root, "sh", "-c", script, env=ENVIRONMENT)
        inside(f"apt-get update -qq && apt-get install -y -qq --no-install-recommends ./{os.path.basename(package)}")
        self.assertIn("redisha-node", inside("redisha-node --version"))
        self.assertEqual(inside("stat -c '%U %a' /etc/redisha /etc/redisha/node.conf"), "redisha 750\nredisha 640\n")
        inside("dpkg --remove redisha && test -e /etc/redisha/node.conf && dpkg --purge redisha && test ! -e /etc/redisha/node.conf")


if __name__ == "__main__":
    unittest.main()
