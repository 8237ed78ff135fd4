import { describe, expect } from 'vitest';
import type { PlatformClient } from '../../src/platforms/port.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { type Counting, it, type LocalOptions } from '../support/environment.ts';

describe('two messages for one player at the same instant, two workers', () => {
  it.concurrent('deliver one and suppress the other, with one call, also in processes of their own', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment();
    const workers = [env.spawn(), env.spawn()];
    await Promise.all(workers.map((worker) => worker.ready()));
    await Promise.all([env.send(11), env.send(11)]);
    const tally = await env.agreed(2, workers);
    expect(tally).toEqual({ 'delivered/sent': 1, 'suppressed/quota': 1 });
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 1, accepted: 1 });
  });

  it.concurrent('give the slot to the second when the first one is refused a connection', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment();
    const platform = await env.refusing();
    const refused: string[] = [];
    // The platform is there again before the first one's slot is free, and so before the second one may have it.
    const client = (own: PlatformClient): PlatformClient => ({
      close: () => own.close(),
      async send(request) {
        const outcome = await own.send(request);
        if (outcome.kind === 'failed' && outcome.reason === 'not_connected') {
          refused.push(request.id);
          await platform.accept();
        }
        return outcome;
      },
    });
    const own: LocalOptions = {
      // The first one's backoff, which the second one's next looks at the slot come before.
      channel: { baseUrl: platform.baseUrl, retry: { attempts: 3, base: '15s', cap: '15s' } },
      random: () => 0.999,
      wrap: { client },
    };
    const workers = [await env.worker(own), await env.worker(own)];
    const ids = await Promise.all([env.send(11), env.send(11)]);
    const tally = await env.agreed(2, workers);
    expect(tally).toEqual({ 'delivered/sent': 1, 'suppressed/quota': 1 });
    expect(refused).toHaveLength(1);
    const delivered = (await env.receipts()).filter(({ state }) => state === 'delivered');
    expect(delivered).toMatchObject([{ id: ids.find((id) => id !== refused[0]), attempts: 1 }]);
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 1, accepted: 1 });
    expect(await attempts(workers, { outcome: 'failed', reason: 'not_connected' })).toBe(1);
  });
});

async function attempts(workers: readonly Counting[], labels: Record<string, string>): Promise<number> {
  const texts = await Promise.all(workers.map((worker) => worker.metrics()));
  return texts.reduce((sum, text) => sum + (metric(text, 'herald_attempts_total', labels) ?? 0), 0);
}
