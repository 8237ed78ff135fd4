import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../src/cli/context.ts';
import { startSandbox } from '../../src/sandbox/index.ts';
import { eventually } from '../../testing/eventually.ts';
import { type RedisCluster, startCluster } from '../../testing/own-cluster.ts';
import { type CommandProcess, startCommand } from '../cli/command-process.ts';
import { makeCertificates } from '../support/certificates.ts';
import { openTlsDoor } from '../support/tls-door.ts';

/** A cluster that is reached over TLS alone, by an authority of one's own: by the configuration, and by REDIS_CLUSTER. */

const CHANNELS = ['game-0', 'game-1', 'game-2', 'game-3'];
const keyOf = (channel: string): string => `key-of-${channel}`;

/** Three masters that announce the doors in front of them. @returns the addresses of two, and the authority */
async function openCluster(): Promise<{ urls: string[]; ca: string }> {
  const certificates = await makeCertificates('127.0.0.1');
  onTestFinished(() => certificates.remove());
  const cluster = await startCluster({ replicas: 0 });
  onTestFinished(() => cluster.close());
  const ports: number[] = [];
  for (const { redis, server } of cluster.nodes) {
    const door = await openTlsDoor(server.port, certificates);
    onTestFinished(door.close);
    await redis.config('SET', 'cluster-announce-port', door.port);
    ports.push(door.port);
  }
  await announced(cluster, ports);
  return {
    ca: certificates.ca,
    urls: ports.slice(0, 2).map((port) => `rediss://127.0.0.1:${port}`),
  };
}

const announced = (cluster: RedisCluster, ports: readonly number[]): Promise<unknown> =>
  eventually('every node to announce all doors', async () => {
    const slots = await Promise.all(cluster.nodes.map(({ redis }) => redis.cluster('SLOTS')));
    return slots.every((each) => ports.every((port) => JSON.stringify(each).includes(`,${port},`)));
  });

const outputOf = async (command: CommandProcess): Promise<[unknown, string]> => [
  await command.ended(),
  command.stderr(),
];

it('carries messages of all masters over TLS, and trusts no other authority', async () => {
  const { urls, ca } = await openCluster();
  const sandbox = await startSandbox({ kongregate: { apiKeys: CHANNELS.map(keyOf) } });
  onTestFinished(() => sandbox.close());
  const dir = await mkdtemp(join(tmpdir(), 'herald-tls-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const baseUrl = `${sandbox.url}/kongregate/api`;
  const channels = Object.fromEntries(
    CHANNELS.map((name) => [name, { platform: 'kongregate', apiKey: keyOf(name), baseUrl }]),
  );
  const path = (file: string): string => join(dir, file);
  await writeFile(path('herald.yaml'), JSON.stringify({ redis: { cluster: urls }, http: false, channels }));
  const lines = CHANNELS.map((channel, i) =>
    JSON.stringify({ platform: 'kongregate', channel, to: { userId: 10 * i + 11 }, content: 'Hello' }),
  );
  await writeFile(path('messages'), lines.join('\n'));
  const trusting = { NODE_EXTRA_CA_CERTS: ca };
  const worker = startCommand(['worker', '--config', path('herald.yaml')], trusting);
  await eventually('the worker to start', worker.stdout, (log) => log.includes('worker started'));

  const env = { ...trusting, REDIS_CLUSTER: urls.join(',') };
  expect(await outputOf(startCommand(['send', path('messages')], env))).toEqual([EXIT.done, '']);
  await eventually(
    'the deliveries',
    () => sandbox.journal.report().accepted,
    (accepted) => accepted === CHANNELS.length,
  );
  const status = startCommand(['status', '--json'], env);
  expect(await outputOf(status)).toEqual([EXIT.done, '']);
  for (const name of CHANNELS) expect(status.stdout()).toContain(`"channel":"${name}"`);

  const wary = startCommand(['status'], { REDIS_CLUSTER: urls.join(',') });
  expect(await outputOf(wary)).toEqual([
    EXIT.unreachable,
    expect.stringContaining('has an untrusted certificate'),
  ]);
  worker.signal('SIGTERM');
  expect(await worker.ended()).toBe(EXIT.done);
});
