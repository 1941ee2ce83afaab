"""Rows of the string family."""
from .arguments import (between, expiry, floating, index, integer, key, many, maybe, milliseconds, mostly, one_of, options,
                        pick, seconds, sequence, text, value)

STRING = key("s")
OFFSET = mostly(0.9, between(0, 140), pick("-1", "536870912", "4294967296", "9223372036854775807", "x", ""))


def add(table):
    row = table.family("string")
    row("SET", STRING, value, options(0.2, pick("NX", "XX"), "GET", one_of(expiry, "KEEPTTL")), weight=40)
    row("GET", STRING, weight=20)
    row("SETNX", STRING, value)
    row("SETEX", STRING, seconds, value)
    row("PSETEX", STRING, milliseconds, value)
    row("GETSET", STRING, value)
    row("GETDEL", STRING)
    row("GETEX", STRING, maybe(0.7, one_of(expiry, "PERSIST")))
    row("APPEND", STRING, text, weight=15)
    row("STRLEN", STRING)
    row("GETRANGE", STRING, index, index)
    row("SUBSTR", STRING, index, index, weight=3)
    row("SETRANGE", STRING, OFFSET, text, mutable=False)
    row("MGET", many(STRING, 1, 6))
    row("MSET", many(sequence(STRING, value), 1, 4))
    row("MSETNX", many(sequence(STRING, value), 1, 3))
    row("INCR", STRING)
    row("DECR", STRING)
    row("INCRBY", STRING, integer)
    row("DECRBY", STRING, integer)
    row("INCRBYFLOAT", STRING, floating, weight=15)
    row("LCS", STRING, STRING,
        options(0.4, pick("LEN", "IDX"), sequence("MINMATCHLEN", between(-1, 6)), "WITHMATCHLEN"))
