// ioredis: `basics HOST PORT`, or `failover SENTINELS NAME PASSWORD` (../programs.py has what is expected of it).
import assert from "node:assert/strict";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";

async function basics(host, port) {
  const redis = new Redis({ host, port });
  await redis.flushall();
  // Pipelines and transactions.
  assert.deepEqual(await redis.pipeline().set("a", 1).incr("a").get("a").exec(), [[null, "OK"], [null, 2], [null, "2"]]);
  assert.deepEqual(await redis.multi().sadd("s", "x", "y").scard("s").exec(), [[null, 2], [null, 2]]);
  await redis.watch("a");
  await redis.duplicate().set("a", 5);
  assert.equal(await redis.multi().incr("a").exec(), null);
  // A script that the server does not know yet, and then does.
  redis.defineCommand("unlock", { numberOfKeys: 1, lua: "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0" });
  await redis.script("FLUSH");
  assert.deepEqual([await redis.unlock("a", "no"), await redis.unlock("a", "5")], [0, 1]);
  // Everything of a scan, in buffers too.
  await redis.mset(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`many:${i}`, i])));
  const found = new Set();
  for await (const keys of redis.scanStream({ match: "many:*" })) keys.forEach((key) => found.add(key));
  assert.equal(found.size, 500);
  await redis.set("binary", Buffer.from([0, 255, 13, 10]));
  assert.deepEqual(await redis.getBuffer("binary"), Buffer.from([0, 255, 13, 10]));
  // Messages.
  const subscriber = redis.duplicate();
  await subscriber.psubscribe("news.*");
  const message = once(subscriber, "pmessage");
  await redis.publish("news.today", "rain");
  assert.deepEqual(await message, ["news.*", "news.today", "rain"]);
  // Who waits is served.
  const waiter = redis.duplicate();
  const popped = waiter.blmove("jobs", "working", "RIGHT", "LEFT", 5);
  await redis.lpush("jobs", "first");
  assert.equal(await popped, "first");
  const events = waiter.xread("BLOCK", 5000, "STREAMS", "events", "$");
  while (!(await redis.client("LIST")).includes("cmd=xread")) await sleep(1);
  const id = await redis.xadd("events", "*", "what", "login");
  assert.deepEqual(await events, [["events", [[id, ["what", "login"]]]]]);
  process.exit(0);
}

async function failover(sentinels, name, password) {
  const addresses = sentinels.split(",").map((address) => address.split(":"));
  const redis = new Redis({
    sentinels: addresses.map(([host, port]) => ({ host, port: Number(port) })),
    name, password, sentinelPassword: password,
  });
  redis.on("error", (error) => console.error(String(error)));
  for (let number = 1; ; number++) {
    try {
      await redis.set(`ioredis:${number}`, number);
      console.log(number);
    } catch (error) {
      console.error(String(error));
    }
    await sleep(10);
  }
}

const [mode, ...rest] = process.argv.slice(2);
await (mode === "basics" ? basics : failover)(...rest);
