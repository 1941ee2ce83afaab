"""What the programs of this folder are told alike: whose servers, where their files go, and before whom they run."""
import argparse
import contextlib
import os
import re
import shutil
import sys
import tempfile

from tests.support.programs import all_there

from . import namespace

SKIPPED = 77
REAL_TIME_PRIORITY = 10


def names_of(known, times=""):
    """A type of argument: names with commas between them. `times`: what may follow a name, as a regular expression."""
    def parse(text):
        for name in text.split(","):
            if not re.fullmatch(f"({'|'.join(known)}){times}", name):
                raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(known)}")
        return text.split(",")
    return parse


def add_common(parser, real_time):
    """`real_time`: what of it goes before others then."""
    ours = os.environ.get("RHA_BIN_DIR", "")
    parser.add_argument("--down-after", type=int, default=1000, metavar="MS", help="down-after-milliseconds of all arms")
    parser.add_argument("--real-time", action="store_true", help=f"{real_time} before any other: for a machine in use")
    parser.add_argument("--node", default=os.path.join(ours, "redisha-node"), metavar="PROGRAM")
    parser.add_argument("--sentinel", default=os.path.join(ours, "redisha-sentinel"), metavar="PROGRAM")
    parser.add_argument("--stock", default="redis-server", metavar="PROGRAM", help="is redis-sentinel too, by --sentinel")
    parser.add_argument("--logs", metavar="FOLDER", help="keep configurations and logs there; it must not exist")
    parser.add_argument(namespace.INSIDE, dest="inside", action="store_true", help=argparse.SUPPRESS)


def find_programs(options):
    """arm → (node, sentinel), programs with their options; None if one is not there, which is said."""
    ours = ([options.node], [options.sentinel])
    commands = {"stock": ([options.stock], [options.stock, "--sentinel"]), "plain": ours, "group": ours}
    if not all_there("failover", [program for arm in options.arms for program, *_ in commands[arm]]):
        return None
    return {arm: [[os.path.abspath(shutil.which(program)), *rest] for program, *rest in commands[arm]]
            for arm in options.arms}


def go_first(process=0):
    """It and what it starts from now on run before all others; nice counts within one's session only."""
    os.sched_setscheduler(process, os.SCHED_RR, os.sched_param(REAL_TIME_PRIORITY))


@contextlib.contextmanager
def folder_of(options):
    """Where the files go: --logs, or one that is removed at the end."""
    if options.logs:
        os.makedirs(options.logs)
        yield os.path.abspath(options.logs)
        return
    with tempfile.TemporaryDirectory(prefix="rha-failover-") as folder:
        yield folder


def run_inside(options, module, why_not, measure):
    """The program `module`, in namespaces of its own; its exit code.

    `why_not()`: why there can be none, or None. `measure(options, programs, folder)` runs inside.
    """
    programs = find_programs(options)
    if not programs:
        return 2
    if not options.inside:
        reason = why_not()
        if reason:
            print(f"{module.rpartition('.')[2]}: skipped: {reason}", file=sys.stderr)
            return SKIPPED
        namespace.enter(module)
    namespace.begin()
    with folder_of(options) as folder:
        return measure(options, programs, folder)
