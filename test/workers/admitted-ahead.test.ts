import { describe, expect } from 'vitest';
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
});
