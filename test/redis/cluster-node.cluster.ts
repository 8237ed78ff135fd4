import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createAdmin, createProducer } from '../../src/app.ts';
import { followReceipts } from '../../src/receipts/follow.ts';
import { buildLocalWorker } from '../../testing/local-worker.ts';
import { type RedisCluster, startCluster } from '../../testing/own-cluster.ts';
import { herald } from '../cli/test-context.ts';

/** The address of one node, where that is a node of a cluster. */

const CHANNEL = 'game';
const MESSAGE = { platform: 'kongregate', channel: CHANNEL, to: { userId: 11 }, content: 'Hello' } as const;
const CHANNELS = { [CHANNEL]: { platform: 'kongregate', apiKey: 'some-key' } };
const AT_ONCE_MS = 3_000;

const roles: Record<string, (redis: string) => Promise<unknown>> = {
  async producer(redis) {
    const producer = createProducer({ redis, timeout: '10s' });
    return await producer.send(MESSAGE).finally(() => producer.close());
  },
  async admin(redis) {
    const admin = createAdmin({ redis });
    return await admin.status().finally(() => admin.close());
  },
  async worker(redis) {
    const worker = buildLocalWorker({ redis, http: false, channels: CHANNELS, drainTimeout: '1s' });
    return await worker.start().finally(() => worker.close());
  },
  async follower(redis) {
    const stop = new AbortController();
    const onStart = () => stop.abort();
    for await (const _ of followReceipts({ redis, channels: CHANNEL, onStart, signal: stop.signal }));
  },
};

describe('a node of several', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startCluster({ replicas: 0 });
  });
  afterAll(() => cluster?.close());

  /** One that has neither the registry of channels nor the channel. */
  async function elsewhere(): Promise<{ url: string; why: string }> {
    const used = [await cluster.masterOf('herald:channels'), await cluster.masterOf(`{${CHANNEL}}`)];
    const { url } = cluster.nodes.find((node) => !used.includes(node))!;
    const { host } = new URL(url);
    return {
      url,
      why: `Redis at ${host} is a node of a Redis Cluster: configure redis: { cluster: [url] }, or REDIS_CLUSTER in place of REDIS_URL`,
    };
  }

  it.each(Object.keys(roles))(
    'is refused by a %s at once, which says what to configure',
    async (role) => {
      const { url, why } = await elsewhere();
      await expect(roles[role]!(url)).rejects.toMatchObject({
        code: 'HERALD_REDIS_UNREACHABLE',
        message: why,
      });
    },
    AT_ONCE_MS,
  );

  it('ends a command with the sentence alone', async () => {
    const { url, why } = await elsewhere();
    for (const argv of [['send'], ['status']]) {
      const { stderr } = await herald(argv, { env: { REDIS_URL: url }, stdin: JSON.stringify(MESSAGE) });
      expect(stderr).toContain(why);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    }
  });

  it('is a finding of doctor', async () => {
    const { url, why } = await elsewhere();
    const dir = await mkdtemp(join(tmpdir(), 'herald-node-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const config = join(dir, 'herald.yaml');
    await writeFile(config, JSON.stringify({ redis: url, channels: CHANNELS }));
    const { stdout, exitCode } = await herald(['doctor', '--json', '--config', config]);
    expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toMatchObject({
      level: 'failed',
      text: `${why}; fix its address or credentials in the configuration.`,
    });
    expect(exitCode).toBe(3);
  });
});

it('is served by every role where it is the only one, and has all slots', async () => {
  const cluster = await startCluster({ masters: 1, replicas: 0 });
  onTestFinished(() => cluster.close());
  const [url] = cluster.urls as [string];
  for (const role of ['worker', 'producer', 'admin', 'follower']) await roles[role]!(url);
});
