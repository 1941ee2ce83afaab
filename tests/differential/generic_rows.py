"""Rows that do not ask for one type: keys, databases, SORT, transactions and what connections do to each other."""
from . import sameness
from .arguments import (any_key, at_milliseconds, at_seconds, between, count, database, index, integer, key, many, maybe, milliseconds,
                        one_of, options, pattern, pick, seconds, sequence)

CONDITION = maybe(0.3, many(pick("NX", "XX", "GT", "LT"), 1, 2))
SORTABLE = one_of(key("l"), key("e"), key("z"), any_key)


def _keys(table):
    row = table.family("key")
    row("DEL", many(any_key, 1, 2), weight=6)
    row("UNLINK", many(any_key, 1, 2), weight=4)
    row("EXISTS", many(any_key, 1, 4))
    row("TOUCH", many(any_key, 1, 4), weight=3)
    row("TYPE", any_key)
    row("KEYS", pattern, weight=3, same=sameness.unordered)
    row("RANDOMKEY", weight=2, same=sameness.shape, chosen_from=(b"KEYS", b"*"), in_multi=False, mutable=False)
    row("RENAME", any_key, any_key)
    row("RENAMENX", any_key, any_key)
    row("COPY", any_key, any_key, options(0.3, sequence("DB", database), "REPLACE"))
    row("OBJECT", "ENCODING", any_key, weight=25, same=sameness.object_facts)
    row("OBJECT", "REFCOUNT", any_key, weight=2, in_multi=False)  # a queued command holds references
    row("OBJECT", pick("FREQ", "HELP", "NOPE", "ENCODING"), many(any_key, 0, 2), weight=1)
    row("SCAN", "0", options(0.3, sequence("MATCH", pattern), sequence("COUNT", between(1, 100)),
                             sequence("TYPE", pick("string", "list", "set", "zset", "hash", "stream", "nope"))),
        weight=4, iterates=True, same=sameness.scan_page, in_multi=False, mutable=False)
    row("SCAN", integer, many(one_of(pattern, pick("MATCH", "COUNT", "TYPE", "0")), 0, 3), weight=2, same=sameness.scan_page)
    row("EXPIRE", any_key, seconds, CONDITION, weight=12)
    row("PEXPIRE", any_key, milliseconds, CONDITION, weight=12)
    row("EXPIREAT", any_key, at_seconds, CONDITION, weight=6)
    row("PEXPIREAT", any_key, at_milliseconds, CONDITION, weight=6)
    row("PERSIST", any_key, weight=6)
    row("TTL", any_key, same=sameness.within(2))
    row("PTTL", any_key, same=sameness.within(3000))
    row("EXPIRETIME", any_key, same=sameness.within(2))
    row("PEXPIRETIME", any_key, same=sameness.within(3000))


def _sort(table):
    row = table.family("sort")
    by = sequence("BY", pick("s*", "h*->m1", "nosort", "s*x", "*", "h*->", "b*"))
    get = sequence("GET", pick("#", "s*", "h*->m1", "s", "h*->f", "*"))
    order = one_of(sequence("LIMIT", index, index), pick("ASC", "DESC"))
    store = sequence("STORE", one_of(key("l"), any_key))
    # BY with ALPHA leaves ties open, and a set's own order is open: such replies are compared loosely and never stored.
    row("SORT", SORTABLE, options(0.3, order, "ALPHA", get, store), weight=12, same=sameness.sorted_elements)
    row("SORT", SORTABLE, options(0.4, by, order, get, get, "ALPHA"), weight=8, same=sameness.sorted_elements)
    row("SORT_RO", SORTABLE, options(0.3, by, order, get, "ALPHA"), weight=4, same=sameness.sorted_elements)


def _databases(table):
    row = table.family("db")
    row("SELECT", database, weight=4)
    row("MOVE", any_key, database, weight=8)
    # Whom it serves first of those that wait for several keys is the order of a hash table.
    row("SWAPDB", database, database, weight=3, wakes_all=True, in_multi=False)
    row("FLUSHDB", maybe(0.5, pick("ASYNC", "SYNC", "x")), weight=0.3)
    row("FLUSHALL", maybe(0.5, pick("ASYNC", "SYNC", "x")), weight=0.2)
    row("DBSIZE", weight=4)


def _transactions(table):
    row = table.family("multi")
    row("MULTI", weight=14, mutable=False)
    row("EXEC", weight=2)
    row("DISCARD", weight=1)
    row("WATCH", many(any_key, 1, 3), weight=8)
    row("UNWATCH", weight=2)


def _protocol(table):
    row = table.family("protocol")
    row("HELLO", pick("3", "3", "2"), weight=1, same=sameness.length, mutable=False)


def _blocking(table):
    row = table.family("blocking")
    timeout = pick("0", "0", "0", "100", "0.02", "-1", "x", "inf", "")
    lists, zsets = many(key("l"), 1, 3), many(key("z"), 1, 3)
    end, extreme = pick("LEFT", "RIGHT"), pick("MIN", "MAX")
    row("BLPOP", lists, timeout, weight=8, blocks=True)
    row("BRPOP", lists, timeout, weight=8, blocks=True)
    row("BLMOVE", key("l"), key("l"), end, end, timeout, weight=6, blocks=True)
    row("BRPOPLPUSH", key("l"), key("l"), timeout, weight=4, blocks=True)
    row("BLMPOP", timeout, "2", key("l"), key("l"), end, maybe(0.5, "COUNT", count), weight=6, blocks=True)
    row("BZPOPMIN", zsets, timeout, weight=6, blocks=True)
    row("BZPOPMAX", zsets, timeout, weight=6, blocks=True)
    row("BZMPOP", timeout, "2", key("z"), key("z"), extreme, maybe(0.5, "COUNT", count), weight=6, blocks=True)


def add(table):
    _keys(table)
    _sort(table)
    _databases(table)
    _transactions(table)
    _protocol(table)
    _blocking(table)
