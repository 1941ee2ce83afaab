"""Rows of the string family."""
from .arguments import (between, expiry, floating, index, integer, key, many, maybe, milliseconds, mostly, one_of, options,
                        pick, seconds, sequence, text, value)

STRING = key("s")
OFFSET = mostly(0.9, between(0, 140), pick("-1", "536870912", "4294967296", "9223372036854775807", "x", ""))

# Not the keys of strings: what becomes of a spoiled one differs where Redis stops half-way.
HLL = mostly(0.9, pick("hll0", "hll1", "hll2"), pick("hllno", "h0", "missing"))
ELEMENT = mostly(0.9, between(0, 1_000_000_000), text)
BIT = mostly(0.95, pick("0", "1"), pick("2", "-1", "x"))
UNIT = maybe(0.5, mostly(0.97, pick("BIT", "BYTE"), text))
FIELD = sequence(pick("u1", "u2", "u8", "u13", "u63", "u64", "i1", "i5", "i8", "i33", "i64", "i65"),
                 mostly(0.95, pick("0", "1", "7", "#0", "#1", "#3", "100"), pick("-1", "#-1", "4294967296", "#9223372036854775807", "x")))
# Not near -2^63: Redis saturates that to the largest number of the field.
SETTABLE = mostly(0.9, between(-300, 300), pick("-4294967297", "9223372036854775807", "-900000000000000000", "x", ""))
FIELD_OPERATION = one_of(sequence("GET", FIELD), sequence("SET", FIELD, SETTABLE), sequence("INCRBY", FIELD, integer),
                         sequence("OVERFLOW", pick("WRAP", "SAT", "x")))


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
    row("SETBIT", STRING, OFFSET, BIT, weight=15, mutable=False)
    row("GETBIT", STRING, OFFSET)
    row("BITCOUNT", STRING, maybe(0.7, sequence(index, index, UNIT)), weight=15)
    row("BITPOS", STRING, BIT, maybe(0.7, sequence(index, maybe(0.7, sequence(index, UNIT)))), weight=15)
    row("BITOP", pick("AND", "OR", "XOR"), STRING, many(STRING, 1, 4), weight=15)
    row("BITOP", "NOT", STRING, STRING)
    row("BITFIELD", STRING, many(FIELD_OPERATION, 1, 5), weight=30, mutable=False)
    # Where FAIL alone makes the string longer, Redis does not tell its replicas; ours does.
    row("BITFIELD", STRING, "SET", "u1", "4000", "1", "OVERFLOW", "FAIL", many(FIELD_OPERATION, 1, 4), weight=15)
    row("BITFIELD_RO", STRING, many(sequence("GET", FIELD), 1, 3))
    row("SET", "hllno", text, weight=2)
    row("PFADD", HLL, many(ELEMENT, 0, 5, bulk=0.15), weight=15)
    row("PFCOUNT", many(HLL, 1, 4), weight=15)
    row("PFMERGE", HLL, many(HLL, 0, 3))
    row("PFDEBUG", mostly(0.9, pick("ENCODING", "DECODE"), pick("TODENSE", "GETREG", "X")), HLL, weight=15)
