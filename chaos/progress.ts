import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../src/clock.ts';
import { channelKeys } from '../src/redis/keys.ts';
import { CHANNELS, storesOf } from './channels.ts';
import type { Fleet } from './fleet.ts';
import { leftIn, whatIsLeft } from './left.ts';
import type { ChaosOptions } from './options.ts';
import type { Store } from './stores/store.ts';
import type { Waits } from './waits.ts';

/** How far a run is, told every few seconds, and when it is over. */
type Looking = Pick<Store, 'of'>;

interface Watched {
  store: Store;
  fleet: Fleet;
  options: Pick<ChaosOptions, 'minutes'>;
  orders: { acknowledged: ReadonlySet<string> };
  waits: Pick<Waits, 'names'>;
  context: { tell(line: string): void; signal: AbortSignal };
  elapsed(): number;
  pause(ms: number): Promise<void>;
}

const EVERY_MS = 5_000;
const LOOK_MS = 500;
/** A client waits for a store that is away; nobody waits for that client any longer. */
const ANSWERS_WITHIN_MS = 4_000;
const TELL_MS = 30_000;

export function progress({ store, fleet, orders, options, waits, context, elapsed }: Watched): Progress {
  const timer = setInterval(async () => {
    const at = `${Math.round(elapsed() / 1000)} s`.padStart(7);
    const counts = `acknowledged ${orders.acknowledged.size}, killed ${fleet.killed}`;
    if (store.away) return context.tell(`${at}  ${counts}, redis is unreachable`);
    const counted = await answered(count(store));
    const isLate = elapsed() > options.minutes * 60_000 && waits.names.length > 0;
    const goesOn = isLate ? `, under way: ${waits.names.join(', ')}` : '';
    if (!counted) return context.tell(`${at}  ${counts}, redis does not answer${goesOn}`);
    const { finals, left } = counted;
    context.tell(`${at}  ${counts}, final states ${finals}, in the queues ${left}${goesOn}`);
  }, EVERY_MS);
  return { stop: () => clearInterval(timer) };
}

interface Progress {
  stop(): void;
}

/**
 * Resolves when nothing is left in the queues but dead letters, or when that took too long: with what is left, a line for each
 * store.
 * @throws Error when the store cannot be asked in the end
 */
export async function settled(
  { store, elapsed, pause, context }: Watched,
  withinMs: number,
): Promise<string[]> {
  const until = elapsed() + withinMs;
  for (let tellAt = elapsed() + TELL_MS; ; ) {
    const left = await answered(whatIsLeft(store, systemClock.now()));
    if (left?.length === 0 || context.signal.aborted) return [];
    if (elapsed() > until) {
      if (!left)
        throw new Error(`redis could not be asked what is left, ${withinMs / 1000} s after the last fault`);
      return left;
    }
    if (elapsed() > tellAt) {
      context.tell(`waiting for ${left?.join('; ') ?? 'an answer of redis'}`);
      tellAt += TELL_MS;
    }
    await pause(LOOK_MS);
  }
}

/** Undefined where a replica takes over, or the store loads or follows another, so that nobody knows. */
async function answered<T>(look: Promise<T>): Promise<T | undefined> {
  const over = new AbortController();
  const late = wait(ANSWERS_WITHIN_MS, undefined, { signal: over.signal });
  try {
    return await Promise.race([look, late]);
  } catch {
    return undefined;
  } finally {
    over.abort();
  }
}

async function count(store: Looking): Promise<{ finals: number; left: number }> {
  const sums = { finals: 0, left: 0 };
  for (const channel of CHANNELS) {
    for (const name of storesOf(channel))
      sums.finals += await store.of(name).xlen(channelKeys(name).receipts);
    sums.left += await leftIn(store, channel);
  }
  return sums;
}
