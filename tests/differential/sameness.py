"""When two replies to one command say the same: functions of (words, ours, stock) that a row of the table may name.

Exact equality is the rule and is tested before these are asked; they allow what Redis does not promise, and no more.
"""
import re


def _shape(reply):
    if isinstance(reply, list):
        return [_shape(item) for item in reply]
    return type(reply)


def plain(reply):
    """What RESP2 has for a reply of RESP3: arrays for maps, sets and pushes, strings for numbers."""
    if isinstance(reply, list):
        return [plain(item) for item in reply]
    if isinstance(reply, tuple) and (isinstance(reply[1], list) or reply[0] in ",_"):
        return None if reply[0] == "_" else plain(reply[1])
    return reply


def kind(reply):
    return reply[0] if isinstance(reply, tuple) else type(reply)


def flat(reply):
    """The elements of a reply, of RESP3's pairs both; one that is no array is its only element."""
    items = plain(reply)
    if not isinstance(items, list):
        return [items] if isinstance(items, bytes) else []
    return [part for item in items for part in (item if isinstance(item, list) else [item])]


def exact(_words, a, b):
    return a == b


def line_as_c_string(ours, stock):
    """Redis leaves out of an error what is behind a zero byte of a key or a name, and out of a script's status likewise."""
    if not (isinstance(ours, tuple) and isinstance(stock, tuple) and ours[0] == stock[0] and ours[0] in "+-"):
        return False
    return ours[1].partition(b"\0")[0] == stock[1] or re.sub(rb"\0[^'`]*", b"", ours[1]) == stock[1]


def unordered(_words, a, b):
    """Arrays whose order is that of a hash table."""
    if not (isinstance(a, list) and isinstance(b, list) and len(a) == len(b)):
        return a == b
    return sorted(map(repr, a)) == sorted(map(repr, b))


def _bag(reply):
    return sorted(map(_bag, reply), key=repr) if isinstance(reply, list) else reply


def bags(_words, a, b):
    """Likewise, at all depths: what has been a table of Lua's."""
    return _bag(plain(a)) == _bag(plain(b))


def unordered_pairs(_words, a, b):
    if not (isinstance(a, list) and isinstance(b, list) and len(a) == len(b)):
        return a == b
    return sorted(zip(a[::2], a[1::2])) == sorted(zip(b[::2], b[1::2]))


def within(tolerance):
    """Times, which differ by what passed between the two servers; -1 and -2 have a meaning of their own."""
    def same(_words, a, b):
        if not (isinstance(a, int) and isinstance(b, int)) or min(a, b) < 0:
            return a == b
        return abs(a - b) <= tolerance
    return same


def shape(_words, a, b):
    """Chosen by chance: only how many and of what kind can be compared."""
    return _shape(a) == _shape(b)


def length(_words, a, b):
    """Any part of what may come in any order."""
    return len(a) == len(b) if isinstance(a, list) and isinstance(b, list) else a == b


def pending(_words, a, b):
    """Of each pending entry the time since its delivery, which passes."""
    if not (isinstance(a, list) and isinstance(b, list)):
        return a == b
    return [entry[:2] + entry[3:] for entry in a] == [entry[:2] + entry[3:] for entry in b]


def scan_page(words, a, b):
    """One page of an iteration: cursors and the division into pages are the server's own."""
    return a == b if isinstance(a, tuple) or isinstance(b, tuple) else True


def object_facts(words, a, b):
    """Redis shares small numbers between keys, except those that came about in certain ways (COPY)."""
    if words[1:2] and words[1].upper() == b"REFCOUNT":
        return a == b or {a, b} == {1, 2147483647}
    return a == b


def sorted_elements(words, a, b):
    """SORT: ties of BY with ALPHA, a set's own order (BY without *), and what collation sees of zero bytes are not defined."""
    upper = [w.upper() for w in words]
    loosely = length if b"LIMIT" in upper else unordered
    if b"BY" not in upper[:-1]:
        hidden = b"GET" in upper or b"\\x00" in repr((a, b)).encode()
        return loosely(words, a, b) if b"ALPHA" in upper and hidden else a == b
    by = words[upper.index(b"BY") + 1]
    if b"*" in by and b"ALPHA" not in upper:
        return a == b
    return loosely(words, a, b)
