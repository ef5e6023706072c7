// The scenario of the package, with ioredis. Argument: the port.
import assert from "node:assert/strict";
import Redis from "ioredis";

const options = { port: Number(process.argv[2]), host: "127.0.0.1", db: 3, maxRetriesPerRequest: 1 };
const redis = new Redis(options);
const other = new Redis(options);
await redis.flushdb();

const binary = Buffer.concat([Buffer.from([0, 13, 10, 255]), Buffer.alloc(1 << 18, "x")]);
assert.equal(await redis.set("binary", binary, "EX", 3600), "OK");
assert.deepEqual(await redis.getBuffer("binary"), binary);
assert.ok((await redis.ttl("binary")) > 3590);
assert.equal(await redis.get("absent"), null);

const pipeline = redis.pipeline();
for (let i = 0; i < 1000; i++) pipeline.set(`p${i}`, i).get(`p${i}`);
const replies = await pipeline.exec();
assert.equal(replies.length, 2000);
assert.deepEqual(replies[1999], [null, "999"]);

await Promise.all(Array.from({ length: 500 }, (_, i) => (i % 2 ? redis : other).incr("counter")));
assert.equal(await redis.get("counter"), "500");

await redis.watch("watched");
await other.set("watched", "1");
assert.equal(await redis.multi().incr("watched").exec(), null);
assert.deepEqual(await redis.multi().incr("watched").get("watched").exec(), [[null, 2], [null, "2"]]);

const popped = other.blpop("queue", 30);
await redis.rpush("queue", "job");
assert.deepEqual(await popped, ["queue", "job"]);

await redis.rpush("list", "a", "b", "c");
assert.deepEqual(await redis.lrange("list", 0, -1), ["a", "b", "c"]);
await assert.rejects(redis.incr("list"), /^ReplyError: WRONGTYPE /);

const seen = new Set();
for await (const keys of redis.scanStream({ match: "p*", count: 100 })) keys.forEach((key) => seen.add(key));
assert.equal(seen.size, 1000);

await redis.quit();
await other.quit();
console.log("ok");
