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
PASS, SKIP, FAIL = "passed", "skipped", "failed"
SKIPPED = 77  # exit code of who cannot run here
POWER_LOSS_SEEDS = 10_000
AOF_KILLS = 200
TORTURE_S = 300
# What starts whole clusters or measures has the machine for itself; the others run side by side, one more than there are
# cores: most of them wait for processes most of the time.
ALONE = "slow|e2e"
JOBS = str(os.cpu_count() + 1)
# stage → rounds of ctest, each with its filters.
STAGES = {
    "release": [["--label-exclude", ALONE, "--parallel", JOBS], ["--label-regex", ALONE]],
    "asan": [["--label-exclude", ALONE + "|static", "--parallel", JOBS]],
    "tsan": [["--label-exclude", ALONE + "|static", "--parallel", JOBS]],
}
QUICK = STAGES["release"][:1]


class Tally:
    def __init__(self):
        self.passed = self.skipped = 0
        self.failed = []

    def add(self, stage, outcomes):
        self.failed += [f"{stage}: {name}" for name, status in outcomes.items() if status == FAIL]
        self.skipped += sum(status == SKIP for status in outcomes.values())
        self.passed += sum(status == PASS for status in outcomes.values())

    def fail(self, what):
        self.failed.append(what)


def stage(name, what):
    print(f"\n=== {name}: {what}", flush=True)


def outcome_of(case):
    if case.get("status") == "fail":
        return FAIL
    return SKIP if case.find("skipped") is not None or case.get("status") in ("disabled", "notrun") else PASS


def ctest(preset, arguments):
    """Runs tests, and returns what became of each, by its name."""
    junit = os.path.join(ROOT, "build", preset, "junit.xml")
    if os.path.exists(junit):
        os.remove(junit)
    subprocess.run(["ctest", "--test-dir", f"build/{preset}", "--output-on-failure", "--no-tests=error",
                    "--output-junit", junit, *arguments], cwd=ROOT)
    if not os.path.exists(junit):
        return {}
    return {case.get("name"): outcome_of(case) for case in ElementTree.parse(junit).getroot().iter("testcase")}


def run_preset(preset, rounds, tally):
    stage(preset, "build")
    started = time.monotonic()
    if subprocess.run([os.path.join(ROOT, "scripts", "build"), preset], cwd=ROOT).returncode != 0:
        tally.fail(f"{preset}: build")
        return
    print(f"built in {time.monotonic() - started:.0f} s")
    stage(preset, "test")
    started = time.monotonic()
    for arguments in rounds:
        outcomes = ctest(preset, arguments)
        # Tests of processes cannot tell a machine that stood still from a peer that died: a failure is shown, and tried
        # once more, alone.
        if FAIL in outcomes.values():
            outcomes |= ctest(preset, ["--rerun-failed"])
        if not outcomes:
            tally.fail(f"{preset}: ctest ran nothing")
        tally.add(preset, outcomes)
    print(f"tested in {time.monotonic() - started:.0f} s")


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
                  "package and image in a Debian of their own, a real Kubernetes, all client libraries, whole clusters without namespaces")
    image_tests = os.path.join(ROOT, "tests", "image")
    files = [os.path.join(os.path.dirname(sim), "node_persist_test"), "--gtest_filter=PowerLoss*"]
    environment = {**os.environ, "RHA_BIN_DIR": os.path.dirname(sim), "PYTHONPATH": ROOT,
                   "RHA_POWER_LOSS_SEEDS": str(POWER_LOSS_SEEDS), "RHA_AOF_KILLS": str(AOF_KILLS), "RHA_TORTURE_S": str(TORTURE_S)}
    clients = ["env", "RHA_CLIENTS=all", "RHA_KILLS=20", sys.executable, "-m", "unittest", "tests.clients.basics_test", "tests.clients.failover_test"]
    torture = [sys.executable, "-m", "unittest", "tests.integration.node_torture_test", "-k", "whatever_fails"]
    kills = [sys.executable, "-m", "unittest", "tests.integration.node_aof_test", "-k", "a_kill_"]
    for name, command in {"sim: seeds": [sim, "--seeds", str(SIM_SEEDS)],
                          "sim: mutants": [sim + "_mutants", "--all"],
                          "files after power loss": files,
                          "Redis' own tests": [sys.executable, "-m", "tests.conformance.redis_tcl"],
                          "Redis' own tests with sanitizers": [sys.executable, "-m", "tests.conformance.redis_tcl", "--sanitized", "--server",
                                                               os.path.join(ROOT, "build", "asan", "bin", "redisha-node")],
                          "kills while the append-only file is written": kills,
                          "client libraries through failovers": clients,
                          "replication whose links and processes fail": torture,
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
        run_preset("release", [["-R", arguments.only]], tally)
    elif arguments.quick:
        run_preset("release", QUICK, tally)
    else:
        for preset, rounds in STAGES.items():
            run_preset(preset, rounds, tally)
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
