"""What a server holds at the end: for each key of each database its type, encoding, expiry and content, in a fixed order."""
import time

from tests.support import wire

DATABASES = (0, 1, 2, 15)  # those that are used
DATABASES_ALL = 16
EXPIRY_PAUSE_S = 0.1
EXPIRY_TOLERANCE_MS = 5000
CONTENT = {
    b"string": lambda key: (b"GET", key), b"list": lambda key: (b"LRANGE", key, b"0", b"-1"),
    b"hash": lambda key: (b"HGETALL", key), b"set": lambda key: (b"SMEMBERS", key),
    b"zset": lambda key: (b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"), b"stream": lambda key: (b"XRANGE", key, b"-", b"+")}


def _pipeline(connection, commands):
    connection.send(b"".join(wire.encode(words) for words in commands))
    return [connection.read() for _ in commands]


def _ordered(kind, content):
    if not isinstance(content, list):
        return content
    if kind == b"hash":
        return sorted(zip(content[::2], content[1::2]))
    return sorted(content) if kind == b"set" else content


def dump(connection):
    """{(database, key): (type, encoding, expiry in ms, content)}"""
    held = {}
    for database in DATABASES:
        selected, keys = _pipeline(connection, [(b"SELECT", b"%d" % database), (b"KEYS", b"*")])
        if selected != ("+", b"OK") or not isinstance(keys, list):
            raise wire.Disconnected(f"SELECT {database}, KEYS *: {selected!r}, {keys!r}")
        facts = _pipeline(connection, [words for key in sorted(keys) for words in (
            (b"TYPE", key), (b"OBJECT", b"ENCODING", key), (b"PEXPIRETIME", key))])
        kinds = [fact[1] if isinstance(fact, tuple) else b"?" for fact in facts[::3]]
        read = [CONTENT.get(kind, CONTENT[b"string"])(key) for key, kind in zip(sorted(keys), kinds)]
        for i, (key, content) in enumerate(zip(sorted(keys), _pipeline(connection, read))):
            held[database, key] = (kinds[i], facts[i * 3 + 1], facts[i * 3 + 2], _ordered(kinds[i], content))
    connection.command("SELECT", 0)
    return held


def digest(connection):
    """DEBUG DIGEST; None while keys are stored whose time is over: which ones is a matter of pace."""
    for database in range(DATABASES_ALL):
        _, size, keys = _pipeline(connection, [(b"SELECT", b"%d" % database), (b"DBSIZE",), (b"KEYS", b"*")])
        if size != len(keys):
            return None
    return _pipeline(connection, [(b"SELECT", b"0"), (b"DEBUG", b"DIGEST")])[1]


def digest_difference(ours, stock):
    """Of two connections; as (what, ours, stock), or None."""
    for pause_s in (0, EXPIRY_PAUSE_S):
        time.sleep(pause_s)  # a key may have expired in between
        a, b = digest(ours), digest(stock)
        if a == b or a is None or b is None:
            return None
    return "final dataset: DEBUG DIGEST", a, b


def difference(ours, stock):
    """The first key on which they differ, as (what, ours, stock), or None."""
    for name in sorted(ours.keys() | stock.keys()):
        a, b = ours.get(name), stock.get(name)
        where = f"final dataset, database {name[0]}, key {name[1]!r}"
        if a is None or b is None:
            return where, a and a[:2], b and b[:2]
        for part, x, y in zip(("type", "encoding", "expiry", "content"), a, b):
            if part == "expiry" and min(x, y) > 0 and abs(x - y) <= EXPIRY_TOLERANCE_MS:
                continue
            if x != y:
                return f"{where}: {part}", x, y
    return None
