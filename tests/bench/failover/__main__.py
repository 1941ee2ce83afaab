"""Measures what a failover costs a client: three hosts, each a server and a sentinel, and a writer that follows Sentinel.

Usage: python3 -m tests.bench.failover [--arms stock,plain,group] [--faults kill:20,stop,cut,cut-in,cut-out,manual] [-o FILE.json]

Arms      stock    redis-server and redis-sentinel of Debian
          plain    our node and sentinel, told `sentinel monitor` as those are
          group    our node and sentinel as a configured group (docs/sentinel.md)
They run side by side and take turns, round by round, so that a busy machine is as busy for each.

Faults    {faults}
A fault ends once the writer has been acknowledged {after} writes elsewhere; then it is undone, and all must agree again.
FAULT:N plays N rounds of it instead of --rounds.

Shown over the rounds: the longest pause between two acknowledged writes around the fault, in ms (p99 is by nearest rank, so
of fewer than 100 rounds it is the longest one); and in sum what was acknowledged and is not on the primary at the end
(lost), what was answered with an error (failed) and what was not answered (unanswered). Every write is sent once.
The line below the table says what the machine was like: how late the writer was woken up, and what a small durable write
took, for a vote is one. Files are in $TMPDIR, or --logs.

Goals, in ms and writes: {goals}

All of it is in namespaces of its own: nothing of the machine is used but its time, and nothing is left behind. That
needs root, and iptables for the cuts. Ours are $RHA_BIN_DIR/redisha-node and redisha-sentinel.
Exit code 1 if a round came to no end, or if --check is given and a goal is missed; 2 if a program is not there; 77 (skipped)
where there can be no namespace.
"""
import argparse
import sys

from . import namespace, report
from .faults import FAULTS
from .options import add_common, go_first, names_of, run_inside
from .rounds import AFTER_WRITES, ARMS, Bench


def parse_arguments():
    faults = "\n          ".join(f"{name:8} {fault.what}" for name, fault in FAULTS.items())
    said = __doc__.format(after=AFTER_WRITES, faults=faults,
                          goals=", ".join(f"{goal.arm} {goal.fault} {goal.figure} {goal.limit:g}" for goal in report.GOALS))
    parser = argparse.ArgumentParser(prog="python3 -m tests.bench.failover", description=said,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arms", type=names_of(ARMS), default=list(ARMS), help="of: " + ", ".join(ARMS))
    parser.add_argument("--faults", type=names_of(FAULTS, "(:[1-9][0-9]*)?"), default=list(FAULTS), help="of: " + ", ".join(FAULTS))
    parser.add_argument("--rounds", type=int, default=10, help="of each arm and fault")
    parser.add_argument("--rate", type=int, default=1000, help="writes a second: the outage is known to within one interval")
    add_common(parser, "all processes of this go")
    parser.add_argument("--check", action="store_true", help="a missed goal is an error")
    parser.add_argument("--markdown", action="store_true", help="the table as docs/performance.md has it")
    parser.add_argument("-o", "--output", metavar="FILE", help="all figures of all rounds as JSON, also while it runs")
    return parser.parse_args()


def why_not(options):
    cuts = any(fault.startswith("cut") for fault in options.faults)
    return namespace.why_not(*([namespace.DROPS_PACKETS] if cuts else []))


def measure(options, programs, folder):
    if options.real_time:
        go_first()
    bench = Bench(options, programs, folder)
    try:
        bench.everything()
    finally:
        bench.end()
    summaries = report.rows(bench.rounds)
    print(report.table(summaries, options.markdown) + "\n\n" + report.conditions(bench.rounds))
    if any("error" in played for played in bench.rounds):
        return 1
    return 1 if options.check and report.missed(summaries) else 0


def main():
    options = parse_arguments()
    return run_inside(options, "tests.bench.failover", lambda: why_not(options), measure)


if __name__ == "__main__":
    sys.exit(main())
