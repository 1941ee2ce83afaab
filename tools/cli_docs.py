#!/usr/bin/env python3
"""Writes what every verb says of itself (--help) into docs/cli.md.

Usage: tools/cli_docs.py [--check] [--bin DIR]      --check: exit code 1 if the page is not what would be written
"""
import argparse
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, "docs", "cli.md")
VERBS = ["status", "topology", "switchover", "explain-last-failover", "restart", "logs", "cli", "bench", "doctor", "report", "migrate",
         "completion", "apply", "get", "local"]
BEGIN, END = "<!-- help: written by tools/cli_docs.py -->\n", "<!-- /help -->\n"


def said(program, *words):
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        sys.exit(f"cli_docs: {' '.join(words)}: {done.stderr}")
    return re.sub(r"[ \t]+\n", "\n", done.stdout).strip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--bin", default=os.environ.get("RHA_BIN_DIR", os.path.join(ROOT, "build", "release", "bin")))
    options = parser.parse_args()
    program = os.path.join(options.bin, "redisha")
    listed = re.findall(r"^  ([a-z-]+) {2,}\S", said(program, "--help").split("Subcommands:")[1].split("\n\n")[0], re.M)
    if sorted(listed) != sorted(VERBS):
        sys.exit(f"cli_docs: the program has {sorted(set(listed) ^ set(VERBS))}, which VERBS here does not agree with")
    text = "".join(f"### {verb}\n\n```\n{said(program, verb, '--help')}```\n\n" for verb in VERBS)
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    wanted = f"{before}{BEGIN}\n{text}{END}{after}"
    if options.check:
        if wanted != page:
            sys.exit("cli_docs: docs/cli.md does not say what the program says; run tools/cli_docs.py")
    elif wanted != page:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(wanted)


if __name__ == "__main__":
    main()
