"""What a round was like as its client saw it, what many were like, and whether that is good enough. Nothing here but values."""
import math
from collections import Counter
from typing import NamedTuple

ACKNOWLEDGED, FAILED, UNANSWERED = "acknowledged", "failed", "unanswered"


class Event(NamedTuple):
    """The outcome of one write, at the moment when the client knew it."""
    at: float      # in s, as the fault's
    number: int
    outcome: str
    host: str
    why: str = ""  # the first word of an error reply, or what kept the answer away


class Goal(NamedTuple):
    arm: str
    fault: str
    figure: str    # of summary()
    limit: float


GOALS = [Goal("group", "kill", "p50", 50), Goal("group", "kill", "p99", 200),
         Goal("plain", "kill", "p50", 150), Goal("plain", "kill", "p99", 300),
         *(Goal(arm, "manual", *limit) for arm in ("plain", "group") for limit in (("lost", 0), ("p99", 20)))]


def account(events, fault_at):
    """The figures of one round, but for what was lost.

    The outage is the longest pause between two acknowledged writes that ends after the fault; None if none was
    acknowledged after it.
    """
    acknowledged = [event for event in events if event.outcome == ACKNOWLEDGED]
    pauses = [later.at - earlier.at for earlier, later in zip(acknowledged, acknowledged[1:]) if later.at > fault_at]
    counts = Counter(event.outcome for event in events)
    return {"outage_ms": max(pauses) * 1000 if pauses else None, "acknowledged": counts[ACKNOWLEDGED], "failed": counts[FAILED],
            "unanswered": counts[UNANSWERED],
            "why": dict(Counter(event.why for event in events if event.outcome != ACKNOWLEDGED))}


def percentile(values, share):
    """The least value that such a share does not exceed (nearest rank). None is longer than any."""
    ordered = sorted(values, key=lambda value: math.inf if value is None else value)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summary(rounds):
    """Of one arm and fault. A round that came to no end has an `error` and counts as an endless outage."""
    outages = [played.get("outage_ms") for played in rounds]
    row = {"rounds": len(rounds), "p50": percentile(outages, 0.5), "p99": percentile(outages, 0.99), "max": percentile(outages, 1)}
    for figure in ("lost", "failed", "unanswered"):
        row[figure] = sum(played.get(figure, 0) for played in rounds)
    return row


def rows(rounds):
    """(fault, arm) → summary, in the order of the first rounds."""
    groups = {}
    for played in rounds:
        groups.setdefault((played["fault"], played["arm"]), []).append(played)
    order = list(dict.fromkeys(fault for fault, _ in groups))
    return {key: summary(groups[key]) for key in sorted(groups, key=lambda key: order.index(key[0]))}


def missed(summaries, goals=tuple(GOALS)):
    """The goals that were measured and not met."""
    def met(goal):
        value = summaries[goal.fault, goal.arm][goal.figure]
        return value is not None and value <= goal.limit
    return [goal for goal in goals if (goal.fault, goal.arm) in summaries and not met(goal)]


def conditions(rounds):
    """What the machine did to the figures, in one line."""
    def said(name):
        values = [played[name] for played in rounds if name in played]
        return ", ".join(f"{what} {figure(percentile(values, share))} ms" for what, share in (("p50", 0.5), ("max", 1))) if values else "unknown"
    return f"In a round the writer was woken up too late by at most: {said('late_ms')}. A durable write: {said('fsync_ms')}."


def table(summaries, markdown=False):
    """As text, with the goals beside the figures."""
    lines = [("fault", "arm", "rounds", "p50, ms", "p99, ms", "max, ms", "lost", "failed", "unanswered", "goal", "")]
    failures = missed(summaries)
    for (fault, arm), row in summaries.items():
        goals = [goal for goal in GOALS if (goal.fault, goal.arm) == (fault, arm)]
        not_met = [goal.figure for goal in failures if goal in goals]
        lines.append((fault, arm, str(row["rounds"]), *(figure(row[name]) for name in ("p50", "p99", "max")),
                      *(str(row[name]) for name in ("lost", "failed", "unanswered")),
                      ", ".join(f"{goal.figure} {goal.limit:g}" for goal in goals), "not met: " + ", ".join(not_met) if not_met else ""))
    if markdown:
        lines.insert(1, ("---",) * len(lines[0]))
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) if column in (0, 1, 9, 10) else cell.rjust(width)
                               for column, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines)


def figure(value):
    if value is None:
        return "never"
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"
