"""Shows that noise alone moves no primary: three hosts of each arm, a writer that follows Sentinel, and nothing that dies.

Usage: python3 -m tests.bench.failover.noise [--minutes 30] [--arms plain,group] [--noises saves,scripts,...] [--seed N]

Arms are those of tests.bench.failover; all run side by side. Noises:
  {noises}
Each is on for {on[0]:.0f} to {on[1]:.0f} s and off for {off[0]:.0f} to {off[1]:.0f} s, by chance, so that all combinations occur;
--seed plays the same once more.

What is fair. Nobody is dead, so each failover is a needless one; and nobody is silent for longer than down-after by what
is done to his host alone: a script ends after 900 ms as they pass, also where the host is throttled (there it stops itself
earlier, for the kernel may stop it for a while before its answer). What a save takes of a throttled host's share is missing to
its server, as in a container with a limit. Lost and late packets come on top, for both are of the network: silence of 1.3 s may be
0.9 s of a script and a packet of 0.2 s each way. The client itself has a good line. Names are asked for when connections are
made, so with late answers connections are closed now and then, which is no death either.

The table: failovers, +odown, +sdown of the primary and +tilt as the logs have them, the last three in sum of the three
sentinels; the writer's acknowledged, lost (acknowledged, and not on the primary at the end), failed and unanswered writes, and its longest
pause between two acknowledged ones. For each failover all that the sentinels said around it is printed, and what was on.
Needs root, unshare, nsenter and tun devices; control groups for `throttle` and --real-time. Files are in $TMPDIR, or --logs.
Exit code 1 if there was a failover, 2 if a program is not there, 77 (skipped) where it cannot run.
"""
import argparse
import random
import sys

from .. import namespace
from ..options import add_common, names_of, run_inside
from . import network, report, throttle
from .arm import KINDS
from .noises import NOISES
from .run import Run
from .schedule import OFF_S, ON_S


def parse_arguments():
    said = __doc__.format(noises="\n  ".join(f"{name:9} {noise.what}" for name, noise in NOISES.items()), on=ON_S, off=OFF_S)
    parser = argparse.ArgumentParser(prog="python3 -m tests.bench.failover.noise", description=said,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--arms", type=names_of(KINDS), default=["plain", "group"], help="of: " + ", ".join(KINDS))
    parser.add_argument("--noises", type=names_of(NOISES), default=list(NOISES), help="of: " + ", ".join(NOISES))
    parser.add_argument("--seed", type=int, default=None, help="of all chance but the servers' own; printed")
    parser.add_argument("--rate", type=int, default=100, help="writes a second")
    parser.add_argument("--dataset", type=int, default=150, metavar="MB", help="on each server beside what is written")
    add_common(parser, "writers and routers, and servers while they are not throttled, go")
    return parser.parse_args()


def why_not(options):
    return namespace.why_not(network.NEEDS_TUN, network.NEEDS_NSENTER) or (throttle.why_not() if throttle.are_needed(options) else None)


def measure(options, programs, folder):
    if options.seed is None:
        options.seed = random.randrange(1 << 32)
    print(f"--seed {options.seed}", flush=True)
    if throttle.are_needed(options):
        throttle.remove_stale()
    run = Run(options, programs, folder)
    try:
        run.start()
        run.watch()
        rows = [run.row(arm) for arm in run.arms]
        needless = run.print_failovers()
    finally:
        run.end()
    print("\n" + report.table(rows))
    return 1 if needless or any(row["failovers"] for row in rows) else 0


def main():
    options = parse_arguments()
    return run_inside(options, "tests.bench.failover.noise", lambda: why_not(options), measure)


if __name__ == "__main__":
    sys.exit(main())
