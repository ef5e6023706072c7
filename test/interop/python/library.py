"""A small library on redis-py: readers, books, loans, shelves. Each part is
about one or two types. Argument: the port."""
import sys
import threading
import time

import redis

r = redis.Redis(host="127.0.0.1", port=int(sys.argv[1]), db=9, decode_responses=True)
r.flushdb()


def later(command, *args, **options):
    """Runs a blocking command on a connection of its own."""
    result = []
    thread = threading.Thread(target=lambda: result.append(command(*args, **options)))
    thread.start()
    return lambda: (thread.join(), result[0])[1]


def eventually(what, check):
    deadline = time.monotonic() + 20
    while not check():
        assert time.monotonic() < deadline, what


def refused(text, command, *args):
    try:
        command(*args)
    except redis.ResponseError as e:
        assert str(e).startswith(text), e
        return
    raise AssertionError(text)


# Readers: hashes, with a field that expires.
assert r.hset("reader:1", mapping={"name": "Ann", "books": 2, "code": "x"}) == 3
assert r.execute_command("HPEXPIRE", "reader:1", 10, "FIELDS", 1, "code") == [1]
eventually("the field expires", lambda: r.hlen("reader:1") == 2)
assert r.hincrbyfloat("reader:1", "books", 0.5) == 2.5
assert r.hgetall("reader:1") == {"name": "Ann", "books": "2.5"}
assert dict(r.hscan_iter("reader:1")) == {"name": "Ann", "books": "2.5"}

# Reservations: lists.
first = later(r.blmove, "asked", "reserved", 30, "LEFT", "RIGHT")
r.rpush("asked", "a", "b")
assert first() == "a"
assert r.lmpop(2, "none", "asked", direction="LEFT", count=5) == ["asked", ["b"]]
assert r.lpos("reserved", "a") == 0
assert r.brpop("asked", timeout=1) is None

# Popular books: sorted sets.
assert r.zadd("popular", {"x": 1, "y": 2.5, "z": 2}) == 3
assert r.zadd("popular", {"x": 0.5, "z": 9}, gt=True, ch=True) == 1
assert r.zrange("popular", 0, -1, desc=True, withscores=True) == [("z", 9.0), ("y", 2.5), ("x", 1.0)]
assert r.zrangebyscore("popular", "(1", "+inf", start=0, num=1) == ["y"]
assert r.zunionstore("all", {"popular": 2}, aggregate="MAX") == 3
assert r.zscore("all", "y") == 5.0
best = later(r.bzpopmin, "queue", timeout=30)
r.zadd("queue", {"ann": 3})
assert best() == ("queue", "ann", 3.0)

# Loans: a stream that a group works on.
r.xgroup_create("loans", "desk", id="$", mkstream=True)
message = later(r.xreadgroup, "desk", "bob", {"loans": ">"}, count=5, block=30000)
r.xadd("loans", {"book": "x", "reader": "1"}, id="9-1")
assert message() == [["loans", [("9-1", {"book": "x", "reader": "1"})]]]
assert r.xpending("loans", "desk") == {"pending": 1, "min": "9-1", "max": "9-1", "consumers": [{"name": "bob", "pending": 1}]}
assert r.xclaim("loans", "desk", "eve", 0, ["9-1"], justid=True) == ["9-1"]
assert r.xack("loans", "desk", "9-1") == 1
assert r.xinfo_stream("loans")["last-generated-id"] == "9-1"
assert r.xtrim("loans", maxlen=0, approximate=False) == 1

# Topics: sets.
r.sadd("topic:a", 1, 2, 3)
r.sadd("topic:b", 3, 4)
assert r.sinter("topic:a", "topic:b") == {"3"}
assert r.sdiffstore("only", "topic:a", "topic:b") == 2
assert sorted(r.sscan_iter("only")) == ["1", "2"]

# Visits: bitmaps and HyperLogLog.
with r.pipeline(transaction=False) as pipe:
    for day in range(0, 365, 5):
        pipe.setbit("visits", day, 1).pfadd("visitors", day)
    assert len(pipe.execute()) == 146
assert r.bitcount("visits", 0, -1) == 73
assert r.bitfield("shelf").set("u8", 0, 250).incrby("u8", 0, 10, overflow="SAT").execute() == [0, 255]
assert 71 <= r.pfcount("visitors") <= 75

# Branches: geo.
assert r.geoadd("branches", (13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")) == 2
assert r.geosearch("branches", longitude=15, latitude=37, radius=200, unit="km", sort="ASC", withdist=True) == [["Catania", 56.4413], ["Palermo", 190.4424]]
assert r.geohash("branches", "Palermo") == ["sqc8b49rny0"]

# Shelves: sorting by other keys.
r.mset({"year:x": 1990, "year:y": 1970})
r.rpush("shelf:1", "x", "y")
assert r.sort("shelf:1", by="year:*", get=["#", "year:*"], groups=True) == [("y", "1970"), ("x", "1990")]
assert r.sort("shelf:1", by="year:*", store="shelf:2") == 2
assert r.copy("shelf:2", "shelf:3")
assert sorted(r.scan_iter(match="shelf:*", _type="list")) == ["shelf:1", "shelf:2", "shelf:3"]
binary = redis.Redis(host="127.0.0.1", port=int(sys.argv[1]), db=9)
binary.restore("shelf:4", 0, binary.dump("shelf:2"))
assert r.lrange("shelf:4", 0, -1) == ["y", "x"]

# Copies left: the client's own loop around WATCH.
r.set("copies", 3)
attempts = []


def lend(pipe):
    left = int(pipe.get("copies"))
    attempts.append(left)
    if len(attempts) == 1:
        r.decr("copies")  # somebody else is faster
    pipe.multi()
    pipe.set("copies", left - 1)


assert r.transaction(lend, "copies") == [True]
assert attempts == [3, 2] and r.get("copies") == "1"

with r.pipeline() as pipe:
    pipe.set("copies", "many").incr("copies").get("copies")
    results = pipe.execute(raise_on_error=False)
assert results[0] is True and isinstance(results[1], redis.ResponseError) and results[2] == "many"

refused("WRONGTYPE", r.lpush, "copies", 1)
refused("wrong number of arguments for 'get' command", r.execute_command, "GET")
refused("value is not an integer", r.incr, "copies")

# The server closes the connection. The client notices when it takes it from its
# pool, or with one error, and then makes a new one.
other = redis.Redis(host="127.0.0.1", port=int(sys.argv[1]))
before = r.client_id()
other.client_kill_filter(_id=before)
try:
    r.ping()
except redis.ConnectionError:
    pass
assert r.client_id() > before
assert r.get("copies") == "many"
print("ok")
