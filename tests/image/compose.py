"""Runs the services of a compose file without Docker: a network namespace, a read-only root and an unprivileged user for each.

What a container would find in the image, it finds here in the folders of this machine and in the programs of this build.
Only what our files use of compose is known; anything else in them is an error.
"""
import ipaddress
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import yaml

from tests.image.builder import BIN, ROOT

USER = 65532
SUBNET = "172.30.0.0/24"
KNOWN = {"image", "restart", "read_only", "cap_drop", "security_opt", "environment", "ports", "volumes", "healthcheck", "command",
         "depends_on", "networks"}
# Names of the image's programs, and what each is.
LINKS = {"redis-server": "redisha-node", "redis-sentinel": "redisha-sentinel"}
ENTER = r"""
set -e
mount -t tmpfs none "$ROOT_DIR"
for folder in usr bin sbin lib lib32 lib64 libx32 etc dev; do
  [ -d "/$folder" ] || continue
  mkdir "$ROOT_DIR/$folder" && mount --rbind "/$folder" "$ROOT_DIR/$folder"
done
mkdir "$ROOT_DIR/proc" "$ROOT_DIR/data" "$ROOT_DIR/programs"
mount -t proc none "$ROOT_DIR/proc"
mount --bind "$HOSTS_FILE" "$ROOT_DIR/etc/hosts"
mount --bind "$PROGRAMS_DIR" "$ROOT_DIR/programs"
mount --bind "$DATA_DIR" "$ROOT_DIR/data"
mount -o remount,ro "$ROOT_DIR"
exec chroot "$ROOT_DIR" setpriv --reuid=65532 --regid=65532 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
  env -i --chdir=/data "$@"
"""


def missing_tool():
    """Why nothing can be run here, or None."""
    for tool, package in {"ip": "iproute2", "unshare": "util-linux", "redis-cli": "redis-tools"}.items():
        if not shutil.which(tool):
            return f"no {tool} in PATH: apt-get install {package}"
    if os.geteuid() != 0 or subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True).returncode != 0:
        return "no namespaces here (root with CAP_SYS_ADMIN makes them)"
    return None


def interpolated(text, variables):
    def value(match):
        name, operator, word = re.fullmatch(r"(\w+)(?::([-?])(.*))?", match[1]).groups()
        if variables.get(name):
            return variables[name]
        if operator == "?":
            raise ValueError(f"{name} is not set: {word}")
        return word or ""
    return re.sub(r"\$\{([^}]*)\}", value, text)


def load(path, variables):
    with open(path, encoding="utf-8") as file:
        document = yaml.safe_load(interpolated(file.read(), variables))
    for name, service in document["services"].items():
        unknown = set(service) - KNOWN
        if unknown:
            raise ValueError(f"{path}: {name}: {unknown} means nothing to this runner")
    return document


class Stack:
    """The services of deploy/compose/NAME, started in order of dependence."""

    def __init__(self, name, variables):
        self.services = load(os.path.join(ROOT, "deploy", "compose", name), variables)["services"]
        self.folder = tempfile.mkdtemp(prefix="rha-compose-")
        os.chmod(self.folder, 0o755)
        self.hub = f"rha-{os.getpid()}"
        self.processes, self.logs = {}, {}
        free = ipaddress.ip_network(SUBNET).hosts()
        self.gateway = str(next(free))
        fixed = {n: s["networks"]["default"]["ipv4_address"] for n, s in self.services.items() if "networks" in s}
        self.addresses = {n: fixed.get(n) or str(next(free)) for n in self.services}
        self.programs = os.path.join(self.folder, "programs")
        os.mkdir(self.programs)
        for program in os.listdir(BIN):
            if program.startswith("redisha"):
                shutil.copy2(os.path.join(BIN, program), self.programs)
        for link, program in LINKS.items():
            os.symlink(program, os.path.join(self.programs, link))
        self.hosts = os.path.join(self.folder, "hosts")
        with open(self.hosts, "w", encoding="utf-8") as file:
            file.write("127.0.0.1 localhost\n" + "".join(f"{a} {n}\n" for n, a in self.addresses.items()))

    def ip(self, *words):
        subprocess.run(["ip", *words], check=True, capture_output=True, text=True)

    def namespace(self, service):
        return f"{self.hub}-{service}"

    def __enter__(self):
        try:
            self.ip("netns", "add", self.hub)
            self.ip("-n", self.hub, "link", "add", "bridge", "type", "bridge")
            self.ip("-n", self.hub, "addr", "add", f"{self.gateway}/24", "dev", "bridge")
            self.ip("-n", self.hub, "link", "set", "bridge", "up")
            for number, service in enumerate(self.services):
                inside = self.namespace(service)
                self.ip("netns", "add", inside)
                self.ip("-n", self.hub, "link", "add", f"port{number}", "type", "veth", "peer", "name", "eth0", "netns", inside)
                self.ip("-n", self.hub, "link", "set", f"port{number}", "master", "bridge", "up")
                self.ip("-n", inside, "addr", "add", f"{self.addresses[service]}/24", "dev", "eth0")
                self.ip("-n", inside, "link", "set", "eth0", "up")
                self.ip("-n", inside, "link", "set", "lo", "up")
            for service in sorted(self.services, key=lambda s: len(self.services[s].get("depends_on", []))):
                self.start(service)
        except BaseException:
            self.__exit__()
            raise
        return self

    def contained(self, service, words):
        """The command that runs `words` as the service's container would."""
        folder = os.path.join(self.folder, service)
        for name in ("root", "data"):
            os.makedirs(os.path.join(folder, name), exist_ok=True)
        os.chown(os.path.join(folder, "data"), USER, USER)
        environment = self.services[service].get("environment", {})
        variables = [f"{name}={value}" for name, value in environment.items()]
        enter = {"ROOT_DIR": folder + "/root", "DATA_DIR": folder + "/data", "HOSTS_FILE": self.hosts, "PROGRAMS_DIR": self.programs}
        return ["ip", "netns", "exec", self.namespace(service), "env", *[f"{k}={v}" for k, v in enter.items()], "unshare", "--mount",
                "--propagation=private", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "sh", "PATH=/programs:/usr/bin:/bin",
                *variables, *words]

    def start(self, service):
        log = open(os.path.join(self.folder, service + ".log"), "ab")
        words = ["redisha-entrypoint", *self.services[service].get("command", ["redis-server"])]
        self.processes[service] = subprocess.Popen(self.contained(service, words), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                   start_new_session=True)
        log.close()

    def kill(self, service):
        """As a container whose process dies."""
        process = self.processes.pop(service)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def run(self, service, *words):
        done = subprocess.run(self.contained(service, list(words)), capture_output=True, text=True, timeout=30)
        return (done.stdout + done.stderr).strip()

    def healthy(self, service):
        return self.run(service, *self.services[service]["healthcheck"]["test"][1:]) == "PONG"

    def log(self, service):
        with open(os.path.join(self.folder, service + ".log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait(self, condition, what, deadline_s=40):
        end = time.monotonic() + deadline_s
        while not condition():
            if time.monotonic() > end:
                logs = "".join(f"--- {s}\n{self.log(s)[-1500:]}\n" for s in self.services)
                raise AssertionError(f"not within {deadline_s} s: {what}\n{logs}")
            time.sleep(0.1)

    def __exit__(self, *_):
        for service in list(self.processes):
            self.kill(service)
        for name in [*map(self.namespace, self.services), self.hub]:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)
