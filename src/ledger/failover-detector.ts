import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import { refusesWrites } from '../redis/refusals.ts';
import { EpochLostError } from './epoch.ts';

/**
 * Stands between a worker and a store that cannot be relied on: one whose connection broke (Redis was restarted, or a
 * replica took over), one that has forgotten what it acknowledged, and one that refuses writes. Nothing is asked until
 * it takes writes and has been told what it may be missing.
 */
export interface StoreWatch {
  /** Resolves when the store can be relied on; undefined while nothing has to be waited for. */
  pending(): Promise<void> | undefined;
  /** As `pending`, for what is known already: that need not wait until the others have told what they know. */
  telling(): Promise<void> | undefined;
  /** Why a store that is connected is not relied on, and for how long, milliseconds; undefined where there is none. */
  trouble(): { detail: string; ms: number; refusing: boolean } | undefined;
  add(witness: Witness): void;
  /** The store has forgotten something: it is told, as after a lost connection. */
  suspect(): void;
  /** The store refused a write, whoever asked for it. */
  refused(error: Error): void;
  stop(): void;
}

/** Whoever knows something that the store must not miss. */
export interface Witness {
  /**
   * Tells it. Called before the store is relied on for the first time, too.
   * @param anew whether another server answers than before, or the same one after a restart
   * @returns for how long nobody may ask, so that others can tell what they know, milliseconds
   */
  tell(anew: boolean): Promise<number>;
  /** Whether the store is still the one that was told. */
  holds(replicationId: string): Promise<boolean>;
}

/**
 * How the watched connection has to be made: a call that was under way when it broke fails, instead of being sent again
 * to a store that has not been told yet. `behindGate` makes it again.
 */
export const WATCHED_CONNECTION = {
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
} as const;

export interface StoreWatchOptions {
  clock: Pick<Clock, 'monotonic'>;
  /** Writes something, to learn whether writes are taken. */
  probe(): Promise<unknown>;
  /** Hears once that writes are refused, and why; and, without one, that they are taken again. */
  onRefusing(error: Error | undefined): void;
  /** Hears of anything else that keeps the store from being told. */
  onError(error: unknown): void;
}

interface Gate {
  opened: Promise<void>;
  open(): void;
}

/** After an answer that refuses: a replica is read-only until it is promoted, a disk is full until somebody clears it. */
const AGAIN_MS = 1_000;
/** A store at the edge of its memory takes one write and refuses the next: the pauses grow. */
const AGAIN_AT_MOST_MS = 8_000;
const STEADY_MS = 5_000;
/** How often a store that says nothing is looked at: a FLUSHALL breaks no connection. */
const LOOK_MS = 2_000;

