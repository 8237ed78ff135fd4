import fc from 'fast-check';
import { expect } from 'vitest';
import type { Store } from '../harness.ts';
import { commands } from './commands.ts';
import { type Both, compare, compareReceipts, elapse, openRun, type Real } from './run.ts';
import { MESSAGES, setups } from './setup.ts';
import * as time from './time.ts';
import { admit } from './worker-admission.ts';

/** Ticks past its expiry, no grant of a message is left. */
const GRANTS_OVER = 3;

/**
 * Plays so many runs of commands in any order, each on a channel of its own, against the real scripts and the model.
 * Rejects with the shortest run that it finds at odds.
 */
export async function playRuns(store: Store, runs: { numRuns: number; seed?: number }): Promise<void> {
  await fc.assert(
    fc.asyncProperty(setups, commands, async (setup, played) => {
      const { model, real } = await openRun(store, setup);
      await fc.asyncModelRun(() => ({ model, real }), played);
      await expire(model, real);
      await compareReceipts(model, real);
    }),
    runs,
  );
}

/** Invariant 2: by its expiry each message has a final state, though nobody ever answered or the channel is stopped. */
async function expire(both: Both, real: Real): Promise<void> {
  const { model } = both;
  for (const spec of MESSAGES.toSorted((a, b) => a.life - b.life)) {
    await elapse(both, real, Math.max(0, Math.ceil((spec.life - model.now) / time.TICK)) + GRANTS_OVER);
    if (!model.queued(spec)) continue;
    await admit(both, real, [spec], false);
    await compare(both, real);
    const { verdict } = await real.lab.admit(real.message(spec));
    expect(verdict.kind, `invariant 2: ${spec.job} past its expiry`).toMatch(/^(known|duplicate)$/);
  }
}
