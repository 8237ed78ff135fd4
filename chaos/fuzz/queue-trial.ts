import { setTimeout as wait } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { systemClock } from '../../src/clock.ts';
import type { Entry } from '../../src/jobs/envelope.ts';
import { MESSAGE_JOB } from '../../src/jobs/job-ids.ts';
import { readEnvelope } from '../../src/jobs/read-envelope.ts';
import { createMessageSchemas } from '../../src/message/schema.ts';
import { iterateReceipts } from '../../src/observe/receipts.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { channelKeys, PREFIX, queueName } from '../../src/redis/keys.ts';
import { openEnvironment } from '../../testing/environment.ts';
import { buildLoggingWorker, readConfig } from '../../testing/local-worker.ts';
import { CHANNELS, type ChannelName, channelsAt } from './channels.ts';
import type { FuzzedJob } from './jobs.ts';

/** A real worker on a real Redis, which is given jobs that nobody checked. */
export interface QueueTrial {
  /** How many jobs were deliveries, invalid, or of a newer version. */
  readonly readings: ReadonlyMap<Entry['kind'], number>;
  /** Puts the jobs into their queues and waits for their ends. Throws where one has no end, or the wrong one. */
  run(jobs: readonly FuzzedJob[]): Promise<void>;
  close(): Promise<void>;
}

const ENDED_WITHIN_MS = 60_000;
const LOOK_MS = 20;

export async function openQueueTrial(): Promise<QueueTrial> {
  const env = await openEnvironment({
    channels: channelsAt,
    sandbox: { keepCalls: 0, discourse: { requestsPerMinute: 1_000_000 } },
    config: { http: false, logLevel: 'warn' },
  });
  const { redis } = env;
  const config = readConfig(env.config());
  const left: string[] = [];
  // A job that is left to stall is redelivered, which hides what went wrong with it.
  const destination = {
    write: (line: string) => void (line.includes('job left to stall') && left.push(line)),
  };
  const schemas = createMessageSchemas(platforms);
  const queues = new Map(
    CHANNELS.map((name) => [name, new Queue(queueName(name), { connection: redis, prefix: PREFIX })]),
  );
  const worker = buildLoggingWorker(env.config(), destination);
  await worker.start();
  let made = 0;
  const readings = new Map<Entry['kind'], number>();
  /** A message without a name is named after its job's id and time. */
  const addedAt = new Map<string, number>();

  const read = (id: string, { channel: name, data }: FuzzedJob): Entry => {
    const channel = config.channels.find((each) => each.name === name)!;
    const job = { id, text: data, name: MESSAGE_JOB, timestamp: addedAt.get(id) ?? 0, pickups: 1, stalls: 0 };
    const context = {
      channel,
      definition: platforms[channel.platform as keyof typeof platforms],
      schemas,
    };
    return readEnvelope(job, context).entries[0];
  };

  async function add(queue: Queue, jobs: ReadonlyMap<string, FuzzedJob>): Promise<void> {
    await queue.pause();
    const added = await queue.addBulk(
      [...jobs.keys()].map((jobId) => ({ name: MESSAGE_JOB, data: null, opts: { jobId } })),
    );
    for (const { id, timestamp } of added) addedAt.set(id ?? '', timestamp);
    // As a foreign producer writes it, JSON or not.
    const writes = redis.pipeline();
    for (const [id, { data, fields }] of jobs) writes.hset(queue.toKey(id), { ...fields, data });
    await writes.exec();
    await queue.resume();
  }

  async function idle(queue: Queue): Promise<void> {
    const deadline = systemClock.monotonic() + ENDED_WITHIN_MS;
    for (;;) {
      const counts = await queue.getJobCounts('waiting', 'prioritized', 'active');
      if (Object.values(counts).every((count) => count === 0)) return;
      if (systemClock.monotonic() > deadline)
        throw new Error(`jobs without an end: ${JSON.stringify(counts)}`);
      await wait(LOOK_MS);
    }
  }

  /** Those of the jobs that are not where they should be. */
  async function astray(name: ChannelName, jobs: ReadonlyMap<string, FuzzedJob>) {
    const queue = queues.get(name)!;
    const ended = new Set<string>();
    for await (const { id } of iterateReceipts(redis, name)) ended.add(id);
    const wrong = new Map<string, FuzzedJob>();
    for (const [jobId, job] of jobs) {
      const [dead, delayed] = await Promise.all([
        redis.hexists(channelKeys(name).deadLetters, jobId),
        redis.zscore(queue.toKey('delayed'), jobId),
      ]);
      const reading = read(jobId, job);
      const right =
        reading.kind === 'invalid'
          ? dead === 1 && ended.has(reading.ref.id)
          : reading.kind === 'newer'
            ? delayed !== null
            : delayed !== null || ended.has(reading.delivery.ref.id);
      if (!right) wrong.set(jobId, job);
    }
    return wrong;
  }

  /** A job may be on its way from one place to another, as after a backoff: what counts is where it comes to. */
  async function judge(name: ChannelName, jobs: ReadonlyMap<string, FuzzedJob>): Promise<void> {
    const queue = queues.get(name)!;
    const deadline = systemClock.monotonic() + ENDED_WITHIN_MS;
    for (const [id, job] of jobs) {
      const { kind } = read(id, job);
      if (job.expects !== undefined && job.expects !== kind)
        throw new Error(`${kind}, and not ${job.expects}: ${JSON.stringify(job)}`);
      readings.set(kind, (readings.get(kind) ?? 0) + 1);
    }
    let wrong = await astray(name, jobs);
    while (wrong.size > 0 && systemClock.monotonic() < deadline) {
      await wait(LOOK_MS);
      wrong = await astray(name, wrong);
    }
    for (const [id, job] of wrong)
      throw new Error(`${read(id, job).kind} job without its end: ${JSON.stringify(job)}`);
    if (left.length > 0) throw new Error(`left to stall: ${left[0]}`);
    if ((await queue.getFailedCount()) > 0) throw new Error('a job lies in the failed set');
    await redis.del(queue.toKey('delayed'));
  }

  return {
    readings,
    async run(jobs) {
      const byChannel = new Map<ChannelName, Map<string, FuzzedJob>>(
        CHANNELS.map((name) => [name, new Map()]),
      );
      for (const job of jobs) {
        made += 1;
        byChannel.get(job.channel)?.set(`fuzz-${made}`, job);
      }
      for (const [name, own] of byChannel) await add(queues.get(name)!, own);
      for (const [name, own] of byChannel) {
        await idle(queues.get(name)!);
        await judge(name, own);
      }
    },
    async close() {
      await worker.close();
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      await env.close();
    },
  };
}

/** As the worker sees what is no JSON. */
export function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return 'not JSON';
  }
}
