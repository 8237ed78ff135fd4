import { describe, expect } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { it } from '../support/environment.ts';

const CONCURRENCY = 5;
const MESSAGES = 400;

describe.concurrent('of a platform that answers at once, a channel', () => {
  it.for<[string, Record<string, unknown>, boolean]>([
    ['admits messages ahead of free places', {}, true],
    ['admits none where a doubt is kept', { onUnknown: 'keep' }, false],
    ['admits none by a rate', { rate: { max: 100_000, per: '1s' } }, false],
  ])('%s', async ([, channel, ahead], { openEnvironment }) => {
    const env = await openEnvironment({ channel: { ...channel, concurrency: CONCURRENCY } });
    let [admitted, most, sending, mostSending] = [0, 0, 0, 0];
    await env.worker({
      wrap: {
        ledger: (ledger) => ({
          admit(message) {
            admitted += 1;
            most = Math.max(most, admitted);
            return ledger.admit(message);
          },
          settle(settlement) {
            admitted -= 1;
            return ledger.settle(settlement);
          },
        }),
        client: (client) => ({
          ...client,
          async send() {
            sending += 1;
            mostSending = Math.max(mostSending, sending);
            await new Promise(setImmediate);
            sending -= 1;
            return { kind: 'delivered', reason: 'sent' };
          },
        }),
      },
    });
    await env.producer.sendMany(
      Array.from({ length: MESSAGES }, (_, i) => ({
        platform: 'kongregate' as const,
        to: { userId: i + 1 },
        content: 'Hello',
      })),
    );
    expect(await env.settled(MESSAGES)).toEqual({ 'delivered/sent': MESSAGES });
    expect(mostSending).toBeLessThanOrEqual(CONCURRENCY);
    expect(most > CONCURRENCY).toBe(ahead);
  });

  it.for<[string, Record<string, unknown>, boolean]>([
    ['holds more jobs than requests, where each has one message', {}, true],
    ['holds no more jobs than requests where it admits none ahead', { onUnknown: 'keep' }, false],
  ])('%s', async ([, channel, more], { openEnvironment }) => {
    const env = await openEnvironment({ channel: { ...channel, concurrency: CONCURRENCY } });
    let [sending, mostSending, mostHeld] = [0, 0, 0];
    const active = env.queue.toKey('active');
    await env.queue.addBulk(
      Array.from({ length: 2 * MESSAGES }, (_, i) => ({
        name: 'message',
        data: { v: 1, id: `m-${i}`, platform: 'kongregate', to: { userId: i + 1 }, content: 'Hello' },
      })),
    );
    await env.worker({
      wrap: {
        client: (client) => ({
          ...client,
          async send() {
            sending += 1;
            mostSending = Math.max(mostSending, sending);
            mostHeld = Math.max(mostHeld, await env.redis.llen(active));
            sending -= 1;
            return { kind: 'delivered', reason: 'sent' };
          },
        }),
      },
    });
    expect(await env.settled(2 * MESSAGES)).toEqual({ 'delivered/sent': 2 * MESSAGES });
    expect(mostSending).toBeLessThanOrEqual(CONCURRENCY);
    expect(mostHeld > CONCURRENCY).toBe(more);
  });

  it('hands back what has not started when the platform becomes slow, so that what is urgent does not wait for it', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({ channel: { concurrency: CONCURRENCY } });
    const active = env.queue.toKey('active');
    const job = (id: string, userId: number, priority: number) => ({
      name: 'message',
      data: { v: 1, id, platform: 'kongregate', to: { userId }, content: 'Hello', priority },
      opts: { priority },
    });
    await env.queue.addBulk(Array.from({ length: 3 * MESSAGES }, (_, i) => job(`m-${i}`, i + 1, 5)));
    const sent: string[] = [];
    const hanging: (() => void)[] = [];
    let mostHeld = 0;
    await env.worker({
      wrap: {
        client: (client) => ({
          ...client,
          async send({ id }) {
            sent.push(id);
            mostHeld = Math.max(mostHeld, await env.redis.llen(active));
            if (sent.length > 2 * MESSAGES) await new Promise<void>((resolve) => hanging.push(resolve));
            return { kind: 'delivered', reason: 'sent' };
          },
        }),
      },
    });
    await eventually('the platform to hang', () => hanging.length === CONCURRENCY || undefined);
    expect(mostHeld).toBeGreaterThan(CONCURRENCY);
    // What was admitted ahead has started: as many as the requests at most.
    await eventually(
      'the others to go back',
      () => env.redis.llen(active),
      (held) => held <= 2 * CONCURRENCY,
    );
    const before = sent.length;
    await env.queue.addBulk([job('urgent', 1_000_001, 0)]);
    for (let i = 0; i <= CONCURRENCY; i++) {
      await eventually('an answer to wait for', () => hanging.length > 0 || undefined);
      hanging.shift()?.();
    }
    await eventually('the urgent message', () => sent.includes('urgent') || undefined);
    expect(sent.indexOf('urgent')).toBeLessThanOrEqual(before + 2 * CONCURRENCY);
    for (const answer of hanging.splice(0)) answer();
  });
});
