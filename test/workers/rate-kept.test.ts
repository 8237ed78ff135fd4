import { describe, expect } from 'vitest';
import type { SandboxCall } from '../../src/sandbox/index.ts';
import { eventually } from '../../testing/eventually.ts';
import type { Step } from '../../testing/failpoints.ts';
import { unhurried } from '../../testing/slowness.ts';
import type { WorkerProcess } from '../../testing/worker-process.ts';
import { type Environment, it } from '../support/environment.ts';

const PER_MS = 5_000;
const MAX = 250;
const RATE = { rate: { max: MAX, per: `${PER_MS}ms` }, concurrency: 60 };
const MESSAGES = 400;
/** After so many of them, the event loop of a worker is blocked. */
const EVERY = 40;
const BLOCK_MS = 300;
/** For so long a worker may stand still on an idle machine where this process does not: far less than a block. */
const UNSEEN_MS = 40;
/** Whatever the process is about when it is blocked, but the write itself. */
const STEPS: readonly Step[] = ['answered', 'admitting', 'settled', 'granted'];

/** The instants of this process's turns: what a turn reads may have arrived since the one before the last. */
function turnsOfThisProcess() {
  const turns: number[] = [];
  const timer = setInterval(() => void turns.push(Date.now()), 1);
  return {
    stop: () => clearInterval(timer),
    earliest(at: number): number {
      const after = turns.findIndex((turn) => turn > at);
      return turns[(after < 0 ? turns.length : after) - 3] ?? 0;
    },
    /** Milliseconds for which this process stood still at most. */
    longest: () => turns.reduce((most, turn, i) => Math.max(most, turn - (turns[i - 1] ?? turn)), 0),
  };
}

async function blockNowAndThen(env: Environment, workers: readonly WorkerProcess[]): Promise<void> {
  const arrived = () => env.sandbox.journal.report().calls;
  for (let [i, count] = [0, EVERY]; count < MESSAGES; i++, count += EVERY) {
    await eventually(`${count} requests`, arrived, (calls) => calls >= count);
    workers[i % workers.length]!.arm({ at: STEPS[i % STEPS.length]!, does: 'block', ms: BLOCK_MS });
  }
}

describe.concurrent('a rate that is kept at the platform', () => {
  it.for([
    ['one worker', 1, {}],
    ['two workers', 2, {}],
    ['two workers of a channel over shards', 2, { shards: 3 }],
  ] as const)(
    'in any window, also while event loops are blocked: %s',
    async ([, processes, fields], { openEnvironment, onTestFinished }) => {
      const env = await openEnvironment({ channel: { ...RATE, ...fields } });
      const workers = Array.from({ length: processes }, () => env.spawn());
      await Promise.all(workers.map((worker) => worker.ready()));
      const turns = turnsOfThisProcess();
      onTestFinished(turns.stop);
      const messages = Array.from({ length: MESSAGES }, (_, i) => ({
        ...{ platform: 'kongregate' as const, to: { userId: 101 + i * 10 }, content: 'Hello' },
      }));
      // Each in a job of its own, and as many in jobs of many.
      const [alone, together] = [messages.slice(0, MESSAGES / 2), messages.slice(MESSAGES / 2)];
      await Promise.all([
        env.producer.sendMany(together),
        ...alone.map((message) => env.producer.send(message)),
      ]);
      await blockNowAndThen(env, workers);
      const { journal } = env.sandbox;
      // There are more requests where a busy machine lets some time out, which are sent again, each by a moment of its own.
      await eventually(
        'all to arrive',
        () => new Set(journal.calls().map(({ recipient }) => recipient)).size,
        (players) => players === MESSAGES,
      );
      const calls: SandboxCall[] = journal.calls();
      const spans = calls.slice(MAX).map(({ at }, i) => at - turns.earliest(calls[i]!.at));
      expect(spans.length).toBeGreaterThanOrEqual(MESSAGES - MAX);
      // On a busy machine a worker may stand still as long between its look at the clock and its write, which nobody can mend; and
      // longer than this process, which has a core when they have none. What came due in a block would leave together: a burst of BLOCK_MS.
      expect(Math.min(...spans)).toBeGreaterThanOrEqual(PER_MS - turns.longest() - unhurried(UNSEEN_MS));
    },
  );
});
