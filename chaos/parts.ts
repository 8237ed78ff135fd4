import { systemClock } from '../src/clock.ts';
import { seededRandom } from '../src/sandbox/seeded-random.ts';
import { type CampaignPlan, planCampaigns } from './campaign-plan.ts';
import { performFaults } from './faults.ts';
import { crowdOf, type MessagePlan, planMessages } from './messages.ts';
import { type Fault, LOSS_MS, planFaults, planLosses } from './nemesis.ts';
import type { ChaosOptions } from './options.ts';
import { countOf, type Order } from './orders.ts';
import { replay } from './replay.ts';
import type { Run } from './run-context.ts';

/** A part of the run: messages of its own, from a number on, and faults of its own. */
export interface Part extends MessagePlan {
  seed: number;
  faults: readonly Fault[];
}

export type Count = (kind: string, times?: number) => void;

const TICK_MS = 200;
/** A random source apart from that of the messages. */
const CAMPAIGN_SEED = 7_919;

/** Messages come as fast in both. The account that is renamed by the last deployment goes by its new name from then on. */
export function partsOf({ seed, ...options }: ChaosOptions): [main: Part, losses: Part] {
  const spanMs = options.minutes * 60_000;
  const lossesMs = options.losses * LOSS_MS;
  const messages = Math.round((options.messages * spanMs) / (spanMs + lossesMs));
  const renamedAfter = options.rollouts / (options.rollouts + 1);
  const movedFrom = options.rollouts > 0 ? Math.ceil(messages * renamedAfter) : Number.POSITIVE_INFINITY;
  return [
    { spanMs, messages, movedFrom, seed: seed + 1, faults: planFaults(options, seededRandom(seed)) },
    {
      ...{
        spanMs: lossesMs,
        messages: options.messages - messages,
        from: messages,
        orderly: true,
        movedFrom,
      },
      ...{ seed: seed + 2, faults: planLosses(options, seededRandom(seed + 3)) },
    },
  ];
}

export async function playPart(run: Run, part: Part, count: Count): Promise<void> {
  const { context, store, platforms, fleet, orders, enqueueing, pause, undone, waits } = run;
  const startedAt = run.elapsed();
  const elapsed = (): number => run.elapsed() - startedAt;
  const replays = (): Promise<number> => replay(store.option, platforms);
  await Promise.all([
    performFaults(part.faults, {
      ...{ fleet, store, platforms, orders, enqueueing, undone, waits, count, replay: replays },
      ...{ clock: systemClock, pause, elapsed, signal: context.signal },
    }),
    waits.track('enqueueing', produce(run, part, elapsed)),
  ]);
}

/** Each of the deployments in its time, or as soon as the one before is done. */
export async function rollOut(run: Run, { spanMs, movedFrom = 0 }: Part): Promise<void> {
  const { options, rollouts, waits, elapsed, pause, context } = run;
  const startedAt = elapsed();
  for (let number = 1; number <= options.rollouts && !context.signal.aborted; number += 1) {
    const atMs = (number / (options.rollouts + 1)) * spanMs;
    await pause(Math.max(0, startedAt + atMs - elapsed()));
    // Nobody would deliver what producers that are late enqueue by the old name.
    const renames = number === options.rollouts;
    while (renames && run.produced < movedFrom && !context.signal.aborted) await pause(TICK_MS);
    await waits.track(`deployment ${number}`, rollouts.next());
  }
}

/** Each in its time, for people of whom half get single messages as well. */
export async function startCampaigns(
  { options, campaigns, undone, waits, elapsed, pause, context }: Run,
  part: Part,
): Promise<void> {
  const plans = planCampaigns(
    { ...part, campaigns: options.campaigns },
    {
      ...{ random: seededRandom(part.seed + CAMPAIGN_SEED), now: systemClock.now() },
      crowd: (channel) => crowdOf(channel, part),
    },
  );
  const startedAt = elapsed();
  const run = async (plan: CampaignPlan): Promise<void> => {
    await pause(Math.max(0, startedAt + plan.atMs - elapsed()));
    if (!context.signal.aborted) await waits.track(`campaign ${plan.id}`, campaigns.run(plan, undone));
  };
  await Promise.all(plans.map(run));
}

async function produce(run: Run, part: Part, elapsed: () => number): Promise<void> {
  const { context, orders, pause } = run;
  const { messages, spanMs } = part;
  const plan = planMessages(part, { random: seededRandom(part.seed), clock: systemClock });
  let made = 0;
  while (made < messages && !context.signal.aborted) {
    const due = Math.min(messages, Math.ceil((elapsed() / spanMs) * messages));
    const batch: Order[] = [];
    while (made < due) {
      const order = plan.next().value as Order;
      made += countOf(order);
      batch.push(order);
    }
    if (batch.length > 0) await orders.carryOut(batch);
    run.produced = made;
    await pause(TICK_MS);
  }
}
