import { describe, expect } from 'vitest';
import { readChannelState } from '../../src/ledger/channel-state.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import type { Fault } from '../../src/sandbox/index.ts';
import { eventually } from '../../testing/eventually.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { unhurried } from '../../testing/slowness.ts';
import { CHANNEL, it } from '../support/environment.ts';

const players = (count: number): number[] => Array.from({ length: count }, (_, i) => 101 + i * 10);

describe.concurrent('a platform that says "later"', () => {
  it('is left alone by every worker of the channel for as long as it asked', async ({ openEnvironment }) => {
    const env = await openEnvironment({
      sandbox: { faults: [{ kind: 'rate_limited', retryAfter: '2', count: 1 }] },
    });
    const workers = [await env.worker(), await env.worker()];
    await env.send(11);
    const { journal } = env.sandbox;
    await eventually(
      'the refusal',
      () => journal.report().calls,
      (calls) => calls === 1,
    );
    const [refused] = journal.calls();
    const state = () => readChannelState(channelStore(env.redis, CHANNEL));
    await eventually('the rest', state, ({ resting }) => resting !== null);
    await Promise.all(players(20).map((userId) => env.send(userId)));
    const tally = await env.agreed(21, workers);
    expect(tally).toEqual({ 'delivered/sent': 21 });
    const next = journal.calls()[1];
    expect((next?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(1_990);
    expect(journal.report().faults).toEqual({ rate_limited: 1 });
    const throttled = (await env.receipts()).filter(({ attempts }) => attempts !== 1);
    expect(throttled).toMatchObject([{ attempts: 2 }]);
    const texts = await Promise.all(workers.map((worker) => worker.metrics()));
    const sum = (name: string) => texts.reduce((all, text) => all + (metric(text, name) ?? 0), 0);
    expect(sum('herald_queue_wait_seconds_count')).toBe(21);
    expect(sum('herald_slot_wait_seconds_count')).toBe(0);
    expect(sum('herald_message_attempts_sum')).toBe(22);
  });
});

const LATER: [string, object, number][] = [
  ['a 503 with a time', { kind: 'server_error', retryAfter: '2' }, 1_990],
  // No time is named: neither at once nor after the 15 s in which a stalled job comes back.
  ['a 429 with none', { kind: 'rate_limited', retryAfter: '0' }, 4_900],
  [
    'a 429 with a time that is past',
    { kind: 'rate_limited', retryAfter: 'Wed, 21 Oct 2015 07:28:00 GMT' },
    4_900,
  ],
  ['a 429 with two times', { kind: 'rate_limited', retryAfter: ['1', '2'] }, 1_990],
];

describe.concurrent('a platform that says when', () => {
  it.for(LATER)('is believed: %s', async ([, fault, restMs], { openEnvironment }) => {
    const env = await openEnvironment({ sandbox: { faults: [{ ...fault, count: 1 } as Fault] } });
    const worker = await env.worker();
    await env.send(11);
    expect(await env.agreed(1, [worker], { withinMs: 14_000 })).toEqual({ 'delivered/sent': 1 });
    const [refused, sent] = env.sandbox.journal.calls();
    expect((sent?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(restMs);
    expect(worker.log()).not.toContain('invalid expire');
  });
});

describe.concurrent('a dead platform', () => {
  it('opens the breaker, which spends no attempts, and is found again', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const platform = await env.refusing();
    const channel = {
      baseUrl: platform.baseUrl,
      concurrency: 5,
      retry: { attempts: 4, base: '10ms', cap: '20ms' },
      breaker: { failures: 5, rest: '500ms', cap: '1s' },
    };
    await Promise.all(players(30).map((userId) => env.send(userId)));
    const worker = await env.worker({ channel });
    const resting = () => env.redis.hget('herald:{kongregate}:ledger:channel', 'opens');
    await eventually('the breaker to open a second time', resting, (opens) => Number(opens) >= 2);
    await platform.accept();
    expect(await env.agreed(30, [worker])).toEqual({ 'delivered/sent': 30 });
    const failures = metric(await worker.metrics(), 'herald_attempts_total', { outcome: 'failed' }) ?? 0;
    // The five that opened it, those under way with them, and one for each rest: not thirty messages' budgets.
    expect(failures).toBeGreaterThanOrEqual(6);
    expect(failures).toBeLessThanOrEqual(15);
    expect(
      metric(await worker.metrics(), 'herald_deferrals_total', { reason: 'breaker_open' }),
    ).toBeGreaterThan(0);
    const opened = worker.log().split('"breaker opened"').length - 1;
    expect(opened).toBeGreaterThanOrEqual(2);
    expect(metric(await worker.metrics(), 'herald_breaker_opens_total')).toBe(opened);
    await eventually('its close to be logged', () => worker.log().includes('"breaker closed"'));
  });
});

describe.concurrent('a rate', () => {
  it('is kept by two workers together, and used', async ({ openEnvironment }) => {
    const env = await openEnvironment({ channel: { rate: { max: 20, per: '1s' } } });
    await Promise.all(players(60).map((userId) => env.send(userId)));
    const workers = [await env.worker(), await env.worker()];
    expect(await env.agreed(60, workers)).toEqual({ 'delivered/sent': 60 });
    const times = env.sandbox.journal.calls().map(({ at }) => at);
    const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
    // 59 intervals of 50 ms; a request may be late for its own moment, the first one too, so single gaps prove nothing.
    expect(spanMs).toBeGreaterThanOrEqual(2_400);
    expect(spanMs).toBeLessThan(unhurried(10_000));
  });
});
