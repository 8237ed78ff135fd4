import type { Disposition } from '../outcome.ts';
import type { StoreClock } from '../redis/store-clock.ts';
import type { Turns } from '../turns.ts';
import type { Lane, Started, Urgency } from './dispatcher.ts';
import type { Entry, EntryList, Envelope, Pipeline, QueuedJob } from './envelope.ts';
import { collectEnds } from './job-ends.ts';
import { isPart, originalJobId } from './job-ids.ts';
import { type Leave, placeOf } from './leave.ts';

/**
 * Delivers the messages of a job. Each starts when the dispatcher lets it, and ends by itself. A message that has to wait alone
 * leaves a job of many at once, so that the job as a whole waits only when the whole channel has to.
 */
export interface JobDelivery {
  /**
   * Rejects only for infrastructure errors and bugs, once nothing of the job is in flight.
   * @returns the dispositions of the messages that the job still carries; none for those that had ended or have left
   */
  deliver(envelope: Envelope): Promise<Disposition[]>;
  /** Hands back whatever has not started. */
  handBack(): void;
  /** Hands back so many jobs of one message that have not started: the least urgent, and of these the last. None that has stalled. */
  handBackLast(jobs: number): void;
}

export interface JobDeliveryDeps {
  dispatcher: Lane;
  pipeline: Pipeline;
  /** Whether messages may start. */
  pulling(): boolean;
  partialJobs: PartialJobs;
  clock: Pick<StoreClock, 'now'>;
  /** Yields to the event loop between the messages that are read. */
  turns: Turns;
}

/** What the store knows and does about jobs of many messages, some of which may have ended or left. */
export interface PartialJobs {
  /** Which messages of a job that is picked up again have ended, or have left it. */
  ended(entries: readonly Entry[]): Promise<ReadonlySet<Entry>>;
  /** Which of them have a send in flight or in doubt. */
  sending(entries: readonly Entry[]): Promise<ReadonlySet<Entry>>;
  /** Puts a message into a job of its own. */
  leave: Leave;
  /** Tells the gauges, of a job that goes back to the queue, how many messages it still has and until when it is delayed. */
  recount(jobId: string, messages: number, until?: number): Promise<void>;
}

/** A job in hand, some of whose messages have not started. */
interface Held {
  job: QueuedJob;
  many: boolean;
  /** As the dispatcher's: lower ones first. */
  rank: number;
  /** Ends those that have not started with this disposition. @returns how many these are */
  stop(disposition: Disposition): number;
}

/** During a rest of at most this length the worker keeps the job; for a longer one, the whole queue rests. */
const LONGEST_HOLD_MS = 2_000;
/** After so many stalls in a row each message gets a job of its own: one that kills its workers must not take the others along. */
const STALLS_UNTIL_SPLIT = 2;
const HAND_BACK: Disposition = { kind: 'hand_back' };

