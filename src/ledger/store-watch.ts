import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';

/**
 * Notices that another store answers on the connection: Redis was restarted, or a replica took over. What the old one
 * acknowledged last may be missing in it, so whoever has something to tell it does so before anything else is asked.
 */
export interface StoreWatch {
  /** Resolves when the connected store has been told; undefined while nothing has to be waited for. */
  pending(): Promise<void> | undefined;
  /** For how long a store has been connected that could not be told yet, milliseconds; 0 when there is none. */
  untoldMs(): number;
  onChange(tell: () => Promise<void>): void;
  stop(): void;
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
  onError(error: unknown): void;
}

interface Gate {
  opened: Promise<void>;
  open(): void;
}

/** After an answer that refuses: a replica is read-only until it is promoted, a disk is full until somebody clears it. */
const AGAIN_MS = 1_000;

export function watchStore(redis: Redis, { clock, onError }: StoreWatchOptions): StoreWatch {
  const tellers: (() => Promise<void>)[] = [];
  let known: string | undefined;
  let gate: Gate | undefined;
  let untoldSince: number | undefined;
  let again: NodeJS.Timeout | undefined;
  /** The connection counts up: a check that began on an earlier one decides nothing. */
  let connection = 0;
  let stopped = false;

  const open = (): void => {
    untoldSince = undefined;
    gate?.open();
    gate = undefined;
  };
  const shut = (): void => {
    if (!stopped) gate ??= newGate();
  };
  async function check(): Promise<void> {
    const checked = connection;
    try {
      const id = /run_id:(\w+)/.exec(await redis.info('server'))?.[1];
      if (known !== undefined && id !== known) await Promise.all(tellers.map((tell) => tell()));
      if (checked !== connection) return;
      known = id;
      open();
    } catch (error) {
      onError(error);
      // A connection that went away is checked anew when it is back; a refusal may end without one.
      if (checked !== connection || stopped || redis.status !== 'ready') return;
      again = setTimeout(() => void check(), AGAIN_MS);
      again.unref();
    }
  }
  const lost = (): void => {
    connection += 1;
    untoldSince = undefined;
    clearTimeout(again);
    shut();
  };
  const ready = (): void => {
    if (gate) untoldSince = clock.monotonic();
    void check();
  };
  redis.on('close', lost);
  redis.on('ready', ready);
  // Until it is connected, a call would only fail.
  if (redis.status !== 'ready') shut();
  return {
    pending: () => gate?.opened,
    untoldMs: () => (untoldSince === undefined ? 0 : clock.monotonic() - untoldSince),
    onChange: (tell) => void tellers.push(tell),
    stop() {
      stopped = true;
      redis.off('close', lost);
      redis.off('ready', ready);
      clearTimeout(again);
      open();
    },
  };
}

/** Makes a call when the store has been told, and once more whenever the connection breaks in between. */
export async function behindGate<T>(store: StoreWatch, call: () => Promise<T>): Promise<T> {
  for (;;) {
    await store.pending();
    try {
      return await call();
    } catch (error) {
      if (!store.pending()) throw error;
    }
  }
}

function newGate(): Gate {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
