import type { ReplayStatus } from '../../../src/dead-letters/records.ts';
import type { DeadReason, FinalState, StopReason } from '../../../src/outcome.ts';
import { ModelCampaign } from './campaign.ts';
import type { MessageSpec, Setup } from './setup.ts';
import * as time from './time.ts';

/** A message's record. */
export interface RunRecord {
  run: number;
  /** Requests that count against the budget. */
  attempts: number;
  /** Requests that left, were refused for the channel's sake, and do not. */
  waived: number;
  phase: 'open' | 'sending' | 'asking' | 'final';
  nonce: string | undefined;
  deadline: number;
  /** Since when a send of this run may have arrived. */
  doubtSince: number | undefined;
  /** The platform was asked about the doubt, and could not tell. */
  asked: boolean;
  /** What it was before its deadline passed; until another grant. */
  lapsed: Pick<RunRecord, 'phase' | 'nonce' | 'doubtSince'> | undefined;
  /** `job` is undefined for what was cancelled before its record knew one. */
  final: { state: FinalState; at: number; job: string | undefined } | undefined;
  /** The job that was added together with the record; with its place there, if it is one of many. */
  job: string | undefined;
  /** When it was rescheduled to. */
  notBefore: number | undefined;
  forgottenAt: number;
  /** Counted in its campaign. */
  underWay: boolean;
  /** To be cancelled at its first admission. */
  withdrawn: boolean;
}

export interface Slot {
  owner: string;
  state: 'held' | 'sent' | 'taken';
  until: number;
  /** When the player may last have been sent something: by the owner, or before it while the slot is held. */
  last: number;
}

/**
 * What the ledger should do, said once more and plainly: no packing, no laziness, one structure a fact.
 * `expected-admission.ts` and `expected-settlement.ts` tell what its scripts should answer. Times in units
 * of `time.ts`, from the start of the run. The numbers of the rules are those of ARCHITECTURE.md.
 */
export class ModelState {
  readonly setup: Setup;
  now = 0;
  readonly records = new Map<string, RunRecord>();
  /** Also those whose window is over, for as long as a platform's refusal may be owed to them. */
  private readonly kept = new Map<string, Slot>();
  readonly campaign = new ModelCampaign();
  readonly plays = new Map<string, { kind: 'played' | 'refused'; at: number; stamp: number }>();
  readonly stops = new Set<StopReason>();
  rest: { reason: 'rate_limited' | 'breaker_open'; until: number } | undefined;
  breaker = { failures: 0, opens: 0, probeUntil: 0 };
  /** The next moment that the rate leaves free. */
  free = 0;
  /** The dead letters: for which reason each job is listed, and which of its runs died. */
  readonly letters = new Map<string, { reason: DeadReason; run: number }>();
  /** The jobs in the queue that producers added. */
  readonly jobs = new Set<string>();
  /** Every run that became final, in order: rule 9. */
  readonly ended: { id: string; run: number; final: FinalState; attempts: number }[] = [];

  constructor(setup: Setup) {
    this.setup = setup;
  }

  elapse(units: number): void {
    this.now += units;
    for (const record of this.records.values()) this.lapse(record);
    drop(this.records, ({ forgottenAt }) => forgottenAt <= this.now);
    drop(this.kept, ({ until }) => until + time.PLATFORM_DAY <= this.now);
    drop(this.plays, ({ stamp }) => stamp + time.PLAY_TTL <= this.now);
    if (this.rest && this.rest.until <= this.now) this.rest = undefined;
  }

  /** The slot of the window that is open. */
  slot(player: string): Slot | undefined {
    const slot = this.kept.get(player);
    return slot && slot.until > this.now ? slot : undefined;
  }

  /** Rule 6: when the player may last have been sent something that a refusal may be owed to. */
  last(player: string): number {
    const slot = this.kept.get(player);
    if (!slot) return -Infinity;
    const over = slot.until <= this.now && slot.state === 'held';
    return Math.min(this.now, over ? slot.until : slot.last);
  }

  keepSlot(player: string, slot: Omit<Slot, 'last'>, last: number): void {
    const known = last + time.PLATFORM_DAY > this.now;
    const steps = Math.floor(Math.max(0, slot.until - last) / time.STEP);
    this.kept.set(player, { ...slot, last: known ? slot.until - steps * time.STEP : -Infinity });
  }

  freeSlot(player: string, last: number): void {
    if (last + time.PLATFORM_DAY <= this.now) this.kept.delete(player);
    else this.kept.set(player, { owner: '', state: 'sent', until: last, last });
  }

