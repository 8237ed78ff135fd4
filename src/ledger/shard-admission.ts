import type { Clock } from '../clock.ts';
import type { ChannelHolds } from './channel-holds.ts';
import type { Moments, RateLease } from './rate-lease.ts';
import type { Admission } from './types.ts';
import { type AdmitReply, FIRST_VERDICT, isVerdict, tellsVerdicts, type VerdictReply } from './verdict.ts';

/** Adds to the admissions of a shard what the home of its channel leases: moments of the rate, and while the breaker is half open the probe. */
export interface ShardAdmission {
  /** @param admit makes the call with what was leased, as JSON. It may be called twice, since the same nonces get the same grants */
  ask(admissions: readonly Admission[], admit: (leased: string) => Promise<AdmitReply>): Promise<AdmitReply>;
}

export interface ShardAdmissionOptions {
  /** Undefined without a rate. */
  rate: RateLease | undefined;
  holds: Pick<ChannelHolds, 'probe' | 'probing' | 'abandonProbe'>;
  /** How far ahead a grant may lie; for bulk half of it. */
  aheadMs: number;
  clock: Pick<Clock, 'monotonic'>;
}

const NO_MOMENTS: Moments = { moments: [], nextAt: 0 };

export function createShardAdmission({ rate, holds, aheadMs, clock }: ShardAdmissionOptions): ShardAdmission {
  async function take(admissions: readonly Admission[]): Promise<Moments> {
    if (!rate) return NO_MOMENTS;
    const urgent = requestsOf(admissions.filter(({ message }) => !message.bulk));
    const bulk = requestsOf(admissions.filter(({ message }) => message.bulk));
    const taken = await Promise.all([
      ...(urgent > 0 ? [rate.take(urgent, aheadMs)] : []),
      ...(bulk > 0 ? [rate.take(bulk, aheadMs / 2)] : []),
    ]);
    const moments = taken.flatMap((each) => each.moments).sort((a, b) => a - b);
    return { moments, nextAt: Math.max(...taken.map(({ nextAt }) => nextAt)) };
  }

  /**
   * Replaces the shard's waits, which count from when it ran the script, by the moments themselves. If the shard repeats the grants of a call
   * whose answer was lost, it has used none of these; then the grants get moments that are still to come.
   */
  async function putMoments(
    reply: AdmitReply,
    admissions: readonly Admission[],
    used: readonly number[],
  ): Promise<void> {
    const granted = admissions.flatMap((each, i) => {
      const verdict = reply[FIRST_VERDICT + i];
      return isVerdict(verdict, 'grant') || isVerdict(verdict, 'ask') ? [{ each, verdict }] : [];
    });
    const count = requestsOf(granted.map(({ each }) => each));
    if (!rate || count === 0) return;
    const moments = count === used.length ? [...used] : await otherMoments(rate, count, used);
    const now = clock.monotonic();
    for (const { each, verdict } of granted) {
      const own = moments.splice(0, each.message.requests ?? 1);
      // Nothing is sent by a grant that ends before its moment.
      verdict[WAIT] = own[0] === undefined ? Number.POSITIVE_INFINITY : own[0] - now;
    }
  }

  async function otherMoments(rate: RateLease, count: number, used: readonly number[]): Promise<number[]> {
    const now = clock.monotonic();
    rate.giveBack(used.filter((at) => at >= now));
    return (await rate.take(count, aheadMs)).moments;
  }

  /**
   * One call. If it fails, its moments may have been used, so they are not given back.
   * @returns the verdicts, and the position of the message that is the probe, from 1; 0 for none
   */
  async function once(
    admissions: readonly Admission[],
    admit: (leased: string) => Promise<AdmitReply>,
    probe: boolean,
  ): Promise<[AdmitReply, ahead: number]> {
    const { moments, nextAt } = await take(admissions);
    const now = clock.monotonic();
    const waits = moments.map((at) => Math.max(0, at - now));
    const reply = await admit(JSON.stringify({ moments: waits, next: Math.max(0, nextAt - now), probe }));
    if (!tellsVerdicts(reply)) {
      rate?.giveBack(moments);
      return [reply, 0];
    }
    const [used, ahead] = reply.pop() as unknown as [number, number];
    rate?.giveBack(moments.slice(used));
    await putMoments(reply, admissions, moments.slice(0, used));
    return [reply, ahead];
  }

  async function goAhead(
    admissions: readonly Admission[],
    admit: (leased: string) => Promise<AdmitReply>,
  ): Promise<AdmitReply> {
    const [reply, ahead] = await once(admissions, admit, true);
    const first = admissions[ahead - 1];
    if (first) holds.probing(first.nonce);
    else await holds.abandonProbe();
    return reply;
  }

  return {
    async ask(admissions, admit) {
      let [reply] = await once(admissions, admit, false);
      if (!reply.some(isProbe)) return reply;
      const restMs = await holds.probe();
      if (restMs === 0) reply = await goAhead(admissions, admit);
      const resting: VerdictReply = ['resting', 'breaker_open', restMs];
      return reply.map((verdict) => (isProbe(verdict) ? resting : verdict)) as AdmitReply;
    },
  };
}

const requestsOf = (admissions: readonly Admission[]): number =>
  admissions.reduce((sum, { message }) => sum + (message.requests ?? 1), 0);

/** The position of the wait in the answer of a grant. */
const WAIT = 2;
const isProbe = (verdict: AdmitReply[number]): boolean => isVerdict(verdict, 'probe');
