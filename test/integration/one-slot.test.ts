import { describe, expect } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { metric } from '../../testing/metrics-parser.ts';
import type { WorkerProcess } from '../../testing/worker-process.ts';
import { it } from '../support/environment.ts';

describe('two messages for one player at the same instant, two worker processes', () => {
  it.concurrent('deliver one and suppress the other, with one call', async ({ openEnvironment }) => {
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
    // The first one's backoff is 15 s; the second looks at the slot again after some 200 ms.
    const channel = {
      baseUrl: platform.baseUrl,
      retry: { attempts: 3, base: '15s', cap: '15s' },
    };
    const workers = [env.spawn({ channel, random: 0.999 }), env.spawn({ channel, random: 0.999 })];
    await Promise.all(workers.map((worker) => worker.ready()));
    const ids = await Promise.all([env.send(11), env.send(11)]);
    const [first] = await eventually(
      'a refused connection',
      () => refused(workers),
      ([id]) => id !== undefined,
      {
        everyMs: 2,
      },
    );
    await platform.accept();
    const tally = await env.agreed(2, workers);
    expect(tally).toEqual({ 'delivered/sent': 1, 'suppressed/quota': 1 });
    const delivered = (await env.receipts()).filter(({ state }) => state === 'delivered');
    expect(delivered).toMatchObject([{ id: ids.find((id) => id !== first), attempts: 1 }]);
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 1, accepted: 1 });
    expect(await attempts(workers, { outcome: 'failed', reason: 'not_connected' })).toBe(1);
  });
});

/** The ids of the messages that could not connect, by the workers' logs. */
const refused = (workers: readonly WorkerProcess[]): string[] =>
  workers
    .flatMap((worker) => worker.log().split('\n'))
    .filter((line) => line.includes('"not_connected"'))
    .map((line) => (JSON.parse(line) as { id: string }).id);

async function attempts(workers: readonly WorkerProcess[], labels: Record<string, string>): Promise<number> {
  const texts = await Promise.all(workers.map((worker) => worker.metrics()));
  return texts.reduce((sum, text) => sum + (metric(text, 'herald_attempts_total', labels) ?? 0), 0);
}
