"""Drives random commands at redisha-node and at redis-server and compares every reply and the final dataset.

Usage: python3 -m tests.differential [--seed S] [--operations 300000] [--seconds N] [--family string,hash,...]
Ours is $RHA_BIN_DIR/redisha-node or --ours PATH; stock is --stock PATH, or redis-server.
Exit code: 0 no difference; 1 differences, each printed with the shortest sequence that shows it; 2 cannot run.
"""
import argparse
import os
import shutil
import sys
import time

from tests.support import wire
from tests.support.programs import all_there
from tests.support.server import Server

from . import table
from .generator import STEPS_PER_CASE, Generator
from .player import Player
from .shrink import shrink

OPERATIONS = 300_000
REPLY_SHOWN = 3000
WORD_SHOWN = 150


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", help="of all sequences; a new one each time unless given")
    parser.add_argument("--case", type=int, help="play only the sequence of that number")
    parser.add_argument("--operations", type=int, default=OPERATIONS)
    parser.add_argument("--seconds", type=float, help="stop after that time, whatever --operations says")
    parser.add_argument("--family", help="only these, with commas: " + ", ".join(families(table.complete())))
    parser.add_argument("--without", default="", help="commands to leave out, with commas")
    parser.add_argument("--ours", default=os.path.join(os.environ.get("RHA_BIN_DIR", ""), "redisha-node"))
    parser.add_argument("--stock", default="redis-server")
    parser.add_argument("--notifications", action="store_true", help="compare keyspace events too")
    parser.add_argument("--allow-missing", action="store_true", help="leave out commands that ours does not know")
    parser.add_argument("--keep-going", type=int, default=1, metavar="N", help="stop at the Nth difference of another kind")
    return parser.parse_args()


def families(commands):
    return list(dict.fromkeys(row.family for row in commands.rows))


def chosen_rows(options, ours):
    """The rows to draw from; ends the run if ours lacks a command that is not explicitly excused."""
    every = table.complete()
    wanted = options.family.split(",") if options.family else families(every)
    unknown = set(wanted) - set(families(every))
    if unknown:
        raise SystemExit(f"no such family: {', '.join(sorted(unknown))}")
    left_out = {word.upper().encode() for word in options.without.split(",")}
    rows = [row for row in every.rows if row.family in wanted and row.name not in left_out]
    names = sorted({row.name for row in rows})
    known = ours.control.command("COMMAND", "INFO", *names)
    if not isinstance(known, list) or len(known) != len(names):
        raise SystemExit(f"COMMAND INFO: {known!r}")
    missing = {name for name, info in zip(names, known) if not isinstance(info, list)}
    if missing:
        print(f"{ours.name} lacks: {b' '.join(sorted(missing)).decode()}", file=sys.stderr)
        if not options.allow_missing:
            raise SystemExit(1)
    return [row for row in rows if row.name not in missing]


def _elided(reply):
    """With the middle of long strings left out."""
    if isinstance(reply, (list, tuple)):
        return type(reply)(map(_elided, reply))
    if isinstance(reply, bytes) and len(reply) > WORD_SHOWN:
        return reply[:WORD_SHOWN // 2] + b"...%d bytes..." % len(reply) + reply[-WORD_SHOWN // 2:]
    return reply


def _word(word):
    return word.decode() if word.isalnum() and len(word) <= WORD_SHOWN else repr(_elided(word))[1:]


def shown(reply):
    text = reply if isinstance(reply, str) else repr(_elided(reply))
    return text if len(text) <= REPLY_SHOWN else f"{text[:REPLY_SHOWN]} ... ({len(text)} characters)"


def report(case, difference, found_in):
    print(f"\nDIFFERENCE: {difference.what[:200]}   (--seed {found_in.name.rpartition(':')[0]} --case {found_in.name.rpartition(':')[2]})")
    print("  " + " ".join(f"{name}={setting}" for name, setting in case.settings.items()))
    for connection, words in case.steps:
        print(f"  {connection}> {' '.join(map(_word, words))}")
    print(f"  ours:  {shown(difference.ours)}\n  stock: {shown(difference.stock)}", flush=True)


class Run:
    def __init__(self, options, sides):
        self.options, self.sides = options, sides
        self.rows = chosen_rows(options, sides[0])
        self.seed = options.seed or f"{time.time_ns() & 0xffffffff:x}"
        self.player = Player(*sides, table.complete().by_name(), options.notifications)
        self.kinds = set()

    def whole(self):
        """Plays until the operations, the time or the patience end; the number of differences."""
        print(f"seed {self.seed}, {len({row.name for row in self.rows})} commands", flush=True)
        generator, started, played, operations = Generator(self.rows, self.seed), time.monotonic(), 0, 0
        numbers = iter([self.options.case]) if self.options.case is not None else iter(range(1 << 40))
        while operations < self.options.operations and len(self.kinds) < self.options.keep_going:
            number = next(numbers, None)
            passed = time.monotonic() - started
            if number is None or (self.options.seconds and passed > self.options.seconds):
                break
            case = generator.case(number)
            found = self.player.play(case)
            operations += len(case.steps)
            played += 1
            if found:
                self._differs(case, found)
        print(f"{operations} operations in {played} sequences of {STEPS_PER_CASE}, {time.monotonic() - started:.0f} s, "
              f"{len(self.kinds)} differences (seed {self.seed})", flush=True)
        return len(self.kinds)

    def _differs(self, case, found):
        shortest, again = shrink(case, self.player.play)
        kind = self._kind(shortest, again or found)
        if kind in self.kinds:
            return
        self.kinds.add(kind)
        if again is None:
            print(f"\nnot shown again: {found.what}", end="")
        report(shortest, again or found, case)

    @staticmethod
    def _kind(case, found):
        """What makes two differences of one kind: the command, and what it shows in."""
        if "unknown command" in repr(found.ours) and "unknown command" in repr(found.stock):
            return "unknown command"
        words = case.steps[-1][1] if case.steps else (b"",)
        aspect = found.what.rpartition(": ")[2] if found.what.startswith("final") else found.what.split()[0].upper()
        return words[0].upper(), aspect


def main():
    options = parse_arguments()
    if not all_there("differential", (options.ours, options.stock)):
        return 2
    settings = ["--enable-debug-command", "yes"]
    sides = (Server("ours", shutil.which(options.ours), settings), Server("stock", shutil.which(options.stock), settings))
    try:
        for side in sides:
            side.start()
        return 1 if Run(options, sides).whole() else 0
    except wire.Disconnected as error:
        print(f"differential: {error}", file=sys.stderr)
        return 1
    finally:
        for side in sides:
            side.remove()


if __name__ == "__main__":
    sys.exit(main())
