import { refusesWrites } from '../redis/errors.ts';
import { EpochLostError } from './epoch.ts';

/**
 * Holds a worker's calls back while the store cannot be relied on: its connection broke (a restart or a failover), it lost
 * writes that it had acknowledged, or it refuses writes. Calls go through once it takes writes and the recent writes of
 * this worker have been restored.
 */
export interface FailoverDetector {
  /** Resolves when the store can be relied on; undefined when it can be now. */
  pending(): Promise<void> | undefined;
  /** Like `pending`, for calls that only add what this worker knows: they need not wait until the others have restored their writes. */
  restoring(): Promise<void> | undefined;
  /** Why a connected store is not relied on, and for how long (milliseconds); undefined when it is. */
  trouble(): { detail: string; ms: number; refusing: boolean } | undefined;
  add(source: RecentWrites): void;
  /** Call when the store seems to have lost writes: restores the recent ones, as after a lost connection. */
  suspect(): void;
  /** Call when the store has refused a write, by whatever call. */
  refused(error: Error): void;
  stop(): void;
}

/** Recent writes of this worker, which it can restore. */
export interface RecentWrites {
  /**
   * Writes them again. Also called before the store is relied on for the first time.
   * @param anew whether the server or its run has changed since the last call
   * @returns for how long admissions stay on hold, so that other workers can restore theirs, milliseconds
   */
  restore(anew: boolean): Promise<number>;
  /** Whether the store still has the history that was restored last. */
  holds(replicationId: string): Promise<boolean>;
}

/**
 * Makes a call that only adds what this worker knows. It is made once this worker's recent writes are restored, and repeated while the
 * store cannot be relied on. It must not wait for the end of the hold: then another worker may already ask about the same message.
 */
export const behindRestore = <T>(
  { restoring, suspect, refused }: Pick<FailoverDetector, 'restoring' | 'suspect' | 'refused'>,
  call: () => Promise<T>,
): Promise<T> => behindGate({ pending: restoring, suspect, refused }, call);

/**
 * Makes a call once the store can be relied on, and repeats it if the store became unreliable meanwhile.
 * @param epoch the epoch that admissions rely on now: a call that was refused for an earlier one is repeated with this one
 */
export async function behindGate<T>(
  store: Pick<FailoverDetector, 'pending' | 'suspect' | 'refused'>,
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

/** A promise and its resolve. */
export interface Gate {
  opened: Promise<void>;
  open(): void;
}

export function newGate(): Gate {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
