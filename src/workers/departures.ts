import type { Clock } from '../clock.ts';
import type { RateLease } from '../ledger/rate-lease.ts';
import { type Departure, depart } from '../policies/rate.ts';
import type { Margin } from './margin.ts';

/**
 * The requests of a channel that wait for their moment, in this process: of all its stores. See `depart` for what leaves when; what
 * is missing is taken from the channel's rate.
 */
export interface Departures {
  /** @returns whether it may leave now; otherwise its grant would end before it has a moment, or it was called off */
  leave(request: DepartureRequest): Promise<boolean>;
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
  rate: Pick<RateLease, 'take'>;
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

  function look(none = noneBefore): void {
    const now = clock.monotonic();
    for (const each of waiting) if (each.signal.aborted) each.answer(false);
    waiting = waiting.filter(({ signal }) => !signal.aborted);
    const next = depart(waiting, moments, now, { tolerance, asked, noneBefore: none });
    for (const moment of next.used) margin.note(now - moment, true);
    if (waiting.length > 0) for (const moment of next.passed) margin.note(now - moment, false);
    if (next.used.length > 0) behindMs = 0;
    else if (next.passed[0] !== undefined) behindMs = now - next.passed[0];
    ({ waiting, moments } = next);
    for (const each of next.late) each.answer(false);
    for (const each of next.leaving) each.answer(true);
    wake(next.missing, now);
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
    leave: (request) =>
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

const ascending = (instants: number[]): number[] => instants.sort((a, b) => a - b);
