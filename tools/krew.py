#!/usr/bin/env python3
"""Packs `redisha` for krew and writes the manifest: kubectl krew install --manifest=FILE --archive=FILE

Usage: tools/krew.py --uri URL [--bin DIR] [--out DIR]

URL is where the archive will be found. DIR/redisha-VERSION-linux-amd64.tar.gz and DIR/redisha.yaml are written (out: build/krew).
"""
import argparse
import hashlib
import os
import subprocess
import tarfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uri", required=True)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "release", "bin"))
    parser.add_argument("--out", default=os.path.join(ROOT, "build", "krew"))
    options = parser.parse_args()
    program = os.path.join(options.bin, "redisha")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    os.makedirs(options.out, exist_ok=True)
    archive = os.path.join(options.out, f"redisha-{version}-linux-amd64.tar.gz")
    bare = os.path.join(options.out, "kubectl-redisha")
    subprocess.run(["strip", "-o", bare, program], check=True)
    with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
        tar.add(bare, "kubectl-redisha")
        tar.add(os.path.join(ROOT, "LICENSE"), "LICENSE")
    os.remove(bare)
    with open(archive, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    with open(os.path.join(ROOT, "deploy", "krew", "redisha.yaml"), encoding="utf-8") as file:
        manifest = file.read()
    for name, value in (("@VERSION@", version), ("@URI@", options.uri), ("@SHA256@", digest)):
        manifest = manifest.replace(name, value)
    path = os.path.join(options.out, "redisha.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(manifest)
    print(f"{path}\n{archive}")


if __name__ == "__main__":
    main()
