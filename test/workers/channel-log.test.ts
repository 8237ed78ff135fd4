import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/observe/log.ts';
import type { HoldReason } from '../../src/observe/sample.ts';
import { createChannelLog } from '../../src/workers/channel-log.ts';

const NOW = Date.UTC(2026, 0, 2);

function capture() {
  const lines: Record<string, unknown>[] = [];
  const log = createChannelLog(
    createLogger({ destination: { write: (line) => void lines.push(JSON.parse(line)) } }),
  );
  return {
    lines: () => lines.map(fieldsOf),
    see(reason: HoldReason | null, { now = NOW, at = NOW - 1000, channel = 'forum' } = {}) {
      const known = reason === 'paused' || reason === 'credentials' || reason === 'sender';
      log.note({
        channel,
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
        channel: 'forum',
        since: '2026-01-01T23:59:59.000Z',
      },
      { level: 'info', msg: 'channel resumed', reason: 'credentials', channel: 'forum', stopped_ms: 10_000 },
    ]);
  });

  it('takes a pause by hand for no error, and tells a second cause behind the first', () => {
    const { see, lines } = capture();
    see('paused');
    see('sender');
    see('paused', { channel: 'other' });
    expect(lines().map(({ level, reason, channel }) => [level, reason, channel])).toEqual([
      ['warn', 'paused', 'forum'],
      ['error', 'sender', 'forum'],
      ['warn', 'paused', 'other'],
    ]);
  });

  it('leaves to the lease what the lease tells', () => {
    const { see, lines } = capture();
    see('policy_changed');
    see(null);
    expect(lines()).toEqual([]);
  });
});
