"""Rows of hashes, lists and sets."""
from . import sameness
from .arguments import (between, count, counted, floating, index, integer, key, many, maybe, member, number_member, one_of, options, pattern,
                        pick, random_count, sequence, value)

PAGE = options(0.4, sequence("MATCH", pattern), sequence("COUNT", between(1, 100)))
BAD_PAGE = sequence(integer, many(pick("MATCH", "COUNT", "*", "0", "x"), 0, 3))


def scans(row, command, keys):
    row(command, keys, "0", PAGE, weight=5, iterates=True, same=sameness.scan_page, in_multi=False, mutable=False)
    row(command, keys, BAD_PAGE, weight=1, same=sameness.scan_page)


def _hashes(table):
    row = table.family("hash")
    hashes = key("h")
    pairs = sequence(member, value)
    row("HSET", hashes, many(pairs, 1, 3, bulk=0.03, bulk_most=150), weight=40)
    row("HMSET", hashes, many(pairs, 1, 3), weight=4)
    row("HSETNX", hashes, member, value)
    row("HGET", hashes, member)
    row("HMGET", hashes, many(member, 1, 5))
    row("HGETALL", hashes, same=sameness.unordered_pairs)
    row("HKEYS", hashes, same=sameness.unordered)
    row("HVALS", hashes, same=sameness.unordered)
    row("HLEN", hashes)
    row("HEXISTS", hashes, member)
    row("HSTRLEN", hashes, member)
    row("HDEL", hashes, many(member, 1, 4, bulk=0.02))
    row("HINCRBY", hashes, member, integer)
    row("HINCRBYFLOAT", hashes, member, floating)
    row("HRANDFIELD", hashes, maybe(0.7, random_count, maybe(0.5, pick("WITHVALUES", "x"))), same=sameness.shape,
        chosen_from=(b"HGETALL",), in_multi=False, mutable=False)
    scans(row, "HSCAN", hashes)


def _lists(table):
    row = table.family("list")
    lists, end = key("l"), pick("LEFT", "RIGHT", "left")
    row("LPUSH", lists, many(value, 1, 4, bulk=0.02, bulk_most=200), weight=25)
    row("RPUSH", lists, many(value, 1, 4, bulk=0.02, bulk_most=200), weight=25)
    row("LPUSHX", lists, many(value, 1, 2))
    row("RPUSHX", lists, many(value, 1, 2))
    row("LPOP", lists, maybe(0.4, count))
    row("RPOP", lists, maybe(0.4, count))
    row("LLEN", lists)
    row("LINDEX", lists, index)
    row("LSET", lists, index, value)
    row("LRANGE", lists, index, index)
    row("LTRIM", lists, index, index, weight=4)
    row("LREM", lists, index, value)
    row("LINSERT", lists, pick("BEFORE", "AFTER", "x"), value, value)
    row("LPOS", lists, value, options(0.4, sequence("RANK", index), sequence("COUNT", index), sequence("MAXLEN", index)))
    row("LMOVE", lists, lists, end, end)
    row("RPOPLPUSH", lists, lists)
    row("LMPOP", counted(lists), end, maybe(0.5, "COUNT", count))


def _sets(table):
    row = table.family("set")
    sets = key("e")
    row("SADD", sets, many(member, 1, 4, bulk=0.03, bulk_most=200), weight=25)
    row("SADD", sets, many(number_member, 1, 6, bulk=0.04), weight=25)
    row("SREM", sets, many(one_of(member, number_member), 1, 4, bulk=0.02))
    row("SCARD", sets)
    row("SISMEMBER", sets, one_of(member, number_member))
    row("SMISMEMBER", sets, many(one_of(member, number_member), 1, 5))
    row("SMEMBERS", sets, same=sameness.unordered)
    row("SMOVE", sets, sets, one_of(member, number_member))
    for command in ("SINTER", "SUNION", "SDIFF"):
        row(command, many(sets, 1, 4), same=sameness.unordered)
        row(command + "STORE", sets, many(sets, 1, 4), weight=5)
    row("SINTERCARD", counted(sets), maybe(0.4, "LIMIT", count))
    row("SPOP", sets, maybe(0.4, pick("0", "1", "2", "7", "60", "1000", "-1", "x", "")),
        chosen_from=(b"SMEMBERS",), removes=True, same=sameness.shape, in_multi=False, mutable=False)
    row("SRANDMEMBER", sets, maybe(0.6, random_count), chosen_from=(b"SMEMBERS",), same=sameness.shape, in_multi=False,
        mutable=False)
    scans(row, "SSCAN", sets)


def add(table):
    _hashes(table)
    _lists(table)
    _sets(table)
