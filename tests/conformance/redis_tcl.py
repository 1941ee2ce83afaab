"""Runs Redis' own tests (tests/unit and tests/integration of redis 7.0.15, without modules and cluster) against redisha-node.
Those that can run against a server that is there already do so as well (external/unit/...).

Usage: python3 -m tests.conformance.redis_tcl [--only unit/type/list] [--jobs 2]
  --update              afterwards, when something passes that did not, or fails for a reason that you have understood
  --reference --update  what redis-server passes here: only that counts. Seldom needed
  --share 40            some files, chosen by chance, that take about 40 s: what every run of the tests does
  --sanitized           of a server that was built with sanitizers: its reports fail the run, and nothing else. Its allocator does
                        not say what is in use, so tests of memory fail or hang there

The tests come with Debian's source package of redis, which apt fetches into build/conformance; apt sources without deb-src
will do. Each file runs in a copy of the tree of its own, on loopback, and goes on after a test that failed or hung. A file
that did not do as expected runs once more, alone. expected.json has the tests that do not pass, each with its reason.
Exit code: 0 as expected, 1 not so (a test fails, or passes that is not said to), 2 it cannot run, 77 no source or no tclsh.
"""
import argparse
import concurrent.futures
import json
import os
import queue
import random
import shutil
import signal
import sys
import tempfile
import time

from . import source, suite

EXPECTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected.json")
UNEXPLAINED = ""
EXIT_SKIPPED = 77
# How the reason of a test begins that passes in some runs; and of one that does not run at all, since it would hang, or
# fail and leave the server to the tests after it as these do not expect it.
BY_CHANCE = "by chance"
NOT_RUN = ("hangs", "left out")
# What waits for memory to be counted or, killed by the suite when it hangs, looks like a report.
NOT_SANITIZED = ("memefficiency", "maxmemory", "client-eviction", "obuf-limits", "info", "lazyfree", "pubsub", "logging", "scripting", "functions", "multi")
NEW = {"tests": 0, "seconds": 0, "not_passed": {}, "redis_server_does_not_pass": []}


class Verdict:
    """A result against what is expected of its file. What redis-server does not pass is left out of all figures."""

    def __init__(self, result, expected):
        left_out = set(expected["redis_server_does_not_pass"])
        self.tests = expected["tests"]
        self.passed = result.passed - left_out
        self.failed = {name: why for name, why in result.failed.items() if name not in left_out}
        known = expected["not_passed"]
        self.regressions = {name: why for name, why in self.failed.items() if name not in known}
        missing = self.tests - len(self.passed) - len(self.failed) - len(known.keys() - self.passed - self.failed.keys())
        if missing > 0:
            self.regressions[f"{missing} tests did not run"] = result.trouble
        self.improvements = sorted(name for name in self.passed & known.keys() if not known[name].startswith(BY_CHANCE))
        self.unexplained = sorted(name for name in known.keys() & self.failed.keys() if known[name] == UNEXPLAINED)

    def as_expected(self):
        return not (self.regressions or self.improvements)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", help="the binary to judge; $RHA_BIN_DIR/redisha-node, else build/release/bin/redisha-node")
    parser.add_argument("--source", metavar="TARBALL", help=f"{source.NAME}, instead of fetching it")
    parser.add_argument("--only", metavar="FILE", action="append", default=[], help="as unit/type/list; may be given several times")
    parser.add_argument("--share", metavar="SECONDS", type=int, help="files chosen by chance for about so long; longer ones do not come up")
    parser.add_argument("--sanitized", action="store_true", help="only a sanitizer's report fails the run")
    parser.add_argument("--seed", type=int, help="of --share; the run says which it had")
    parser.add_argument("--jobs", type=int, default=1, help="files at a time")
    parser.add_argument("--base-port", type=int, help=f"the first of {suite.PORTS} ports for each job; by chance below 32000 unless given")
    parser.add_argument("--reference", action="store_true", help="judge redis-server of PATH, by which the others are judged")
    parser.add_argument("--update", action="store_true", help="write expected.json anew for the files that ran; known reasons stay")
    parser.add_argument("-o", "--output", choices=["text", "json"], default="text")
    options = parser.parse_args()
    build = os.environ.get("RHA_BIN_DIR", os.path.join(source.ROOT, "build", "release", "bin"))
    options.server = options.server or (shutil.which("redis-server") if options.reference else os.path.join(build, "redisha-node"))
    options.base_port = options.base_port or random.randrange(12000, 32000 - suite.PORTS * options.jobs)
    return options


def refuse(why):
    print(f"redis_tcl: {why}", file=sys.stderr)
    sys.exit(2)


def chosen(options, there, expected):
    """The files to run, longest first, so that two jobs end together."""
    def seconds(name):
        return expected.get(name, NEW)["seconds"]
    if unknown := set(options.only) - set(there):
        refuse(f"there is no {', '.join(sorted(unknown))}; the files are: {', '.join(there)}")
    # Of most files nothing is for external mode.
    names = options.only or [name for name in there if name in expected or not name.startswith(suite.EXTERNAL) or options.reference]
    if options.sanitized and not options.only:
        names = [name for name in names if not name.endswith(NOT_SANITIZED)]
    if options.share:
        seed = options.seed if options.seed is not None else random.randrange(1_000_000)
        print(f"--share {options.share} --seed {seed}", file=sys.stderr)
        left, sample = options.share, random.Random(seed).sample(names, len(names))
        names = []
        for name in sample:
            if seconds(name) <= left:
                left -= seconds(name)
                names.append(name)
    return sorted(names, key=seconds, reverse=True)


