import type { Clock } from '../clock.ts';
import type { RateLease } from '../ledger/rate-lease.ts';
import { AHEAD_MS } from '../policies/admission.ts';
import { type Departure, depart } from '../policies/rate.ts';
import type { Margin } from './margin.ts';

/**
 * The requests of a channel that wait for their moment, in this process: of all its stores. See `depart` for what leaves when; what
 * is missing is taken from the channel's rate.
 */
export interface Departures {
  /** @returns whether it may leave now; otherwise its grant would end before it has a moment, or it was called off */
  mayLeave(request: DepartureRequest): Promise<boolean>;
  /** Looks again: a signal was aborted. */
  look(): void;
}

export interface DepartureRequest extends Departure {
  /** How far ahead a moment may be taken for it. */
  aheadMs: number;
  /** Calls it off. */
  signal: AbortSignal;
}

export interface DepartureOptions {
  rate: Pick<RateLease, 'take' | 'giveUp'>;
  margin: Margin;
  clock: Pick<Clock, 'monotonic'>;
}

interface Waiting extends DepartureRequest {
  answer(leaves: boolean): void;
}

export function createDepartures(options: DepartureOptions): Departures {
  const { rate, margin, clock } = options;
  const { tolerance } = margin;
  let waiting: Waiting[] = [];
  let moments: number[] = [];
  let asked = 0;
  let noneBefore = 0;
  /** How late this process saw the moments that it missed, since it used one. */
  let behindMs = 0;
  let timer: NodeJS.Timeout | undefined;
  /** Under way while moments are given up. */
  let givingUp: Promise<void> | undefined;

  function look(none = noneBefore): void {
    const now = clock.monotonic();
    refuse(waiting.filter(({ signal }) => signal.aborted));
    waiting = waiting.filter(({ signal }) => !signal.aborted);
    const next = depart(waiting, moments, now, { tolerance, asked, noneBefore: none });
    for (const moment of next.used) margin.note(now - moment, true);
    if (waiting.length > 0) for (const moment of next.passed) margin.note(now - moment, false);
    if (next.used.length > 0) behindMs = 0;
    else if (next.passed[0] !== undefined) behindMs = now - next.passed[0];
    ({ waiting, moments } = next);
    for (const each of next.leaving) each.answer(true);
    if (areRare()) giveUp(next.passed);
    if (givingUp) void givingUp.then(() => refuse(next.late));
    else refuse(next.late);
    wake(next.missing, now);
  }

  /** Whether a grant ends before the moment that follows its own: whoever misses one cannot wait for another. */
  function areRare(): boolean {
    const { interval, widen } = margin.spacing();
    return interval + widen > AHEAD_MS;
  }

  /** Gives up moments that passed, and all others where nobody waits. Otherwise a rate of one an hour would have none for an hour. */
  function giveUp(passed: readonly number[]): void {
    const unused = [...passed, ...(waiting.length === 0 ? moments.splice(0) : [])];
    if (unused.length === 0) return;
    noneBefore = 0;
    const before = givingUp;
    // If the store cannot be asked, they are lost.
    const mine = Promise.resolve(before)
      .then(() => rate.giveUp(ascending(unused)))
      .catch(() => {})
      .then(() => {
        if (givingUp === mine) givingUp = undefined;
      });
    givingUp = mine;
  }

  function wake(missing: number, now: number): void {
    clearTimeout(timer);
    if (waiting.length === 0) return;
    const aheadMs = Math.max(...waiting.map((each) => each.aheadMs));
    const askAt = noneBefore - aheadMs;
    if (missing > 0 && askAt <= now) void take(missing, aheadMs);
    const at = [
      ...(moments[0] !== undefined && moments[0] > now ? [moments[0]] : []),
      ...(missing > 0 && askAt > now ? [askAt] : []),
      Math.min(...waiting.map(({ latestAt }) => latestAt)),
    ];
    timer = setTimeout(() => look(), Math.max(1, Math.ceil(Math.min(...at) - now)));
    timer.unref();
  }

  async function take(count: number, aheadMs: number): Promise<void> {
    asked += count;
    await givingUp;
    // Who reads answers late would find a moment that was free at once gone, and the one in its place as well.
    const fromMs = Math.min(behindMs, aheadMs / 2);
    // Whoever has the connection tells of its trouble: those that have no moment then give their grants back.
    const taken = await rate.take(count, aheadMs, fromMs).catch(() => undefined);
    asked -= count;
    if (!taken) return look(Number.POSITIVE_INFINITY);
    moments = ascending([...moments, ...taken.moments]);
    if (taken.moments.length < count) noneBefore = taken.nextAt;
    look();
  }

  return {
    look: () => look(),
    mayLeave: (request) =>
      new Promise((answer) => {
        const { interval, widen } = margin.spacing();
        const own = Array.from(
          { length: request.requests },
          (_, i) => request.moment + i * (interval + widen),
        );
        moments = ascending([...moments, ...own]);
        const at = waiting.findLastIndex(({ moment }) => moment <= request.moment) + 1;
        waiting = waiting.toSpliced(at, 0, { ...request, answer });
        look();
      }),
  };
}

function refuse(requests: readonly Waiting[]): void {
  for (const each of requests) each.answer(false);
}

const ascending = (instants: number[]): number[] => instants.sort((a, b) => a - b);
