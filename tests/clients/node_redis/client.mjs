// node-redis: `basics HOST PORT`, or `failover SENTINELS NAME PASSWORD` (../programs.py has what is expected of it).
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient, createSentinel, defineScript } from "redis";

const unlock = defineScript({
  SCRIPT: "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0",
  NUMBER_OF_KEYS: 1,
  parseCommand: (parser, key, owner) => { parser.pushKey(key); parser.push(owner); },
  transformReply: (reply) => reply,
});

async function basics(host, port, RESP) {
  const url = `redis://${host}:${port}`;
  const client = await createClient({ url, RESP, scripts: { unlock } }).connect();
  await client.flushAll();
  assert.deepEqual((await client.multi().set("a", "1").incr("a").get("a").exec()), ["OK", 2, "2"]);
  await client.watch("a");
  const other = await client.duplicate().connect();
  await other.set("a", "5");
  await assert.rejects(client.multi().incr("a").exec(), /watch/i);
  await client.scriptFlush();
  assert.deepEqual([await client.unlock("a", "no"), await client.unlock("a", "5")], [0, 1]);
  await client.mSet(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`many:${i}`, String(i)])));
  const found = new Set();
  for await (const keys of client.scanIterator({ MATCH: "many:*" })) keys.forEach((key) => found.add(key));
  assert.equal(found.size, 500);
  await client.hSet("hash", { a: "1", b: "2" });
  assert.deepEqual(await client.hExpire("hash", ["a", "c"], 100), [1, -2]);
  assert.deepEqual({ ...(await client.hGetAll("hash")) }, { a: "1", b: "2" });
  await client.zAdd("board", [{ score: 1.5, value: "bob" }, { score: 3, value: "ann" }]);
  assert.deepEqual(await client.zRangeWithScores("board", 0, -1), [{ score: 1.5, value: "bob" }, { score: 3, value: "ann" }]);
  const message = new Promise((resolve) => other.pSubscribe("news.*", (text, channel) => resolve([channel, text])).then(
    () => client.publish("news.today", "rain")));
  assert.deepEqual(await message, ["news.today", "rain"]);
  const waiter = await client.duplicate().connect();
  const popped = waiter.blMove("jobs", "working", "RIGHT", "LEFT", 5);
  await client.lPush("jobs", "first");
  assert.equal(await popped, "first");
  await client.xGroupCreate("events", "group", "$", { MKSTREAM: true });
  const id = await client.xAdd("events", "*", { what: "login" });
  const [{ messages }] = await client.xReadGroup("group", "one", { key: "events", id: ">" });
  assert.equal(messages[0].id, id);
  assert.equal(await client.xAck("events", "group", id), 1);
  [client, other, waiter].forEach((each) => each.destroy());
}

async function cache(host, port) {
  const client = await createClient({ url: `redis://${host}:${port}`, RESP: 3, clientSideCache: { maxEntries: 10 } }).connect();
  const other = await createClient({ url: `redis://${host}:${port}` }).connect();
  await other.set("cached", "1");
  assert.deepEqual([await client.get("cached"), await client.get("cached")], ["1", "1"]);
  await other.set("cached", "2");
  while ((await client.get("cached")) !== "2") await sleep(1);
  [client, other].forEach((each) => each.destroy());
}

async function failover(sentinels, name, password) {
  const sentinel = await createSentinel({
    name,
    sentinelRootNodes: sentinels.split(",").map((address) => address.split(":")).map(([host, port]) => ({ host, port: Number(port) })),
    sentinelClientOptions: { password },
    nodeClientOptions: { password },
  }).on("error", (error) => console.error(String(error))).connect();
  for (let number = 1; ; number++) {
    try {
      await sentinel.set(`node_redis:${number}`, String(number));
      console.log(number);
    } catch (error) {
      console.error(String(error));
    }
    await sleep(10);
  }
}

const [mode, ...rest] = process.argv.slice(2);
if (mode === "failover") await failover(...rest);
else {
  await basics(...rest, 2);
  await basics(...rest, 3);
  await cache(...rest);
}