  /** Rule 4: past its deadline a send is unknown, never free. */
  private lapse(record: RunRecord): void {
    if ((record.phase !== 'sending' && record.phase !== 'asking') || record.deadline >= this.now) return;
    const { phase, nonce, doubtSince } = record;
    record.lapsed = { phase, nonce, doubtSince };
    if (phase === 'sending') record.doubtSince ??= record.deadline;
    Object.assign(record, { phase: 'open', nonce: undefined, asked: false });
  }

  /** The record that speaks for this job: a day after its end, another job may begin a new life under the name. */
  life(message: MessageSpec): RunRecord | undefined {
    const record = this.records.get(message.id);
    // In a campaign nobody is sent it twice, however long it takes.
    if (message.campaign !== undefined) return record;
    return record?.final?.job !== message.job && this.mayBeUsedAgain(record) ? undefined : record;
  }

  /** A day after its end; what was cancelled may lie in the queue for as long as it would have lived. */
  mayBeUsedAgain(record: RunRecord | undefined): boolean {
    if (!record?.final || record.final.state.reason === 'cancelled') return false;
    return this.now >= record.final.at + time.DAY;
  }

  /** Whether another job had the id before. */
  private isUsedAgain({ id, job }: MessageSpec): boolean {
    const record = this.records.get(id);
    return record?.final?.job !== job && this.mayBeUsedAgain(record);
  }

  fresh(message: MessageSpec, run = 1): RunRecord {
    return {
      run,
      attempts: 0,
      waived: 0,
      phase: 'open',
      nonce: undefined,
      deadline: 0,
      doubtSince: undefined,
      asked: false,
      lapsed: undefined,
      final: undefined,
      job: message.campaign !== undefined || this.isUsedAgain(message) ? message.job : undefined,
      underWay: false,
      withdrawn: false,
      notBefore: undefined,
      forgottenAt: Math.max(message.life, this.now) + time.DAY,
    };
  }

  /** Rule 8: the longer of two rests holds. */
  restFor(reason: 'rate_limited' | 'breaker_open', units: number): void {
    const until = this.now + units;
    if (!this.rest || until > this.rest.until) this.rest = { reason, until };
  }

  open(opens: number): boolean {
    if (opens !== this.breaker.opens || this.rest) return false;
    this.breaker.opens += 1;
    this.restFor('breaker_open', time.BREAKER_REST);
    return true;
  }

  resume(): void {
    this.stops.clear();
    this.rest = undefined;
    this.breaker = { failures: 0, opens: 0, probeUntil: 0 };
  }

  play(player: string, at: number): void {
    const known = this.plays.get(player);
    // Of two in one tick, the one that is told later was later by the store's clock.
    if (!known || known.at <= at) this.plays.set(player, { kind: 'played', at, stamp: this.now });
    else if (known.kind === 'played') this.renew(known);
  }

  /** What is known of a player is kept while somebody asks for it or tells it again. */
  renew(play: { stamp: number }): void {
    if (this.now - play.stamp > time.PLAY_TTL / 2) play.stamp = this.now;
  }

  /** A record outlives its message by a day: so long a job may come back, and longer when it was replayed. */
  queued({ id, life }: MessageSpec): boolean {
    return this.records.has(id) || this.now < life + time.DAY;
  }

  /** A dead letter's next run; undefined where there is no letter. */
  replay(message: MessageSpec): ReplayStatus | undefined {
    const letter = this.letters.get(message.job);
    if (!letter) return undefined;
    const record = this.life(message);
    if (record?.final && record.final.job !== message.job) return 'duplicate';
    if (record?.phase === 'sending' || record?.phase === 'asking') return 'active';
    if (record && !record.final && !hasBegun(record, message, letter.run)) return 'duplicate';
    this.letters.delete(message.job);
    if (record?.final?.state.state === 'delivered') return 'delivered';
    this.campaign.orderAgain(message);
    if (record && !record.final) return 'continued';
    const run = Math.max(record?.run ?? 0, letter.run) + 1;
    this.records.set(message.id, { ...this.fresh(message, run), job: message.job });
    this.campaign.replay(message);
    return 'replayed';
  }
}

/** Whether this is the next run of a letter, and not another message's: the letter's job began it, or nobody knows which. */
const hasBegun = ({ run, job }: RunRecord, letter: MessageSpec, died: number): boolean =>
  run > died && (job === undefined || job === letter.job);

/** Whether the record is of another message of its id, which was enqueued while this one's job still lay in the queue. */
export const isOfAnother = ({ job }: RunRecord, message: MessageSpec): boolean =>
  message.campaign === undefined && job !== undefined && job !== message.job;

function drop<V>(map: Map<string, V>, over: (value: V) => boolean): void {
  for (const [key, value] of map) if (over(value)) map.delete(key);
}
