"""Namespaces of this program's own: no port is taken, packets can be dropped, and no server outlives it."""
import os
import shutil
import subprocess
import sys

UNSHARE = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
INSIDE = "--inside-the-namespace"  # says to the program that it is there already
PACKAGES = {"unshare": "util-linux", "nsenter": "util-linux", "ip": "iproute2", "iptables": "iptables"}
DROPS_PACKETS = "iptables -w -A INPUT -s 127.0.0.9 -j DROP"


def why_not(*needs):
    """Why there can be none here, or None. `needs`: commands that must succeed inside."""
    for tool in ["unshare", "ip", *(need.split()[0] for need in needs)]:
        if not shutil.which(tool):
            return f"no {tool} in PATH: apt-get install {PACKAGES[tool]}"
    if os.geteuid() != 0:
        return "namespaces need root"
    tried = subprocess.run([*UNSHARE, "sh", "-c", " && ".join(["ip link set lo up", *needs])], capture_output=True, text=True)
    return f"no namespaces here: {tried.stderr.strip()}" if tried.returncode else None


def enter(module):
    """The program once more, inside. Does not return."""
    os.execvp(UNSHARE[0], [*UNSHARE, sys.executable, "-m", module, INSIDE, *sys.argv[1:]])


def begin():
    """All of 127.0.0.0/8 are addresses of the loopback device, so each host has one of its own."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def rules(host, heard, speaks):
    """What loses the packets between a host and all others: those to it unless `heard`, those of it unless it `speaks`."""
    to_it, of_it = ["!", "-s", host, "-d", host], ["-s", host, "!", "-d", host]
    return ([] if heard else [to_it]) + ([] if speaks else [of_it])


def cut(host, heard, speaks):
    _iptables("-A", rules(host, heard, speaks))


def mend(host, heard, speaks):
    _iptables("-D", rules(host, heard, speaks))


def _iptables(operation, chosen):
    for rule in chosen:
        subprocess.run(["iptables", "-w", operation, "INPUT", *rule, "-j", "DROP"], check=True)
