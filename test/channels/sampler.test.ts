import { describe, expect } from 'vitest';
import { stopChannel } from '../../src/ledger/channel-state.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { eventually } from '../../testing/eventually.ts';
import { openFaultyProxy } from '../../testing/faulty-proxy.ts';
import type { LocalWorker } from '../../testing/local-worker.ts';
import { readMetrics } from '../../testing/metrics-parser.ts';
import { it } from '../support/environment.ts';

/** Gauges that are not 0, as `name{label,label}` → value. */
async function gauges(worker: LocalWorker): Promise<Record<string, number>> {
  const shown = readMetrics(await worker.metrics()).filter(({ name }) =>
    /^herald_(queue_messages|ready_messages|oldest|dead_letters|channel_)/.test(name),
  );
  return Object.fromEntries(
    shown
      .filter(({ value }) => value !== 0)
      .map(({ name, labels, value }) => [
        `${name.slice('herald_'.length)}{${labels['state'] ?? labels['reason'] ?? ''}}`,
        value,
      ]),
  );
}

/** A sample is taken every 5 s. */
const SAMPLED = { withinMs: 30_000 };

describe.concurrent('the gauges', () => {
  it('show each state of a queue, and how old its oldest message is', async ({
    openEnvironment,
    onTestFinished,
  }) => {
    const env = await openEnvironment();
    const proxy = await openFaultyProxy(env.sandbox.port);
    await proxy.refuse();
    onTestFinished(() => proxy.close());
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
      baseUrl: `http://127.0.0.1:${proxy.port}/kongregate/api`,
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
      'dead_letters{invalid_message}': 2,
    });
    expect(Math.abs((seen['oldest_message_age_seconds{retrying}'] ?? 0) - 3_600)).toBeLessThan(30);
    expect(Math.abs((seen['oldest_message_age_seconds{dead}'] ?? 0) - 3_600)).toBeLessThan(30);
    expect(seen['oldest_dead_letter_age_seconds{}']).toBeLessThan(30);
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
    expect(Math.abs((seen['oldest_message_age_seconds{ready}'] ?? 0) - 3_600)).toBeLessThan(30);
    expect(env.sandbox.journal.report().calls).toBe(0);
  });

  it('show who waits for a slot', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const expiresAt = new Date(Date.now() + 10 ** 11).toISOString();
    for (let i = 0; i < 3; i += 1) await env.send(11, { onQuota: 'defer', expiresAt });
    const worker = await env.worker();
    const waiting = (shown: Record<string, number>): boolean => shown['queue_messages{waiting_slot}'] === 2;
    const seen = await eventually('a sample of what waits', () => gauges(worker), waiting, SAMPLED);
    expect(seen['queue_messages{scheduled}']).toBeUndefined();
    expect(seen['oldest_message_age_seconds{waiting_slot}']).toBeLessThan(30);
  });
});
