#!/usr/bin/env python3
"""Checks the rules of the source tree that a compiler does not: include arrows, sizes, banned calls, lost files.

Usage: tools/tidy.py [--root DIR]      prints one line per finding; exit code 1 if there is any.
docs/architecture.md explains the arrows; the limits are those of CONTRIBUTING.md.
"""
import argparse
import os
import re
import subprocess
import sys

LINES_MAX = 800
LINES_MAX_TEST = 1500
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100

# folder → folders it may include besides itself (tests may include everything).
COMMON = {
    "common/base": [],
    "common/env": ["common/base"],
    "common/trust": ["common/base"],
    "common/acl": ["common/trust", "common/resp", "common/env", "common/base"],
    "common/resp": ["common/base"],
    "common/net": ["common/resp", "common/trust", "common/base"],
    "common/http": ["common/base"],
    "common/metrics": ["common/http", "common/base"],
    "common/k8s": ["common/base"],
}
PURE_COMMON = ["common/base", "common/resp", "common/env", "common/trust"]
# Single headers a pure folder may use of one that also talks to the network: its values.
K8S_VALUES = ["common/k8s/base64.h", "common/k8s/json.h", "common/k8s/object_ref.h"]
ARROWS = {
    **COMMON,
    "node/structs": ["common/base"],
    "node/types": ["node/structs", *PURE_COMMON],
    "node/codec": ["node/types", "node/structs", "common/base"],
    "node/keyspace": ["node/types", "node/structs", *PURE_COMMON],
    "node/dispatch": ["common/acl", "node/keyspace", "node/types", "node/structs", *PURE_COMMON],
    "node/scripting": ["node/structs", *PURE_COMMON],
    "node/commands": ["node/dispatch", "node/scripting", "node/codec", "common/acl", "node/keyspace", "node/types", "node/structs", *PURE_COMMON],
    "node/persist": ["node/codec", "node/keyspace", "node/types", "node/structs", *PURE_COMMON],
    "node/repl": ["node/dispatch", "node/persist", "node/codec", "node/keyspace", "common/net", *PURE_COMMON],
    "node/app": ["node/commands", "node/repl", "node/persist", "node/codec", "node/dispatch", "common/acl", "node/keyspace", "node/types", "node/structs", "common/net", *PURE_COMMON],
    "node": ["node/app", "common/env", "common/base"],
    "sidecar/core": ["common/base"],
    "sidecar/shell": ["sidecar/core", *COMMON],
    "sidecar": ["sidecar/shell", "common/base"],
    "operator/api": [*K8S_VALUES, "common/base"],
    "operator/desired": ["operator/api", *K8S_VALUES, "common/base"],
    "operator/reconcile": ["operator/desired", "operator/api", "common/k8s", "common/base"],
    "operator/app": ["operator/reconcile", "operator/desired", "operator/api", *COMMON],
    "operator": ["operator/app", "common/base"],
    "local": ["local", *COMMON],
    "cli": ["cli", "local", *COMMON],
    "container": ["common/env", "common/base"],
}
# A pure folder reads no clock, opens no socket, writes no log, rolls no dice of its own.
PURE = ["sidecar/core", "operator/api", "operator/desired"]
IMPURE = re.compile(r"steady_clock::now|system_clock::now|\btime\(nullptr|\brand\(|random_device|RandomHex|RandomSeed|"
                    r'#include <(sys/socket|unistd|thread|mutex)|common/base/(log|random_id|unique_fd)\.h')
BANNED = [
    (re.compile(r"\b(strcpy|strcat|sprintf|gets|strtok|atoi|atol|atof)\s*\("), "unbounded or unchecked C call"),
    (re.compile(r"\b(TODO|FIXME|XXX)\b"), "unfinished note"),
    (re.compile(r"^\s*using namespace (?!std::(chrono_)?literals)"), "using namespace"),
]
SOURCES = re.compile(r"\.(h|cc)$")


def tracked_files(root):
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
    if listed.returncode == 0:
        return sorted(f for f in listed.stdout.splitlines() if os.path.exists(os.path.join(root, f)))
    return sorted(os.path.relpath(os.path.join(d, f), root) for d, _, files in os.walk(root)
                  if "/build" not in d and "/.git" not in d for f in files)


def folder_of(path):
    """The longest folder of ARROWS that holds the file."""
    folder = os.path.dirname(path)
    while folder:
        if folder in ARROWS:
            return folder
        folder = os.path.dirname(folder)
    return None


def within(folder, allowed):
    return any(folder == a or (a in ("local", "cli") and folder.startswith(a + "/")) for a in allowed)


def check_includes(path, lines):
    folder = folder_of(path)
    if folder is None or path.endswith("_test.cc"):
        return
    for number, line in enumerate(lines, 1):
        match = re.match(r'#include "([^"]+)"', line)
        if not match:
            continue
        target = folder_of(match[1])
        if target is None:
            yield number, f'include "{match[1]}" is not a path from the root of the tree'
        elif target != folder and not within(target, ARROWS[folder]) and match[1] not in ARROWS[folder]:
            yield number, f"{folder} may not include {target} (docs/architecture.md has the arrows)"


def check_functions(lines):
    """Bodies that open at column 0..2 after a line ending in '{' and close at the same column."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and re.match(r"^( {0,2})[A-Za-z_].*\)( const| override| noexcept| mutable)*( ->.*)? \{$", line):
            start, indent = number, re.match(r" *", line)[0]
        elif start is not None and line.startswith(indent + "}"):
            if number - start > FUNCTION_LINES_MAX and not re.match(r"^(namespace|class|struct|enum)", lines[start - 1]):
                yield start, f"function of {number - start} lines (limit {FUNCTION_LINES_MAX})"
            start = None


def check_file(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        lines = file.read().splitlines()
    is_test = path.endswith("_test.cc") or path.startswith("tests/")
    limit = LINES_MAX_TEST if is_test else LINES_MAX
    if len(lines) > limit:
        yield 1, f"{len(lines)} lines (limit {limit})"
    folder = folder_of(path)
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX and "http" not in line and 'R"' not in line:
            yield number, f"{len(line)} columns (limit {COLUMNS_MAX})"
        for pattern, what in BANNED:
            if pattern.search(line):
                yield number, what
        if folder in PURE and not is_test and IMPURE.search(line):
            yield number, f"{folder} is pure: no clock, chance, socket, thread or log"
    if path.endswith(".h") and not lines[0].startswith("//"):
        yield 1, "a header opens with what it is, its invariants and its thread rule"
    yield from check_includes(path, lines)
    if not is_test:
        yield from check_functions(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    root = parser.parse_args().root
    files = [f for f in tracked_files(root) if SOURCES.search(f)]
    findings = 0
    for path in files:
        for number, text in check_file(root, path):
            print(f"{path}:{number}: {text}")
            findings += 1
    print(f"tidy: {len(files)} files, {findings} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
