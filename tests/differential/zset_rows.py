"""Rows of sorted sets. Commands BYLEX are defined where all scores are equal: they have keys of their own, "y"."""
from . import sameness
from .arguments import (count, counted, floating, index, key, lex_bound, many, maybe, member, one_of, options, pick, random_count, score,
                        score_bound, sequence)
from .collections_rows import scans

ZSETS, LEX = key("z"), key("y")
SOURCES = one_of(ZSETS, ZSETS, key("e"))
FLAGS = options(0.15, "NX", "XX", pick("GT", "LT"), "CH", "INCR")
LIMIT = maybe(0.3, "LIMIT", index, index)
WEIGHTS = maybe(0.3, "WEIGHTS", many(floating, 1, 3))
AGGREGATE = maybe(0.3, "AGGREGATE", pick("SUM", "MIN", "MAX", "sum", "x"))
WITH_SCORES = maybe(0.5, "WITHSCORES")


def _members(row):
    row("ZADD", ZSETS, FLAGS, many(sequence(score, member), 1, 3, bulk=0.03, bulk_most=160), weight=50)
    row("ZADD", LEX, many(sequence("0", member), 1, 5, bulk=0.05, bulk_most=150), weight=12, mutable=False)
    row("ZINCRBY", ZSETS, floating, member)
    row("ZREM", ZSETS, many(member, 1, 4, bulk=0.02))
    row("ZCARD", one_of(ZSETS, LEX))
    row("ZSCORE", ZSETS, member)
    row("ZMSCORE", ZSETS, many(member, 1, 4))
    row("ZRANK", one_of(ZSETS, LEX), member, mutable=False)
    row("ZREVRANK", one_of(ZSETS, LEX), member, mutable=False)
    row("ZPOPMIN", ZSETS, maybe(0.5, count))
    row("ZPOPMAX", ZSETS, maybe(0.5, count))
    row("ZMPOP", counted(ZSETS), pick("MIN", "MAX", "x"), maybe(0.5, "COUNT", count))
    row("ZRANDMEMBER", ZSETS, maybe(0.7, random_count, maybe(0.5, pick("WITHSCORES", "x"))), same=sameness.shape,
        chosen_from=(b"ZRANGE", b"0", b"-1", b"WITHSCORES"), in_multi=False, mutable=False)
    scans(row, "ZSCAN", ZSETS)


def _ranges(row):
    by_index = sequence(ZSETS, index, index)
    by_score = sequence(ZSETS, score_bound, score_bound)
    by_lex = sequence(LEX, lex_bound, lex_bound)
    row("ZRANGE", by_index, maybe(0.3, "REV"), WITH_SCORES, weight=15)
    row("ZRANGE", by_score, "BYSCORE", options(0.3, "REV", LIMIT, "WITHSCORES"), weight=12)
    row("ZRANGE", by_lex, "BYLEX", options(0.3, "REV", LIMIT, "WITHSCORES"), weight=12)
    row("ZRANGESTORE", ZSETS, by_index, maybe(0.3, "REV"), weight=4)
    row("ZRANGESTORE", ZSETS, by_score, "BYSCORE", maybe(0.3, "REV"), LIMIT, weight=4)
    row("ZREVRANGE", by_index, WITH_SCORES)
    row("ZRANGEBYSCORE", by_score, WITH_SCORES, LIMIT)
    row("ZREVRANGEBYSCORE", by_score, WITH_SCORES, LIMIT)
    row("ZRANGEBYLEX", by_lex, LIMIT)
    row("ZREVRANGEBYLEX", by_lex, LIMIT)
    row("ZCOUNT", by_score)
    row("ZLEXCOUNT", by_lex)
    row("ZREMRANGEBYRANK", by_index, weight=4)
    row("ZREMRANGEBYSCORE", by_score, weight=4)
    row("ZREMRANGEBYLEX", by_lex, weight=4)


def _algebra(row):
    for command in ("ZUNION", "ZINTER"):
        row(command, counted(SOURCES), WEIGHTS, AGGREGATE, WITH_SCORES)
        row(command + "STORE", ZSETS, counted(SOURCES), WEIGHTS, AGGREGATE, weight=5)
    row("ZDIFF", counted(SOURCES), WITH_SCORES)
    row("ZDIFFSTORE", ZSETS, counted(SOURCES), weight=5)
    row("ZINTERCARD", counted(SOURCES), maybe(0.4, "LIMIT", count))


def add(table):
    row = table.family("zset")
    _members(row)
    _ranges(row)
    _algebra(row)
