"""Rows of places. They have sorted sets of their own, "geo0" and on, whose members are hardly ever equally far from anything:
which of those come first, and which COUNT leaves out, Redis does not promise."""
from .arguments import key, many, maybe, member, mostly, one_of, options, pick, sequence

GEO = mostly(0.93, pick("geo0", "geo1", "geo2"), one_of(key("h"), pick("missing")))
STORED = pick("geo2", "geo3", "geo4")
DECIMALS = 1_000_000
EDGES = ["180", "-180", "180.0001", "85.05112878", "-85.05112878", "85.0512", "0", "-0", "inf", "x"]


def degrees(least, most):
    return lambda draw: [b"%.6f" % (draw.random.randint(least * DECIMALS, most * DECIMALS) / DECIMALS)]


def size(draw):
    return [b"%.3f" % 10 ** draw.random.uniform(0, 4.5)]


NEAR, FAR = sequence(degrees(12, 16), degrees(36, 39)), sequence(degrees(-180, 180), degrees(-85, 85))
POINT = mostly(0.97, one_of(NEAR, NEAR, FAR), sequence(pick(*EDGES), pick(*EDGES)))
SIZE = mostly(0.97, size, pick("0", "-1", "1e9", "inf", "x"))
UNIT = mostly(0.98, pick("m", "km", "KM", "ft", "mi"), pick("cm", ""))
SHOWN = options(0.3, "WITHDIST", "WITHCOORD", "WITHHASH")
CHOSEN = options(0.3, pick("ASC", "DESC", "asc"), sequence("COUNT", mostly(0.95, pick("1", "2", "5", "50"), pick("0", "x")), maybe(0.3, "ANY")))
CENTER = one_of(sequence("FROMMEMBER", member), sequence("FROMLONLAT", POINT))
AREA = one_of(sequence("BYRADIUS", SIZE, UNIT), sequence("BYBOX", SIZE, SIZE, UNIT))
STORE = sequence(pick("STORE", "STOREDIST", "store"), STORED)


def add(table):
    row = table.family("geo")
    row("GEOADD", GEO, options(0.1, "NX", "XX", "CH"), many(sequence(POINT, member), 1, 4, bulk=0.05, bulk_most=200), weight=40)
    row("GEOPOS", GEO, many(member, 0, 3))
    row("GEOHASH", GEO, many(member, 0, 3))
    row("GEODIST", GEO, member, member, maybe(0.7, UNIT))
    row("GEOSEARCH", GEO, CENTER, AREA, SHOWN, CHOSEN, weight=40)
    row("GEOSEARCH", GEO, AREA, CENTER, CHOSEN)
    row("GEOSEARCHSTORE", STORED, GEO, CENTER, AREA, CHOSEN, maybe(0.4, "STOREDIST"))
    for read_only in ("", "_RO"):
        store = sequence() if read_only else maybe(0.3, STORE)
        row("GEORADIUS" + read_only, GEO, POINT, SIZE, UNIT, one_of(SHOWN, store), CHOSEN)
        row("GEORADIUSBYMEMBER" + read_only, GEO, member, SIZE, UNIT, one_of(SHOWN, store), CHOSEN)
    row("ZREM", GEO, member)
