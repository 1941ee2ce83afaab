"""Control groups by which the processes of one host get a share of one CPU, in either version of the kernel's interface."""
import os
import tempfile

PERIOD_US = 100_000
FIRST_WEIGHT = 100        # times what any other group has
PREFIX = "rha-noise-"


def root():
    """The folder where such groups can be made, and whether it is of version 2; (None, False) if there is none."""
    with open("/proc/mounts", encoding="utf-8") as file:
        mounts = [line.split() for line in file]
    for _, folder, kind, options, *_ in mounts:
        if kind == "cgroup" and "cpu" in options.split(","):
            return folder, False
    for _, folder, kind, *_ in mounts:
        if kind == "cgroup2" and "cpu" in _read(f"{folder}/cgroup.subtree_control").split():
            return folder, True
    return None, False


def are_needed(options):
    return options.real_time or "throttle" in options.noises


def why_not():
    folder, _ = root()
    if folder is None:
        return "no control groups for the CPU"
    return None if os.access(folder, os.W_OK) else f"{folder} cannot be written"


def remove_stale():
    """Those of runs that were killed, which are empty."""
    folder, _ = root()
    for name in os.listdir(folder):
        if name.startswith(PREFIX):
            try:
                os.rmdir(os.path.join(folder, name))
            except OSError:
                pass  # of a run beside this one


def setting(percent, version_2):
    """File and content. None: no limit."""
    quota_us = None if percent is None else PERIOD_US * percent // 100
    if version_2:
        return "cpu.max", f"{'max' if quota_us is None else quota_us} {PERIOD_US}"
    return "cpu.cfs_quota_us", str(-1 if quota_us is None else quota_us)


class Share:
    """Of the CPU, for some processes and what they start. `first`: without a limit they go before other groups."""

    def __init__(self, name, processes, first=False):
        folder, self.version_2 = root()
        self.folder = tempfile.mkdtemp(prefix=f"{PREFIX}{name}-", dir=folder)
        for process in processes:
            self._write("cgroup.procs", str(process))
        if first:
            self._write(*("cpu.weight", f"{100 * FIRST_WEIGHT}") if self.version_2 else ("cpu.shares", f"{1024 * FIRST_WEIGHT}"))

    def limit(self, percent):
        self._write(*setting(percent, self.version_2))

    def throttled_periods(self):
        words = _read(f"{self.folder}/cpu.stat").split()
        return int(words[words.index("nr_throttled") + 1])

    def end(self):
        """After its processes have ended."""
        os.rmdir(self.folder)

    def _write(self, name, content):
        with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
            file.write(content)


def _read(path):
    with open(path, encoding="ascii") as file:
        return file.read()
