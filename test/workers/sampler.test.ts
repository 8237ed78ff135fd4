import { describe, expect } from 'vitest';
import { stopChannel } from '../../src/ledger/channel-state.ts';
import { closedDoor } from '../support/door.ts';
import { eventually } from '../support/eventually.ts';
import { it, type LocalWorker } from '../support/scene.ts';
import { readMetrics } from '../support/tally.ts';

/** Gauges that are not 0, as `name{label,label}` → value. */
async function gauges(worker: LocalWorker): Promise<Record<string, number>> {
  const shown = readMetrics(await worker.metrics.render()).filter(({ name }) =>
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
    openScene,
    onTestFinished,
  }) => {
    const scene = await openScene();
    const door = await closedDoor(scene.sandbox.port);
    onTestFinished(() => door.close());
    const hour = 3_600_000;
    const ago = { timestamp: Date.now() - hour };
    const message = { v: 1, platform: 'kongregate', content: 'Hello' };
    await scene.addForeign('garbage', ago);
    await scene.addForeign('rubbish');
    const inAnHour = new Date(Date.now() + hour).toISOString();
    await scene.addForeign({ ...message, to: { userId: 12 }, sendAt: inAnHour });
    // Retrying, for the platform cannot be reached and the backoff is an hour.
    await scene.addForeign({ ...message, to: { userId: 13 } }, ago);
    await scene.addForeign({ ...message, to: { userId: 14 } });
    const channel = {
      baseUrl: `${door.url}/kongregate/api`,
      retry: { attempts: 9, base: '1h', cap: '1h' },
    };
    const worker = await scene.worker({ channel });
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

  it('show what is ready, and that nothing is while the channel is stopped', async ({ openScene }) => {
    const scene = await openScene();
    await stopChannel(scene.redis, 'herald:{kongregate}:ledger', 'paused');
    const hourAgo = { timestamp: Date.now() - 3_600_000 };
    for (const userId of [11, 12, 13]) {
      await scene.addForeign({ v: 1, platform: 'kongregate', content: 'Hello', to: { userId } }, hourAgo);
    }
    const worker = await scene.worker();
    const seen = await eventually(
      'a sample of the stopped channel',
      () => gauges(worker),
      (shown) => shown['queue_messages{ready}'] === 3,
      SAMPLED,
    );
    expect(seen['channel_stopped{paused}']).toBe(1);
    expect(seen['ready_messages{}']).toBeUndefined();
    expect(Math.abs((seen['oldest_message_age_seconds{ready}'] ?? 0) - 3_600)).toBeLessThan(30);
    expect(scene.sandbox.journal.report().calls).toBe(0);
  });

  it('show who waits for a slot', async ({ openScene }) => {
    const scene = await openScene();
    const expiresAt = new Date(Date.now() + 10 ** 11).toISOString();
    for (let i = 0; i < 3; i += 1) await scene.send(11, { onQuota: 'defer', expiresAt });
    const worker = await scene.worker();
    const waiting = (shown: Record<string, number>): boolean => shown['queue_messages{waiting_slot}'] === 2;
    const seen = await eventually('a sample of what waits', () => gauges(worker), waiting, SAMPLED);
    expect(seen['queue_messages{scheduled}']).toBeUndefined();
    expect(seen['oldest_message_age_seconds{waiting_slot}']).toBeLessThan(30);
  });
});
