"""Prometheus' text format as tests look at it, and a redis exporter to compare with."""
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request

from .server import free_port

EXPORTER = "prometheus-redis-exporter"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
START_TIMEOUT_S = 10


def fetch(url, accept="text/plain"):
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def types(page):
    """family → type."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))


def samples(page):
    """(name, labels as a frozenset of pairs) → value, as text."""
    found = {}
    for line in page.splitlines():
        match = re.fullmatch(r'([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)', line)
        if match and not line.startswith("#"):
            labels = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or "")
            found[match[1], frozenset(labels)] = match[3]
    return found


def lint(page):
    """What `promtool check metrics` says: metric → complaint."""
    checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, timeout=30)
    lines = (checked.stdout + checked.stderr).splitlines()
    if checked.returncode not in (0, 3) or (checked.returncode == 3) != bool(lines):
        raise AssertionError(f"promtool check metrics ended with {checked.returncode}: {lines}")
    return dict(line.split(" ", 1) for line in lines)


def exporter_page(host, port, password):
    """What Debian's exporter shows of that server."""
    if not shutil.which(EXPORTER):
        raise AssertionError(f"{EXPORTER} is not installed")
    own = free_port()
    process = subprocess.Popen([EXPORTER, "-web.listen-address", f"127.0.0.1:{own}", "-redis.addr", f"redis://{host}:{port}",
                                "-redis.password", password], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + START_TIMEOUT_S
    try:
        while True:
            try:
                return fetch(f"http://127.0.0.1:{own}/metrics")
            except urllib.error.URLError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise
                time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
