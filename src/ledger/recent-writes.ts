import type { Clock } from '../clock.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { isRefusal, refusesWrites } from '../redis/errors.ts';
import type { Epoch, EpochCause, Loss } from './epoch.ts';
import { keepsSlot, type Mark, type Remembered, recall, type SettledMark } from './marks.ts';
import { reasonCode } from './reasons.ts';
import { loadScript } from './script.ts';
import { behindGate, behindRestore, type FailoverDetector } from './store-gate.ts';
import type { Grant, LedgerCalls, Settled, Settlement } from './types.ts';
import { createWriteMemory } from './write-memory.ts';

/**
 * Remembers what this worker wrote into the ledger lately, and writes it again into a store that may have lost it: first the grants
 * of sends that are in flight, in doubt or delivered, and then the settlements, which are safe to repeat. A settlement that the store
 * refuses is kept until the store takes it.
 */
export interface RecentWritesOptions {
  store: ChannelStore;
  /** As in the ledger's options. */
  platformDayMs: number;
  slotMs?: number | undefined;
  watch: FailoverDetector;
  epoch: Epoch;
  clock: Clock;
  /** How many marks the store knew (`kept`), had lost (`restored`) or had given away (`conflict`). */
  onRestored(counts: Record<string, number>, cause: EpochCause): void;
}

const reassertScript = loadScript('reassert.lua');

const BATCH = 100;
/** Longer than a write stays unsynced in an append-only file, and than a replica lags: so much a store loses at the end of its history. */
const RECENT_MS = 10_000;

export function withRecentWrites(calls: LedgerCalls, options: RecentWritesOptions): LedgerCalls {
  const { watch, clock, epoch } = options;
  const memory = createWriteMemory(clock);
  /**
   * When the store took something that it had lost; monotonic. The latest marks are restored first, so the end of its history, which it may lose
   * next, are then older ones.
   */
  let restoredAt = Number.NEGATIVE_INFINITY;
  /** Settlements that were refused, or lost with the connection. They are settled before anything new is admitted. */
  const late = new Set<Promise<unknown>>();
  const reassertOptions = JSON.stringify({
    unconfirmed: reasonCode('unconfirmed'),
    platformDay: options.platformDayMs,
    rolling: options.slotMs || undefined,
  });

  async function assert(marks: readonly Mark[], counts: Record<string, number>): Promise<boolean> {
    const entries = marks.flatMap((mark) => markEntry(mark));
    if (entries.length === 0) return false;
    const args = [reassertOptions, JSON.stringify(entries)];
    const restored = await unlessUnreadable(options.store.run(reassertScript, args));
    const answers = (restored as string[] | undefined) ?? entries.map(() => 'unreadable');
    for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1;
    if (answers.includes('restored')) restoredAt = clock.monotonic();
    return answers.every((answer) => answer === 'kept');
  }

  /**
   * Restores slots, going back in time: to the first where the store lost all; otherwise over what it may have lost, and on to a batch that it
   * knows already.
   * @returns the marks gone through, the oldest first
   */
  async function assertBack(
    settled: readonly Remembered[],
    loss: Loss,
    counts: Record<string, number>,
  ): Promise<SettledMark[]> {
    // The store answered to it before it lost anything, or hardly later, however long it was away since.
    const latest = settled.length > 0 ? recall(settled.at(-1)!).at : 0;
    const toTheFirst = loss === 'all' || (loss === 'end' && latest < restoredAt + RECENT_MS);
    const since = (loss === 'nothing' ? clock.monotonic() : latest) - RECENT_MS;
    const batches: SettledMark[][] = [];
    for (let end = settled.length; end > 0; end -= BATCH) {
      const batch = settled.slice(Math.max(0, end - BATCH), end).map(recall);
      batches.push(batch);
      const slots = batch.filter((mark) => mark.grant && keepsSlot(mark));
      const kept = await assert(slots, counts);
      if (!toTheFirst && kept && slots.at(-1)!.at < since) break;
    }
    return batches.reverse().flat();
  }

  /** If a batch fails, settles each of it alone, so that a damaged entry does not keep the others from being settled. */
  async function settleAgain(marks: readonly SettledMark[]): Promise<void> {
    const settlements = marks.map(({ settlement }) => uncounted(settlement));
    for (let i = 0; i < settlements.length; i += BATCH) {
      const batch = settlements.slice(i, i + BATCH);
      if ((await unlessUnreadable(calls.settle(batch))) !== undefined) continue;
      for (const one of batch) await unlessUnreadable(calls.settle([one]));
    }
  }

  async function restore(anew: boolean): Promise<number> {
    const counts: Record<string, number> = {};
    const loss = (await unlessUnreadable(epoch.lost())) ?? 'all';
    const held = memory.held();
    for (let i = 0; i < held.length; i += BATCH) await assert(held.slice(i, i + BATCH), counts);
    const settled = await assertBack(memory.settled(), loss, counts);
    await settleAgain(settled);
    const newcomer = epoch.current() === undefined && held.length + settled.length === 0;
    // If the tables cannot be read, this channel's admissions will fail and say so: the restore need not.
    const joined = await unlessUnreadable(epoch.join(anew));
    const { cause, holdMs } = joined ?? { cause: 'same', holdMs: 0 };
    if (!newcomer) options.onRestored({ ...counts, settlements: settled.length }, cause);
    return holdMs;
  }
  watch.add({ restore, holds: (id) => epoch.holds(id) });

  async function settleKept(settlements: readonly Settlement[]): Promise<Settled[]> {
    const settling: Promise<Settled[]> = behindRestore(watch, () =>
      calls.settle(settlements).catch((error: unknown) => {
        late.add(settling);
        throw error;
      }),
    );
    try {
      return await settling;
    } finally {
      late.delete(settling);
    }
  }

  return {
    async admit(admissions) {
      const ask = async () => {
        while (late.size > 0) await Promise.allSettled(late);
        return await calls.admit(admissions);
      };
      const admitted = await behindGate(watch, ask, epoch.current);
      for (let i = 0; i < admitted.length; i += 1) {
        const { verdict } = admitted[i]!;
        if (verdict.kind !== 'granted' || verdict.grant.kind !== 'grant') continue;
        memory.hold(admissions[i]!.message, verdict.grant);
      }
      return admitted;
    },
    async settle(settlements) {
      const grants = settlements.map(memory.grantOf);
      const settled = await settleKept(settlements);
      const lost = settlements.filter((_, i) => forgotten(grants[i], settled[i]!));
      if (lost.length > 0) {
        // Makes the detector restore the grants. Then they can be settled.
        watch.suspect();
        const again = (await settleKept(lost)).values();
        for (const [i, each] of settled.entries())
          if (forgotten(grants[i], each)) settled[i] = again.next().value!;
      }
      for (let i = 0; i < settlements.length; i += 1) {
        const settlement = settlements[i]!;
        const was = settled[i]!;
        if (overruled(settlement, was) && !forgotten(grants[i], was)) memory.forget(settlement);
        else memory.settle(settlement, was);
      }
      return settled;
    },
  };
}

