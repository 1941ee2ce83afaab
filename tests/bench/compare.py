"""Compares redisha-node with redis-server on this machine: CPU time per operation and memory, in one table.

Usage: python3 -m tests.bench.compare [--part cpu,families,growth,memory] [--only TEXT] [--rounds 6] [-o FILE.json]
Both servers hold the same data, each pinned to --server-core; redis-benchmark runs on --load-core and measures them in
turn, the order changing from round to round. Per round the ratio ours/stock of the server's CPU time per operation is
taken; shown are its median and quartiles. Halfway both start afresh, since two processes of one binary differ a little.
Ours is $RHA_BIN_DIR/redisha-node or --ours PATH. Exit code 1 if --check is given and a goal is missed.
"""
import argparse
import json
import math
import os
import statistics
import sys
import time

from tests.support import wire
from tests.support.programs import all_there
from tests.support.server import Server, free_port

from . import load, workloads

CALIBRATION_OPERATIONS = 20_000
FOREIGN_SHARE_MAX = 0.15   # of the server's core; a window with more is measured once again
SETTLE_TRIES = 20


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", default=os.path.join(os.environ.get("RHA_BIN_DIR", ""), "redisha-node"))
    parser.add_argument("--stock", default="redis-server")
    parser.add_argument("--part", default="cpu,families,growth,memory", help="of: cpu, families, growth, large (10 M keys, 3 GB), memory")
    parser.add_argument("--only", help="rows whose name contains this")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each window")
    parser.add_argument("--server-core", type=int, default=0)
    parser.add_argument("--load-core", type=int, default=1)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--markdown", action="store_true", help="the table as docs/performance.md has it")
    parser.add_argument("-o", "--output", metavar="FILE", help="all figures as JSON")
    return parser.parse_args()


