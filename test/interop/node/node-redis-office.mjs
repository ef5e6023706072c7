// A small office on node-redis, in both protocols: sessions, tasks, rooms, mail.
// Each part is about one or two types. Argument: the port.
import assert from "node:assert/strict";
import { createClient, RESP_TYPES, WatchError } from "redis";

async function eventually(what, check) {
  for (const deadline = Date.now() + 20000; !(await check()); ) assert.ok(Date.now() < deadline, what);
}

// Replies that are maps have no prototype; comparing needs plain objects.
const plain = (value) => JSON.parse(JSON.stringify(value));

for (const RESP of [2, 3]) {
  const options = { RESP, database: 8, socket: { port: Number(process.argv[2]), host: "127.0.0.1", reconnectStrategy: () => 20 } };
  const client = createClient(options);
  const other = createClient(options);
  for (const c of [client, other]) {
    c.on("error", () => {}); // of connections that the server closes
    await c.connect();
  }
  await client.flushDb();

  // Sessions: hashes, with a field of its own time.
  await client.hSet("session", { user: "ann", token: "t1", theme: "dark" });
  assert.deepEqual(await client.hpExpire("session", ["token"], 10), [1]);
  await eventually("the field expires", async () => (await client.hLen("session")) === 2);
  assert.deepEqual(plain(await client.hGetAll("session")), { user: "ann", theme: "dark" });
  assert.deepEqual(await client.hmGet("session", ["user", "token"]), ["ann", null]);
  assert.deepEqual(await client.hTTL("session", ["user", "none"]), [-1, -2]);
  assert.deepEqual(plain((await client.hScan("session", "0", { MATCH: "t*" })).entries), [{ field: "theme", value: "dark" }]);

  // Tasks: lists.
  const next = other.blMove("tasks", "doing", "LEFT", "RIGHT", 30);
  await client.rPush("tasks", ["write", "read"]);
  assert.equal(await next, "write");
  assert.deepEqual(plain(await client.lmPop(["none", "tasks"], "LEFT", { COUNT: 3 })), ["tasks", ["read"]]);
  assert.deepEqual(await client.lRange("doing", 0, -1), ["write"]);
  assert.equal(await other.blPop("tasks", 0.01), null);

  // Deadlines: sorted sets.
  await client.zAdd("deadlines", [{ score: 3, value: "c" }, { score: 1.5, value: "a" }, { score: 2, value: "b" }]);
  assert.deepEqual(plain(await client.zRangeWithScores("deadlines", 0, 1)), [{ value: "a", score: 1.5 }, { value: "b", score: 2 }]);
  assert.equal(await client.zIncrBy("deadlines", 0.5, "a"), 2);
  assert.deepEqual(await client.zRange("deadlines", 2, 3, { BY: "SCORE" }), ["a", "b", "c"]);
  assert.equal(await client.zScore("deadlines", "none"), null);
  assert.deepEqual(plain(await client.zPopMax("deadlines")), { value: "c", score: 3 });
  const due = other.bzPopMin("due", 30);
  await client.zAdd("due", { score: 7, value: "now" });
  assert.deepEqual(plain(await due), { key: "due", value: "now", score: 7 });

  // Mail: streams.
  await client.xGroupCreate("mail", "clerks", "$", { MKSTREAM: true });
  const arrival = other.xReadGroup("clerks", "ann", { key: "mail", id: ">" }, { BLOCK: 30000, COUNT: 5 });
  await client.xAdd("mail", "3-1", { from: "bob", text: "hello" });
  // The client passes RESP3's map on as it is.
  assert.deepEqual(plain(await arrival), RESP === 3
    ? { mail: [["3-1", ["from", "bob", "text", "hello"]]] }
    : [{ name: "mail", messages: [{ id: "3-1", message: { from: "bob", text: "hello" } }] }]);
  assert.equal((await client.xPending("mail", "clerks")).pending, 1);
  assert.equal((await client.xAutoClaim("mail", "clerks", "eve", 0, "0")).messages.length, 1);
  assert.equal(await client.xAck("mail", "clerks", "3-1"), 1);
  assert.equal((await client.xInfoStream("mail"))["last-generated-id"], "3-1");
  assert.equal(await client.xTrim("mail", "MAXLEN", 0), 1);

  // Teams: sets.
  await client.sAdd("team:a", ["ann", "bob"]);
  await client.sAdd("team:b", ["bob", "eve"]);
  assert.deepEqual([...(await client.sUnion(["team:a", "team:b"]))].sort(), ["ann", "bob", "eve"]);
  assert.equal(await client.sInterCard(["team:a", "team:b"]), 1);
  assert.deepEqual(await client.smIsMember("team:a", ["ann", "eve"]), [1, 0]);

  // Rooms: bitmaps and HyperLogLog.
  await Promise.all(Array.from({ length: 50 }, (_, i) => client.setBit("room", i * 2, 1)));
  assert.equal(await client.bitCount("room"), 50);
  assert.equal(await client.bitPos("room", 0), 1);
  assert.deepEqual(await client.bitField("counts", [{ operation: "INCRBY", encoding: "u8", offset: "#2", increment: 7 }]), [7]);
  await client.pfAdd("guests", ["a", "b", "c", "a"]);
  assert.equal(await client.pfCount("guests"), 3);

  // Buildings: geo.
  await client.geoAdd("buildings", [{ longitude: 13.361389, latitude: 38.115556, member: "Palermo" }, { longitude: 15.087269, latitude: 37.502669, member: "Catania" }]);
  assert.deepEqual(await client.geoSearch("buildings", { longitude: 15, latitude: 37 }, { radius: 100, unit: "km" }), ["Catania"]);
  assert.equal(await client.geoDist("buildings", "Palermo", "Catania", "km"), 166.2742);

  // Files: sorting by other keys, copies, scans by type.
  await client.mSet({ "size:a": "30", "size:b": "4" });
  await client.rPush("files", ["a", "b"]);
  assert.deepEqual(await client.sort("files", { BY: "size:*", GET: ["#", "size:*"] }), ["b", "4", "a", "30"]);
  assert.equal(await client.copy("files", "backup"), 1);
  const lists = new Set();
  for await (const keys of client.scanIterator({ TYPE: "list", COUNT: 2 })) keys.forEach((key) => lists.add(key));
  assert.deepEqual([...lists].sort(), ["backup", "doing", "files"]);
  const raw = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  await client.restore("restored", 0, await raw.dump("files"));
  assert.deepEqual(await client.lRange("restored", 0, -1), ["a", "b"]);

  // Expenses: a transaction that somebody else defeats, then one that succeeds.
  await client.set("budget", "10");
  await client.watch("budget");
  await other.decr("budget");
  await assert.rejects(client.multi().set("budget", "0").exec(), WatchError);
  assert.deepEqual(await client.multi().decrBy("budget", 4).get("budget").exec(), [5, "5"]);
  await assert.rejects(client.sAdd("budget", "x"), /WRONGTYPE/);
  await assert.rejects(client.sendCommand(["GET"]), /wrong number of arguments for 'get' command/);

  // The client reconnects, and selects its database again.
  const ready = new Promise((resolve) => client.once("ready", resolve));
  await other.sendCommand(["CLIENT", "KILL", "ID", String(await client.clientId())]);
  await ready;
  assert.equal(await client.get("budget"), "5");

  await client.close();
  await other.close();
}
console.log("ok");
