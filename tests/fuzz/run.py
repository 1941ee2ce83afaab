#!/usr/bin/env python3
"""Builds every *_fuzz.cc with clang's libFuzzer and runs each for its share of the time.

Usage: tests/fuzz/run.py [--seconds 60] [--only NAME] [--keep]
       tests/fuzz/run.py --replay FOLDER    (plays what is kept through FOLDER/NAME_plain, without clang)
Each begins with what is kept of earlier runs, corpus/NAME.zip; --keep writes these anew, with the inputs that reach most.
A finding leaves its input in build/fuzz/findings; reproduce it with build/asan/bin/NAME FILE.
"""
import argparse
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.dirname(os.path.abspath(__file__))
INPUT_BYTES_MAX = 16384
KEPT_BYTES_MAX = 2048  # of an input


def kept(name):
    return os.path.join(HERE, "corpus", name + ".zip")


def unpack(name, folder):
    os.makedirs(folder, exist_ok=True)
    if os.path.exists(kept(name)):
        with zipfile.ZipFile(kept(name)) as archive:
            archive.extractall(folder)


def keep(name, corpus):
    """The fewest inputs that reach what all of the corpus reach; the same archive for the same inputs."""
    with tempfile.TemporaryDirectory() as fewest:
        subprocess.run([os.path.join("build", "asan", "bin", name), "-merge=1", f"-max_len={KEPT_BYTES_MAX}", fewest, corpus],
                       cwd=ROOT, capture_output=True, check=True)
        os.makedirs(os.path.dirname(kept(name)), exist_ok=True)
        with zipfile.ZipFile(kept(name), "w", zipfile.ZIP_DEFLATED) as archive:
            for input_name in sorted(os.listdir(fewest)):
                with open(os.path.join(fewest, input_name), "rb") as file:
                    archive.writestr(zipfile.ZipInfo(input_name), file.read(), zipfile.ZIP_DEFLATED)
        print(f"{name}: {len(os.listdir(fewest))} inputs kept, {os.path.getsize(kept(name))} bytes", flush=True)


def replay(folder, names):
    failed = []
    for name in names:
        with tempfile.TemporaryDirectory() as corpus:
            unpack(name, corpus)
            inputs = sorted(os.path.join(corpus, input_name) for input_name in os.listdir(corpus))
            done = subprocess.run([os.path.join(folder, name + "_plain"), "--files", *inputs], capture_output=True, text=True)
            print(f"{name}: {len(inputs)} inputs, {'ok' if done.returncode == 0 else 'FAILED'}", flush=True)
            if done.returncode != 0:
                failed.append(name)
                print(done.stderr[-6000:], file=sys.stderr)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="in all, shared by the targets")
    parser.add_argument("--only", help="one target, as resp_fuzz")
    parser.add_argument("--keep", action="store_true", help="afterwards write corpus/NAME.zip anew")
    parser.add_argument("--replay", metavar="FOLDER", help="of the NAME_plain programs")
    arguments = parser.parse_args()
    names = sorted(os.path.basename(f)[:-3] for f in glob.glob(os.path.join(HERE, "*_fuzz.cc")))
    names = [n for n in names if arguments.only in (None, n)]
    if not names:
        print("fuzz: no target of that name", file=sys.stderr)
        return 2
    if arguments.replay:
        return replay(arguments.replay, names)
    if not shutil.which("clang++-14"):
        print("fuzz: clang++-14 is not installed; run scripts/setup --tests", file=sys.stderr)
        return 2
    for command in (["cmake", "--preset", "asan"], ["ninja", "-C", "build/asan", *names]):
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
        unpack(name, corpus)
        run = subprocess.run([os.path.join("build", "asan", "bin", name), f"-max_total_time={share}", f"-max_len={INPUT_BYTES_MAX}",
                              "-rss_limit_mb=4096", "-print_final_stats=1", f"-artifact_prefix={findings}/{name}-", corpus],
                             cwd=ROOT, capture_output=True, text=True)
        executed = [line.split()[-1] for line in run.stderr.splitlines() if "number_of_executed_units" in line]
        print(f"{name}: {executed[0] if executed else '?'} inputs in {share} s, {'ok' if run.returncode == 0 else 'FAILED'}", flush=True)
        if run.returncode != 0:
            failed.append(name)
            print(run.stderr[-6000:], file=sys.stderr)
        elif arguments.keep:
            keep(name, corpus)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
