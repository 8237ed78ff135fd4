import { expect } from 'vitest';
import { elapse, eventually } from '../../testing/eventually.ts';
import { metric, type Tally } from '../../testing/metrics-parser.ts';
import type { Environment } from '../support/environment.ts';

export interface Outage {
  messages: number;
  outageMs: number;
  /** From the return of Redis to the last final state. */
  recoveredWithinMs: number;
}

/**
 * Stops Redis in the middle of the messages, while a producer still adds some and two workers deliver, and starts it
 * again. Whatever happened, each message ends once, each player got one, and the counters agree.
 */
export async function rideOut(
  env: Environment,
  { messages, outageMs, recoveredWithinMs }: Outage,
): Promise<Tally> {
  const { journal } = env.sandbox;
  const workers = [env.spawn(), env.spawn()];
  await Promise.all(workers.map((worker) => worker.ready()));
  const half = messages / 2;
  const batch = (from: number) =>
    Array.from({ length: half }, (_, i) => ({
      platform: 'kongregate' as const,
      id: `m-${from + i}`,
      // Every id of these ends in 1 to 5: known players that have played.
      to: { userId: Math.floor((from + i) / 5) * 10 + ((from + i) % 5) + 1 },
      content: 'Hello',
    }));
  await env.producer.sendMany(batch(0));
  await eventually(
    'deliveries to be under way',
    () => journal.report().calls,
    (calls) => calls > half / 4,
    {
      everyMs: 2,
    },
  );
  await env.server.kill();
  const late = env.producer.sendMany(batch(half));
  await elapse(outageMs);
  expect(journal.report().calls).toBeLessThan(messages);
  await env.server.restart();
  expect(await late).toMatchObject({ queued: half, duplicate: 0, invalid: [] });

  const tally = await env.agreed(messages, workers, { withinMs: recoveredWithinMs });
  const presumed = tally['delivered/presumed'] ?? 0;
  expect((tally['delivered/sent'] ?? 0) + presumed).toBe(messages);
  const report = journal.report();
  expect(report).toMatchObject({ accepted: messages, acceptedMoreThanOnce: 0 });
  // Each was proved by a refusal; one whose answer was lost or late was asked for again.
  expect(report.results['daily_limit'] ?? 0).toBeGreaterThanOrEqual(presumed);
  expect(new Set((await env.receipts()).map(({ id }) => id)).size).toBe(messages);
  for (const worker of workers) {
    expect(metric(await worker.metrics(), 'herald_unforeseen_refusals_total')).toBe(0);
    expect(worker.log()).toContain('"redis is unreachable"');
  }
  return tally;
}
