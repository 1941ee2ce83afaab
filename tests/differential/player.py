"""Plays a case on both servers at once and says where they first differ.

Runs of commands on one connection go out as one pipeline; whatever depends on an answer (blocking, chance, iteration)
is played alone. A blocked connection stays silent until its next step, when CLIENT UNBLOCK makes its reply certain.
"""
import time
from dataclasses import dataclass

from tests.support import wire

from . import dataset, sameness
from .generator import CONNECTIONS, WAIT_EXPIRED, WAIT_REPLY

EXPIRY_PAUSE_S = 0.003
SHORT_WAIT_S = 1.0
SCAN_CALLS_MAX = 20000
CALLERS = (b"EVAL", b"EVAL_RO", b"FCALL", b"FCALL_RO")
QUEUED = ("+", b"QUEUED")
# SORT of Redis 7.0 looks at errno without having cleared it: an earlier tiny number makes it fail.
STALE_ERRNO = ("-", b"ERR One or more scores can't be converted into double")


@dataclass
class Difference:
    at: int            # step number; len(steps) for the final dataset
    what: str
    ours: object
    stock: object


class _Moot(Exception):
    """Redis erred; from here on nothing can be compared."""


class _Found(Exception):
    def __init__(self, what, ours, stock):
        self.what, self.ours, self.stock = what, ours, stock


def _cursor_at(words):
    return 1 if words[0].upper() == b"SCAN" else 2


def _ends_soon(words):
    """A blocking command whose own timeout may be waited for; a spoiled one may have got another."""
    if words is None:
        return False
    try:
        return 0 < float(words[1 if words[0].upper().endswith(b"MPOP") else -1]) <= SHORT_WAIT_S
    except ValueError:
        return False


def _overflowed(reply):
    """A count of a stream went beyond what Redis counts with: its own replicas and files then refuse what it tells them."""
    if isinstance(reply, int):
        return reply <= -(1 << 62)
    items = reply if isinstance(reply, list) else reply[1] if isinstance(reply, tuple) and isinstance(reply[1], list) else []
    return any(map(_overflowed, items))


