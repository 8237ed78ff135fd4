import type { Clock } from '../clock.ts';
import { DEAD_REASONS, type FinalState } from '../outcome.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { blamesAnEntry } from '../redis/errors.ts';
import type { StoreClock } from '../redis/store-clock.ts';
import { coalesce } from './coalesce.ts';
import { newNonce } from './names.ts';
import { FIRST_DEAD_CODE, reasonCode } from './reasons.ts';
import { loadScript } from './script.ts';
import { decodeSettlements } from './settle-reply.ts';
import type { ShardAdmission } from './shard-admission.ts';
import type {
  Admission,
  Admitted,
  DeadLetterSource,
  LedgerCalls,
  LedgerMessage,
  Settled,
  Settlement,
} from './types.ts';
import { type AdmitReply, decodeVerdicts, spelledOut, wantsWindows } from './verdict.ts';

/**
 * The ledger of one channel as a worker uses it: admission before a send, settlement after it. The rules are in
 * ARCHITECTURE.md; the scripts beside this file keep them.
 */
export interface Ledger {
  /**
   * Asks for the right to send. Rejects only when the store does not answer, or refuses.
   * @param nonce of an earlier call, which this one repeats and so gets the same grant; a fresh one when absent
   * @throws EpochLostError when the store has lost writes that this worker knows of
   */
  admit(message: LedgerMessage, nonce?: string): Promise<Admitted>;
  settle(settlement: Settlement): Promise<Settled>;
}

export interface LedgerOptions {
  store: ChannelStore;
  /** The policy's JSON for the windows around an instant of the store's clock. */
  policyAround(around: number): string;
  playTtlMs: number;
  /** The longest day that the platform may count by: for so long slots are remembered beyond their window. */
  platformDayMs: number;
  keepReceipts: number;
  /** For how long a delivery claims its message on the platform; undefined where no claims are needed. */
  claimTtlMs?: number | undefined;
  /** Length of a rolling window, 0 for calendar windows, undefined without a quota. */
  slotMs: number | undefined;
  /** Fingerprint of the channel's credentials: a stop for bad ones ends when a worker starts with others. */
  credentials: string;
  /** `now` says around which instant the first table of windows lies. `sync` gets the store's time with every admission. */
  clock: Clock & Partial<Pick<StoreClock, 'sync' | 'monotonicAt'>>;
  /** The epoch that admissions rely on: a store with another one refuses them. Not checked when absent. */
  epoch?(): string | undefined;
  /** What the policy says of the rate: the policy is computed again where this answers another object. */
  spacing?: (() => object) | undefined;
  /** For a shard only: adds to its admissions what the home leased. */
  shard?: ShardAdmission | undefined;
}

/** A script holds the store for about 10 µs a message. */
const MAX_BATCH = 100;

const admitScript = loadScript('admit.lua');
const settleScript = loadScript('settle.lua');

/**
 * Joins the calls of many messages into one script call each (`coalesce`). Whatever wraps the calls (holding them back, remembering
 * them) belongs below this, where it costs once a script call and not once a message. But what waits for another store for some of the
 * messages belongs above (`withChannelHolds`): below, all that share the call would wait, and those behind it.
 */
export function joinCalls(calls: LedgerCalls): Ledger {
  const joined = { max: MAX_BATCH, refusedByStore: blamesAnEntry };
  const settle = coalesce(calls.settle, joined);
  // Settlements go first: the answer to an admission may depend on them.
  const admit = coalesce((admissions: readonly Admission[]) => {
    settle.flush();
    return calls.admit(admissions);
  }, joined);
  return {
    settle: settle.call,
    admit: (message, nonce = newNonce()) => admit.call({ message, nonce }),
  };
}

export function createLedgerCalls(options: LedgerOptions): LedgerCalls {
  const { store, clock, shard } = options;
  let policy = options.policyAround(options.clock.now());
  let spacing = options.spacing?.();

  const admit = async (admissions: readonly Admission[]): Promise<Admitted[]> => {
    const entries = admissionEntries(admissions);
    const epoch = options.epoch?.();
    if (options.spacing?.() !== spacing) {
      spacing = options.spacing?.();
      policy = options.policyAround(clock.now());
    }
    let askedAt = clock.monotonic();
    const run = async (...leased: string[]): Promise<AdmitReply> => {
      askedAt = clock.monotonic();
      const told = await store.run(admitScript, [policy, entries, epoch ?? '', ...leased]);
      return spelledOut(told as unknown[]);
    };
    const call = () => (shard ? shard.ask(admissions, (leased) => run('', leased)) : run());
    let reply = await call();
    clock.sync?.(Number(reply[0]), askedAt);
    if (wantsWindows(reply)) {
      // The store's time has left the table of windows. Asked again with the same nonces, messages that were granted get the same grants.
      policy = options.policyAround(Number(reply[0]));
      reply = await call();
    }
    const now = Number(reply[0]);
    const answeredAt = clock.monotonic();
    // A shard knows the moments of its home by the monotonic clock only.
    const momentIn = (waitMs: number): number =>
      shard || !clock.monotonicAt ? answeredAt + waitMs : clock.monotonicAt(now + waitMs);
    const nonces = admissions.map(({ nonce }) => nonce);
    const verdicts = decodeVerdicts(reply, nonces, { epoch, momentIn });
    return nonces.map((nonce, i) => ({ verdict: verdicts[i]!, nonce, askedAt }));
  };
  const settleOptions = JSON.stringify({
    keep: options.keepReceipts,
    deadReasons: DEAD_REASONS,
    firstDead: FIRST_DEAD_CODE,
    playTtl: options.playTtlMs,
    platformDay: options.platformDayMs,
    rolling: options.slotMs || undefined,
    quota: options.slotMs !== undefined,
    claimTtl: options.claimTtlMs,
  });
  const settle = async (settlements: readonly Settlement[]): Promise<Settled[]> => {
    const args = settlementArgs(settlements, options);
    return decodeSettlements(await store.run(settleScript, [settleOptions, ...args]), settlements);
  };

  return { admit, settle };
}

