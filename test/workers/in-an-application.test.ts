import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis as Redis5 } from 'ioredis5';
import { Registry } from 'prom-client';
import { expect } from 'vitest';
import { createWorker, type WorkerConfig } from '../../src/app.ts';
import type { Logger } from '../../src/observe/log.ts';
import { it } from '../support/environment.ts';

/** The smallest logger that an application can hand in. */
function collectingLogger(): Logger & { texts: string[] } {
  const texts: string[] = [];
  const line = (fields: object | string, text?: string): void =>
    void texts.push(typeof fields === 'string' ? fields : String(text));
  const logger = { debug: line, info: line, warn: line, error: line, child: () => logger, texts };
  return logger;
}

it("answers probes in the application's own server, and counts in its registry", async ({
  openEnvironment,
}) => {
  const env = await openEnvironment();
  const registry = new Registry();
  const logger = collectingLogger();
  const config = { ...env.config(), http: false } as WorkerConfig;
  const worker = createWorker(config, { registry, logger });
  const server = createServer(worker.metricsHandler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const get = (path: string) => fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  const statuses = async () => [(await get('/livez')).status, (await get('/readyz')).status];
  try {
    expect(await statuses()).toEqual([200, 503]);
    await worker.start();
    await env.send(1);
    await env.settled(1);
    expect([worker.url, await statuses()]).toEqual([undefined, [200, 200]]);
    const scraped = await get('/metrics');
    // Some figures change by themselves; which there are does not.
    const series = (text: string): string[] => text.split('\n').map((line) => line.replace(/ \S+$/, ''));
    expect(series(await scraped.text())).toEqual(series(await registry.metrics()));
    expect(await registry.metrics()).toMatch(/^herald_messages_total{.*reason="sent"} 1$/m);
    expect((await get('/')).status).toBe(404);
  } finally {
    await worker.close();
    server.closeAllConnections();
    server.close();
  }
  expect(logger.texts).toEqual(expect.arrayContaining(['worker started', 'worker stopped']));
});

it("delivers over connections like the application's own, of ioredis 5 or 6, and leaves that one open", async ({
  openEnvironment,
}) => {
  const env = await openEnvironment();
  const five = new Redis5(env.server.url, {
    maxRetriesPerRequest: 2,
    enableOfflineQueue: false,
    commandTimeout: 500,
    stringNumbers: true,
    enableAutoPipelining: true,
    autoResendUnfulfilledCommands: false,
  });
  await once(five, 'ready');
  for (const [userId, redis] of [five, env.redis].entries()) {
    const config = { ...env.config(), redis } as unknown as WorkerConfig;
    const worker = createWorker(config, { logger: collectingLogger() });
    await worker.start();
    await env.send(userId + 1);
    await env.settled(userId + 1);
    await worker.close();
    expect(await redis.ping()).toBe('PONG');
  }
  five.disconnect();
});
