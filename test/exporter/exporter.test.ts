import { expect } from 'vitest';
import { announceChannels } from '../../src/channels/registry.ts';
import { startExporter } from '../../src/exporter/exporter.ts';
import { createLogger } from '../../src/observe/log.ts';
import { eventually } from '../../testing/eventually.ts';
import { readConfig } from '../../testing/local-worker.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { type Environment, it } from '../support/environment.ts';

async function open(env: Environment) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ level: 'info', secrets: [], destination });
  const exporter = await startExporter({
    ...{ redis: env.server.url, http: { host: '127.0.0.1', port: 0 }, logger },
  });
  const get = async (path: string) => await fetch(`${exporter.url}${path}`);
  return {
    exporter,
    get,
    log: () => lines.join(''),
    figure: async (name: string, labels = {}) => metric(await (await get('/metrics')).text(), name, labels),
  };
}

it('shows what waits while no worker runs, and whether its Redis is well', async ({ openEnvironment }) => {
  const env = await openEnvironment();
  await announceChannels(env.redis, readConfig(env.config()).channels);
  for (const userId of [1, 2, 3]) await env.send(userId);
  const { exporter, get, log, figure } = await open(env);
  try {
    const ready = () => figure('herald_ready_messages', { channel: 'kongregate' });
    await eventually('what waits', ready, (count) => count === 3);
    expect(await figure('herald_channel_workers', { channel: 'kongregate' })).toBe(0);
    expect(await figure('herald_redis_up')).toBe(1);
    expect((await get('/readyz')).status).toBe(200);
    expect(await figure('herald_in_flight')).toBeUndefined();
    await env.redis.config('SET', 'maxmemory', '1');
    expect((await get('/readyz')).status).toBe(503);
    expect([await figure('herald_redis_up'), await ready()]).toEqual([0, 3]);
    await env.redis.config('SET', 'maxmemory', '0');
    expect((await get('/readyz')).status).toBe(200);
    expect(log()).toMatch(/redis refuses writes.*redis accepts writes again/s);
    await env.server.kill();
    await eventually(
      'Redis to be down',
      () => figure('herald_redis_up'),
      (up) => up === 0,
    );
    expect((await get('/livez')).status).toBe(200);
  } finally {
    await exporter.close();
  }
});
