import { expect, it } from 'vitest';
import type { RateLease } from '../../src/ledger/rate-lease.ts';
import { createShardAdmission } from '../../src/ledger/shard-admission.ts';
import type { Admission } from '../../src/ledger/types.ts';
import type { AdmitReply, VerdictReply } from '../../src/ledger/verdict.ts';

const SECOND = 1_000;
const INTERVAL = 100;
const LEASE = 15 * SECOND;

/** A shard that grants a moment to each message, and a home whose next moment is never behind its clock. */
function openShard({ left = 100 }: { left?: number } = {}) {
  let now = 0;
  let next = 0;
  let spare: number[] = [];
  const rate: RateLease = {
    async take(count) {
      const kept = spare.splice(0, count).filter((at) => at >= now);
      next = Math.max(next, now);
      const taken = Array.from(
        { length: Math.min(count - kept.length, left) },
        (_, i) => next + i * INTERVAL,
      );
      next += taken.length * INTERVAL;
      left -= taken.length;
      return { moments: [...kept, ...taken], nextAt: next };
    },
    async giveUp() {},
    giveBack(moments) {
      spare = [...spare, ...moments];
    },
  };
  const holds = { probe: async () => 0, probing() {}, abandonProbe: async () => {} };
  const clock = { monotonic: () => now };
  const admission = createShardAdmission({ rate, holds, aheadMs: SECOND, clock });
  /** @returns when each of as many messages may be sent, by the clock */
  async function moments(count: number, { takesMs = 0, repeated = false } = {}): Promise<number[]> {
    const admissions = Array.from({ length: count }, () => ({ message: {}, nonce: '' })) as Admission[];
    const reply = await admission.ask(admissions, async (leased) => {
      const waits = (JSON.parse(leased) as { moments: number[] }).moments;
      now += takesMs;
      const verdicts = waits.map((wait) => ['grant', 1, repeated ? 0 : wait, 1, 0, now + wait + LEASE, 0]);
      return [String(now), [now + LEASE, 0], ...verdicts, [repeated ? 0 : count, 0]] as AdmitReply;
    });
    return (reply.slice(2) as VerdictReply[]).map((verdict) => now + Number(verdict[2]));
  }
  return { moments };
}

it('hands on the moments of the rate', async () => {
  const { moments } = openShard();
  expect(await moments(3)).toEqual([0, 100, 200]);
  expect(await moments(2, { takesMs: 50 })).toEqual([300, 400]);
});

it('tells those that passed while the shard did not answer as they are', async () => {
  const { moments } = openShard();
  expect(await moments(3, { takesMs: 2 * SECOND })).toEqual([0, 100, 200]);
  expect(await moments(1)).toEqual([2_000]);
});

it('takes some for grants that are repeated, whose own may have passed', async () => {
  const { moments } = openShard();
  expect(await moments(2, { repeated: true })).toEqual([0, 100]);
  expect(await moments(1)).toEqual([200]);
});

it('gives no moment where the rate has none soon enough: such a grant goes back unsent', async () => {
  const { moments } = openShard({ left: 4 });
  const given = await moments(3, { takesMs: 2 * SECOND, repeated: true });
  expect(given).toEqual([2_000, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
});
