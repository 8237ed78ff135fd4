import { coalesce } from '../ledger/coalesce.ts';
import { lookUpMessages, type Progress } from '../ledger/lookups.ts';
import { loadScript } from '../ledger/script.ts';
import type { LedgerMessage } from '../ledger/types.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { isRefusal, refusesWrites } from '../redis/errors.ts';
import { MAX_OFFSET_MS, type StoreClock } from '../redis/store-clock.ts';
import type { Entry, EntrySource } from './envelope.ts';
import { awayJobId, isPart } from './job-ids.ts';

/**
 * Messages that leave a job of many. Each gets a job of its own, whose id is its origin. The id makes this safe to repeat: after a
 * crash, the job is there already.
 */

export interface Leaving {
  entry: Entry;
  /** When it is due, milliseconds since the epoch by the store's clock; at once when absent. */
  until?: number | undefined;
  /** It goes to another store, where its origin may be the id of a different job, and nothing is known of it. */
  away?: Away | undefined;
}

/** @property notBefore what it was rescheduled to, milliseconds since the epoch; goes before what its data says */
interface Away {
  notBefore: number | undefined;
}

/** Bounds the size of a call, which with the largest content is some megabytes. */
const MAX_BATCH = 50;

const leaveScript = loadScript('leave.lua');
const recountScript = loadScript('recount.lua');

/** Puts a message into a job of its own. Calls of one turn of the event loop share a script call. */
export type Leave = (leaving: Leaving) => Promise<unknown>;

export function createLeave(store: ChannelStore, clock: Pick<StoreClock, 'offsetMs'>): Leave {
  return coalesce(
    async (all: readonly Leaving[]) => {
      const late = aheadMs(clock);
      const due = all.map((leaving) => ({ ...leaving, until: leaving.until && leaving.until + late }));
      await store.run(leaveScript, argumentsOf(due));
      return [...all];
    },
    { max: MAX_BATCH, refusedByStore: (error) => isRefusal(error) && !refusesWrites(error) },
  ).call;
}

/** Which of these messages of a job have ended or left it, or have a send in flight or in doubt. */
export async function entriesThatAre(
  progress: Exclude<Progress, 'waiting'>,
  entries: readonly Entry[],
  store: ChannelStore,
): Promise<ReadonlySet<Entry>> {
  const asked = entries.map((entry) => {
    const { origin: jobId, ledger } = placeOf(entry);
    return { key: ledger?.key ?? '', job: ledger?.job ?? '', jobId };
  });
  const found = await lookUpMessages(store, asked);
  return new Set(entries.filter((_, index) => found[index] === progress));
}

/**
 * Tells the gauges how many messages a job still has that goes back to its queue.
 * @param until where it is delayed: milliseconds since the epoch
 */
export const recountJob = async (
  store: ChannelStore,
  jobId: string,
  messages: number,
  until = 0,
): Promise<void> => {
  await store.run(recountScript, [jobId, String(messages), String(Math.ceil(until))]);
};

/**
 * How far this worker's clock is ahead of the store's. BullMQ promotes delayed jobs by the clock of any worker, so a job is delayed
 * for longer by that: a message may be late, but must never be early.
 */
function aheadMs({ offsetMs }: Pick<StoreClock, 'offsetMs'>): number {
  const ahead = offsetMs() ?? 0;
  return ahead > MAX_OFFSET_MS ? 0 : Math.max(0, ahead);
}

/** Gives each message of a job of many in the queue's failed set a job of its own, and removes that job. */
export async function leaveFailedJob(
  store: ChannelStore,
  jobId: string,
  entries: readonly Entry[],
): Promise<void> {
  await store.run(
    leaveScript,
    argumentsOf(
      entries.map((entry) => ({ entry })),
      { failed: jobId },
    ),
  );
}

function argumentsOf(all: readonly Leaving[], ...more: { failed: string }[]): string[] {
  const made = all.map(({ entry, away }) => jobOf(placeOf(entry).source, away));
  const jobs = all.map(({ entry, until, away }, index) => {
    const { origin, source, ledger } = placeOf(entry);
    return {
      ...(away && ledger && enlisted(ledger, away)),
      id: away ? awayJobId(origin, source.enqueuedAt) : origin,
      name: made[index]!.name,
      t: source.enqueuedAt,
      p: 2 * source.priority + (away && !isPart(origin) ? 0 : 1),
      due: until && Math.ceil(until),
      s: Math.ceil(source.dueAt),
    };
  });
  return [JSON.stringify([...jobs, ...more]), ...made.map(({ data }) => data)];
}

/** Those of a campaign have no record before their first admission. */
const enlisted = ({ key, job, expiresAt, campaign }: LedgerMessage, { notBefore = 0 }: Away) =>
  campaign === undefined && { m: key, j: job, e: expiresAt, b: notBefore };

const jobOf = (source: EntrySource, away: Away | undefined): { name: string | undefined; data: string } =>
  (away && source.away?.()) ?? source.alone?.() ?? { name: undefined, data: source.data() };

interface Place {
  /** The id of the job that its message gets. */
  origin: string;
  source: EntrySource;
  /** Absent for a newer version's message, which this version cannot identify. */
  ledger?: LedgerMessage;
}

export function placeOf(entry: Entry): Place {
  if (entry.kind === 'newer') return entry;
  const { ledger, source } = entry.kind === 'delivery' ? entry.delivery : entry;
  return { origin: ledger.jobId, source, ledger };
}