def judge(options, tarball, names, expected):
    """Name → (result, verdict, seconds). What is not as expected has run twice, and what passed once has passed."""
    ports = queue.SimpleQueue()
    for job in range(options.jobs):
        ports.put(options.base_port + job * suite.PORTS)

    def run(name):
        port, started = ports.get(), time.monotonic()
        try:
            known = expected.get(name, NEW)["not_passed"]
            result = suite.run(tarball, options.server, name, port, [test for test, why in known.items() if why.startswith(NOT_RUN)])
        finally:
            ports.put(port)
        verdict = Verdict(result, expected.get(name, NEW))
        print(f"{name:42} {len(verdict.passed):4} of {verdict.tests:4} {time.monotonic() - started:6.0f} s"
              f"{'  as expected' if verdict.as_expected() else ''}", file=sys.stderr, flush=True)
        return result, verdict, time.monotonic() - started

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        judged = dict(zip(names, pool.map(run, names)))
    for name, (first, verdict, seconds) in list(judged.items()):
        if verdict.regressions:
            again, _, _ = run(name)
            again.passed |= first.passed
            again.failed = {test: why for test, why in {**first.failed, **again.failed}.items() if test not in again.passed}
            judged[name] = again, Verdict(again, expected.get(name, NEW)), seconds
    return judged


def update(options, judged, expected):
    for name, (result, verdict, seconds) in judged.items():
        row = expected.setdefault(name, {**NEW})
        if options.reference and not result.passed and name.startswith(suite.EXTERNAL):
            del expected[name]
        elif options.reference:
            row["redis_server_does_not_pass"] = sorted(result.failed)
            row["tests"] = len(result.passed)
        else:
            known = row["not_passed"]
            names = verdict.failed.keys() | known.keys() - set(verdict.improvements)
            row["not_passed"] = {test: known.get(test, UNEXPLAINED) for test in sorted(names)}
            row["seconds"] = round(seconds)
    with open(EXPECTED, "w", encoding="utf-8") as file:
        json.dump(dict(sorted(expected.items())), file, indent=1, ensure_ascii=False)
        file.write("\n")


def report(options, judged):
    """Prints what came of it; True if all is as expected."""
    passed = sum(len(verdict.passed) for _, verdict, _ in judged.values())
    tests = sum(verdict.tests for _, verdict, _ in judged.values())
    summary = f"{passed} of {tests} tests that redis-server passes ({100 * passed / max(tests, 1):.1f} %)"
    if options.output == "json":
        rows = {name: {"tests": v.tests, "passed": len(v.passed), "seconds": round(seconds), "failed": v.failed,
                       "regressions": v.regressions, "improvements": v.improvements} for name, (_, v, seconds) in judged.items()}
        print(json.dumps({"passed": passed, "tests": tests, "files": rows}, indent=1))
    else:
        for name, (_, verdict, _) in judged.items():
            for test, why in verdict.regressions.items():
                print(f"FAILED {name}: {test}\n    {why}")
            for test in verdict.improvements:
                print(f"PASSES {name}: {test}: expected.json says it does not; --only {name} --update")
            for test in verdict.unexplained:
                print(f"NO REASON in expected.json for {name}: {test}")
        print(summary)
    return all(verdict.as_expected() and not verdict.unexplained for _, verdict, _ in judged.values())


def run_sanitized(options, tarball, names, expected):
    """Exit code: 1 if a sanitizer had something to say."""
    with tempfile.TemporaryDirectory(prefix="rha-sanitizer-") as folder:
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            os.environ[name] = f"log_path={folder}/report:print_stacktrace=1"
        judged = judge(options, tarball, names, expected)
        reports = []
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                reports.append(file.read())
    # A leak check at the end of a process that a thread of does not stop for.
    reports = [text for text in reports if "SUMMARY" in text or "runtime error" in text]
    print("\n".join(reports) or f"{sum(len(v.passed) for _, v, _ in judged.values())} tests passed, no report of a sanitizer")
    return 1 if reports else 0


def stop(*_):
    suite.end_all()
    sys.exit(130)


def main():
    options = parse_arguments()
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    if missing := suite.missing_tools():
        print(f"skipped: no {', '.join(missing)} in PATH: scripts/setup --tests", file=sys.stderr)
        return EXIT_SKIPPED
    if not options.server or not os.access(options.server, os.X_OK):
        refuse(f"no server {options.server or 'redis-server in PATH'}: scripts/build release, or --server PATH")
    try:
        tarball = source.tarball(options.source)
    except source.Unavailable as why:
        print(f"skipped: no source of redis {source.VERSION}: {why}", file=sys.stderr)
        return EXIT_SKIPPED
    expected = {}
    if os.path.exists(EXPECTED):
        with open(EXPECTED, encoding="utf-8") as file:
            expected = json.load(file)
    names = chosen(options, suite.files(tarball), expected)
    if options.sanitized:
        return run_sanitized(options, tarball, names, expected)
    judged = judge(options, tarball, names, expected)
    as_expected = report(options, judged)
    if options.update:
        update(options, judged, expected)
        return 0
    return 0 if as_expected or options.reference else 1


if __name__ == "__main__":
    sys.exit(main())
