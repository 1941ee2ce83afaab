"""Installs the Debian package into a Debian of its own, boots that, and removes the package: a minute, and Debian's archive is needed
(scripts/test --all)."""
import os
import shutil
import subprocess
import unittest

from tests.image import builder
from tests.image.package_test import make_package, output

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
BOOT_TIMEOUT_S = 120
# Runs once the machine is up, and ends it.
CHECK_UNIT = """[Unit]
After=network.target
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
TimeoutStartSec=60
ExecStart=/bin/bash -ex /check
StandardOutput=file:/check.log
StandardError=inherit
[Install]
WantedBy=multi-user.target
"""
CHECK = """
ask() {  # what a new connection answers to these commands
  exec 3<>/dev/tcp/127.0.0.1/6379
  printf '%s\\r\\n' "$@" QUIT >&3
  tr -d '\\r' <&3
  exec 3>&-
}
systemctl start redisha-node redisha-sentinel   # returns when they say that they are ready
ask 'SET kept yes' 'SAVE' 'CONFIG SET maxmemory 100mb' 'CONFIG REWRITE' | grep -c '^+OK$' | grep -x 5
grep -q 'maxmemory 104857600' /etc/redisha/node.conf

kill -9 "$(systemctl show -p MainPID --value redisha-node)"
until [ "$(systemctl show -p NRestarts --value redisha-node)" = 1 ] && systemctl is-active -q redisha-node; do sleep 0.1; done
ask 'GET kept' 'SET late yes' | grep -x yes

systemctl stop redisha-node                     # saves what has changed
systemctl start redisha-node
ask 'GET late' 'CONFIG GET maxmemory' | grep -x yes
systemctl is-active redisha-node redisha-sentinel
echo all is well
"""


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
        self.boot(root, inside)
        inside("dpkg --remove redisha && test -e /etc/redisha/node.conf && dpkg --purge redisha && test ! -e /etc/redisha/node.conf")

    def boot(self, root, inside):
        """Under the installed units and a real systemd: ready, confined, restarted when killed, saved when stopped."""
        if not shutil.which("systemd-nspawn"):
            print("not booted: no systemd-nspawn in PATH: apt-get install systemd-container")
            return
        inside("apt-get install -y -qq --no-install-recommends systemd systemd-sysv dbus")
        for path, text in {"check": CHECK, "etc/systemd/system/check.service": CHECK_UNIT}.items():
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        inside("systemctl enable -q check")
        subprocess.run(["systemd-nspawn", "-q", "-D", root, "--register=no", "--keep-unit", "--private-network", "--console=pipe", "-b"],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=BOOT_TIMEOUT_S)
        with open(os.path.join(root, "check.log"), encoding="utf-8") as file:
            log = file.read()
        self.assertIn("all is well\n", log.splitlines(keepends=True), log)


if __name__ == "__main__":
    unittest.main()