class Player:
    def __init__(self, ours, stock, rows_by_name, notifications=False):
        self.sides = (ours, stock)
        self.rows = rows_by_name
        self.notifications = notifications
        self.connections = []

    def play(self, case):
        """The first Difference, or None."""
        self.at = 0
        try:
            self._prepare(case)
            self._steps(case.steps)
            self.at = len(case.steps)
            for number in range(CONNECTIONS):
                self._wake(number)
            self._compare_events({words[1] for _, words in case.steps if words[0] == WAIT_EXPIRED})
            controls = [side.control for side in self.sides]
            found = dataset.difference(*map(dataset.dump, controls)) or dataset.digest_difference(*controls)
            return Difference(self.at, *found) if found else None
        except _Moot:
            return None
        except _Found as found:
            return Difference(self.at, found.what, found.ours, found.stock)
        except wire.Disconnected as error:
            return self._broken(error)
        finally:
            self._close()

    # --- before and after

    def _prepare(self, case):
        for side in self.sides:
            if not side.alive():
                side.restart()
            for words in (("FLUSHALL",), ("FUNCTION", "FLUSH"), ("SCRIPT", "FLUSH")):
                side.control.command(*words)
            for name, setting in case.settings.items():
                reply = side.control.command("CONFIG", "SET", name, setting)
                if reply != ("+", b"OK"):
                    raise _Found(f"{side.name}: CONFIG SET {name} {setting}", reply, ("+", b"OK"))
        self.connections = [[side.connect() for side in self.sides] for _ in range(CONNECTIONS)]
        self.ids = [[side.command("CLIENT", "ID") for side in pair] for pair in self.connections]
        self.queues = [None] * CONNECTIONS    # the commands queued by MULTI
        self.waiting = [None] * CONNECTIONS   # the blocking command whose reply is still out
        self.listeners = []
        if self.notifications:
            for side in self.sides:
                side.control.command("CONFIG", "SET", "notify-keyspace-events", "KEA")
                listener = side.connect()
                self.listeners.append(listener)
                listener.command("PSUBSCRIBE", "__key*@*__:*")
                listener.command("SUBSCRIBE", "end")

    def _close(self):
        for connection in [c for pair in self.connections for c in pair] + self.listeners:
            connection.close()
        self.connections, self.listeners = [], []

    def _broken(self, error):
        """A server died, hung or spoke nonsense; both start afresh."""
        said = [f"{error}; " + ("lives" if side.alive() else "died:\n" + side.log_tail()) for side in self.sides]
        for side in self.sides:
            side.restart()
        return Difference(self.at, "no reply", *said)

    def _compare_events(self, short_lived):
        heard = []
        for side, listener in zip(self.sides, self.listeners):
            side.control.command("PUBLISH", "end", "")
            events = []
            while True:
                message = listener.read()
                if message[0] == b"message":
                    break
                events.append(message[2:])
            heard.append(events)
        # When a key is found to have expired is a matter of pace.
        lapsed = [sorted(repr(e) for e in events if b"expired" in repr(e).encode()) for events in heard]
        told = [[e for e in events if b"expired" not in repr(e).encode()] for events in heard]
        if self.listeners and told[0] != told[1]:
            first = next((i for i, pair in enumerate(zip(*told)) if pair[0] != pair[1]), min(map(len, told)))
            here = [events[first] for events in told if first < len(events)]
            # PEXPIRE deletes at once if its millisecond has passed by when it is carried out.
            if {b"expire", b"del"} == {event for _, event in here} and here[0][0].split(b":", 1)[-1] in short_lived:
                raise _Moot
            raise _Found(f"keyspace event {first}", told[0][first:first + 3], told[1][first:first + 3])
        if self.listeners and lapsed[0] != lapsed[1]:
            raise _Found("expired events", lapsed[0], lapsed[1])

    # --- steps

    def _steps(self, steps):
        number = 0
        while number < len(steps):
            self.at = number
            connection, words = steps[number]
            if self._plain(words):
                end = number + 1
                while end < len(steps) and steps[end][0] == connection and self._plain(steps[end][1]):
                    end += 1
                self._wake(connection)
                self._pipeline(connection, [w for _, w in steps[number:end]])
                number = end
            else:
                self._alone(connection, words)
                number += 1

    def _called(self, words):
        """The command that a script calls, if it is one that calls its arguments; or the words themselves."""
        calls = words[0].upper() in CALLERS and words[2:3] == (b"0",) and len(words) > 3 and self._row(words[3:])
        return words[3:] if calls else words

    def _row(self, words):
        return self.rows.get(words[0].upper())

    def _plain(self, words):
        row = self._row(words)
        if row is None:
            return words[0] not in (WAIT_EXPIRED, WAIT_REPLY)
        return not (row.blocks or row.wakes_all or row.chosen_from or (row.iterates and self._whole_iteration(words)))

    @staticmethod
    def _whole_iteration(words):
        return words[_cursor_at(words):][:1] == (b"0",)

    def _alone(self, connection, words):
        if words[0] == WAIT_REPLY and _ends_soon(self.waiting[connection]):
            self._read_blocked(connection)
            return
        self._wake(connection)
        if words[0] == WAIT_REPLY:
            return
        row = self._row(words)
        if words[0] == WAIT_EXPIRED:
            if self.queues[connection] is None:
                time.sleep(EXPIRY_PAUSE_S)
                self._pipeline(connection, [(b"EXISTS", words[1])])
        elif row.blocks and self.queues[connection] is None:
            self._block(connection, words)
        elif row.blocks:
            self._pipeline(connection, [words])
        elif self.queues[connection] is not None:
            return  # such a reply could not be compared
        elif row.wakes_all:
            for number in range(CONNECTIONS):
                self._wake(number)
            self._pipeline(connection, [words])
        elif row.iterates:
            self._iterate(connection, words)
        else:
            self._choose(connection, row, words)

    def _pipeline(self, connection, commands):
        pair = self.connections[connection]
        data = b"".join(wire.encode(words) for words in commands)
        for side in pair:
            side.send(data)
        first = self.at
        for offset, words in enumerate(commands):
            self.at = first + offset
            self._compare(connection, words, pair[0].read(), pair[1].read())

    def _ask(self, connection, words):
        pair = self.connections[connection]
        for side in pair:
            side.send(wire.encode(words))
        return [side.read() for side in pair]

    def _compare(self, connection, words, ours, stock):
        if ours != stock and STALE_ERRNO in (stock if isinstance(stock, list) else [stock]):
            raise _Moot
        if ours != stock and _overflowed(stock):
            raise _Moot
        if ours != stock and not self._same(connection, words, ours, stock):
            raise _Found(self._name(words), ours, stock)
        name = words[0].upper()
        if stock == QUEUED:
            self.queues[connection].append(words)
        elif name == b"MULTI" and stock == ("+", b"OK"):
            self.queues[connection] = []
        elif name == b"EXEC" or (name == b"DISCARD" and len(words) == 1):  # EXEC with a word too many aborts
            self.queues[connection] = None

    def _same(self, connection, words, ours, stock):
        queue = self.queues[connection]
        if words[0].upper() == b"EXEC" and queue and isinstance(ours, list) and isinstance(stock, list):
            return len(ours) == len(stock) == len(queue) and all(
                a == b or self._same_one(w, a, b) for w, a, b in zip(queue, ours, stock))
        return self._same_one(words, ours, stock)

    def _same_one(self, words, ours, stock):
        words = self._called(words)
        row = self._row(words)
        same = row.same if row else sameness.exact
        return sameness.kind(ours) == sameness.kind(stock) and (
            same(words, sameness.plain(ours), sameness.plain(stock)) or sameness.line_as_c_string(ours, stock))

    @staticmethod
    def _name(words):
        return b" ".join(words[:12]).decode("utf-8", "backslashreplace")

    # --- what is played alone

    def _block(self, connection, words):
        for side, own in zip(self.sides, self.connections[connection]):
            own.send(wire.encode(words))
            # Once this is answered the blocking command has been executed or is waiting.
            side.control.command("PING")
        self.waiting[connection] = words

    def _wake(self, connection):
        if self.waiting[connection] is None:
            return
        pair = zip(self.sides, self.ids[connection])
        woken = [side.control.command("CLIENT", "UNBLOCK", id, "TIMEOUT") for side, id in pair]
        if woken == [0, 1] and self._forgotten(connection):
            raise _Moot
        if woken[0] != woken[1]:
            raise _Found("still blocked? " + self._name(self.waiting[connection]), *woken)
        self._read_blocked(connection)

    def _forgotten(self, connection):
        """Redis 7.0 serves nobody when a value of another type is replaced: somebody waits for what is there."""
        words, stock = self.waiting[connection], self.connections[connection][1]
        stock.read()  # what CLIENT UNBLOCK brought about
        wanted = b"zset" if words[0].upper().startswith(b"BZ") else b"list"
        return any(stock.command("TYPE", word) == ("+", wanted) for word in words[1:])

    def _read_blocked(self, connection):
        words, self.waiting[connection] = self.waiting[connection], None
        if words is not None:
            self._compare(connection, words, *(side.read() for side in self.connections[connection]))

    def _iterate(self, connection, words):
        """Everything a whole SCAN returns, as a set: how it is cut into pages is the server's own."""
        found = []
        at = _cursor_at(words)
        width = 2 if words[0].upper() in (b"HSCAN", b"ZSCAN") else 1
        for side in self.connections[connection]:
            seen, cursor = set(), b"0"
            for _ in range(SCAN_CALLS_MAX):
                reply = side.command(*words[:at], cursor, *words[at + 1:])
                if not isinstance(reply, list):
                    seen = reply
                    break
                cursor, page = reply
                seen.update(zip(*[iter(page)] * width))
                if cursor == b"0":
                    break
            else:
                seen = "no end"
            found.append(seen)
        if found[0] != found[1]:
            raise _Found(self._name(words) + " (whole iteration)", *map(repr, found))

    def _choose(self, connection, row, words):
        """A command that chooses by chance: alike in shape, only what is there, and afterwards brought together again."""
        if row.name == b"RANDOMKEY":
            held = self._ask(connection, row.chosen_from)
        elif len(words) > 1:
            held = self._ask(connection, (row.chosen_from[0], words[1], *row.chosen_from[1:]))
        else:
            held = [None, None]
        replies = self._ask(connection, words)
        if not self._same_one(words, *replies):
            raise _Found(self._name(words), *replies)
        held = [sameness.plain(members) for members in held]
        chosen = [sameness.flat(reply) for reply in replies]
        for side, members, items in zip(self.sides, held, chosen):
            if isinstance(members, list) and not set(items) <= set(sameness.flat(members)):
                raise _Found(f"{self._name(words)}: {side.name} returned what is not there", *replies)
            if row.removes and len(set(items)) != len(items):
                raise _Found(f"{self._name(words)}: {side.name} returned an element twice", *replies)
        if row.removes and isinstance(held[1], list) and chosen[1]:
            self._bring_together(connection, words, sorted(set(held[1]) - set(chosen[0]) - set(chosen[1])))

    def _bring_together(self, connection, words, rest):
        key = words[1]
        counts = self._ask(connection, (b"SCARD", key))
        if counts[0] != counts[1]:
            raise _Found(f"SCARD after {self._name(words)}", *counts)
        self._ask(connection, (b"DEL", key))
        if rest:
            self._ask(connection, (b"SADD", key, *rest))
