"""Debian's source package of redis, which has Redis' own tests: fetched once by apt, kept in build/conformance."""
import glob
import os
import re
import shutil
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CACHE = os.path.join(ROOT, "build", "conformance")
VERSION = "7.0.15"
NAME = f"redis_{VERSION}.orig.tar.gz"
APT_TIMEOUT_S = 300
BY_HAND = f"""It is Debian 12's source package of redis: `apt-get source --download-only redis` on a machine with
deb-src in its apt sources leaves {NAME}; give that with --source, or put it into build/conformance."""


class Unavailable(Exception):
    """Why there is no source; the text names the next step."""


def tarball(given=None):
    """The path of the source: `given`, or the kept one, or a new one from apt."""
    path = given or os.path.join(CACHE, NAME)
    if not os.path.exists(path):
        if given:
            raise Unavailable(f"no file {given}")
        os.makedirs(CACHE, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="apt-", dir=CACHE) as folder:
            os.rename(_fetch(folder), path)
    return path


def _fetch(folder):
    if not shutil.which("apt-get"):
        raise Unavailable(f"no apt-get in PATH.\n{BY_HAND}")
    os.makedirs(os.path.join(folder, "lists", "partial"))
    with_sources(os.path.join(folder, "sources"))
    # State of its own: needs no root, and the machine's lists stay as they are.
    options = [f"Dir::Etc::sourcelist={os.devnull}", f"Dir::Etc::sourceparts={folder}/sources", f"Dir::State::lists={folder}/lists",
               f"Dir::Cache={folder}", "APT::Sandbox::User=root", "Acquire::Languages=none"]
    apt = ["apt-get", "-q", *[word for option in options for word in ("-o", option)]]
    log = ""
    for words in (["update"], ["source", "--download-only", "redis"]):
        try:
            done = subprocess.run(apt + words, cwd=folder, capture_output=True, text=True, timeout=APT_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise Unavailable(f"apt-get {words[0]} took longer than {APT_TIMEOUT_S} s.\n{BY_HAND}") from None
        log += done.stdout + done.stderr
    found = glob.glob(os.path.join(folder, "redis_*.orig.tar.gz"))
    if [os.path.basename(path) for path in found] != [NAME]:
        there = ", ".join(os.path.basename(path) for path in found) or "nothing"
        raise Unavailable(f"apt-get source redis gave {there} instead of {NAME}:\n{log[-1000:]}\n{BY_HAND}")
    return found[0]


def with_sources(folder, etc="/etc/apt"):
    """The machine's apt sources once more, asked for source packages in place of binary ones."""
    os.makedirs(folder)
    for path in [os.path.join(etc, "sources.list"), *glob.glob(os.path.join(etc, "sources.list.d", "*"))]:
        if path.endswith((".list", ".sources")) and os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            text = re.sub(r"^Types:.*$", "Types: deb-src", re.sub(r"^deb ", "deb-src ", text, flags=re.MULTILINE), flags=re.MULTILINE)
            with open(os.path.join(folder, os.path.basename(path)), "w", encoding="utf-8") as file:
                file.write(text)
