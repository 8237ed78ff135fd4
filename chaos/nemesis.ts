import type { Random } from '../src/clock.ts';
import { type Failpoint, STEPS, type Step } from '../testing/failpoints.ts';
import { TIMEOUT_MS } from './channels.ts';
import type { Place } from './fleet.ts';
import type { ChaosOptions } from './options.ts';

/** What is done to the system, and when: milliseconds from the start. `worker` is a number to be taken modulo. */
export type Fault = { atMs: number; worker: number } & FaultKind;
export type FaultKind = CommonFault | StoreFault;
/** Befalls workers, links and platforms, whatever the store is. */
export type CommonFault =
  | { kind: 'kill'; at: Step | undefined; inMany?: Failpoint['inMany'] }
  | { kind: 'freeze'; forMs: number }
  | { kind: 'block'; at: Step; forMs: number }
  | { kind: 'answer_lost' }
  | { kind: 'cut' }
  | { kind: 'half_open'; forMs: number }
  | { kind: 'delay'; byMs: number; forMs: number }
  | { kind: 'platform_slow'; forMs: number }
  | { kind: 'platform_away'; forMs: number }
  | { kind: 'platform_cut' }
  | { kind: 'wrong_clock'; aheadMs: number; forMs: number }
  | { kind: 'clock_step'; aheadMs: number; forMs: number }
  | { kind: 'paused'; forMs: number }
  | { kind: 'poison'; bytes: number }
  | { kind: 'enqueue_answer_lost' }
  /** Asked to end in the middle of a job of many; `dies` while it hands it back. */
  | { kind: 'hand_back'; dies: boolean }
  | { kind: 'replay' }
  | { kind: 'deploy' };
export type StoreFault = NodeFault | ClusterFault;
/** Befalls one Redis. */
export type NodeFault =
  | { kind: 'outage'; forMs: number }
  | { kind: 'flush'; command: 'flushall' | 'flushdb' }
  | { kind: 'demotion'; lagMs: number }
  | { kind: 'full'; forMs: number };
/** Befalls a Redis Cluster. `worker` picks the master, or the channel. */
export type ClusterFault =
  /** Its replica has not got what it was told for `lagMs`; it comes back after `awayMs`. */
  | { kind: 'master_kill'; lagMs: number; awayMs: number }
  | { kind: 'master_freeze'; forMs: number }
  /** Its replica takes over, as before maintenance. */
  | { kind: 'handover' }
  /** Moves a channel's keys to another master, in so long. */
  | { kind: 'slot_move'; forMs: number };

/** How each kind is done. Resolves when it is over. */
export type Acts<F extends FaultKind> = {
  [K in F['kind']]: (fault: Fault & Extract<F, { kind: K }>, place: Place) => Promise<void> | void;
};

/** A job lock is 15 s long: longer than that, and another worker takes over. */
const BEYOND_LOCK_MS = 17_000;
/** Outages in turn: most are short, some outlast the lock of a job. */
const OUTAGES_MS = [800, 2_000, 1_200, 5_000, 500, 3_000, 1_500, 17_000];
/** Long enough for a replica to take over, and shorter than a silence that a worker waits for. */
const FROZEN_MS = 7_000;
/** An hour off, either way. */
const HOUR_MS = 3_600_000;
const AT_MOST_OF_THE_SPAN = 0.4;

const THREE_DAYS_MS = 3 * 24 * HOUR_MS;
/** A liveness probe that takes a paused queue for a stuck worker fails after a minute. */
const PAUSED_MS = 70_000;
/** Shares no factor with the number of steps. */
const STRIDE = 3;
const POISON_BYTES = 4 * 1024 * 1024;

export type Planned = Pick<
  ChaosOptions,
  'kills' | 'outages' | 'minutes' | 'masterKills' | 'masterFreezes' | 'slotMoves'
>;

