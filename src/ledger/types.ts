import type { FinalState, RestReason, StopReason, WaitCause } from '../outcome.ts';

/** What the pipeline asks of the ledger, and the replies. Times in milliseconds by the store's clock. */

/** A message as the ledger sees it. */
export interface LedgerMessage {
  id: string;
  /** The job that it was enqueued with; a replay's job has another id and the same origin. */
  jobId: string;
  /** The hashed names, see names.ts. */
  key: string;
  job: string;
  /** Empty where the message cannot be read. */
  recipient: string;
  /** Not to be sent before. */
  sendAt?: number | undefined;
  expiresAt: number;
  lastPlayedAt?: number | undefined;
  /** Whether it leaves a part of the time that the rate is granted ahead to what is urgent. */
  bulk?: boolean | undefined;
  /** The campaign that it is of. */
  campaign?: string | undefined;
  /** It is none of those that the campaign has listed, but replayed. */
  uncounted?: true | undefined;
  /** What a send of it counts for in the channel's rate: 1 when absent, 2 at most. */
  requests?: 1 | 2 | undefined;
  /** JSON, handed through to the receipt. */
  meta?: string | undefined;
  /** JSON, for the receipt, where the channel discloses its recipients. */
  to?: string | undefined;
}

/** The right to make one request now. It ends by itself; past the deadline the send counts as unknown. */
export interface Grant {
  /** `ask` allows only the question what became of an earlier send. */
  kind: 'grant' | 'ask';
  nonce: string;
  run: number;
  /** The request's number within the run, from 1. */
  attempt: number;
  /** How many requests, with this one, count against the budget of attempts. */
  spent: number;
  /** Time to let pass before the request, so that the channel's rate is kept. */
  waitMs: number;
  /** What is left until the deadline, counted from the moment of asking. */
  leaseMs: number;
  /** An earlier attempt of this run may have arrived. */
  doubt: boolean;
  /** When the message's record was made, as decimal text. */
  born: string;
  deadlineAt: number;
  /** When the first doubtful send of this run ended, 0 without doubt. */
  doubtAt: number;
  /** When the window of its slot ends, 0 without a quota. */
  windowEnd: number;
  /** When it was rescheduled to, milliseconds since the epoch; 0 if it was not. */
  notBefore: number;
  /** For how long its recipient has kept the message waiting in this run, milliseconds. */
  keptMs: number;
  /** A quota refusal can only be owed to an earlier attempt of this run, by what the ledger knows of the recipient. */
  refusalProves: boolean;
}

/** Why a channel grants nothing for a while: its own rate is used up, the platform asked for it, or the breaker is not closed. */
export type RestCause = Extract<WaitCause, 'own_rate' | 'platform_rate' | 'breaker'>;

export type Verdict =
  | { kind: 'granted'; grant: Grant }
  /** This job's message reached this state before: nothing is sent, nothing counted. */
  | { kind: 'known'; final: FinalState; run: number; attempts: number }
  /** Cancelled while it waited, and no worker has met it before: this one counts it. */
  | { kind: 'cancelled'; run: number; attempts: number }
  /** Another job delivered, suppressed or lost the same message within a day. */
  | { kind: 'duplicate'; run: number }
  | { kind: 'expired' | 'exhausted' | 'unconfirmed' | 'ineligible' }
  /** Its campaign is paused. */
  | { kind: 'paused' }
  /** Its campaign was cancelled, or it was in its campaign before it was ever tried. */
  | { kind: 'withdrawn' }
  /** Its `sendAt` is still to come. */
  | { kind: 'early'; at: number }
  /** The slot is spent until the window ends. */
  | { kind: 'quota'; waitMs: number }
  /** A send is in flight or in doubt: of this message, or (`slot`) of another one to the same recipient. */
  | { kind: 'busy'; waitMs: number; slot: boolean }
  /** A send begun now could end in the next window. */
  | { kind: 'boundary'; waitMs: number }
  | { kind: 'resting'; reason: RestReason; waitMs: number; cause: RestCause }
  | { kind: 'stopped'; reason: StopReason }
  /** The policy in force is another one than this worker's: it is granted nothing. */
  | { kind: 'policy_changed'; inForce: string };

/** What an attempt did to the slot and to the record. */
export type Effect =
  | 'delivered'
  /** Nothing left for the platform: as if the grant had never been given. */
  | 'back'
  /** The platform refused for the channel's sake: the request counts as one that left, and costs no attempt. */
  | 'waived'
  /** Certainly not delivered; the attempt counts. */
  | 'spent'
  /** May have been delivered. */
  | 'doubt'
  /** Proof that the doubtful send never arrived. */
  | 'absent'
  /** A verdict is settled; no grant was held. */
  | 'none';

/** What a dead letter keeps of its message's job, so that it can be enqueued again. */
export interface DeadLetterSource {
  /** The name of its job, where it is not that of a job of one message. */
  name?: string | undefined;
  /** The job's data as it was, or the beginning of it where `size` is given. */
  data: string;
  /** Bytes of all the data, where they are too many to be kept. */
  size?: number | undefined;
  /** When the job was added: decimal milliseconds since the epoch, or whatever stood there. */
  enqueuedAt: string;
  /** The later of enqueue and `sendAt`, milliseconds since the epoch. */
  dueAt: number;
  priority: number;
  /** Why it died, for people. */
  detail: string;
}

export interface Settlement {
  message: LedgerMessage;
  nonce: string;
  effect: Effect;
  /** Given when the run ends here. */
  final?: FinalState | undefined;
  /** Given when the run may end dead here. */
  letter?: DeadLetterSource | undefined;
  /** The id of its job, where that is in the queue's failed set: it is taken out, once the message is final. */
  failedJob?: string | undefined;
  platformMessageId?: string | undefined;
  /** The platform refused for its quota: another sender used the slot. */
  foreign?: boolean | undefined;
  /** The platform says that the player has not played. */
  refused?: boolean | undefined;
  /** Whether the platform answered, for the breaker. */
  health?: 'up' | 'down' | undefined;
  rest?: { reason: 'rate_limited'; ms: number } | undefined;
  stop?: { reason: StopReason } | undefined;
  /** How the job waits from now on, for the gauges; `keptMs` for how long, where it is the recipient who keeps it. */
  wait?: { cause: WaitCause; untilMs: number; since: number; keptMs?: number } | undefined;
}

export interface Settled {
  /**
   * `first`: the run just became final, by this call. `known`: it was final before. `open`: the run continues.
   * `doubt`: it continues and a send of it is unresolved. `stale`: the grant was no longer held, nothing was changed.
   */
  status: 'first' | 'known' | 'open' | 'doubt' | 'stale';
  final: FinalState | undefined;
  run: number;
  attempts: number;
  /** Requests in a row that the platform did not answer; only for `health: 'down'`. */
  failures: number;
  /** How often the breaker opened without success since; only for `health: 'down'`. */
  opens: number;
}
