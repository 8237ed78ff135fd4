import { describe, expect, it } from 'vitest';
import { createLogger, type LogOptions } from '../../src/observe/log.ts';
import { createLogObserver } from '../../src/observe/log-observer.ts';
import { delivered, deliveredFinal, message, suppressedFinal } from './events.ts';

const KEY = 'k0ngregate-"api"-key';

function capture(options: LogOptions = {}) {
  let text = '';
  const destination = {
    write(chunk: string) {
      text += chunk;
    },
  };
  const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678), monotonic: () => 0 };
  const logger = createLogger({ destination, clock, secrets: [KEY], ...options });
  return {
    logger,
    observer: createLogObserver(logger),
    text: () => text,
    lines: () =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('createLogger', () => {
  it('writes JSON lines with a level by name and the time of the injected clock', () => {
    const { logger, lines } = capture();
    logger.info({ channel: 'forum' }, 'hello');
    expect(lines()).toEqual([
      expect.objectContaining({
        level: 'info',
        time: '2026-01-02T03:04:05.678Z',
        channel: 'forum',
        msg: 'hello',
      }),
    ]);
  });

  it('keeps to its level', () => {
    const { logger, lines } = capture({ level: 'warn' });
    logger.info('no');
    logger.warn('yes');
    expect(lines().map((line) => line['msg'])).toEqual(['yes']);
  });

  it('lets no text forge a line', () => {
    const { logger, lines } = capture();
    logger.info({ detail: 'x"}\n{"level":"error","msg":"forged' }, 'a\r\nb\u2028c');
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toMatchObject({ level: 'info', msg: 'a\r\nb\u2028c' });
  });

  it('writes JSON where a secret of digits is part of a number', () => {
    const { logger, lines } = capture({ secrets: ['123456'] });
    logger.info({ waited: 1_234_567, some: [0.123456, 7], key: 'is 123456' }, 'done');
    expect(lines()[0]).toMatchObject({
      ...{ waited: '[redacted]', some: ['[redacted]', 7], key: 'is [redacted]', msg: 'done' },
    });
  });

  it('redacts keys and content by field name, at any depth and in child loggers', () => {
    const { logger, text, lines } = capture();
    logger.child({ password: 'hunter-2-hunter' }).error({
      content: 'Dear "you"',
      data: { name: 'Ada' },
      a: { b: { c: [{ apiKey: 'zzz\\', Authorization: 'Bearer y' }] } },
    });
    expect(text()).not.toMatch(/hunter|Dear|you|Ada|zzz|Bearer/);
    expect(lines()[0]).toMatchObject({
      password: '[redacted]',
      content: '[redacted]',
      data: '[redacted]',
      a: { b: { c: [{ apiKey: '[redacted]', Authorization: '[redacted]' }] } },
    });
  });

  it('blots out the given secrets wherever they stand, errors included', () => {
    const { logger, text, lines } = capture();
    logger.error({ err: new Error(`refused for ${KEY}`), where: [`?api_key=${KEY}&x=1`] }, `key ${KEY}`);
    expect(text()).not.toContain('k0ngregate');
    expect(lines()[0]).toMatchObject({ msg: 'key [redacted]', where: ['?api_key=[redacted]&x=1'] });
  });

  it('does not take a short secret for a pattern that blots out the log', () => {
    const { logger, lines } = capture({ secrets: ['e', ''] });
    logger.info('everything stays');
    expect(lines()[0]).toMatchObject({ msg: 'everything stays', level: 'info' });
  });

  it('writes for people when asked to', () => {
    const { logger, text } = capture({ pretty: true });
    logger.info({ apiKey: 'zzz' }, `hello ${KEY}`);
    expect(() => JSON.parse(text())).toThrow();
    expect(text()).toContain('hello [redacted]');
    expect(text()).not.toContain('zzz');
  });
});

describe('createLogObserver', () => {
  it('writes one line for an attempt, and no second one for the final state it led to', () => {
    const { observer, lines } = capture();
    observer.attempted(delivered);
    observer.finished({ ...deliveredFinal, attempted: true });
    expect(lines()).toHaveLength(1);
    const { level, time, pid, hostname, ...line } = lines()[0]!;
    expect(level).toBe('info');
    expect(line).toEqual({
      msg: 'attempt',
      id: 'welcome-32',
      job_id: 'm_abc',
      channel: 'kongregate',
      platform: 'kongregate',
      run: 1,
      attempt: 2,
      max_attempts: 12,
      outcome: 'delivered',
      reason: 'sent',
      duration_ms: 40,
      next: 'complete',
      state: 'delivered',
      state_reason: 'sent',
      meta: { campaign: 'spring' },
    });
  });

  it('names the trace of a message that is part of one', () => {
    const { lines, observer } = capture();
    observer.attempted({
      ...delivered,
      message: { ...message, traceId: '4bf92f3577b34da6a3ce929d0e0e4736' },
    });
    expect(lines()[0]).toMatchObject({ trace_id: '4bf92f3577b34da6a3ce929d0e0e4736' });
  });

  it('writes a line for a final state without an attempt', () => {
    const { observer, lines } = capture();
    observer.finished({ ...suppressedFinal, detail: 'the day is used' });
    expect(lines()[0]).toMatchObject({
      msg: 'final',
      level: 'info',
      id: 'welcome-32',
      attempts: 0,
      state: 'suppressed',
      state_reason: 'quota',
      detail: 'the day is used',
      latency_ms: 5,
    });
  });

  it('writes the final line when an earlier attempt only led to a retry', () => {
    const { observer, lines } = capture();
    const outcome = { kind: 'failed', reason: 'not_connected', detail: 'connection refused' } as const;
    observer.attempted({ ...delivered, outcome, next: { kind: 'retry', delayMs: 1234.5 } });
    observer.finished({ ...suppressedFinal, attempts: 2, final: { state: 'suppressed', reason: 'expired' } });
    expect(lines().map((line) => line['msg'])).toEqual(['attempt', 'final']);
    expect(lines()[0]).toMatchObject({
      level: 'warn',
      detail: 'connection refused',
      next: 'retry',
      next_delay_ms: 1235,
    });
  });

  it('raises what a person has to act on to an error', () => {
    const { observer, lines } = capture();
    const stopped = { kind: 'throttled', reason: 'channel_stopped', stop: 'credentials' } as const;
    const rejected = { kind: 'rejected', reason: 'bad_recipient', detail: 'no such user' } as const;
    observer.attempted({
      ...delivered,
      outcome: stopped,
      next: { kind: 'rest', reason: 'channel_stopped', cause: 'stopped', delayMs: 1000 },
    });
    observer.attempted({
      ...delivered,
      outcome: rejected,
      next: { kind: 'dead', reason: 'bad_recipient', detail: 'no such user' },
    });
    observer.finished({
      ...suppressedFinal,
      message: { ...message, id: 'b' },
      final: { state: 'dead', reason: 'stalled' },
    });
    expect(lines().map((line) => line['level'])).toEqual(['error', 'error', 'error']);
    expect(lines()[0]).toMatchObject({ next: 'rest', next_reason: 'channel_stopped', next_delay_ms: 1000 });
    expect(lines()[1]).toMatchObject({ next: 'dead', state: 'dead', state_reason: 'bad_recipient' });
  });
});
