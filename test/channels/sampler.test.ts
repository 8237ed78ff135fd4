import { describe, expect } from 'vitest';
import { resumeChannel, stopChannel } from '../../src/ledger/channel-state.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { eventually } from '../../testing/eventually.ts';
import type { LocalWorker } from '../../testing/local-worker.ts';
import { readMetrics } from '../../testing/metrics-parser.ts';
import { unhurried } from '../../testing/slowness.ts';
import { it } from '../support/environment.ts';

/** Gauges that are not 0, as `name{label,label}` → value. */
async function gauges(worker: LocalWorker): Promise<Record<string, number>> {
  const shown = readMetrics(await worker.metrics()).filter(({ name }) =>
    /^herald_(queue_messages|ready_messages|waiting_messages|quota|oldest|dead_letters|channel_)/.test(name),
  );
  return Object.fromEntries(
    shown
      .filter(({ value }) => value !== 0)
      .map(({ name, labels, value }) => [
        `${name.slice('herald_'.length)}{${labels['state'] ?? labels['reason'] ?? labels['cause'] ?? ''}}`,
        value,
      ]),
  );
}

/** A sample is taken every 5 s. */
const SAMPLED = { withinMs: 30_000 };

describe.concurrent('the gauges', () => {
  it('show each state of a queue, and how old its oldest message is', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const platform = await env.refusing();
    const hour = 3_600_000;
    const ago = { timestamp: Date.now() - hour };
    const message = { v: 1, platform: 'kongregate', content: 'Hello' };
    await env.addForeign('garbage', ago);
    await env.addForeign('rubbish');
    const inAnHour = new Date(Date.now() + hour).toISOString();
    await env.addForeign({ ...message, to: { userId: 12 }, sendAt: inAnHour });
    // Retrying, for the platform cannot be reached and the backoff is an hour.
    await env.addForeign({ ...message, to: { userId: 13 } }, ago);
    await env.addForeign({ ...message, to: { userId: 14 } });
    const channel = {
      baseUrl: platform.baseUrl,
      retry: { attempts: 9, base: '1h', cap: '1h' },
    };
    const worker = await env.worker({ channel });
    const seen = await eventually(
      'a sample of all states',
      () => gauges(worker),
      (shown) => shown['queue_messages{retrying}'] === 2 && shown['queue_messages{dead}'] === 2,
      SAMPLED,
    );
    expect(seen).toMatchObject({
      'queue_messages{scheduled}': 1,
      'queue_messages{retrying}': 2,
      'queue_messages{dead}': 2,
      'waiting_messages{retry}': 2,
      'dead_letters{invalid_message}': 2,
    });
    expect(Math.abs((seen['oldest_message_age_seconds{retrying}'] ?? 0) - 3_600)).toBeLessThan(unhurried(30));
    expect(Math.abs((seen['oldest_message_age_seconds{dead}'] ?? 0) - 3_600)).toBeLessThan(unhurried(30));
    expect(seen['oldest_dead_letter_age_seconds{}']).toBeLessThan(unhurried(30));
    expect(seen['ready_messages{}']).toBeUndefined();
  });

  it('show what is ready, and that nothing is while the channel is stopped', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    await stopChannel(channelStore(env.redis, 'kongregate'), 'paused');
    const hourAgo = { timestamp: Date.now() - 3_600_000 };
    for (const userId of [11, 12, 13]) {
      await env.addForeign({ v: 1, platform: 'kongregate', content: 'Hello', to: { userId } }, hourAgo);
    }
    const worker = await env.worker();
    const seen = await eventually(
      'a sample of the stopped channel',
      () => gauges(worker),
      (shown) => shown['queue_messages{ready}'] === 3,
      SAMPLED,
    );
    expect(seen['channel_stopped{paused}']).toBe(1);
    expect(seen['ready_messages{}']).toBeUndefined();
    expect(Math.abs((seen['oldest_message_age_seconds{ready}'] ?? 0) - 3_600)).toBeLessThan(unhurried(30));
    expect(env.sandbox.journal.report().calls).toBe(0);
  });

  it('count messages, not jobs, and forget them with their jobs', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const store = channelStore(env.redis, 'kongregate');
    await stopChannel(store, 'paused');
    const message = (n: number, fields = {}) => ({
      platform: 'kongregate' as const,
      content: 'Hello',
      to: { userId: 10 * n + 1 },
      ...fields,
    });
    const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    await env.producer.sendMany(range(0, 30).map((n) => message(n)));
    await env.producer.sendMany(range(30, 50).map((n) => message(n, { sendAt: inAnHour })));
    await env.send(991);
    const worker = await env.worker();
    const sampled = (what: string, ready: number | undefined) =>
      eventually(
        what,
        () => gauges(worker),
        (shown) => shown['queue_messages{scheduled}'] === 20 && shown['queue_messages{ready}'] === ready,
        SAMPLED,
      );
    await sampled('what waits to be counted', 31);
    await resumeChannel(store);
    await env.queue.removeRateLimitKey();
    await sampled('nothing but what is scheduled', undefined);
    const more = () => env.redis.hget(`${store.keys.ledger}:channel`, 'more');
    await eventually('the jobs of what was sent to be over', more, (count) => count === '19', SAMPLED);
    await env.queue.drain(true);
    await eventually(
      'what was removed by other hands to be forgotten',
      more,
      (count) => count === null,
      SAMPLED,
    );
  });

  it('show who waits for a slot', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const expiresAt = new Date(Date.now() + 10 ** 11).toISOString();
    for (let i = 0; i < 3; i += 1) await env.send(11, { onQuota: 'defer', expiresAt });
    const worker = await env.worker();
    // Before the first is sent, the others wait for the end of its request, which has another cause.
    const waiting = (shown: Record<string, number>): boolean => shown['waiting_messages{quota}'] === 2;
    const seen = await eventually('a sample of what waits', () => gauges(worker), waiting, SAMPLED);
    expect(seen['queue_messages{waiting_slot}']).toBe(2);
    expect(seen['queue_messages{scheduled}']).toBeUndefined();
    expect(seen['quota_slots{spent}']).toBe(1);
    expect(seen['quota_window_end_timestamp_seconds{}']).toBeGreaterThan(Date.now() / 1000);
    expect(seen['oldest_message_age_seconds{waiting_slot}']).toBeLessThan(unhurried(30));
  });
});
