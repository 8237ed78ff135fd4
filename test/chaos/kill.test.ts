import { describe, expect } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { metric, total } from '../../testing/metrics-parser.ts';
import { it } from '../support/environment.ts';

const MESSAGES = 1_000;
/** A job lock of 15 s and a look for stalled jobs every 4 s. */
const RECOVERED_WITHIN_MS = 30_000;

describe('kill -9', () => {
  it.concurrent('of a worker in the middle of 1,000 messages loses none and doubles none', {}, async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({ sandbox: { faults: [{ kind: 'latency', latencyMs: 60 }] } });
    const { journal } = env.sandbox;
    // Every id of these ends in 1 to 5: known players that have played.
    const players = Array.from({ length: MESSAGES }, (_, i) => Math.floor(i / 5) * 10 + (i % 5) + 1);
    await env.producer.sendMany(
      players.map((userId) => ({ platform: 'kongregate' as const, to: { userId }, content: 'Hello' })),
    );
    const [victim, survivor] = [env.spawn(), env.spawn()];
    await Promise.all([victim.ready(), survivor.ready()]);
    await eventually(
      'the middle of the messages',
      () => journal.report().calls,
      (calls) => calls > 250,
      {
        everyMs: 2,
        withinMs: 20_000,
      },
    );
    await victim.kill();
    const calledBefore = journal.report().calls;
    expect(calledBefore).toBeLessThan(MESSAGES - 100);

    const tally = await env.settled(MESSAGES, { withinMs: RECOVERED_WITHIN_MS });
    // A send whose answer died with the worker is sent again, and the platform's refusal proves the first one.
    const presumed = tally['delivered/presumed'] ?? 0;
    expect(tally).toEqual({
      'delivered/sent': MESSAGES - presumed,
      ...(presumed > 0 && { 'delivered/presumed': presumed }),
    });
    expect(total(tally)).toBe(MESSAGES);
    const report = journal.report();
    expect(report).toMatchObject({ accepted: MESSAGES, acceptedMoreThanOnce: 0 });
    // Where the machine is so busy that an answer comes too late, a refusal that nobody heard is asked for again.
    const late = metric(await survivor.metrics(), 'herald_attempts_total', { outcome: 'unknown' }) ?? 0;
    const unheard = (report.results['daily_limit'] ?? 0) - presumed;
    expect(unheard).toBeGreaterThanOrEqual(0);
    expect(unheard).toBeLessThanOrEqual(late);
    expect(new Set((await env.receipts()).map(({ id }) => id)).size).toBe(MESSAGES);
  });

  it.concurrent.for([
    { dieAt: 'granted', calls: 1, tally: { 'delivered/sent': 1 } },
    { dieAt: 'answered', calls: 2, tally: { 'delivered/presumed': 1 } },
    { dieAt: 'ended', calls: 1, tally: { 'delivered/sent': 1 } },
  ] as const)(
    'once a message is $dieAt: it arrives once and ends once',
    async ({ dieAt, calls, tally }, { openEnvironment }) => {
      const env = await openEnvironment();
      await env.send(21);
      const victim = env.spawn({ failpoint: { at: dieAt, does: 'die' } });
      expect(await victim.ended()).toBe('SIGKILL');
      expect(await env.queue.getActiveCount()).toBe(1);
      const survivor = await env.worker();
      expect(await env.settled(1, { withinMs: RECOVERED_WITHIN_MS })).toEqual(tally);
      expect(env.sandbox.journal.report()).toMatchObject({ calls, accepted: 1 });
      expect(await env.queue.getJobCounts('active', 'waiting', 'delayed', 'failed')).toEqual({
        active: 0,
        waiting: 0,
        delayed: 0,
        failed: 0,
      });
      // What the dead one settled, it would have counted; the survivor must not count it again.
      const counted = await survivor.metrics();
      expect(counted).toContain(
        `herald_messages_total{channel="kongregate",platform="kongregate",state="delivered",reason="sent"} ${dieAt === 'granted' ? 1 : 0}`,
      );
    },
  );

  it.concurrent('after a delivery just before the end of a window: the next window sends nothing', {}, async ({
    openEnvironment,
  }) => {
    const windowMs = 10_000;
    const channel = { quota: { per: `${windowMs}ms` }, timeout: '2s' };
    const env = await openEnvironment({ channel, sandbox: { kongregate: { dayMs: windowMs } } });
    const victim = env.spawn({ failpoint: { at: 'ended', does: 'die' } });
    await victim.ready();
    // A send begun in the last 3.5 s of a window could end in the next one, so this is as late as a grant can be.
    const late = windowMs - 4_100;
    await eventually(
      'the last moment to send',
      () => Date.now() % windowMs,
      (at) => at > late - 300 && at < late,
    );
    await env.send(21);
    await victim.ended();
    const [sent] = env.sandbox.journal.calls();
    expect(sent?.result).toBe('accepted');

    await env.worker();
    const jobs = () => env.queue.getJobCounts('active', 'waiting', 'delayed', 'failed');
    const gone = (counts: Record<string, number>) => Object.values(counts).every((count) => count === 0);
    await eventually('the job to come back and end', jobs, gone, { withinMs: RECOVERED_WITHIN_MS });
    const windowOf = (at: number): number => Math.floor(at / windowMs);
    expect(windowOf(Date.now())).toBeGreaterThan(windowOf(sent?.at ?? 0));
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 1, accepted: 1 });
    expect(await env.receipts()).toMatchObject([{ state: 'delivered', reason: 'sent' }]);
  });
});
