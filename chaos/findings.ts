import type { Times } from './breach.ts';
import { check, separate } from './checker.ts';
import { remembered } from './controls.ts';
import { explainedBy } from './failovers.ts';
import { gather, strays } from './history.ts';
import { answersKept } from './in-time.ts';
import { lateWrites } from './late-writes.ts';
import type { Orders } from './producer.ts';
import type { RecoveryFigures } from './recovery.ts';
import type { Findings } from './report.ts';
import { rolloutWindows } from './rollout-windows.ts';
import type { Run } from './run-context.ts';
import { unknownRuns } from './trace.ts';

/** Everything that was seen of a run, and what of it broke the promise. */
export async function findings(run: Run): Promise<Findings> {
  const { options, context, store, platforms, fleet, orders, faults, elapsed } = run;
  const { acknowledged, sent } = orders;
  const { forgettings, failovers } = store;
  const lapses = [...forgettings, ...failovers];
  const { campaigns } = run;
  const controls = [...orders.controller.carriedOut, ...campaigns.controls];
  const histories = await gather(store, platforms, {
    acknowledged: new Set([...acknowledged, ...campaigns.acknowledged()]),
    times: new Map([...timesOf(sent), ...campaigns.times()]),
    ...{ forgettings, pickups: run.pickups, campaigns: campaigns.begun },
    controls: remembered(controls, lapses),
  });
  const unknown = await unknownRuns(context.logs);
  const calmFrom = run.calmFrom ?? Number.POSITIVE_INFINITY;
  const breaches = [
    ...histories.flatMap((each) => [...check(each), ...answersKept(each, calmFrom, unknown)]),
    ...rolloutWindows(histories, run.rollouts.deployed),
    ...orders.answers.wrong(lapses),
  ];
  const unheard = orders.carriedOut - orders.acknowledged.size;
  if (unheard !== 0)
    run.complaints.push(`${unheard} orders were carried out and nobody heard what came of them`);
  const [stray] = strays(platforms);
  if (stray)
    run.complaints.push(`a platform was sent what belongs to none of its channels: ${stray.content}`);
  const finals = new Map<string, number>();
  for (const { channel, receipts } of histories) {
    for (const { id, at } of receipts) {
      const key = `${channel.name} ${id}`;
      finals.set(key, Math.min(at, finals.get(key) ?? at));
    }
  }
  const isWrittenLate = await lateWrites(context.logs);
  const separated = separate(
    breaches,
    (...call) => isWrittenLate(...call) || run.arrivals.isLate(...call),
    explainedBy(failovers, fleet.endedWith),
  );
  return {
    seed: options.seed,
    seconds: elapsed() / 1000,
    histories,
    acknowledged: orders.acknowledged.size,
    repeated: orders.repeated,
    many: run.many.figures(),
    ...{ controls, campaigns: campaigns.begun },
    faults,
    unknown,
    recovery: withoutForgotten(
      fleet.recovery.figures((message) => finals.get(message)),
      separated,
    ),
    slowness: run.pace.mean(),
    unkept: store.unkept,
    processes: { started: fleet.started, killed: fleet.killed },
    ...separated,
    failovers,
    complaints: [...fleet.complaints, ...run.rollouts.complaints, ...run.complaints],
  };
}

/** What a failover forgot nobody can take up again: it is told among what followed of that. */
function withoutForgotten(figures: RecoveryFigures, { forgotten }: Pick<Findings, 'forgotten'>) {
  const lost = new Set(forgotten.map(({ channel, id }) => `${channel} ${id}`));
  return { ...figures, never: figures.never.filter((message) => !lost.has(message)) };
}

const timesOf = (sent: Orders['sent']): Map<string, Times> =>
  new Map(
    [...sent].map(([id, { sendAt, expiresAt, onQuota }]) => [
      id,
      {
        ...(sendAt !== undefined && { sendAt: Date.parse(`${sendAt}`) }),
        ...{ expiresAt: Date.parse(`${expiresAt}`), defers: onQuota === 'defer' },
      },
    ]),
  );
