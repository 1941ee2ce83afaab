"""Rows of streams. Ids are small and given, since "*" is the time, which is another one on each server; times of delivery are not
compared."""
from . import sameness
from .arguments import count, key, many, maybe, mostly, one_of, options, pick, sequence, text

STREAMS = one_of(key("x"), key("x"), key("e"))
GROUP, CONSUMER = mostly(0.9, pick("g", "h"), pick("nobody's", "")), pick("alice", "bob", "c")
FIELDS = many(sequence(pick("f", "g", "1", ""), text), 1, 3)


def _number(draw, most):
    return b"%d" % draw.random.randrange(most)


def new_id(draw):
    """Mostly behind what is there."""
    draw.stream_ms = getattr(draw, "stream_ms", 1) + draw.random.randrange(2)
    return [b"%d-%s" % (draw.stream_ms, draw.random.choice([b"*", b"*", b"*", _number(draw, 4)]))]


def some_id(draw):
    if draw.random.random() < 0.1:
        return [draw.random.choice([b"0", b"0-0", b"5", b"x", b"-1", b"1-", b"18446744073709551615-18446744073709551615",
                                    b"18446744073709551616", b"9223372036854775808-0"])]
    return [b"%s-%s" % (_number(draw, 60), _number(draw, 4))]


END = one_of(some_id, some_id, pick("-", "+", "(1-1", "(5", "(0", "(x"))
TRIM = one_of(sequence("MAXLEN", maybe(0.5, pick("=", "~")), count), sequence("MINID", maybe(0.5, pick("=", "~")), some_id))
COUNT = maybe(0.4, "COUNT", count)


def _entries(row):
    row("XADD", STREAMS, maybe(0.1, "NOMKSTREAM"), maybe(0.15, TRIM, maybe(0.2, "LIMIT", count)), new_id, FIELDS, weight=60)
    row("XTRIM", STREAMS, TRIM, maybe(0.2, "LIMIT", count))
    row("XDEL", STREAMS, many(some_id, 1, 3))
    row("XLEN", STREAMS)
    row("XSETID", STREAMS, some_id, maybe(0.3, "ENTRIESADDED", count), maybe(0.3, "MAXDELETEDID", some_id), weight=3)
    row("XRANGE", STREAMS, END, END, COUNT, weight=15)
    row("XREVRANGE", STREAMS, END, END, COUNT)
    row("XREAD", COUNT, "STREAMS", STREAMS, one_of(some_id, pick("$", ">")))
    row("XREAD", COUNT, maybe(0.5, "BLOCK", pick("-1", "x")), "STREAMS", STREAMS, STREAMS, some_id, some_id)


def _groups(row):
    row("XGROUP", "CREATE", STREAMS, GROUP, one_of(some_id, pick("$", "0")), options(0.5, "MKSTREAM", sequence("ENTRIESREAD", count)),
        weight=15)
    row("XGROUP", "SETID", STREAMS, GROUP, one_of(some_id, pick("$", "0")), maybe(0.3, "ENTRIESREAD", count), weight=4)
    row("XGROUP", pick("DESTROY"), STREAMS, GROUP, weight=3)
    row("XGROUP", pick("CREATECONSUMER", "DELCONSUMER"), STREAMS, GROUP, CONSUMER, weight=5)
    row("XREADGROUP", "GROUP", GROUP, CONSUMER, COUNT, maybe(0.2, "NOACK"), "STREAMS", STREAMS, one_of(pick(">"), some_id), weight=30)
    row("XACK", STREAMS, GROUP, many(some_id, 1, 4))
    row("XPENDING", STREAMS, GROUP)
    row("XPENDING", STREAMS, GROUP, maybe(0.2, "IDLE", "0"), END, END, count, maybe(0.3, CONSUMER), same=sameness.pending)
    row("XCLAIM", STREAMS, GROUP, CONSUMER, "0", many(some_id, 1, 3),
        options(0.2, "FORCE", "JUSTID", sequence("RETRYCOUNT", count), sequence("LASTID", some_id)))
    row("XAUTOCLAIM", STREAMS, GROUP, CONSUMER, "0", END, COUNT, maybe(0.3, "JUSTID"))
    row("XINFO", "GROUPS", STREAMS)


def add(table):
    row = table.family("stream")
    _entries(row)
    _groups(row)
