import type { Clock } from '../clock.ts';

/**
 * The places of a channel's requests in this process, one for each that may be under way, and the grants that wait for one.
 *
 * A fast platform answers sooner than the ledger. So messages are admitted ahead of free places: as many as become free in about the time
 * that an admission takes. None is where requests take long, since those that began together also end together: a grant could wait for
 * as long as a request takes.
 */
export interface Places {
  /** How many messages may be admitted beyond those that have a place. */
  ahead(): number;
  of(request: PlaceRequest): Place;
  /**
   * Calls off all grants that were asked for before, of whatever store: the channel rests. Does nothing where none is admitted ahead: there a
   * grant has a place, and is used at once.
   */
  callOff(): void;
  /** Looks again: a signal was aborted. */
  look(): void;
}

export interface PlaceRequest {
  /** Those that are not bulk go first. */
  bulk: boolean;
  signal: AbortSignal;
}

/** The place of one message. */
export interface Place {
  /** Call right before its grant is asked for. */
  asked(): void;
  /**
   * Waits for the place, with a grant.
   * @param latestAt when the request would be too late for the grant, by the monotonic clock
   */
  take(latestAt: number): Taken | Promise<Taken>;
  /** Waits for the place, without a grant. @returns whether it has it; otherwise the signal was aborted */
  reserve(): Promise<boolean>;
  /** The message needs it no more. Does nothing where the place was not taken, or is free again. */
  free(): void;
}

/** `closing`: the signal was aborted. `too_late`: no place became free in time. */
export type Taken = 'taken' | 'closing' | 'called_off' | 'too_late';

export interface PlacesOptions {
  concurrency: number;
  /** Whether messages are admitted ahead. */
  looksAhead: boolean;
  clock: Pick<Clock, 'monotonic'>;
}

/** About the time that an admission takes on a busy worker. */
const ADMISSION_MS = 10;
/** For so long the places that become free are counted. */
const COUNTED_MS = 100;
/** Where requests take longer on average, none is admitted ahead: there is little to gain. */
const LONG_MS = 100;

const NEVER = Number.POSITIVE_INFINITY;

export function createPlaces({ concurrency, looksAhead, clock }: PlacesOptions): Places {
  let taken = 0;
  let waiting: Waiting[] = [];
  let timer: NodeJS.Timeout | undefined;
  let wakesAt = NEVER;
  let calledOff = 0;
  const freed = countFreed();

  function place({ bulk, signal }: PlaceRequest): Place {
    let since: number | undefined;
    let calledOffBefore = 0;

    const isCalledOff = (): boolean => calledOff > calledOffBefore;

    function enter(how: Taken): Taken {
      if (how !== 'taken') return how;
      since = clock.monotonic();
      return isCalledOff() ? 'called_off' : 'taken';
    }
    function wait(latestAt: number): Taken | Promise<Taken> {
      if (signal.aborted) return 'closing';
      if (taken < concurrency) {
        taken += 1;
        return enter('taken');
      }
      return new Promise<Taken>((answer) => {
        const at = bulk ? waiting.length : waiting.findIndex((each) => each.bulk);
        waiting.splice(at < 0 ? waiting.length : at, 0, { bulk, signal, latestAt, answer });
        wakeAt(latestAt);
      }).then(enter);
    }

    return {
      asked() {
        calledOffBefore = calledOff;
      },
      take(latestAt) {
        if (isCalledOff()) return 'called_off';
        return since === undefined ? wait(latestAt) : 'taken';
      },
      reserve: async () => since !== undefined || (await wait(NEVER)) !== 'closing',
      free() {
        if (since === undefined) return;
        const now = clock.monotonic();
        freed.note(now - since, now);
        since = undefined;
        refuseLate(now);
        const next = waiting.shift();
        if (next) next.answer('taken');
        else taken -= 1;
      },
    };
  }

  /** Answers those that may not wait any longer. */
  function refuse(how: Taken, which: (each: Waiting) => boolean): void {
    const refused = waiting.filter(which);
    waiting = waiting.filter((each) => !which(each));
    for (const { answer } of refused) answer(how);
  }

  function refuseLate(now: number): void {
    if (waiting.some(({ latestAt }) => latestAt <= now))
      refuse('too_late', ({ latestAt }) => latestAt <= now);
  }

  /** Wakes when a grant that waits ends, which is at this instant. */
  function wakeAt(latestAt: number): void {
    if (latestAt >= wakesAt) return;
    wakesAt = latestAt;
    clearTimeout(timer);
    timer = setTimeout(wake, Math.max(1, Math.ceil(latestAt - clock.monotonic()))).unref();
  }

  function wake(): void {
    wakesAt = NEVER;
    refuseLate(clock.monotonic());
    wakeAt(Math.min(...waiting.map(({ latestAt }) => latestAt)));
  }

  return {
    of: place,
    ahead: () => (looksAhead ? Math.min(concurrency, freed.within(ADMISSION_MS, clock.monotonic())) : 0),
    callOff() {
      if (!looksAhead) return;
      calledOff += 1;
      refuse('called_off', ({ latestAt }) => latestAt !== NEVER);
    },
    look: () => refuse('closing', ({ signal }) => signal.aborted),
  };
}

interface Waiting {
  bulk: boolean;
  signal: AbortSignal;
  /** Never for a message that has no grant. */
  latestAt: number;
  answer(how: Taken): void;
}

interface Freed {
  /** @param heldMs for how long it was taken */
  note(heldMs: number, now: number): void;
  /** How many become free within so many milliseconds; 0 where they are taken for long. */
  within(ms: number, now: number): number;
}

function countFreed(): Freed {
  const nothing = { count: 0, heldMs: 0 };
  let [since, current, before] = [0, nothing, nothing];

  function turn(now: number): void {
    if (now < since + COUNTED_MS) return;
    before = now < since + 2 * COUNTED_MS ? current : nothing;
    [since, current] = [now, nothing];
  }

  return {
    note(heldMs, now) {
      turn(now);
      current = { count: current.count + 1, heldMs: current.heldMs + heldMs };
    },
    within(ms, now) {
      turn(now);
      const { count, heldMs } = before;
      return heldMs > count * LONG_MS ? 0 : Math.floor((count * ms) / COUNTED_MS);
    },
  };
}
