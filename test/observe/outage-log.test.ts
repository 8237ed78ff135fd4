import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import type { Logger } from '../../src/observe/log.ts';
import { createOutageLog } from '../../src/observe/outage-log.ts';

type Line = Record<string, unknown>;

function open() {
  const redis = Object.assign(new EventEmitter(), { status: 'ready' });
  const lines: Line[] = [];
  const write = (level: string) => (fields: object, msg: string) =>
    void lines.push({ level, msg, ...fields });
  const logger = { info: write('info'), warn: write('warn'), error: write('error') };
  let now = 0;
  const log = createOutageLog(redis as unknown as Redis, logger as unknown as Logger, {
    monotonic: () => now,
  });
  return {
    lines,
    wait(ms: number) {
      now += ms;
    },
    /** So many errors at so many a second. */
    fail(message: string, times = 1, everyMs = 0) {
      for (let i = 0; i < times; i += 1) {
        log.report(new Error(message));
        now += everyMs;
      }
    },
    acceptsWrites: () => log.acceptsWrites(),
    become(status: string) {
      redis.status = status;
      if (status === 'ready') redis.emit('ready');
    },
  };
}

const OOM = "OOM command not allowed when used memory > 'maxmemory'.";

it('logs a full store once, then every ten seconds with the count, then that it takes writes again', () => {
  const { lines, fail, acceptsWrites } = open();
  fail(OOM, 20_001, 1);
  acceptsWrites();
  fail(OOM);
  expect(lines).toMatchObject([
    { level: 'error', msg: 'redis refuses writes: sending is on hold', kind: 'oom', outage_ms: 0 },
    { level: 'error', msg: 'redis still refuses writes', repeated: 10_000, outage_ms: 10_000 },
    { level: 'error', msg: 'redis still refuses writes', repeated: 10_000, outage_ms: 20_000 },
    { level: 'info', msg: 'redis accepts writes again', errors: 20_001, outage_ms: 20_001 },
    { level: 'error', msg: 'redis refuses writes: sending is on hold', outage_ms: 0 },
  ]);
});

it('logs each kind of error of an outage, and its end', () => {
  const { lines, fail, become, wait } = open();
  become('reconnecting');
  fail('connect ECONNREFUSED 127.0.0.1:6379', 50);
  fail('Socket timeout. Expecting data, but did not receive any.', 50);
  wait(4_000);
  become('ready');
  become('ready');
  expect(lines).toMatchObject([
    { level: 'warn', msg: 'redis is unreachable', kind: 'refused' },
    { level: 'warn', msg: 'redis is unreachable', kind: 'timeout' },
    { level: 'info', msg: 'redis is reachable again', errors: 100, outage_ms: 4_000 },
  ]);
  expect(lines).toHaveLength(3);
});

it('logs an error anew that was not met for ten seconds', () => {
  const { lines, fail, wait } = open();
  fail('WRONGTYPE Operation against a key holding the wrong kind of value', 3);
  wait(10_000);
  fail('WRONGTYPE Operation against a key holding the wrong kind of value');
  expect(lines).toMatchObject([
    { msg: 'redis error', kind: 'other' },
    { msg: 'redis error', kind: 'other', outage_ms: 0 },
  ]);
});
