"""The programs that a tool runs."""
import shutil
import sys


def all_there(tool, programs):
    """Whether each can be run; the first that cannot is named."""
    for program in programs:
        if not shutil.which(program):
            print(f"{tool}: {program} is not a program", file=sys.stderr)
            return False
    return True
