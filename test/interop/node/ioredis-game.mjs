// A small game on ioredis: players, matches, a ranking, chat, the map. Each part
// is about one or two types. Argument: the port.
import assert from "node:assert/strict";
import Redis from "ioredis";

const options = { port: Number(process.argv[2]), host: "127.0.0.1", db: 6, retryStrategy: () => 20 };
const redis = new Redis(options);
const other = new Redis(options);
await redis.flushdb();

async function eventually(what, check) {
  for (const deadline = Date.now() + 20000; !(await check()); ) assert.ok(Date.now() < deadline, what);
}

// Players: hashes, with a shield that wears off.
await redis.hset("player:1", { name: "Ann", hp: 100, level: 3 });
await redis.call("HPEXPIRE", "player:1", 10, "FIELDS", 1, "level");
await eventually("the field expires", async () => (await redis.hlen("player:1")) === 2);
assert.equal(await redis.hincrby("player:1", "hp", -30), 70);
assert.deepEqual(await redis.hgetall("player:1"), { name: "Ann", hp: "70" });
assert.deepEqual(await redis.call("HTTL", "player:1", "FIELDS", 2, "hp", "level"), [-1, -2]);
assert.deepEqual(await redis.hscan("player:1", 0, "MATCH", "n*"), ["0", ["name", "Ann"]]);

// Matches: players wait in a list.
const waiting = [redis.duplicate(), redis.duplicate()];
const found = waiting.map((c) => c.blmove("lobby", "playing", "LEFT", "RIGHT", 30));
await redis.rpush("lobby", "ann", "bob", "eve");
assert.deepEqual((await Promise.all(found)).sort(), ["ann", "bob"]);
assert.deepEqual(await redis.lmpop(2, "none", "lobby", "LEFT", "COUNT", 2), ["lobby", ["eve"]]);
assert.deepEqual((await redis.lrange("playing", 0, -1)).sort(), ["ann", "bob"]);
waiting.forEach((c) => c.disconnect());

// The ranking: a sorted set.
await redis.zadd("ranking", 10, "ann", 20.5, "bob", "-inf", "eve");
assert.equal(await redis.zadd("ranking", "GT", "CH", 5, "ann", 30, "bob"), 1);
assert.deepEqual(await redis.zrange("ranking", 0, -1, "REV", "WITHSCORES"), ["bob", "30", "ann", "10", "eve", "-inf"]);
assert.deepEqual(await redis.zrangebyscore("ranking", "(10", "+inf"), ["bob"]);
assert.equal(await redis.zrevrank("ranking", "ann"), 1);
assert.deepEqual(await redis.zmscore("ranking", "ann", "nobody"), ["10", null]);
const best = other.bzpopmax("prizes", 30);
await redis.zadd("prizes", 1, "coin", 9, "crown");
assert.deepEqual(await best, ["prizes", "crown", "9"]);

// Chat: a stream with a group.
await redis.xgroup("CREATE", "chat", "readers", "$", "MKSTREAM");
const reading = other.xreadgroup("GROUP", "readers", "ann", "COUNT", 10, "BLOCK", 30000, "STREAMS", "chat", ">");
await redis.xadd("chat", "5-1", "from", "bob", "text", "hi");
assert.deepEqual(await reading, [["chat", [["5-1", ["from", "bob", "text", "hi"]]]]]);
assert.deepEqual(await redis.xpending("chat", "readers"), [1, "5-1", "5-1", [["ann", "1"]]]);
assert.deepEqual(await redis.xclaim("chat", "readers", "eve", 0, "5-1", "JUSTID"), ["5-1"]);
assert.equal(await redis.xack("chat", "readers", "5-1"), 1);
await redis.xadd("chat", "MAXLEN", 1, "*", "a", "b");
assert.equal(await redis.xlen("chat"), 1);

// Guilds: sets.
await redis.sadd("guild:a", "ann", "bob");
await redis.sadd("guild:b", "bob", "eve");
assert.deepEqual(await redis.sdiff("guild:a", "guild:b"), ["ann"]);
assert.equal(await redis.sintercard(2, "guild:a", "guild:b"), 1);
assert.equal((await redis.spop("guild:b", 5)).length, 2);
assert.equal(await redis.exists("guild:b"), 0);

// Days played: bitmaps and HyperLogLog.
const days = redis.pipeline();
for (let day = 0; day < 100; day += 7) days.setbit("played:ann", day, 1).pfadd("players", day);
assert.ok((await days.exec()).every(([error]) => error === null));
assert.equal(await redis.bitcount("played:ann"), 15);
assert.equal(await redis.bitpos("played:ann", 1, 1), 14);
assert.deepEqual(await redis.bitfield("bits", "SET", "i8", "#1", -5, "GET", "u8", 8), [0, 251]);
assert.equal(await redis.pfcount("players"), 15);

// The map: geo.
await redis.geoadd("map", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania");
assert.deepEqual(await redis.geosearch("map", "FROMLONLAT", 15, 37, "BYRADIUS", 200, "km", "ASC", "WITHDIST"), [["Catania", "56.4413"], ["Palermo", "190.4424"]]);
assert.equal(await redis.geosearchstore("near", "map", "FROMMEMBER", "Palermo", "BYBOX", 10, 10, "km"), 1);

// The shop: sorted by prices elsewhere.
await redis.mset({ "price:a": 3, "price:b": 1, "price:c": 2 });
await redis.rpush("items", "a", "b", "c");
assert.deepEqual(await redis.sort("items", "BY", "price:*", "GET", "#", "GET", "price:*", "LIMIT", 0, 2), ["b", "1", "c", "2"]);

// A purchase is a transaction; another player may be faster.
await redis.set("coins", 10);
for (const interfere of [true, false]) {
  await redis.watch("coins");
  const coins = Number(await redis.get("coins"));
  if (interfere) await other.decr("coins");
  const result = await redis.multi().set("coins", coins - 5).lpush("bought", "sword").exec();
  assert.deepEqual(result, interfere ? null : [[null, "OK"], [null, 1]]);
}
assert.equal(await redis.get("coins"), "4");
const wrong = await redis.multi().set("coins", "x").incr("coins").get("coins").exec();
assert.match(wrong[1][0].message, /^ERR value is not an integer/);
assert.deepEqual(wrong[2], [null, "x"]);
await assert.rejects(redis.multi().set("a", 1).call("NOSUCH").exec(), /EXECABORT/);

// Errors are errors of one command.
await assert.rejects(redis.lpush("coins", 1), /WRONGTYPE/);
await assert.rejects(redis.call("ZADD", "ranking"), /wrong number of arguments/);
assert.equal(await redis.ping(), "PONG");

// A dump travels to another database and comes back.
const payload = await redis.dumpBuffer("ranking");
await other.select(7);
await other.restore("copy", 0, payload, "REPLACE");
assert.deepEqual(await other.zrange("copy", 0, -1), ["eve", "ann", "bob"]);
await other.flushdb();

// The client reconnects, and selects its database again.
const closed = new Promise((resolve) => redis.once("close", resolve));
await other.client("KILL", "ID", await redis.client("ID"));
await closed;
assert.equal(await redis.get("coins"), "x");

await Promise.all([redis.quit(), other.quit()]);
console.log("ok");
