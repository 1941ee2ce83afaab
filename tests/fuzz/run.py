#!/usr/bin/env python3
"""Builds every *_fuzz.cc with clang's libFuzzer and runs each for its share of the time.

Usage: tests/fuzz/run.py [--seconds 60] [--only NAME]
A finding leaves its input in build/fuzz/findings; reproduce it with build/fuzz/bin/NAME FILE.
"""
import argparse
import glob
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INPUT_BYTES_MAX = 16384


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="in all, shared by the targets")
    parser.add_argument("--only", help="one target, as resp_fuzz")
    arguments = parser.parse_args()
    if not shutil.which("clang++-14"):
        print("fuzz: clang++-14 is not installed; run scripts/setup --tests", file=sys.stderr)
        return 2
    here = os.path.dirname(os.path.abspath(__file__))
    names = sorted(os.path.basename(f)[:-3] for f in glob.glob(os.path.join(here, "*_fuzz.cc")))
    names = [n for n in names if arguments.only in (None, n)]
    if not names:
        print("fuzz: no target of that name", file=sys.stderr)
        return 2
    for command in (["cmake", "--preset", "fuzz"], ["ninja", "-C", "build/fuzz", *names]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            print(done.stdout[-4000:] + done.stderr[-4000:], file=sys.stderr)
            return 1
    findings = os.path.join(ROOT, "build", "fuzz", "findings")
    os.makedirs(findings, exist_ok=True)
    share = max(arguments.seconds // len(names), 5)
    failed = []
    for name in names:
        corpus = os.path.join(ROOT, "build", "fuzz", "corpus", name)
        os.makedirs(corpus, exist_ok=True)
        run = subprocess.run([os.path.join("build", "fuzz", "bin", name), f"-max_total_time={share}", f"-max_len={INPUT_BYTES_MAX}",
                              "-rss_limit_mb=4096", "-print_final_stats=1", f"-artifact_prefix={findings}/{name}-", corpus],
                             cwd=ROOT, capture_output=True, text=True)
        executed = [line.split()[-1] for line in run.stderr.splitlines() if "number_of_executed_units" in line]
        print(f"{name}: {executed[0] if executed else '?'} inputs in {share} s, {'ok' if run.returncode == 0 else 'FAILED'}", flush=True)
        if run.returncode != 0:
            failed.append(name)
            print(run.stderr[-6000:], file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
