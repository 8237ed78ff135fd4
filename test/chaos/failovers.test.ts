import { expect, it } from 'vitest';
import type { Breach } from '../../chaos/breach.ts';
import { type EndedWith, explainedBy, type Failover } from '../../chaos/failovers.ts';
import { textFor } from '../../chaos/message-ids.ts';
import type { SandboxCall } from '../../src/sandbox/index.ts';

const AT = 100_000;
const failover = (fields: Partial<Failover> = {}): Failover => ({
  ...{ of: 'killed', channels: ['staff'], away: { from: AT, to: AT + 3_000 }, from: AT - 200, at: AT },
  ...{ bytes: 120, writes: [['HSET', 'herald:{staff}:17', 'data', '{"id":"staff-4"}']] },
  ...fields,
});
const call = (id: string, at: number): SandboxCall =>
  ({ at, content: textFor(id), recipient: '1', result: 'accepted' }) as SandboxCall;
const lost = (id: string, channel = 'staff', calls: SandboxCall[] = []): Breach => ({
  ...{ kind: 'lost', channel, id, what: '', calls },
});
const nobody: EndedWith = () => false;
const explained = (breach: Breach, fields: Partial<Failover> = {}, endedWith = nobody): boolean =>
  explainedBy([failover(fields)], endedWith)(breach);

it('a message that a lost command names', () => {
  expect(explained(lost('staff-4'))).toBe(true);
  expect(explained(lost('staff-40'))).toBe(false);
  expect(explained(lost('staff-4', 'forum'))).toBe(false);
  expect(explained(lost('staff-4'), { bytes: 0 })).toBe(false);
});

it('what has no name but its job', () => {
  expect(explained(lost('17'))).toBe(true);
  expect(explained(lost('17:3'))).toBe(true);
  expect(explained(lost('1'))).toBe(false);
  expect(explained(lost('4'))).toBe(false);
});

it('a message of a campaign that a lost command names', () => {
  const writes = [['HINCRBY', 'herald:{staff}:ledger:campaign:staff-c2', 'listed', '500']];
  expect(explained(lost('staff-c2-31'), { writes })).toBe(true);
  expect(explained(lost('staff-c22-31'), { writes })).toBe(false);
});

it('a send whose grant was lost, and with it the worker that knew of it', () => {
  const twice = lost('staff-9', 'staff', [call('staff-9', AT - 100), call('staff-9', AT + 9_000)]);
  expect(explained(twice)).toBe(false);
  const asked: string[] = [];
  const withIt: EndedWith = (message, from, to) => {
    asked.push(message);
    return from < AT && to > AT;
  };
  expect(explained(twice, {}, withIt)).toBe(true);
  expect(asked).toEqual(['staff staff-9']);
  const before = lost('staff-9', 'staff', [call('staff-9', AT - 5_000), call('staff-9', AT + 9_000)]);
  expect(explained(before, {}, withIt)).toBe(false);
});

it('a grant of a master that was frozen and no longer was one', () => {
  const stale = lost('staff-9', 'staff', [call('staff-9', AT - 100)]);
  expect(explained(stale, { of: 'frozen' })).toBe(true);
});
