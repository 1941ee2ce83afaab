"""What the sentinels of an arm said while it was noisy, and the table. Nothing here but values."""
import re
from datetime import datetime, timedelta

from ..hosts import NAME

BEFORE, AFTER = timedelta(seconds=8), timedelta(seconds=3)
SWITCH = "+switch-master"
OF_PRIMARY = f" master {NAME} "
COUNTED = {"failovers": (f"{SWITCH} {NAME} ",), "odown": ("+odown" + OF_PRIMARY,), "sdown": ("+sdown" + OF_PRIMARY,), "tilt": ("+tilt",)}
# Ours, and redis-server's, which is local time.
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d")
REDIS_TIME = re.compile(r"\d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3}")


def counts(logs):
    """`logs`: address → lines. Each sentinel tells of each failover, so those of the one that tells of most; in sum all else."""
    figures = {}
    for name, words in COUNTED.items():
        said = [sum(any(word in line for word in words) for line in lines) for lines in logs.values()]
        figures[name] = max(said, default=0) if name == "failovers" else sum(said)
    return figures


def time_of(line):
    if found := TIME.search(line):
        return datetime.fromisoformat(found.group())
    found = REDIS_TIME.search(line)
    return datetime.strptime(found.group(), "%d %b %Y %H:%M:%S.%f").astimezone() if found else None


def moments(logs):
    """When somebody switched, each failover once."""
    said = sorted(time for lines in logs.values() for line in lines if SWITCH in line and (time := time_of(line)))
    return [time for number, time in enumerate(said) if number == 0 or time - said[number - 1] > AFTER]


def around(logs, journal, moment):
    """What all said then, and what was done to them, in order; each line with whose it is."""
    said = []
    for whose, lines in (*logs.items(), ("noise", journal)):
        said += [(time, whose, line) for line in lines if (time := time_of(line)) and moment - BEFORE <= time <= moment + AFTER]
    return "\n".join(f"{whose:12} {line}" for _, whose, line in sorted(said))


def row(arm, minutes, noises, logs, account, lost):
    """`account`: of what its writer saw, as ..report.account() makes it."""
    return {"arm": arm, "minutes": f"{minutes:g}", "noises": " ".join(noises), **counts(logs), "acknowledged": account["acknowledged"], "lost": lost,
            "failed": account["failed"], "unanswered": account["unanswered"], "longest pause, ms": account["outage_ms"]}


def table(rows):
    """As text; the first columns are words."""
    if not rows:
        return ""
    lines = [list(rows[0])] + [[cell(value) for value in row.values()] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    words = {column for column, name in enumerate(rows[0]) if name in ("arm", "noises")}
    return "\n".join("  ".join(text.ljust(width) if column in words else text.rjust(width)
                               for column, (text, width) in enumerate(zip(line, widths))).rstrip() for line in lines)


def cell(value):
    if value is None:
        return "unknown"
    return f"{value:.0f}" if isinstance(value, float) else str(value)