export function createJobDelivery(deps: JobDeliveryDeps): JobDelivery {
  const { dispatcher, pipeline, partialJobs, clock, turns } = deps;
  const held = new Set<Held>();

  /** Returns the messages that the job still has to deliver. */
  async function open({ job, entries }: Envelope): Promise<EntryList> {
    if (entries.length === 1 || job.pickups <= 1) return entries;
    const all = await readAll(entries);
    const ended = await partialJobs.ended(all);
    const left = all.filter((entry) => !ended.has(entry));
    if (job.stalls < STALLS_UNTIL_SPLIT) return listOf(left);
    await Promise.all(left.map((entry) => partialJobs.leave({ entry })));
    return listOf([]);
  }

  async function readAll(entries: EntryList): Promise<Entry[]> {
    const all: Entry[] = [];
    for (let i = 0; i < entries.length; i++) all.push(await turns(() => entries.read(i)));
    return all;
  }

  async function endsOf({ job, entries, campaign }: Envelope, left: EntryList): Promise<Disposition[]> {
    // Handed back at once, and not when the dispatcher would start it: by the rate, that may be a minute away.
    if (!deps.pulling()) return Array.from({ length: left.length }, () => HAND_BACK);
    const paused = campaign?.paused && clock.now() < campaign.expiresAt && !isPart(originalJobId(job.id));
    if (!paused) return await deliverAll(job, left, entries.length > 1);
    return await pause(await readAll(left), campaign.expiresAt, job.pickups > 1);
  }

  /** Puts off a job of a paused campaign. Those of its messages that have a send in flight or in doubt leave it, to be resolved. */
  async function pause(left: readonly Entry[], expiresAt: number, begun: boolean): Promise<Disposition[]> {
    const sending = begun ? await partialJobs.sending(left) : new Set();
    const [going, staying] = [
      left.filter((each) => sending.has(each)),
      left.filter((each) => !sending.has(each)),
    ];
    await Promise.all(going.map((entry) => partialJobs.leave({ entry })));
    return staying.map(() => pipeline.pause(expiresAt));
  }

  /** Resolves when every message has ended, was put back with the job, or has left. */
  async function deliverAll(job: QueuedJob, entries: EntryList, many: boolean): Promise<Disposition[]> {
    const first = entries.read(0);
    const { urgency, rank } = standingOf(first, many);
    const ends = collectEnds(entries.length);
    // The first message is read already, and so are those that are started again.
    const known = new Map([[0, first]]);

    function read(index: number): Entry | Promise<Entry> {
      const entry = known.get(index);
      if (entry === undefined) return turns(() => entries.read(index));
      known.delete(index);
      return entry;
    }
    function withdraw(batch: Started<number>, disposition?: Disposition): number {
      const withdrawn = batch.withdraw();
      for (const _ of withdrawn) ends.end(disposition);
      return withdrawn.length;
    }
    async function run(index: number, batch: Started<number>, answered: () => void): Promise<boolean> {
      try {
        const reading = read(index);
        const entry = reading instanceof Promise ? await reading : reading;
        const next = deps.pulling() ? await pipeline.deliver(entry, answered) : HAND_BACK;
        if (next.kind === 'rest' && next.delayMs <= LONGEST_HOLD_MS && deps.pulling()) {
          dispatcher.hold(next.delayMs, next.reason === 'rate_limited' ? urgency : 'urgent');
          known.set(index, entry);
          batch.again(index);
          return false;
        }
        if (keepsTogether(next)) withdraw(batch, next);
        const until = many ? waitsUntil(next, clock.now()) : undefined;
        if (until !== undefined) await partialJobs.leave({ entry, until });
        ends.end(until === undefined ? next : undefined);
        return wasSent(next);
      } catch (error) {
        withdraw(batch);
        ends.fail(error);
        return true;
      }
    }

    const items: number[] = [];
    for (let index = 0; index < entries.length; index += 1) items.push(index);
    const batch = dispatcher.add({ items, rank, urgency, run });
    const holding: Held = { job, many, rank, stop: (disposition) => withdraw(batch, disposition) };
    held.add(holding);
    return await ends.all.finally(() => held.delete(holding));
  }

  return {
    async deliver(envelope) {
      const entries = await open(envelope);
      if (entries.length === 0) return [];
      const many = envelope.entries.length > 1;
      const ends = await endsOf(envelope, entries);
      const left = ends.filter(keepsTogether);
      const until = pausedUntil(left, clock.now());
      // Only the gauges need the count, so an error must not fail the job.
      if (many && left.length > 0)
        await partialJobs.recount(envelope.job.id, left.length, until).catch(() => {});
      return ends;
    },
    handBack() {
      for (const { stop } of held) stop(HAND_BACK);
    },
    handBackLast(jobs) {
      const single = [...held].filter(({ many, job }) => !many && job.stalls === 0);
      let left = jobs;
      for (const { stop } of single.reverse().toSorted((a, b) => b.rank - a.rank)) {
        if (left <= 0) return;
        left -= stop(HAND_BACK);
      }
    },
  };
}

/** How urgent the messages of a job are, by the first of them: those that were enqueued alone precede bulk of the same priority. */
function standingOf(first: Entry, many: boolean): { urgency: Urgency; rank: number } {
  const { origin, source } = placeOf(first);
  const part = many || isPart(origin);
  return {
    urgency: part || source.priority > 0 ? 'bulk' : 'urgent',
    rank: 2 * source.priority + (part ? 1 : 0),
  };
}

const listOf = (entries: readonly Entry[]): EntryList => ({
  length: entries.length,
  read: (index) => entries[index]!,
});

/** Whether this disposition is for all of the job: messages that have not started share it, and stay in the job. */
const keepsTogether = ({ kind }: Disposition): boolean =>
  kind === 'rest' || kind === 'paused' || kind === 'hand_back';

function pausedUntil(ends: readonly Disposition[], now: number): number | undefined {
  const delays = ends.map((end) => (end.kind === 'paused' ? end.delayMs : 0));
  const longest = Math.max(0, ...delays);
  return longest > 0 ? now + longest : undefined;
}

/** Until when a message waits by itself, by the store's clock; undefined if it does not. */
function waitsUntil(next: Disposition, now: number): number | undefined {
  if (next.kind === 'schedule') return next.at;
  return next.kind === 'retry' || next.kind === 'wait' ? now + next.delayMs : undefined;
}

/** Whether a request left, as far as a disposition tells. */
const wasSent = (next: Disposition): boolean =>
  next.kind === 'retry' || (next.kind === 'complete' && next.final.state === 'delivered');
