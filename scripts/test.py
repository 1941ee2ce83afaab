#!/usr/bin/env python3
"""Builds and runs the tests: release with everything, then both sanitizer presets, then a minute of fuzzing.

Called by scripts/test. Every stage runs even if an earlier one failed, so that one run shows all there is to mend.
"""
import argparse
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FUZZ_SECONDS = 60
SIM_SEEDS = 100000
SKIPPED = 77  # exit code of who cannot run here
POWER_LOSS_SEEDS = 10_000
AOF_KILLS = 200
# stage → ctest label expressions: what to leave out where.
STAGES = {
    "release": [],
    "asan": ["--label-exclude", "slow|e2e|static"],
    "tsan": ["--label-exclude", "slow|e2e|static"],
}
QUICK = ["--label-exclude", "slow|e2e"]


class Tally:
    def __init__(self):
        self.passed = self.skipped = 0
        self.failed = []

    def add_junit(self, path, stage):
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            status = case.get("status")
            if status == "fail":
                self.failed.append(f"{stage}: {case.get('name')}")
            elif case.find("skipped") is not None or status in ("disabled", "notrun"):
                self.skipped += 1
            else:
                self.passed += 1

    def fail(self, what):
        self.failed.append(what)


def stage(name, what):
    print(f"\n=== {name}: {what}", flush=True)


def run_preset(preset, filters, tally):
    stage(preset, "build")
    started = time.monotonic()
    if subprocess.run([os.path.join(ROOT, "scripts", "build"), preset], cwd=ROOT).returncode != 0:
        tally.fail(f"{preset}: build")
        return
    print(f"built in {time.monotonic() - started:.0f} s")
    stage(preset, "test")
    junit = os.path.join(ROOT, "build", preset, "junit.xml")
    # Tests of processes cannot tell a machine that stood still from a peer that died: a failure is shown, and tried once more.
    subprocess.run(["ctest", "--test-dir", f"build/{preset}", "--output-on-failure", "--no-tests=error",
                    "--repeat", "until-pass:2", "--output-junit", junit, *filters], cwd=ROOT)
    if os.path.exists(junit):
        tally.add_junit(junit, preset)
    else:
        tally.fail(f"{preset}: ctest ran nothing")


def run_fuzzers(tally):
    script = os.path.join(ROOT, "tests", "fuzz", "run.py")
    stage("fuzz", f"{FUZZ_SECONDS} s of libFuzzer")
    if subprocess.run([sys.executable, script, "--seconds", str(FUZZ_SECONDS)], cwd=ROOT).returncode == 0:
        tally.passed += 1
    else:
        tally.fail("fuzz")


def run_long(tally):
    """What takes an hour or more: nightly, and before a release."""
    sim = os.path.join(ROOT, "build", "release", "bin", "sim")
    stage("long", f"{SIM_SEEDS} seeds of the simulator, every mutant until it is caught, files after power loss, all of Redis' own tests, "
                  "package and image in a Debian of their own, a real Kubernetes, whole clusters without namespaces")
    image_tests = os.path.join(ROOT, "tests", "image")
    files = [os.path.join(os.path.dirname(sim), "node_persist_test"), "--gtest_filter=PowerLoss*"]
    environment = {**os.environ, "RHA_BIN_DIR": os.path.dirname(sim), "PYTHONPATH": ROOT,
                   "RHA_POWER_LOSS_SEEDS": str(POWER_LOSS_SEEDS), "RHA_AOF_KILLS": str(AOF_KILLS)}
    kills = [sys.executable, "-m", "unittest", "tests.integration.node_aof_test", "-k", "a_kill_"]
    for name, command in {"sim: seeds": [sim, "--seeds", str(SIM_SEEDS)],
                          "sim: mutants": [sim + "_mutants", "--all"],
                          "files after power loss": files,
                          "Redis' own tests": [sys.executable, "-m", "tests.conformance.redis_tcl"],
                          "kills while the append-only file is written": kills,
                          "package": [sys.executable, os.path.join(image_tests, "package_install.py")],
                          "image": [sys.executable, os.path.join(image_tests, "compile.py")],
                          "a real Kubernetes": [sys.executable, "-m", "tests.e2e.real_kubernetes"],
                          "e2e without namespaces": ["env", "RHA_ISOLATION=none", "ctest", "--test-dir", "build/release", "-L", "e2e",
                                                     "--output-on-failure", "--repeat", "until-pass:2"]}.items():
        code = subprocess.run(command, cwd=ROOT, env=environment).returncode
        if code == 0:
            tally.passed += 1
        elif code == SKIPPED:
            tally.skipped += 1
        else:
            tally.fail(name)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", metavar="REGEX")
    arguments = parser.parse_args()
    tally = Tally()
    if arguments.only:
        run_preset("release", ["-R", arguments.only], tally)
    elif arguments.quick:
        run_preset("release", QUICK, tally)
    else:
        for preset, filters in STAGES.items():
            run_preset(preset, filters, tally)
        run_fuzzers(tally)
        if arguments.all:
            run_long(tally)
    print()
    for name in tally.failed:
        print(f"FAILED {name}")
    skipped = f", {tally.skipped} skipped" if tally.skipped else ""
    print(f"{tally.passed} passed, {len(tally.failed)} failed{skipped}")
    return 1 if tally.failed or tally.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