/** The settlement without what adds to a count or counts from now: that must not be written a second time. */
const uncounted = (settlement: Settlement): Settlement => ({
  ...settlement,
  wait: undefined,
  health: undefined,
  rest: undefined,
});

/**
 * Whether the run had ended otherwise, so that this end does not hold. It must not be remembered: restored to a store that has forgotten
 * the other end, it would win.
 */
const overruled = ({ effect, final }: Settlement, { status }: Settled): boolean =>
  final !== undefined && effect !== 'delivered' && (status === 'known' || status === 'stale');

/**
 * Whether the store has lost the grant, and this settlement is the first call to notice: it knows of fewer requests than were granted,
 * so it was not another attempt that has taken over.
 */
const forgotten = (grant: Grant | undefined, { status, run, attempts }: Settled): boolean =>
  status === 'stale' &&
  grant !== undefined &&
  (run < grant.run || (run === grant.run && attempts < grant.attempt));

/** A damaged entry in the store fails only those that need it. Other messages and channels must not wait for it. */
async function unlessUnreadable<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return undefined;
  }
}

/** Whether a script came upon something that it had not written. (A store that takes no writes answers by other errors.) */
const isUnreadable = (error: unknown): boolean =>
  isRefusal(error) && /^(?:ERR|WRONGTYPE) /.test(error.message) && !refusesWrites(error);

function markEntry({ message, grant }: Mark): object[] {
  if (!grant) return [];
  return [
    {
      m: message.key,
      n: grant.nonce,
      e: message.expiresAt,
      r: message.recipient,
      run: grant.run,
      attempts: grant.spent,
      waived: grant.attempt - grant.spent,
      born: Number(grant.born),
      granted: grant.deadlineAt - grant.leaseMs,
      deadline: grant.deadlineAt,
      doubtAt: grant.doubtAt,
      window: grant.windowEnd,
      ...(message.campaign !== undefined && {
        ...{ j: message.job, campaign: message.campaign, uncounted: message.uncounted },
      }),
    },
  ];
}