/** What admit.lua reads of its messages, as JSON. */
export function admissionEntries(admissions: readonly Admission[]): string {
  const entries: unknown[] = [];
  for (const { message, nonce } of admissions) {
    const { key, job, recipient, expiresAt, bulk = false } = message;
    entries.push(key, nonce, job, recipient, expiresAt, bulk, rareOfMessage(message));
  }
  return JSON.stringify(entries);
}

/** What few messages have; false where there is nothing. */
function rareOfMessage(message: LedgerMessage): object | false {
  const { sendAt: s, lastPlayedAt: p, requests: c, campaign, jobId, uncounted } = message;
  if (campaign !== undefined) return { s, p, c, k: campaign, o: jobId, u: uncounted };
  return (s !== undefined || p !== undefined || c !== undefined) && { s, p, c };
}

/** ARGV counts from 1, and the data of dead letters follows three other arguments. */
const FIRST_DATA = 4;

function deadLetterEntry(
  { name, data, size, enqueuedAt, dueAt, priority, detail }: DeadLetterSource,
  all: string[],
): object {
  const at = FIRST_DATA - 1 + all.push(data);
  return { name, data: at, size, t: enqueuedAt, due: dueAt, priority, detail };
}

const HEALTH = { up: 1, down: -1 } as const;

/** What settle.lua reads of its settlements: the arguments after the options. */
function settlementArgs(settlements: readonly Settlement[], options: LedgerOptions): string[] {
  const finals: FinalState[] = [];
  const data: string[] = [];
  const positionOf = (final: FinalState): number => {
    for (let i = 0; i < finals.length; i += 1)
      if (finals[i]!.state === final.state && finals[i]!.reason === final.reason) return i + 1;
    return finals.push(final);
  };
  const entries: unknown[] = [];
  for (const s of settlements) {
    const { key, job, id, jobId, expiresAt, recipient } = s.message;
    const final = s.final ? positionOf(s.final) : 0;
    const health = s.health ? HEALTH[s.health] : 0;
    entries.push(key, s.nonce, job, id, jobId, expiresAt, recipient, s.effect, final, health);
    entries.push(s.windowEnd ?? 0, rareOfSettlement(s, options, data));
  }
  const states = finals.map(({ state, reason }) => [state, reasonCode(reason), reason]);
  return [JSON.stringify(states), JSON.stringify(entries), ...data];
}

/** What few settlements have; false where there is nothing. */
function rareOfSettlement(s: Settlement, { credentials }: LedgerOptions, data: string[]): object | false {
  const { message, final, wait } = s;
  const given =
    s.letter ??
    s.failedJob ??
    s.platformMessageId ??
    message.campaign ??
    message.uncounted ??
    s.foreign ??
    s.run;
  const receipt = final && (message.meta ?? message.to);
  if ((given ?? receipt ?? s.refused ?? s.rest ?? s.stop ?? wait) === undefined) return false;
  return {
    letter: s.letter && deadLetterEntry(s.letter, data),
    job: s.failedJob,
    platformMessageId: s.platformMessageId,
    campaign: message.campaign,
    uncounted: message.uncounted,
    meta: final && message.meta,
    to: final && message.to,
    run: s.run,
    foreign: s.foreign,
    refused: s.refused,
    rest: s.rest && [s.rest.reason, s.rest.ms],
    stop: s.stop && [s.stop.reason, credentials],
    wait: wait && waitEntry(wait),
  };
}

const waitEntry = ({ cause, untilMs, since, keptMs }: NonNullable<Settlement['wait']>): unknown[] => [
  ...[cause, Math.ceil(untilMs / 1000), since],
  ...(keptMs === undefined ? [] : [Math.ceil(keptMs)]),
];
