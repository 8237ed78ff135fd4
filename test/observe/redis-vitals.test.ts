import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createRedisVitals } from '../../src/observe/redis-vitals.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open(probe: () => Promise<unknown>) {
  const connection = Object.assign(new EventEmitter(), { status: 'connecting' });
  const seen = { up: undefined as boolean | undefined, errors: [] as string[], reconnects: 0 };
  const vitals = createRedisVitals({
    connections: [connection as unknown as Redis],
    probe,
    onFailure: (error) => vitals.report(error),
    metrics: {
      up(up) {
        seen.up = up;
      },
      error: (kind) => void seen.errors.push(kind),
      reconnected() {
        seen.reconnects += 1;
      },
      called: () => {},
    },
    outages: { report: () => {}, acceptsWrites: () => {} },
  });
  vitals.start();
  return {
    vitals,
    seen,
    async become(status: 'ready' | 'close') {
      connection.status = status;
      connection.emit(status);
      await vi.advanceTimersByTimeAsync(0);
    },
  };
}

it('is up once a write was taken, and down with the connection', async () => {
  const { seen, become, vitals } = open(async () => 'OK');
  expect(seen.up).toBeUndefined();
  expect(await vitals.check()).toBe('not connected');
  await become('ready');
  expect(seen).toMatchObject({ up: true, reconnects: 0 });
  await become('close');
  expect(seen.up).toBe(false);
  await become('ready');
  expect(seen).toMatchObject({ up: true, reconnects: 1, errors: [] });
});

it('is down while writes are refused, which it finds out by itself', async () => {
  let full = false;
  const { seen, become, vitals } = open(async () => {
    if (full) throw new Error('OOM command not allowed');
  });
  await become('ready');
  full = true;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(seen).toMatchObject({ up: false, errors: ['oom'] });
  expect(await vitals.check()).toContain('OOM');
  full = false;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(seen.up).toBe(true);
  vitals.stop();
  expect(vi.getTimerCount()).toBe(0);
});

it('is down while a connected Redis does not answer, and asks it one question at a time', async () => {
  let asked = 0;
  const { seen, become, vitals } = open(() => {
    asked += 1;
    return new Promise(() => {});
  });
  await become('ready');
  const answer = vitals.check();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await answer).toContain('no answer within 2000 ms');
  expect([seen.up, seen.errors, asked]).toEqual([false, ['timeout'], 1]);
});

it('counts an error once that several parts report', () => {
  const { vitals, seen } = open(async () => {});
  const error = new Error('connect ECONNREFUSED 127.0.0.1:6379');
  for (let i = 0; i < 3; i += 1) vitals.report(error);
  expect(seen.errors).toEqual(['refused']);
});
