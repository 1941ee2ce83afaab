"""The rows of the comparison: what is measured, and the goals that RedisHA sets itself (redis-server = 1.00)."""
import random
from functools import partial

from .load import Workload, bitmaps, hashes, integers, key, lists, places, profiles, sets, short_member, sorted_sets, stream, strings

MILLION = 1_000_000
KEY = "key:__rand_int__"
VALUE = "x" * 64
STRINGS = partial(strings, MILLION, 64)
HASHES = partial(hashes, 100_000, 10, 16)
TYPES_GOAL = 0.85  # none above this; their geometric mean has a goal of its own
TYPES_MEAN_GOAL = 0.60


def _strings(pipeline, goal):
    return [Workload(f"GET P={pipeline}", ("GET", KEY), goal, pipeline, data=STRINGS),
            Workload(f"SET P={pipeline}", ("SET", KEY, VALUE), goal, pipeline, data=STRINGS)]


def _type(name, command, **more):
    return Workload(name, command, TYPES_GOAL, **more)


STRING_ROWS = [*_strings(1, 0.88), *_strings(16, 0.40), *_strings(64, 0.30),
               Workload("MGET 10", ("MGET", *[KEY] * 10), 0.45, 1, data=STRINGS),
               Workload("MSET 10", ("MSET", *[KEY, VALUE] * 10), 0.45, 1, data=STRINGS)]

TYPE_ROWS = [
    _type("INCR P=16", ("INCR", "counter:__rand_int__"), data=partial(integers, MILLION)),
    _type("SETEX P=16", ("SETEX", KEY, "1000", VALUE), data=STRINGS),
    _type("HSET P=16", ("HSET", "hash:__rand_int__", "field:0003", "v" * 16), random_below=100_000, data=HASHES),
    _type("HGETALL 10 P=16", ("HGETALL", "hash:__rand_int__"), random_below=100_000, data=HASHES),
    _type("SADD P=16", ("SADD", "set:__rand_int__", "m__rand_int__"), random_below=1000, data=partial(sets, 1000, 1000)),
    _type("ZADD P=16", ("ZADD", key(0, b"zset").decode(), "__rand_int__", "m__rand_int__"), random_below=10_000,
          data=partial(sorted_sets, 10, 10_000)),
    _type("ZRANGE 10 P=16", ("ZRANGE", "zset:__rand_int__", "5000", "5009"), random_below=10,
          data=partial(sorted_sets, 10, 10_000)),
    _type("LPUSH P=16", ("LPUSH", "list:__rand_int__", VALUE), random_below=1000),
    _type("LRANGE 100 P=1", ("LRANGE", "list:__rand_int__", "0", "99"), pipeline=1, random_below=1000,
          data=partial(lists, 1000, 100, 16)),
    _type("MULTI SET GET EXEC", (), pipeline=1, data=STRINGS)]

FAMILIES_GOAL = 0.9  # none above this
FAMILIES_MEAN_GOAL = 0.65
STREAM_ENTRIES = 1_000_000
LIBRARY = b"#!lua name=bench\nredis.register_function('bench_get', function(keys) return redis.call('GET', keys[1]) end)"


def _family(name, command, **more):
    return Workload(name, command, FAMILIES_GOAL, **more)


def _with_library():
    yield b"FUNCTION", b"LOAD", b"REPLACE", LIBRARY
    yield from STRINGS()


FAMILY_ROWS = [
    _family("XADD P=16", ("XADD", "stream:__rand_int__", "MAXLEN", "~", "10000", "*", "field", "value"), random_below=100),
    _family("XRANGE 10 P=16", ("XRANGE", "stream", "__rand_int__", "+", "COUNT", "10"), random_below=900_000,
            data=partial(stream, b"stream", STREAM_ENTRIES)),
    _family("XREADGROUP 1 P=16", ("XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "stream", ">"),
            data=partial(stream, b"stream", STREAM_ENTRIES), operations_max=STREAM_ENTRIES,
            before=((b"XGROUP", b"DESTROY", b"stream", b"g"), (b"XGROUP", b"CREATE", b"stream", b"g", b"0"))),
    _family("SETBIT P=16", ("SETBIT", "bits:__rand_int__", "4711", "1"), random_below=100_000),
    _family("BITCOUNT 1 MB", ("BITCOUNT", "bits"), pipeline=1, data=partial(bitmaps, 1 << 20, b"bits")),
    _family("BITOP AND 128 KB", ("BITOP", "AND", "both", "one", "other"), pipeline=1, data=partial(bitmaps, 1 << 17, b"one", b"other")),
    _family("PFADD P=16", ("PFADD", "visitors", "v__rand_int__")),
    _family("GEOADD P=16", ("GEOADD", key(0, b"geo").decode(), "13.5", "37.5", "m__rand_int__"), random_below=10_000,
            data=partial(places, 1, 10_000)),
    _family("GEOSEARCH P=16", ("GEOSEARCH", "geo:__rand_int__", "FROMLONLAT", "14", "37.5", "BYRADIUS", "10", "km"), random_below=10,
            data=partial(places, 10, 10_000)),
    _family("EVAL get P=16", ("EVAL", "return redis.call('GET', KEYS[1])", "1", KEY), data=STRINGS),
    _family("FCALL get P=16", ("FCALL", "bench_get", "1", KEY), data=_with_library),
    _family("HSETEX P=16 (against HSET)", ("HSETEX", "hash:__rand_int__", "FIELDS", "1", "field:0003", "v" * 16), random_below=100_000,
            data=HASHES, stock=("HSET", "hash:__rand_int__", "field:0003", "v" * 16))]


def _growth(keys, label):
    data = partial(strings, keys, 64)
    return [Workload(f"GET P=16 {label} keys", ("GET", KEY), 1.0, random_below=keys, data=data),
            Workload(f"SET P=16 {label} keys", ("SET", KEY, VALUE), 1.0, random_below=keys, data=data)]


GROWTH_ROWS = [*_growth(1000, "1k"), *_growth(100_000, "100k")]
LARGE_ROWS = _growth(10 * MILLION, "10M")


def churned(keys):
    """Three rewrites of each key with values of 16 to 144 bytes."""
    chance = random.Random(2)
    yield from strings(keys, 64)
    for _ in range(3 * keys):
        yield (b"SET", key(chance.randrange(keys)), b"c" * chance.randint(16, 144))


# name: (units, what clients sent for each in bytes, goal in bytes, commands)
MEMORY_ROWS = {
    "key 16 + value 8": (MILLION, 24, 50, partial(strings, MILLION, 8)),
    "key 16 + value 32": (MILLION, 48, 70, partial(strings, MILLION, 32)),
    "key 16 + value 32, past a doubling": (1_100_000, 48, 70, partial(strings, 1_100_000, 32)),
    "key 16 + value 128": (MILLION, 144, 175, partial(strings, MILLION, 128)),
    "key 16 + value 32 + TTL": (MILLION, 56, 82, partial(strings, MILLION, 32, 100_000)),
    "member, sorted set of 10k": (MILLION, 18, 55, partial(sorted_sets, 100, 10_000, short_member)),
    "field, hash of 1k": (MILLION, 26, 48, partial(hashes, 1000, 1000, 16)),
    "member, set of 10k": (MILLION, 10, 27, partial(sets, 100, 10_000, short_member)),
    "hash of 5 fields": (250_000, 85, 120, partial(profiles, 250_000)),
}
CHURN_KEYS = 500_000
CHURN_GOAL = 0.75
START_GOAL_MB = 6.0
