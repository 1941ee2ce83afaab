"""Which noise is on when: each comes and goes by itself, so that all combinations occur. Nothing here but values."""
import random
from typing import NamedTuple

ON_S, OFF_S = (15.0, 60.0), (5.0, 30.0)


class Phase(NamedTuple):
    """From the beginning of the noise, in s."""
    begin: float
    end: float


def phases(seed, name, length_s):
    """Of one noise, in order; the same for the same seed, whatever else is chosen."""
    chance = random.Random(f"{seed} {name}")
    made, at = [], chance.uniform(0, min(OFF_S[1], length_s / 4))
    while at < length_s:
        end = min(at + chance.uniform(*ON_S), length_s)
        made.append(Phase(at, end))
        at = end + chance.uniform(*OFF_S)
    return made


def on_at(plan, at):
    """`plan`: name → phases. The names of what is on then."""
    return [name for name, made in plan.items() if any(phase.begin <= at < phase.end for phase in made)]
