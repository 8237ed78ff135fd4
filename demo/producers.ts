import { setTimeout as pause } from 'node:timers/promises';
import { createProducer } from '../src/app.ts';
import type { Clock } from '../src/clock.ts';
import { CHANNELS } from './channels.ts';
import type { PlannedMessage } from './message-plan.ts';

export interface ProduceOptions {
  /** URL of the demo's Redis. */
  redis: string;
  clock: Clock;
  signal: AbortSignal;
  /** Told of each message that was taken. */
  onQueued: (planned: PlannedMessage) => void;
}

const TICK_MS = 50;

/**
 * Enqueues every message at its moment, by two producers in turn: two messages of the same instant come from both.
 * Ends early at the signal.
 */
export async function produce(plan: readonly PlannedMessage[], options: ProduceOptions): Promise<void> {
  const { clock, signal } = options;
  const taking = { ...options, channels: CHANNELS };
  const producers = [createProducer(taking), createProducer(taking)] as const;
  const startedAt = clock.monotonic();
  let next = 0;
  try {
    while (next < plan.length && !signal.aborted) {
      const elapsed = clock.monotonic() - startedAt;
      const end = plan.findIndex(({ atMs }, i) => i >= next && atMs > elapsed);
      const due = plan.slice(next, end === -1 ? plan.length : end);
      next += due.length;
      await Promise.all(
        producers.map((producer, turn) => {
          const share = due.filter((_, i) => i % 2 === turn);
          return producer.sendMany(
            share.map(({ message }) => message),
            {
              onResult: ({ status, index }) => void (status === 'queued' && options.onQueued(share[index]!)),
            },
          );
        }),
      );
      await pause(TICK_MS);
    }
  } finally {
    await Promise.all(producers.map((producer) => producer.close()));
  }
}
