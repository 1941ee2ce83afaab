// BullMQ: its Lua scripts and streams by a queue, a worker and a flow: done, failed and tried again, delayed, by priority, parents after children.
import assert from "node:assert/strict";
import { once } from "node:events";
import { FlowProducer, Queue, QueueEvents, Worker } from "bullmq";
import { Redis } from "ioredis";

const [, host, port] = process.argv.slice(2);
const connection = { host, port: Number(port), maxRetriesPerRequest: null };
await new Redis(connection).flushall();
const queue = new Queue("jobs", { connection });
const events = new QueueEvents("jobs", { connection });
await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);

const order = [];
const work = async (job) => {
  order.push(job.name);
  if (job.name === "stubborn" && job.attemptsMade < 2) throw new Error("again");
  if (job.name === "hopeless") throw new Error("never");
  if (job.name === "parent") return Object.values(await job.getChildrenValues()).reduce((a, b) => a + b, 0);
  await job.updateProgress(50);
  return (job.data.n ?? 0) * 2;
};
// By priority: added before anyone works.
await queue.addBulk([[9, "last"], [5, "middle"], [1, "first"]].map(([priority, name]) => ({ name, data: {}, opts: { priority } })));
const worker = new Worker("jobs", work, { connection });
const jobs = await queue.addBulk([
  ...Array.from({ length: 100 }, (_, n) => ({ name: "double", data: { n } })),
  { name: "late", data: { n: 21 }, opts: { delay: 200 } },
  { name: "stubborn", data: {}, opts: { attempts: 3, backoff: 10 } },
]);
const results = await Promise.all(jobs.map((job) => job.waitUntilFinished(events, 20000)));
assert.deepEqual(results, [...Array.from({ length: 100 }, (_, n) => n * 2), 42, 0]);
const prioritized = order.filter((name) => ["first", "middle", "last"].includes(name));
assert.deepEqual(prioritized, ["first", "middle", "last"]);
const hopeless = await queue.add("hopeless", {});
await assert.rejects(hopeless.waitUntilFinished(events, 20000), /never/);

const flow = new FlowProducer({ connection });
const child = (n) => ({ name: "child", queueName: "jobs", data: { n } });
const { job: parent } = await flow.add({ name: "parent", queueName: "jobs", children: [child(1), child(2), child(3)] });
assert.equal(await parent.waitUntilFinished(events, 20000), 12);

await queue.upsertJobScheduler("tick", { every: 50 }, { name: "tick" });
await once(worker, "completed");
assert(await queue.removeJobScheduler("tick"));
const counts = await queue.getJobCounts("failed", "active", "waiting");
assert.deepEqual([counts.failed, counts.waiting], [1, 0]);
await queue.pause();
await queue.obliterate({ force: true });
process.exit(0);