class Comparison:
    def __init__(self, options):
        self.options = options
        self.rows = []

    def servers(self, reverse=False):
        """Ours and stock, started, each on a port of its own; the later one first if `reverse`."""
        programs = [("ours", self.options.ours), ("stock", self.options.stock)]
        return [self._server(*p) for p in (programs[::-1] if reverse else programs)]

    def _server(self, name, program):
        port = free_port()
        server = Server(name, program, ["--port", str(port), "--bind", "127.0.0.1"],
                        cpus={self.options.server_core}, timeout_s=60)
        server.port, server.operations = port, None
        return server.start()

    def add(self, row):
        self.rows.append(row)
        print(f"  {row['name']}: " + (row["error"] if "error" in row else f"{row['ratio']:.3f}"), file=sys.stderr, flush=True)

    # --- CPU time

    def cpu(self, workload):
        windows = {"ours": [], "stock": []}
        rounds = max(self.options.rounds, 2)
        try:
            for half in (0, 1):
                servers = self.servers(reverse=half == 1)
                try:
                    for server in servers:
                        if workload.data:
                            load.fill(server.control, workload.data())
                    for _ in range(half * rounds // 2, (half + 1) * rounds // 2):
                        for server in servers:
                            windows[server.name].append(self._window(workload, server))
                        servers.reverse()
                finally:
                    for server in servers:
                        server.remove()
        except (load.Impossible, wire.Disconnected) as error:
            return self.add({"name": workload.name, "error": str(error)[:60]})
        self.add(self._summary(workload, windows))

    def _window(self, workload, server):
        cpus, core = {self.options.load_core}, self.options.server_core
        if server.operations is None:
            load.fill(server.control, workload.before)
            started = time.monotonic()
            load.run(workload, server, CALIBRATION_OPERATIONS, cpus)
            rate = CALIBRATION_OPERATIONS / (time.monotonic() - started)
            server.operations = min(max(int(rate * self.options.seconds), CALIBRATION_OPERATIONS), workload.operations_max)
        for last in (False, True):
            load.fill(server.control, workload.before)
            started, busy, cpu = time.monotonic(), load.core_busy_seconds(core), load.cpu_seconds(server.pid)
            operations, rate, p50, p99 = load.run(workload, server, server.operations, cpus)
            cpu = load.cpu_seconds(server.pid) - cpu
            passed = time.monotonic() - started
            foreign = max(0.0, (load.core_busy_seconds(core) - busy - cpu) / passed)
            if foreign <= FOREIGN_SHARE_MAX or last:
                return {"cpu_us": cpu / operations * 1e6, "ops_per_s": rate or operations / passed, "p50_ms": p50,
                        "p99_ms": p99, "foreign": foreign}

    def _summary(self, workload, windows):
        ratios = sorted(a["cpu_us"] / b["cpu_us"] for a, b in zip(windows["ours"], windows["stock"]))
        quartiles = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
        median = {name: statistics.median(w["cpu_us"] for w in taken) for name, taken in windows.items()}
        return {"name": workload.name, "unit": "us", "stock": median["stock"], "ours": median["ours"],
                "ratio": statistics.median(ratios), "spread": [quartiles[0], quartiles[2]], "goal": workload.goal,
                "met": statistics.median(ratios) <= workload.goal, "windows": windows}

    def mean(self, what, rows, goal):
        names = {workload.name for workload in rows}
        ratios = [row["ratio"] for row in self.rows if row["name"] in names and "ratio" in row]
        if len(ratios) > 1:
            mean = math.exp(statistics.mean(map(math.log, ratios)))
            self.add({"name": f"geometric mean of {len(ratios)} {what}", "ratio": mean, "goal": goal, "met": mean <= goal})

    # --- memory

    def memory(self, name, units, goal, commands):
        grown = {}
        try:
            for server in self.servers():
                try:
                    rss, used = load.rss_bytes(server.pid), load.used_memory(server.control)
                    load.fill(server.control, commands())
                    settled = self._settled(server)
                    grown[server.name] = {"used": (settled[1] - used) / units, "rss": (settled[0] - rss) / units,
                                          "start_rss": rss, "rss_bytes": settled[0]}
                finally:
                    server.remove()
        except (load.Impossible, wire.Disconnected) as error:
            return self.add({"name": name, "error": str(error)[:60]})
        ours, stock = grown["ours"], grown["stock"]
        self.add({"name": name, "unit": "bytes", "stock": stock["used"], "ours": ours["used"],
                  "ratio": ours["used"] / stock["used"], "goal": goal, "met": ours["used"] <= goal,
                  "rss_ratio": ours["rss"] / stock["rss"], "details": grown})

    @staticmethod
    def _settled(server):
        """(RSS, used_memory) once the table has stopped moving and freed pages have gone back."""
        last = None
        for _ in range(SETTLE_TRIES):
            time.sleep(0.25)
            now = (load.rss_bytes(server.pid), load.used_memory(server.control))
            if last and abs(now[0] - last[0]) < 1 << 18 and abs(now[1] - last[1]) < 1 << 16:
                break
            last = now
        return now

    def start_and_churn(self):
        if self._wanted("RSS at start"):
            found = {}
            for server in self.servers():
                found[server.name] = self._settled(server)[0] / 1e6
                server.remove()
            self.add({"name": "RSS at start", "unit": "MB", **found, "ratio": found["ours"] / found["stock"],
                      "goal": workloads.START_GOAL_MB, "met": found["ours"] <= workloads.START_GOAL_MB})
        if self._wanted("RSS after churn"):
            keys = workloads.CHURN_KEYS
            found = {}
            for server in self.servers():
                before = load.rss_bytes(server.pid)
                load.fill(server.control, workloads.churned(keys))
                found[server.name] = (self._settled(server)[0] - before) / keys
                server.remove()
            ratio = found["ours"] / found["stock"]
            self.add({"name": "RSS after churn, a key", "unit": "bytes", **found, "ratio": ratio,
                      "goal": workloads.CHURN_GOAL, "met": ratio <= workloads.CHURN_GOAL})

    # --- all of it

    def _wanted(self, name):
        return not self.options.only or self.options.only.lower() in name.lower()

    def everything(self):
        parts = self.options.part.split(",")
        chosen = []
        if "cpu" in parts:
            chosen += workloads.STRING_ROWS + workloads.TYPE_ROWS
        if "families" in parts:
            chosen += workloads.FAMILY_ROWS
        if "growth" in parts:
            chosen += workloads.GROWTH_ROWS
        if "large" in parts:
            chosen += workloads.LARGE_ROWS
        for workload in chosen:
            if self._wanted(workload.name):
                self.cpu(workload)
        self.mean("types", workloads.TYPE_ROWS, workloads.TYPES_MEAN_GOAL)
        self.mean("families", workloads.FAMILY_ROWS, workloads.FAMILIES_MEAN_GOAL)
        if "memory" in parts:
            for name, (units, _, goal, commands) in workloads.MEMORY_ROWS.items():
                if self._wanted(name):
                    self.memory(name, units, goal, commands)
            self.start_and_churn()


def figure(value):
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def print_table(rows, markdown):
    lines = [("measure", "unit", "redis-server", "redisha-node", "ratio", "quartiles", "goal", "")]
    for row in rows:
        if "error" in row:
            lines.append((row["name"], "", "", "", "", "", "", row["error"]))
            continue
        spread = "-".join(f"{x:.2f}" for x in row["spread"]) if "spread" in row else ""
        lines.append((row["name"], row.get("unit", ""), *(figure(row[s]) if s in row else "" for s in ("stock", "ours")),
                      f"{row['ratio']:.2f}", spread, f"{row['goal']:g}", "" if row["met"] else "not met"))
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    if markdown:
        lines.insert(1, ["---"] * len(widths))
    for line in lines:
        cells = [x.ljust(w) if i in (0, 1, 7) else x.rjust(w) for i, (x, w) in enumerate(zip(line, widths))]
        print("| " + " | ".join(line) + " |" if markdown else "  ".join(cells).rstrip())


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "?")
    return {"cpu": model, "cores": os.cpu_count(), "kernel": os.uname().release, "load": os.getloadavg(),
            "time": time.strftime("%F %T")}


def main():
    options = parse_arguments()
    if not all_there("compare", (options.ours, options.stock, "redis-benchmark")):
        return 2
    comparison = Comparison(options)
    comparison.everything()
    print_table(comparison.rows, options.markdown)
    if options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            json.dump({"machine": machine(), "rows": comparison.rows}, file, indent=1)
    missed = [row for row in comparison.rows if not row.get("met")]
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
