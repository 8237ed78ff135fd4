import { describe, expect } from 'vitest';
import { closedDoor } from '../support/door.ts';
import { eventually } from '../support/eventually.ts';
import { it } from '../support/scene.ts';
import { metric } from '../support/tally.ts';
import type { WorkerProcess } from '../support/worker-process.ts';

describe('two messages for one player at the same instant, two worker processes', () => {
  it.concurrent('deliver one and suppress the other, with one call', async ({ openScene }) => {
    const scene = await openScene();
    const workers = [scene.spawn(), scene.spawn()];
    await Promise.all(workers.map((worker) => worker.ready()));
    await Promise.all([scene.send(11), scene.send(11)]);
    const tally = await scene.agreed(2, workers);
    expect(tally).toEqual({ 'delivered/sent': 1, 'suppressed/quota': 1 });
    expect(scene.sandbox.journal.report()).toMatchObject({ calls: 1, accepted: 1 });
  });

  it.concurrent('give the slot to the second when the first one is refused a connection', async ({
    openScene,
    onTestFinished,
  }) => {
    const scene = await openScene();
    const door = await closedDoor(scene.sandbox.port);
    onTestFinished(() => door.close());
    // The first one's backoff is 15 s; the second looks at the slot again after some 200 ms.
    const channel = {
      baseUrl: `${door.url}/kongregate/api`,
      retry: { attempts: 3, base: '15s', cap: '15s' },
    };
    const workers = [scene.spawn({ channel, random: 0.999 }), scene.spawn({ channel, random: 0.999 })];
    await Promise.all(workers.map((worker) => worker.ready()));
    const ids = await Promise.all([scene.send(11), scene.send(11)]);
    const [first] = await eventually(
      'a refused connection',
      () => refused(workers),
      ([id]) => id !== undefined,
      {
        everyMs: 2,
      },
    );
    await door.open();
    const tally = await scene.agreed(2, workers);
    expect(tally).toEqual({ 'delivered/sent': 1, 'suppressed/quota': 1 });
    const delivered = (await scene.receipts()).filter(({ state }) => state === 'delivered');
    expect(delivered).toMatchObject([{ id: ids.find((id) => id !== first), attempts: 1 }]);
    expect(scene.sandbox.journal.report()).toMatchObject({ calls: 1, accepted: 1 });
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
