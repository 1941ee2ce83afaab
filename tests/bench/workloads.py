"""The rows of the comparison: what is measured, and the goals that RedisHA sets itself (redis-server = 1.00)."""
import random
from functools import partial

from .load import Workload, hashes, integers, key, lists, profiles, sets, short_member, sorted_sets, strings

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