export function watchStore(redis: Redis, options: StoreWatchOptions): StoreWatch {
  const { clock, onError, onRefusing } = options;
  const witnesses: Witness[] = [];
  const stopping = new AbortController();
  const refusals = notedRefusals(clock, onRefusing);
  let known: string | undefined;
  let gate: Gate | undefined;
  /** Open where `gate` is, and from the telling on. */
  let tellingGate: Gate | undefined;
  let shutSince = 0;
  let suspected = false;
  let again: NodeJS.Timeout | undefined;
  /** Counts connections and suspicions up: a check that began before decides nothing. */
  let turn = 0;
  const stopped = (): boolean => stopping.signal.aborted;

  const openTelling = (): void => {
    tellingGate?.open();
    tellingGate = undefined;
  };
  const open = (): void => {
    openTelling();
    gate?.open();
    gate = undefined;
  };
  const shut = (): void => {
    if (stopped()) return;
    tellingGate ??= newGate();
    if (gate) return;
    gate = newGate();
    shutSince = clock.monotonic();
  };
  async function tellAll(anew: boolean, mine: number): Promise<void> {
    const holds = await Promise.all(witnesses.map((witness) => witness.tell(anew)));
    if (mine === turn) openTelling();
    const holdMs = Math.max(0, ...holds);
    if (holdMs > 0) await pause(holdMs, undefined, { signal: stopping.signal, ref: false });
  }
  async function check(): Promise<void> {
    const mine = ++turn;
    clearTimeout(again);
    try {
      // A write comes first: its refusal by a replica is what makes the client connect anew.
      await options.probe();
      const info = await redis.info('server', 'replication');
      refuseReplica(info);
      const id = fieldOf(info, 'run_id');
      if (suspected || id !== known) await tellAll(id !== known, mine);
      if (mine !== turn) return;
      known = id;
      suspected = false;
      refusals.over();
      open();
    } catch (error) {
      if (refusesWrites(error)) refusals.note(error);
      else if (!stopped()) onError(error);
      // A connection that went away is checked anew when it is back; a refusal may end without one.
      if (mine === turn && !stopped() && redis.status === 'ready') checkLater();
    }
  }
  /** Whether this is news: a gate that is shut has a check under way or to come. */
  function shutNow(): boolean {
    if (gate || stopped()) return false;
    shut();
    return redis.status === 'ready';
  }
  function checkLater(): void {
    clearTimeout(again);
    again = setTimeout(() => void check(), refusals.pauseMs());
    again.unref();
  }
  async function look(): Promise<void> {
    if (gate || redis.status !== 'ready') return;
    try {
      const info = await redis.info('replication');
      refuseReplica(info);
      const id = fieldOf(info, 'master_replid') ?? '';
      const held = await Promise.all(witnesses.map((witness) => witness.holds(id)));
      if (held.includes(false)) watch.suspect();
    } catch (error) {
      if (refusesWrites(error)) watch.refused(error);
    }
  }
  const lost = (): void => {
    turn += 1;
    clearTimeout(again);
    shut();
  };
  const ready = (): void => {
    if (gate) shutSince = clock.monotonic();
    void check();
  };
  const watch: StoreWatch = {
    pending: () => gate?.opened,
    telling: () => tellingGate?.opened,
    trouble() {
      if (!gate || redis.status !== 'ready') return undefined;
      const refusal = refusals.current();
      const detail = refusal
        ? `refuses writes: ${refusal}`
        : 'recent sends are being restored after a failover';
      return { detail, ms: clock.monotonic() - shutSince, refusing: refusal !== undefined };
    },
    add(witness) {
      witnesses.push(witness);
      watch.suspect();
    },
    suspect() {
      suspected = true;
      if (shutNow()) void check();
    },
    refused(error) {
      if (stopped()) return;
      const news = shutNow();
      shut();
      refusals.note(error);
      // What it refuses now it would refuse at once again.
      if (news) checkLater();
    },
    stop() {
      stopping.abort();
      turn += 1;
      redis.off('close', lost);
      redis.off('ready', ready);
      clearTimeout(again);
      clearInterval(looking);
      open();
    },
  };
  redis.on('close', lost);
  redis.on('ready', ready);
  const looking = setInterval(() => void look(), LOOK_MS);
  looking.unref();
  // Until it was told for the first time, nothing can be asked.
  shut();
  if (redis.status === 'ready') void check();
  return watch;
}

/**
 * Makes a call that only tells what is known, as soon as the store has been told the rest, and once more whenever it could
 * not be made. Another worker may ask about the same message in the moment in which it is relied on again.
 */
export const behindTelling = <T>(
  { telling, suspect, refused }: Pick<StoreWatch, 'telling' | 'suspect' | 'refused'>,
  call: () => Promise<T>,
): Promise<T> => behindGate({ pending: telling, suspect, refused }, call);

/**
 * Makes a call when the store can be relied on, and once more whenever it could not in between.
 * @param epoch what admissions rely on now: one that named an earlier epoch is only outdated
 */
export async function behindGate<T>(
  store: Pick<StoreWatch, 'pending' | 'suspect' | 'refused'>,
  call: () => Promise<T>,
  epoch: () => string | undefined = () => undefined,
): Promise<T> {
  for (;;) {
    await store.pending();
    try {
      return await call();
    } catch (error) {
      if (error instanceof EpochLostError && error.epoch !== epoch()) continue;
      if (error instanceof EpochLostError) store.suspect();
      else if (refusesWrites(error)) store.refused(error);
      if (!store.pending()) throw error;
    }
  }
}

/** One line for the beginning of a refusal and one for its end, however often it is met. */
function notedRefusals(clock: Pick<Clock, 'monotonic'>, tell: (error: Error | undefined) => void) {
  let current: string | undefined;
  let endedAt = Number.NEGATIVE_INFINITY;
  let pauseMs = AGAIN_MS;
  return {
    current: () => current,
    pauseMs: () => pauseMs,
    note(error: Error): void {
      if (current !== undefined) return;
      const soon = clock.monotonic() - endedAt < STEADY_MS;
      pauseMs = soon ? Math.min(2 * pauseMs, AGAIN_AT_MOST_MS) : AGAIN_MS;
      current = error.message;
      tell(error);
    },
    over(): void {
      if (current === undefined) return;
      current = undefined;
      endedAt = clock.monotonic();
      tell(undefined);
    },
  };
}

const fieldOf = (info: string, name: string): string | undefined =>
  new RegExp(`^${name}:(\\S*)`, 'm').exec(info)?.[1];

function refuseReplica(info: string): void {
  if (fieldOf(info, 'role') === 'slave') throw new Error('READONLY this Redis is a replica');
}

function newGate(): Gate {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
