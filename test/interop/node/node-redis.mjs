// The scenario of the package, with node-redis, in both protocols. Argument: the port.
import assert from "node:assert/strict";
import { createClient, WatchError } from "redis";

for (const RESP of [2, 3]) {
  const options = { RESP, database: 4, socket: { port: Number(process.argv[2]), host: "127.0.0.1", reconnectStrategy: false } };
  const client = await createClient(options).connect();
  const other = await createClient(options).connect();
  await client.flushDb();

  const text = "\0\r\n" + "x".repeat(1 << 18);
  assert.equal(await client.set("text", text, { expiration: { type: "EX", value: 3600 } }), "OK");
  assert.equal(await client.get("text"), text);
  assert.ok((await client.ttl("text")) > 3590);
  assert.equal(await client.get("absent"), null);

  // Commands of one tick go out as a pipeline.
  const replies = await Promise.all(Array.from({ length: 1000 }, (_, i) => client.set(`p${i}`, `${i}`)));
  assert.equal(replies.length, 1000);
  await Promise.all(Array.from({ length: 500 }, (_, i) => (i % 2 ? client : other).incr("counter")));
  assert.equal(await client.get("counter"), "500");

  await client.watch("watched");
  await other.set("watched", "1");
  await assert.rejects(client.multi().incr("watched").exec(), WatchError);
  assert.deepEqual(await client.multi().incr("watched").get("watched").exec(), [2, "2"]);

  const popped = other.blPop("queue", 30);
  await client.rPush("queue", "job");
  assert.deepEqual({ ...(await popped) }, { key: "queue", element: "job" });

  await client.rPush("list", ["a", "b", "c"]);
  assert.deepEqual(await client.lRange("list", 0, -1), ["a", "b", "c"]);
  await assert.rejects(client.incr("list"), /WRONGTYPE /);

  const seen = new Set();
  for await (const keys of client.scanIterator({ MATCH: "p*", COUNT: 100 })) keys.forEach((key) => seen.add(key));
  assert.equal(seen.size, 1000);

  await client.close();
  await other.close();
}
console.log("ok");
