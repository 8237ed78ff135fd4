import { setTimeout as wait } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { systemClock } from '../../src/clock.ts';
import { campaignOf, createCampaignReader } from '../../src/jobs/campaign-content.ts';
import type { Entry } from '../../src/jobs/envelope.ts';
import { placeOf } from '../../src/jobs/leave.ts';
import { readEntries } from '../../src/jobs/read-envelope.ts';
import { MAX_DATA_BYTES } from '../../src/jobs/stored-jobs.ts';
import { createCampaign } from '../../src/ledger/campaigns.ts';
import { messageSchemasOf } from '../../src/message/schema.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { iterateReceipts } from '../../src/receipts/receipts.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { channelKeys, PREFIX, queueName } from '../../src/redis/keys.ts';
import { openEnvironment } from '../../testing/environment.ts';
import { buildLoggingWorker, readConfig } from '../../testing/local-worker.ts';
import { unhurried } from '../../testing/slowness.ts';
import { BROKEN_CAMPAIGN, CAMPAIGN } from './campaign-jobs.ts';
import { CHANNELS, type ChannelName, channelsAt } from './channels.ts';
import type { FuzzedJob } from './jobs.ts';

/** A real worker on a real Redis, which is given jobs that nobody checked. */
export interface QueueTrial {
  /** How many messages were deliveries, invalid, or of a newer version. */
  readonly readings: ReadonlyMap<Entry['kind'], number>;
  /** Puts the jobs into their queues and waits for their ends. Throws where one has no end, or the wrong one. */
  run(jobs: readonly FuzzedJob[]): Promise<void>;
  close(): Promise<void>;
}

const ENDED_WITHIN_MS = 60_000;
const LOOK_MS = 20;
/** Of the campaign that every channel has. */
const commonOf = (platform: string, channel: string): object => ({
  ...{ platform, channel, content: 'Hello {{ name }} of the house', data: { name: 'you' } },
  ...(platform === 'discourse' && { title: 'A title' }),
});

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
  const schemas = messageSchemasOf(platforms);
  const queues = new Map(
    CHANNELS.map((name) => [name, new Queue(queueName(name), { connection: redis, prefix: PREFIX })]),
  );
  const campaigns = new Map(CHANNELS.map((name) => [name, createCampaignReader(channelStore(redis, name))]));
  for (const name of CHANNELS) {
    const store = channelStore(redis, name);
    const { platform } = config.channels.find((channel) => channel.name === name)!;
    await createCampaign(store, { id: CAMPAIGN, message: JSON.stringify(commonOf(platform, name)) });
    await redis.hset(channelKeys(name).campaign(BROKEN_CAMPAIGN), {
      created: 'x',
      expires: '1',
      message: '{',
    });
  }
  const worker = buildLoggingWorker(env.config(), destination);
  await worker.start();
  let made = 0;
  const readings = new Map<Entry['kind'], number>();
  /** A message without a name is named after its job's id and time. */
  const addedAt = new Map<string, number>();

  async function read(
    id: string,
    { channel: channelName, name, data }: FuzzedJob,
  ): Promise<readonly Entry[]> {
    const channel = config.channels.find((each) => each.name === channelName)!;
    const bytes = Buffer.byteLength(data);
    const size = bytes > MAX_DATA_BYTES ? bytes : undefined;
    const job = { id, text: data, size, name, timestamp: addedAt.get(id) ?? 0, pickups: 1, stalls: 0 };
    const context = {
      channel,
      definition: platforms[channel.platform as keyof typeof platforms],
      schemas,
    };
    const campaign = campaignOf(job);
    const content = campaign === undefined ? undefined : await campaigns.get(channelName)!(campaign);
    return readEntries(job, context, content);
  }

  async function add(queue: Queue, jobs: ReadonlyMap<string, FuzzedJob>): Promise<void> {
    await queue.pause();
    const added = await queue.addBulk(
      [...jobs].map(([jobId, { name }]) => ({ name, data: null, opts: { jobId } })),
    );
    for (const { id, timestamp } of added) addedAt.set(id ?? '', timestamp);
    // As a foreign producer writes it, JSON or not.
    const writes = redis.pipeline();
    for (const [id, { data, fields }] of jobs) writes.hset(queue.toKey(id), { ...fields, data });
    await writes.exec();
    await queue.resume();
  }

  async function idle(queue: Queue): Promise<void> {
    const deadline = systemClock.monotonic() + unhurried(ENDED_WITHIN_MS);
    for (;;) {
      const counts = await queue.getJobCounts('waiting', 'prioritized', 'active');
      if (Object.values(counts).every((count) => count === 0)) return;
      if (systemClock.monotonic() > deadline)
        throw new Error(`jobs without an end: ${JSON.stringify(counts)}`);
      await wait(LOOK_MS);
    }
  }

  /** Those of the jobs of which something is not where it should be. */
  async function astray(name: ChannelName, jobs: ReadonlyMap<string, FuzzedJob>) {
    const queue = queues.get(name)!;
    const ended = new Set<string>();
    for await (const { id } of iterateReceipts(redis, name)) ended.add(id);
    const dead = new Set(await redis.hkeys(channelKeys(name).deadLetters));
    const delayed = new Set(await redis.zrange(queue.toKey('delayed'), '0', '-1'));

    /** The only message of a job waits in it, another one in a job of its own. */
    function isRight(entry: Entry, jobId: string): boolean {
      const { origin } = placeOf(entry);
      const waits = delayed.has(origin) || delayed.has(jobId);
      if (entry.kind === 'newer') return waits;
      if (entry.kind === 'invalid') return dead.has(origin) && ended.has(entry.ref.id);
      return waits || ended.has(entry.delivery.ref.id);
    }

    const wrong = new Map<string, FuzzedJob>();
    for (const [jobId, job] of jobs) {
      const entries = await read(jobId, job);
      // Nothing waits in a job of many but for its whole channel, and none of the channels has to.
      const isLeft = entries.length > 1 && (await redis.exists(queue.toKey(jobId))) === 1;
      if (isLeft || !entries.every((entry) => isRight(entry, jobId))) wrong.set(jobId, job);
    }
    return wrong;
  }

  /** A job may be on its way from one place to another, as after a backoff: what counts is where it comes to. */
  async function judge(name: ChannelName, jobs: ReadonlyMap<string, FuzzedJob>): Promise<void> {
    const queue = queues.get(name)!;
    const deadline = systemClock.monotonic() + unhurried(ENDED_WITHIN_MS);
    for (const [id, job] of jobs) {
      const kinds = (await read(id, job)).map(({ kind }) => kind);
      const { expects = kinds } = job;
      if (kinds.length !== expects.length || kinds.some((kind, i) => kind !== (expects[i] ?? kind)))
        throw new Error(`${kinds}, and not ${expects}: ${shown(job)}`);
      for (const kind of kinds) readings.set(kind, (readings.get(kind) ?? 0) + 1);
    }
    let wrong = await astray(name, jobs);
    while (wrong.size > 0 && systemClock.monotonic() < deadline) {
      await wait(LOOK_MS);
      wrong = await astray(name, wrong);
    }
    for (const [id, job] of wrong) {
      const kinds = (await read(id, job)).map(({ kind }) => kind);
      throw new Error(`${kinds} in a job without its end: ${shown(job)}`);
    }
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

const SHOWN = 4_000;
const shown = (job: FuzzedJob): string => JSON.stringify(job).slice(0, SHOWN);

/** As the worker sees what is no JSON. */
export function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return 'not JSON';
  }
}
