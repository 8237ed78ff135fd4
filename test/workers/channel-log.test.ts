import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/observe/log.ts';
import type { HoldReason } from '../../src/observe/sample.ts';
import type { BreakerState } from '../../src/outcome.ts';
import { createChannelLog } from '../../src/workers/channel-log.ts';

const NOW = Date.UTC(2026, 0, 2);

function capture() {
  const lines: Record<string, unknown>[] = [];
  const log = createChannelLog(
    createLogger({ destination: { write: (line) => void lines.push(JSON.parse(line)) } }),
    { now: () => NOW },
  );
  return {
    log,
    lines: () => lines.map(fieldsOf),
    see(reason: HoldReason | null, { now = NOW, at = NOW - 1000, breaker = 'closed' as BreakerState } = {}) {
      const known = reason === 'paused' || reason === 'credentials' || reason === 'sender';
      log.note({
        breaker,
        stopped: reason && { reason },
        state: { now, stopped: known ? { reason, at } : null },
      });
    },
  };
}

const fieldsOf = ({ pid: _, hostname: __, time: ___, ...fields }: Record<string, unknown>) => fields;

const STOPPED = 'channel stopped: nothing is sent until it is resumed';

describe('the log of a channel', () => {
  it('tells a stop once, with its cause and beginning, and its end', () => {
    const { see, lines } = capture();
    see(null);
    see('credentials');
    see('credentials', { now: NOW + 5000 });
    see(null, { now: NOW + 9000 });
    see(null, { now: NOW + 14_000 });
    expect(lines()).toEqual([
      {
        level: 'error',
        msg: STOPPED,
        reason: 'credentials',
        since: '2026-01-01T23:59:59.000Z',
      },
      { level: 'info', msg: 'channel resumed', reason: 'credentials', stopped_ms: 10_000 },
    ]);
  });

  it('takes a pause by hand for no error, and tells a second cause behind the first', () => {
    const { see, lines } = capture();
    see('paused');
    see('sender');
    expect(lines().map(({ level, reason }) => [level, reason])).toEqual([
      ['warn', 'paused'],
      ['error', 'sender'],
    ]);
  });

  it('leaves to the lease what the lease tells', () => {
    const { see, lines } = capture();
    see('policy_changed');
    see(null);
    expect(lines()).toEqual([]);
  });

  it('tells of the breaker once that it closed, whichever worker opened it', () => {
    const { log, see, lines } = capture();
    log.breakerOpened(5, 30_000);
    see(null, { now: NOW - 2_000 });
    log.breakerOpened(6, 60_000);
    see(null, { now: NOW + 40_000, breaker: 'half_open' });
    for (const now of [NOW + 45_000, NOW + 50_000]) see(null, { now });
    for (const breaker of ['open', 'closed'] as const) {
      see(null, { now: NOW + (breaker === 'open' ? 60_000 : 70_000), breaker });
    }
    expect(lines()).toEqual([
      { level: 'warn', msg: 'breaker opened', failures: 5, rest_ms: 30_000 },
      { level: 'warn', msg: 'breaker opened', failures: 6, rest_ms: 60_000 },
      { level: 'info', msg: 'breaker closed', open_ms: 45_000 },
      { level: 'info', msg: 'breaker closed', open_ms: 10_000 },
    ]);
  });
});
