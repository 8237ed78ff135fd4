import type { Clock } from '../clock.ts';

/**
 * The places of a channel's requests in this process, one for each that may be under way, and the grants that wait for one.
 *
 * A fast platform answers sooner than the ledger. So messages are admitted ahead of free places: as many as became free a moment ago, for
 * so many will be free when their grants come. Where a platform is slow, that is none or few, and no grant waits for long.
 */
export interface Places {
  /** How many messages may be admitted beyond those that have a place. */
  ahead(): number;
  of(signal: AbortSignal): Place;
  /** Calls off all grants that wait for a place: the channel rests. */
  callOff(): void;
  /** Looks again: a signal was aborted. */
  look(): void;
}

/** The place of one request. */
export interface Place {
  /** Resolves once the request may be made, or was called off. */
  take(): Taken | Promise<Taken>;
  /** The request has ended. Does nothing where the place was not taken, or is free again. */
  free(): void;
}

/** `closing`: the signal was aborted. */
export type Taken = 'taken' | 'closing' | 'called_off';

/** Some admissions take as long as this. */
const MOMENT_MS = 10;

export interface PlacesOptions {
  concurrency: number;
  /** Whether messages are admitted ahead. */
  looksAhead: boolean;
  clock: Pick<Clock, 'monotonic'>;
}

export function createPlaces({ concurrency, looksAhead, clock }: PlacesOptions): Places {
  let taken = 0;
  let waiting: Waiting[] = [];
  /** Places that became free in the moment that began then, and in the one before. */
  let [since, freed, before] = [0, 0, 0];

  function turn(): void {
    const now = clock.monotonic();
    if (now < since + MOMENT_MS) return;
    before = now < since + 2 * MOMENT_MS ? freed : 0;
    [since, freed] = [now, 0];
  }

  function free(): void {
    turn();
    freed += 1;
    const next = waiting.shift();
    if (next) next.answer('taken');
    else taken -= 1;
  }

  function place(signal: AbortSignal): Place {
    let holds = false;
    const answered = (how: Taken): Taken => {
      holds = how === 'taken';
      return how;
    };
    return {
      take() {
        if (taken >= concurrency)
          return new Promise<Taken>((answer) => waiting.push({ signal, answer })).then(answered);
        taken += 1;
        return answered('taken');
      },
      free() {
        if (holds) free();
        holds = false;
      },
    };
  }

  return {
    ahead() {
      if (!looksAhead) return 0;
      turn();
      return Math.min(concurrency, before);
    },
    of: place,
    callOff() {
      for (const { answer } of waiting.splice(0)) answer('called_off');
    },
    look() {
      const aborted = waiting.filter(({ signal }) => signal.aborted);
      waiting = waiting.filter(({ signal }) => !signal.aborted);
      for (const { answer } of aborted) answer('closing');
    },
  };
}

interface Waiting {
  signal: AbortSignal;
  answer(how: Taken): void;
}
