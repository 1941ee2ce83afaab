#!/usr/bin/env python3
"""Draws the dashboards as a real Prometheus answers them while a primary's server is killed: docs/pictures/*.png.

Starts a local cluster with a RedisHA and Prometheus, lets `redisha bench` write and read, and asks for every panel of
charts/redisha-operator/dashboards what Grafana would ask for. Grafana itself is in no Debian release, so the panels are
drawn here, by python3-matplotlib. Takes about the time of --seconds and a minute.
"""
import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot, ticker  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)
from scripts.observe import Prometheus  # noqa: E402
from tests.support.cluster import Failed, LocalCluster, RedisHA, wait_for  # noqa: E402
from tools.dashboards import dashboards  # noqa: E402

READY_TIMEOUT_S = 120
VARIABLES = {"namespace": "default", "redisha": "demo", "pod": ".*"}
COLUMNS = 24           # of Grafana's grid
INCHES_PER_COLUMN, INCHES_PER_ROW = 0.5, 0.32
DOTS_PER_INCH = 80
LEGENDS_MOST = 8
INK, FAINT, FAILOVER = "#24292e", "#d8dce0", "#c4162a"
BINARY_UNITS = {"bytes": "B", "Bps": "B/s"}
PLAIN_UNITS = {"s": "s", "ops": "/s", "reqps": "/s"}


def amount(value, unit):
    if unit == "percentunit":
        return f"{100 * value:.3g}%"
    if unit in BINARY_UNITS:
        for prefix in ("", "Ki", "Mi", "Gi"):
            if abs(value) < 1024 or prefix == "Gi":
                return f"{value:.3g} {prefix}{BINARY_UNITS[unit]}"
            value /= 1024
    if unit == "s" and 0 < abs(value) < 1:
        return f"{1000 * value:.3g} ms"
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {PLAIN_UNITS.get(unit, unit if unit != 'none' else '')}".strip()


def filled(expression):
    return re.sub(r"\$(\w+)", lambda variable: VARIABLES.get(variable[1], variable[0]), expression)


def legend_of(target, labels):
    if target["legendFormat"] == "__auto":
        return ""
    return re.sub(r"\{\{(\w+)\}\}", lambda label: labels.get(label[1], ""), target["legendFormat"])


def answers(prometheus, panel, start, end):
    """(legend, [(seconds since start, value)]) of every series."""
    for target in panel["targets"]:
        for series in prometheus.ask("query_range", query=filled(target["expr"]), start=start, end=end, step=1):
            yield legend_of(target, series["metric"]), [(at - start, float(value)) for at, value in series["values"]]


def draw_number(axes, panel, series):
    axes.axis("off")
    legend, values = series[-1] if series else ("", [])
    by_name = panel["targets"][0]["legendFormat"] != "__auto"
    # Of the pods that were the primary the one that is now.
    if by_name:
        legend, values = max(series, key=lambda one: one[1][-1][0])
    text = legend if by_name else f"{values[-1][1]:.0f}" if values else "no data"
    axes.text(0.5, 0.4, text, ha="center", va="center", fontsize=20, color="#1a7f37")


def draw_lines(axes, panel, series, marks, seconds):
    unit = panel["fieldConfig"]["defaults"]["unit"]
    for legend, values in series:
        axes.plot([at for at, _ in values], [value for _, value in values], linewidth=1.2, label=legend or None)
    for mark in marks:
        axes.axvline(mark, color=FAILOVER, linewidth=0.8, linestyle="--")
    if not series:
        axes.text(0.5, 0.5, "nothing to show", transform=axes.transAxes, ha="center", va="center", color="#6a737d", fontsize=9)
    lows = [value for _, values in series for _, value in values]
    if lows and min(lows) >= 0:
        axes.set_ylim(0, max(max(lows) * 1.1, 1e-3))
    axes.set_xlim(0, seconds)
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: amount(value, unit)))
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda at, _: f"{at:.0f} s"))
    axes.tick_params(labelsize=7, colors=INK, length=0)
    axes.grid(color=FAINT, linewidth=0.5)
    for side in axes.spines.values():
        side.set_visible(False)
    if any(legend for legend, _ in series):
        handles, labels = axes.get_legend_handles_labels()
        axes.legend(handles[:LEGENDS_MOST], labels[:LEGENDS_MOST], fontsize=5.5, loc="upper left", bbox_to_anchor=(-0.02, -0.08), ncol=6, frameon=False)


def draw(prometheus, dashboard, start, end, path):
    marks = [max(values[0][0] - 1, 0) for note in dashboard["annotations"]["list"]
             for _, values in answers(prometheus, {"targets": [{"expr": note["expr"], "legendFormat": "x"}]}, start, end)]
    top = min(panel["gridPos"]["y"] for panel in dashboard["panels"])
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"]) - top
    figure = pyplot.figure(figsize=(COLUMNS * INCHES_PER_COLUMN, rows * INCHES_PER_ROW + 0.5))
    grid = figure.add_gridspec(rows, COLUMNS, left=0.06, right=0.985, top=1 - 0.75 / figure.get_figheight(), bottom=0.03, hspace=0.9, wspace=1.2)
    figure.suptitle(dashboard["title"], x=0.02, ha="left", fontsize=12, color=INK)
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        below = 2 if panel["type"] == "timeseries" else 1  # for the legend
        axes = figure.add_subplot(grid[at["y"] - top:at["y"] - top + at["h"] - below, at["x"] + 1:at["x"] + at["w"]])
        axes.set_title(panel["title"], fontsize=8, loc="left", color=INK)
        series = list(answers(prometheus, panel, start, end))
        draw_number(axes, panel, series) if panel["type"] == "stat" else draw_lines(axes, panel, series, marks, end - start)
    figure.savefig(path, dpi=DOTS_PER_INCH)
    pyplot.close(figure)
    print(f"wrote {os.path.relpath(path)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin-dir", default=os.path.join(ROOT, "build", "release", "bin"))
    parser.add_argument("--out", default=os.path.join(ROOT, "docs", "pictures"))
    parser.add_argument("--seconds", type=int, default=180)
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="redisha-pictures-") as directory:
        cluster = LocalCluster(arguments.bin_dir, os.path.join(directory, "local"))
        try:
            cluster.up()
            cluster.apply(os.path.join(ROOT, "examples", "minimal.yaml"))
            ha = RedisHA(cluster, "demo")
            wait_for("RedisHA demo to be Ready", ha.ready, READY_TIMEOUT_S)
            prometheus = Prometheus(cluster, ha)
            prometheus.start()
            start = time.time()
            print(f"{arguments.seconds} s of writes and reads; the primary's server is killed after a third", flush=True)
            with subprocess.Popen([cluster.program, "bench", "demo", "--kubeconfig", cluster.kubeconfig, "--seconds",
                                   str(arguments.seconds)]) as bench:
                wait_for("a third of the time", lambda: time.time() > start + arguments.seconds / 3, arguments.seconds)
                primary = ha.object()["status"]["currentPrimary"]
                os.kill(ha.node_pid(ha.pod_ips()[primary]), signal.SIGKILL)
            if bench.returncode != 0:
                raise Failed("the bench failed, see above")
            for name, text in dashboards().items():
                draw(prometheus, json.loads(text), start, time.time(), os.path.join(arguments.out, name.replace(".json", ".png")))
        finally:
            cluster.down()


if __name__ == "__main__":
    main()
