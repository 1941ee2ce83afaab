"""redis-py: `basics HOST PORT`, or `failover SENTINELS NAME PASSWORD` (../programs.py has what is expected of it)."""
import sys
import threading
import time

import redis
from redis.cache import CacheConfig
from redis.sentinel import Sentinel

UNLOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


def locks(client):
    lock = client.lock("lock", timeout=10)
    assert lock.acquire() and lock.owned() and lock.reacquire() and lock.extend(10)
    assert not client.lock("lock", timeout=10).acquire(blocking=False)
    waiter = threading.Thread(target=lambda: client.lock("lock", timeout=10).acquire(blocking_timeout=5))
    waiter.start()
    lock.release()
    waiter.join()
    assert client.exists("lock") and not lock.owned()


def scripts_and_transactions(client):
    unlock = client.register_script(UNLOCK)
    client.script_flush()
    client.set("owner", "me")
    assert [unlock(keys=["owner"], args=[who]) for who in ("you", "me")] == [0, 1]
    with client.pipeline() as pipe:
        pipe.watch("watched")
        client.set("watched", 1)
        pipe.multi()
        pipe.incr("watched")
        try:
            raise AssertionError(pipe.execute())
        except redis.WatchError:
            pass
    assert client.transaction(lambda pipe: (pipe.multi(), pipe.incr("watched")), "watched") == [2]
    client.function_load("#!lua name=mine\nredis.register_function('twice', function(k, a) return a[1] * 2 end)", replace=True)
    assert client.fcall("twice", 0, 21) == 42


def types(client):
    client.hset("hash", mapping={"a": 1, "b": 2.5})
    client.hexpire("hash", 100, "a")
    assert client.httl("hash", "a", "b") == [100, -1] and client.hgetall("hash") == {"a": "1", "b": "2.5"}
    client.zadd("board", {"ann": 3, "bob": 1.5})
    assert [tuple(row) for row in client.zrange("board", 0, -1, withscores=True)] == [("bob", 1.5), ("ann", 3.0)]
    client.geoadd("cities", (13.361389, 38.115556, "Palermo"))
    assert client.geosearch("cities", longitude=13, latitude=38, radius=100, unit="km") == ["Palermo"]
    client.mset({f"many:{i}": i for i in range(1000)})
    assert len(set(client.scan_iter("many:*"))) == 1000
    assert client.setbit("bits", 9, 1) == 0 and client.bitcount("bits") == 1
    client.pfadd("visitors", *range(100))
    assert 95 < client.pfcount("visitors") < 105


def queues(client):
    client.rpush("jobs", "first")
    assert client.brpoplpush("jobs", "working", 1) == "first" and client.blmove("jobs", "working", 0.01) is None
    client.xgroup_create("events", "group", mkstream=True)
    number = client.xadd("events", {"what": "login"})
    read = client.xreadgroup("group", "one", {"events": ">"})
    assert number in repr(read) and "login" in repr(read)  # whose shape depends on the protocol
    assert client.xpending("events", "group")["pending"] == 1 and client.xack("events", "group", number) == 1


def messages(client):
    subscriber = client.pubsub(ignore_subscribe_messages=True)
    subscriber.psubscribe("news.*")
    assert subscriber.get_message(timeout=5) is None  # the answer to PSUBSCRIBE
    assert client.publish("news.today", "rain") == 1
    message = subscriber.get_message(timeout=5)
    assert (message["channel"], message["data"]) == ("news.today", "rain"), message
    subscriber.close()


def cache(host, port):
    client = redis.Redis(host, port, protocol=3, decode_responses=True, cache_config=CacheConfig())
    other = redis.Redis(host, port)
    other.set("cached", 1)
    assert client.get("cached") == "1" and client.get_cache().size == 1
    other.set("cached", 2)
    deadline = time.monotonic() + 5
    while client.get("cached") != "2":
        assert time.monotonic() < deadline, "no invalidation came"


def basics(host, port):
    for protocol in (2, 3):
        client = redis.Redis(host, port, protocol=protocol, decode_responses=True)
        client.flushall()
        for part in (locks, scripts_and_transactions, types, queues, messages):
            part(client)
    cache(host, port)


def failover(sentinels, name, password):
    addresses = [tuple(address.rsplit(":", 1)) for address in sentinels.split(",")]
    sentinel = Sentinel(addresses, sentinel_kwargs={"password": password}, password=password, socket_timeout=1)
    primary = sentinel.master_for(name)
    number = 0
    while True:
        number += 1
        try:
            primary.set(f"redis_py:{number}", number)
            print(number, flush=True)
        except redis.RedisError as error:
            print(repr(error), file=sys.stderr)
        time.sleep(0.01)


if __name__ == "__main__":
    if sys.argv[1] == "basics":
        basics(sys.argv[2], int(sys.argv[3]))
    else:
        failover(*sys.argv[2:])
