"""The scenario of the package, with redis-py. Argument: the port."""
import sys
import threading

import redis

pool = redis.ConnectionPool(host="127.0.0.1", port=int(sys.argv[1]), db=5)
r = redis.Redis(connection_pool=pool)
r.flushdb()

binary = b"\x00\r\n\xff" + b"x" * (1 << 18)
assert r.set("binary", binary, ex=3600)
assert r.get("binary") == binary
assert 3590 < r.ttl("binary") <= 3600
assert r.get("absent") is None

with r.pipeline(transaction=False) as pipe:
    for i in range(1000):
        pipe.set(f"p{i}", i).get(f"p{i}")
    replies = pipe.execute()
assert len(replies) == 2000 and replies[-1] == b"999"


def count():
    for _ in range(100):
        r.incr("counter")


threads = [threading.Thread(target=count) for _ in range(5)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert r.get("counter") == b"500"

with r.pipeline() as pipe:
    pipe.watch("watched")
    r.set("watched", 1)
    pipe.multi()
    pipe.incr("watched")
    try:
        pipe.execute()
        raise AssertionError("the watched key has changed")
    except redis.WatchError:
        pass
with r.pipeline() as pipe:
    assert pipe.incr("watched").get("watched").execute() == [2, b"2"]

pusher = threading.Thread(target=lambda: r.rpush("queue", "job"))
pusher.start()
assert r.blpop("queue", timeout=30) == (b"queue", b"job")
pusher.join()

r.rpush("list", "a", "b", "c")
assert r.lrange("list", 0, -1) == [b"a", b"b", b"c"]
try:
    r.incr("list")
    raise AssertionError("a list is no number")
except redis.ResponseError as e:
    assert str(e).startswith("WRONGTYPE "), e

assert len(set(r.scan_iter(match="p*", count=100))) == 1000
print("ok")
