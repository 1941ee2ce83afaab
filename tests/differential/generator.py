"""A case: settings and a seeded sequence of steps, drawn from the command table.

A step is (connection number, words). Besides commands there are steps that the player itself acts out: WAIT_EXPIRED (a key
that was told to expire in a moment is waited for) and WAIT_REPLY (a blocked connection is read until its timeout ends).
The generator guesses which connections are inside MULTI; the player knows, so a shrunk case may contradict the guess.
"""
import random

from .arguments import JUNK, Draw

WAIT_EXPIRED, WAIT_REPLY = b"@wait-expired", b"@wait-reply"
CONNECTIONS = 4
STEPS_PER_CASE = 400
SWITCH = 0.04   # to another connection
SPOIL = 0.04    # a word of the command
ENDS_MULTI = 0.12

# Representations change early, so that short sequences see both sides of each threshold.
SMALL_THRESHOLDS = {
    "hash-max-listpack-entries": "16", "hash-max-listpack-value": "32", "set-max-intset-entries": "16",
    "zset-max-listpack-entries": "16", "zset-max-listpack-value": "32", "list-max-listpack-size": "8"}
USUAL_THRESHOLDS = {
    "hash-max-listpack-entries": "128", "hash-max-listpack-value": "64", "set-max-intset-entries": "512",
    "zset-max-listpack-entries": "128", "zset-max-listpack-value": "64", "list-max-listpack-size": "-2"}


class Case:
    def __init__(self, name, settings, steps):
        self.name, self.settings, self.steps = name, settings, steps

    def with_steps(self, steps):
        return Case(self.name, self.settings, steps)


class Generator:
    def __init__(self, rows, seed):
        self.rows, self.seed = rows, seed
        self.weights = [row.weight for row in rows]
        within = [row for row in rows if row.in_multi]
        self.rows_in_multi, self.weights_in_multi = within, [row.weight for row in within]

    def case(self, number):
        """The same for the same seed, number and table, whatever was drawn before."""
        name = f"{self.seed}:{number}"
        draw = Draw(random.Random(name))
        settings = SMALL_THRESHOLDS if draw.random.random() < 0.6 else USUAL_THRESHOLDS
        self.in_multi, self.blocked = set(), set()
        steps, connection = [], 0
        if draw.random.random() < 0.5:
            steps = [(number, (b"HELLO", b"3")) for number in range(CONNECTIONS)]
        while len(steps) < STEPS_PER_CASE:
            if draw.random.random() < SWITCH:
                connection = draw.random.randrange(CONNECTIONS)
            steps += self._steps(draw, connection)
            if connection in self.blocked:  # let the others go on without it
                connection = draw.random.randrange(CONNECTIONS)
        return Case(name, settings, steps)

    def _steps(self, draw, connection):
        self.blocked.discard(connection)  # the player wakes it before it speaks again
        inside = connection in self.in_multi
        if inside and draw.random.random() < ENDS_MULTI:
            self.in_multi.discard(connection)
            return [(connection, (draw.random.choice([b"EXEC", b"EXEC", b"EXEC", b"DISCARD"]),))]
        if inside:
            row = draw.random.choices(self.rows_in_multi, self.weights_in_multi)[0]
        else:
            row = draw.random.choices(self.rows, self.weights)[0]
        draw.lapsing, draw.lapsed = not inside, False
        words = [row.name, *(word for argument in row.arguments for word in draw.words(argument))]
        if row.mutable and b"BLOCK" not in words and draw.random.random() < SPOIL:  # it could wait for ever
            words = _spoiled(draw, words)
        return self._followed(draw, row, (connection, tuple(words)))

    def _followed(self, draw, row, step):
        connection, words = step
        if row.name == b"MULTI":
            self.in_multi.add(connection)
        elif row.name in (b"EXEC", b"DISCARD"):
            self.in_multi.discard(connection)
        elif row.blocks and connection not in self.in_multi:
            self.blocked.add(connection)
            if b"0.02" in words:
                return [step, (connection, (WAIT_REPLY,))]
        if draw.lapsed and len(words) > 1:
            return [step, (connection, (WAIT_EXPIRED, words[1]))]
        return [step]


def _spoiled(draw, words):
    """The command with a word too many, too few or of the wrong kind; rarely one nobody knows."""
    chance, words = draw.random.random(), list(words)
    if chance < 0.25 and len(words) > 1:
        words.pop(draw.random.randrange(1, len(words)))
    elif chance < 0.45:
        words.insert(draw.random.randrange(1, len(words) + 1), draw.random.choice(JUNK))
    elif chance < 0.93 and len(words) > 1:
        words[draw.random.randrange(1, len(words))] = draw.random.choice(JUNK)
    elif chance < 0.97:
        words[0] = words[0].lower()
    else:
        words[0] = words[0] + b"X"
    return words
