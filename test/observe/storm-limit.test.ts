import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger, type Logger } from '../../src/observe/log.ts';
import { createLogObserver } from '../../src/observe/log-observer.ts';
import { limitStorms } from '../../src/observe/storm-limit.ts';
import { delivered, message } from './events.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function capture() {
  const lines: Record<string, unknown>[] = [];
  const plain: Logger = createLogger({
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
    level: 'debug',
  });
  return { logger: limitStorms(plain), lines };
}

const INTERVAL_MS = 10_000;

describe('limitStorms', () => {
  it('turns 20,000 unknown players into eleven lines that account for all', () => {
    const { logger, lines } = capture();
    const observer = createLogObserver(logger);
    for (let i = 1; i <= 20_000; i += 1) {
      observer.attempted({
        ...delivered,
        message: { ...message, id: `m${i}` },
        outcome: { kind: 'rejected', reason: 'bad_recipient', detail: 'no such user' },
        next: { kind: 'dead', reason: 'bad_recipient', detail: 'no such user' },
      });
    }
    expect(lines.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, i) => `m${i + 1}`));
    vi.advanceTimersByTime(INTERVAL_MS);
    expect(lines).toHaveLength(11);
    expect(lines[10]).toMatchObject({
      level: 'error',
      msg: 'attempt',
      channel: 'kongregate',
      reason: 'bad_recipient',
      id: 'm20000',
      left_out: 19_989,
    });
    expect(lines.filter((line) => 'left_out' in line)).toHaveLength(1);
  });

  it('writes one line an interval while a storm lasts, and all again after a quiet one', () => {
    const { logger, lines } = capture();
    const storm = (): void => {
      for (let i = 0; i < 100; i += 1) logger.warn('redis error');
    };
    storm();
    vi.advanceTimersByTime(INTERVAL_MS);
    storm();
    vi.advanceTimersByTime(INTERVAL_MS);
    expect(lines.map(({ left_out: leftOut }) => leftOut)).toEqual([...Array(10), 89, 99]);
    vi.advanceTimersByTime(INTERVAL_MS);
    for (let i = 0; i < 3; i += 1) logger.warn('redis error');
    expect(lines).toHaveLength(15);
  });

  it('tells causes apart by level, text, channel and reasons, also those of child loggers', () => {
    const { logger, lines } = capture();
    const [one, other] = ['one', 'other'].map((channel) => logger.child({ channel }));
    for (let i = 0; i < 50; i += 1) {
      one!.warn({ i }, 'grants arrive too late');
      other!.warn({ i }, 'grants arrive too late');
      logger.warn({ channel: 'one', reason: 'timeout' }, 'attempt');
      logger.warn({ channel: 'one', reason: 'server_error' }, 'attempt');
      logger.error({ channel: 'one', reason: 'timeout' }, 'attempt');
    }
    expect(lines).toHaveLength(50);
  });

  it('passes what is no warning or error, and leaves nothing running in quiet times', () => {
    const { logger, lines } = capture();
    for (let i = 0; i < 30; i += 1) {
      logger.info('delivered');
      logger.debug({ i }, 'deferred');
    }
    expect(lines).toHaveLength(60);
    logger.warn('once');
    vi.advanceTimersByTime(INTERVAL_MS);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('writes what is held back when told to, for a process that ends', () => {
    const { logger, lines } = capture();
    for (let i = 0; i < 12; i += 1) logger.error({ i }, 'job left to stall');
    logger.flush();
    expect(lines.at(-1)).toMatchObject({ i: 11, left_out: 1 });
    expect(vi.getTimerCount()).toBe(0);
  });
});