export function planFaults({ kills, outages, minutes, ...cluster }: Planned, random: Random): Fault[] {
  const spanMs = minutes * 60_000;
  const { between, spread, each } = spreading(spanMs, random);
  const outage = (number: number): FaultKind => {
    const longest = (spanMs / Math.max(1, outages)) * AT_MOST_OF_THE_SPAN;
    return { kind: 'outage', forMs: Math.min(longest, OUTAGES_MS[number % OUTAGES_MS.length] ?? 0) };
  };
  return [
    ...spread(kills, kill),
    ...spread(outages, outage),
    ...each(50_000, () => ({ kind: 'freeze', forMs: BEYOND_LOCK_MS })),
    ...each(40_000, (number) => block(STEPS[number % STEPS.length]!)),
    ...each(4_000, () => ({ kind: 'answer_lost' })),
    ...each(7_000, () => ({ kind: 'cut' })),
    ...each(25_000, (n) => ({
      kind: 'half_open',
      forMs: n % 4 === 3 ? BEYOND_LOCK_MS : between(500, 4_000),
    })),
    ...each(15_000, () => ({ kind: 'delay', byMs: between(20, 400), forMs: 3_000 })),
    ...each(30_000, () => ({ kind: 'platform_slow', forMs: 5_000 })),
    ...each(45_000, () => ({ kind: 'platform_away', forMs: 2_000 })),
    ...each(10_000, () => ({ kind: 'platform_cut' })),
    ...spread(2, (n) => ({ kind: 'wrong_clock', aheadMs: n % 2 ? -HOUR_MS : HOUR_MS, forMs: 15_000 })),
    ...each(40_000, (n) => ({
      kind: 'clock_step',
      aheadMs: n % 3 === 2 ? -THREE_DAYS_MS : THREE_DAYS_MS,
      forMs: between(4_000, 10_000),
    })),
    ...each(60_000, () => ({ kind: 'poison', bytes: POISON_BYTES })),
    {
      atMs: Math.round(spanMs / 4),
      worker: 0,
      kind: 'paused',
      forMs: Math.min(PAUSED_MS, spanMs / 2),
    } as const,
    ...each(40_000, () => ({ kind: 'replay' })),
    ...spread(Math.max(1, Math.round(minutes / 5)), () => ({ kind: 'deploy' })),
    ...each(5_000, () => ({ kind: 'enqueue_answer_lost' })),
    ...each(20_000, (n) => ({ kind: 'hand_back', dies: n % 2 === 1 })),
    ...planClusterFaults(cluster, spread, between),
  ].toSorted((a, b) => a.atMs - b.atMs);
}

/** Some replicas lag, so that a master that dies takes something along. */
function planClusterFaults(
  { masterKills, masterFreezes, slotMoves }: Pick<Planned, 'masterKills' | 'masterFreezes' | 'slotMoves'>,
  spread: Spreading['spread'],
  between: Spreading['between'],
): Fault[] {
  return [
    ...spread(masterKills, (n) => ({
      ...{ kind: 'master_kill', lagMs: n % 4 === 3 ? between(200, 1_000) : 0 },
      awayMs: between(500, 3_000),
    })),
    ...spread(masterFreezes, (n) => ({ kind: 'master_freeze', forMs: n % 2 ? 800 : FROZEN_MS })),
    ...spread(slotMoves, () => ({ kind: 'slot_move', forMs: between(300, 3_000) })),
    ...spread(Math.ceil(masterKills / 5), () => ({ kind: 'handover' })),
  ];
}

/** By turns at any message, and at one in the middle of a job of many or of a campaign's job. */
const IN_MANY = [undefined, true, 'campaign'] as const;

/** Half of the deaths at a moment of their own, the others at each step in turn. */
function kill(number: number): FaultKind {
  const turn = Math.floor(number / 2);
  if (number % 2 === 0) return { kind: 'kill', at: undefined };
  // In strides, so that a run with few kills has some at the last steps, too.
  return {
    kind: 'kill',
    at: STEPS[(turn * STRIDE) % STEPS.length],
    inMany: IN_MANY[turn % IN_MANY.length],
  };
}

/** Each loss has so much time: the store is told what it lacks, and the application sends again what it knows no end of. */
export const LOSS_MS = 25_000;

/**
 * The part of a run in which the store loses what it acknowledged. Workers that die then take along what only they still
 * know, and one that cannot reach the store does not tell it in time: here they only meet what lasts for moments.
 */
export function planLosses({ losses }: Pick<ChaosOptions, 'losses'>, random: Random): Fault[] {
  const { between, spread, each } = spreading(losses * LOSS_MS, random);
  return [
    ...spread(losses, (number) => loss(number, between)),
    ...each(5_000, () => ({ kind: 'answer_lost' })),
    ...each(11_000, () => ({ kind: 'cut' })),
    ...each(20_000, () => ({ kind: 'platform_slow', forMs: 5_000 })),
  ].toSorted((a, b) => a.atMs - b.atMs);
}

function loss(number: number, between: (least: number, most: number) => number): FaultKind {
  if (number % 4 === 1) return { kind: 'demotion', lagMs: between(2_000, 6_000) };
  if (number % 4 === 2) return { kind: 'full', forMs: between(3_000, 6_000) };
  return { kind: 'flush', command: number % 4 === 0 ? 'flushall' : 'flushdb' };
}

type Spreading = ReturnType<typeof spreading>;

function spreading(spanMs: number, random: Random) {
  const between = (least: number, most: number): number => Math.round(least + random() * (most - least));
  const spread = (count: number, make: (number: number) => FaultKind): Fault[] =>
    Array.from({ length: count }, (_, number) => ({
      atMs: Math.round(((number + 0.1 + 0.8 * random()) / count) * spanMs),
      worker: between(0, 1_000_000),
      ...make(number),
    }));
  const each = (everyMs: number, make: (number: number) => FaultKind): Fault[] =>
    spread(Math.round(spanMs / everyMs), make);
  return { between, spread, each };
}

/**
 * Before the write a worker may stand still for less than a request's timeout (the grant has room for so much), which
 * is the bound that the guarantee needs; elsewhere for as long as it likes.
 */
const block = (at: Step): FaultKind => ({
  kind: 'block',
  at,
  forMs: at === 'writing' ? TIMEOUT_MS * 0.75 : BEYOND_LOCK_MS,
});
