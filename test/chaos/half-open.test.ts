import { describe, expect } from 'vitest';
import { createWorker, type WorkerConfig } from '../../src/app.ts';
import { createLogger } from '../../src/observe/log.ts';
import { eventually } from '../../testing/eventually.ts';
import { openFaultyProxy } from '../../testing/faulty-proxy.ts';
import { it } from '../support/environment.ts';

describe('connections to Redis that go nowhere and never break', () => {
  it('are given up by the worker, which then delivers', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const proxy = await openFaultyProxy(env.server.port);
    const lines: string[] = [];
    const logger = createLogger({ destination: { write: (text) => void lines.push(text) } });
    const source = { ...env.config(), redis: `redis://127.0.0.1:${proxy.port}` } as WorkerConfig;
    const worker = createWorker(source, { logger });
    try {
      await worker.start();
      await env.send(21);
      await env.settled(1);
      proxy.halfOpen();
      await env.send(22);
      expect(await env.settled(2, { withinMs: 40_000 })).toEqual({ 'delivered/sent': 2 });
      await eventually(
        'the worker to tell of it',
        () => lines.join(''),
        (log) => log.includes('redis does not answer'),
      );
    } finally {
      await worker.close({ deadlineMs: 1_000 });
      await proxy.close();
    }
  });
});
