import { describe, expect } from 'vitest';
import { elapse, eventually } from '../../testing/eventually.ts';
import type { LocalWorker } from '../../testing/local-worker.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { it } from '../support/environment.ts';

const MESSAGES = 5;
const readyz = async (worker: LocalWorker): Promise<unknown> => (await fetch(`${worker.url}/readyz`)).json();

describe('a wrong API key', () => {
  it('stops the channel, says why, and loses nothing', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const { journal } = env.sandbox;
    for (let i = 1; i <= MESSAGES; i += 1) await env.send(10 * i + 1);
    const wrong = await env.worker({ channel: { apiKey: 'a-wrong-key' } });
    const stopped = async () =>
      metric(await wrong.metrics(), 'herald_channel_stopped', { reason: 'credentials' });
    await eventually('the gauge of the stop', stopped, (value) => value === 1);
    expect(await readyz(wrong)).toMatchObject({
      status: 'ready',
      stopped_channels: [{ channel: 'kongregate', reason: 'credentials' }],
    });
    expect(wrong.log()).toContain('"channel_stopped"');
    expect(wrong.log()).toContain('"reason":"credentials","since":"');
    // What was under way beside the one that stopped it has arrived, too.
    await wrong.close();
    const { calls, accepted } = journal.report();
    expect(calls).toBeLessThanOrEqual(MESSAGES);
    expect(accepted).toBe(0);

    // The same key again: still stopped, and nothing leaves. What was refused once is not tried again.
    const again = await env.worker({ channel: { apiKey: 'a-wrong-key' } });
    await eventually(
      'the message to be looked at',
      async () => metric(await again.metrics(), 'herald_admissions_total', { verdict: 'stopped' }),
      (count) => (count ?? 0) > 0,
    );
    await elapse(500);
    expect(journal.report().calls).toBe(calls);
    await again.close();
    expect(await env.receipts()).toEqual([]);
    expect(await env.letters()).toEqual([]);

    const right = await env.worker();
    expect(await env.agreed(MESSAGES, [right])).toEqual({
      'delivered/sent': MESSAGES,
    });
    // What was refused left, too, and is counted with the message that it was of.
    const attempts = (await env.receipts()).reduce((sum, receipt) => sum + receipt.attempts, 0);
    expect(attempts).toBe(MESSAGES + calls);
    expect(journal.report()).toMatchObject({ accepted: MESSAGES, acceptedMoreThanOnce: 0 });
  });
});
