import type { FinalState, RestReason, StopReason, WaitCause } from '../outcome.ts';

/** What the pipeline asks of the ledger, and what it is answered. Times in milliseconds, by the store's clock. */

/** A message as the ledger sees it. */
export interface LedgerMessage {
  id: string;
  /** Its origin: the id of the job that it was enqueued with, and in a job of many its position. A replay has the same origin. */
  jobId: string;
  /** The hash of `id`, by which its record is found (`messageKey` in names.ts). */
  key: string;
  /** The hash of `jobId` (`jobKey` in names.ts). */
  job: string;
  /** Empty where the message cannot be read. */
  recipient: string;
  /** Not to be sent before. */
  sendAt?: number | undefined;
  expiresAt: number;
  lastPlayedAt?: number | undefined;
  /** Whether it gives way to urgent messages: the rate is granted to it only half as far ahead. */
  bulk?: boolean | undefined;
  /** The campaign whose message it is. */
  campaign?: string | undefined;
  /** It was replayed, and is not of the list of its campaign: no count there changes. */
  uncounted?: true | undefined;
  /** How many requests a send of it counts for in the channel's rate: 1 when absent, 2 at most. */
  requests?: 1 | 2 | undefined;
  /** JSON, handed through to the receipt. */
  meta?: string | undefined;
  /** JSON, for the receipt, where the channel discloses its recipients. */
  to?: string | undefined;
}

/** The right to make one request now. It ends at its deadline; if it was not settled until then, the send counts as unknown. */
export interface Grant {
  /** `ask` only allows to ask the platform what became of an earlier send. */
  kind: 'grant' | 'ask';
  nonce: string;
  run: number;
  /** The request's number within the run, from 1. */
  attempt: number;
  /** How many requests of the run, this one included, count against the budget of attempts. */
  spent: number;
  /** From the store's answer to the request's moment by the channel's rate; negative for a call repeated after it. */
  waitMs: number;
  /** This moment, by the monotonic clock. */
  moment: number;
  /** What is left until the deadline, counted from the moment of asking. */
  leaseMs: number;
  /** An earlier attempt of this run may have arrived. */
  doubt: boolean;
  /** When the message's record was made, as decimal text. */
  born: string;
  deadlineAt: number;
  /** When the first send of this run that is in doubt ended; 0 without a doubt. */
  doubtAt: number;
  /** When the window of its slot ends, 0 without a quota. */
  windowEnd: number;
  /** The instant that the message was rescheduled to, milliseconds since the epoch; 0 if it was not. */
  notBefore: number;
  /** For how long its recipient has kept the message waiting in this run, milliseconds. */
  keptMs: number;
  /** Whether a quota refusal would prove that an earlier attempt of this run arrived, since the ledger knows of no other cause. */
  refusalProves: boolean;
}

/** Why a channel grants nothing for a while: its own rate is used up, the platform asked for it, or the breaker is not closed. */
export type RestCause = Extract<WaitCause, 'own_rate' | 'platform_rate' | 'breaker'>;

export type Verdict =
  | { kind: 'granted'; grant: Grant }
  /** This job's message has reached this state before: nothing is sent, and nothing counted. */
  | { kind: 'known'; final: FinalState; run: number; attempts: number }
  /** It was cancelled while it waited, and this worker is the first that meets it, and counts it. */
  | { kind: 'cancelled'; run: number; attempts: number }
  /** A message of this id, of another job, has reached a final state within a day. */
  | { kind: 'duplicate'; run: number }
  | { kind: 'expired' | 'exhausted' | 'unconfirmed' | 'ineligible' }
  /** Its campaign is paused. */
  | { kind: 'paused' }
  /** Its campaign was cancelled; or this message alone was, before it was ever tried. */
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
  /** Another policy is in force than this worker's: nothing is granted to it. */
  | { kind: 'policy_changed'; inForce: string };

/** A message that asks for the right to send. Asked again with the same nonce, it gets the same grant. */
export interface Admission {
  message: LedgerMessage;
  nonce: string;
}

export interface Admitted {
  verdict: Verdict;
  nonce: string;
  /** When the store was asked, by the monotonic clock: a lease counts from there. */
  askedAt: number;
}

/** What an attempt did to the slot and to the record. */
export type Effect =
  | 'delivered'
  /** No request left the worker: the record is as if the grant had never been given. */
  | 'back'
  /** The platform refused because of the channel, not of the message: the request was made, but costs no attempt. */
  | 'waived'
  /** Certainly not delivered; the attempt counts. */
  | 'spent'
  /** It may have been delivered. */
  | 'doubt'
  /** It is proved that the send in doubt never arrived. */
  | 'absent'
  /** A verdict is settled, for which no grant was held. */
  | 'none';

/** What a dead letter keeps of its message's job, so that the message can be enqueued again. */
export interface DeadLetterSource {
  /** The name of the job, if it is not that of a job of one message. */
  name?: string | undefined;
  /** The job's data as they were; only their beginning if `size` is given. */
  data: string;
  /** The size of the data in bytes, if they were too large to be kept. */
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
  /** When the window of its grant's slot ends, if there is one: a slot that is known need not be read. */
  windowEnd?: number | undefined;
  /** The state that the run is to end with; absent if it goes on. */
  final?: FinalState | undefined;
  /** Of a verdict that is told again: the run that it was told of, since it must not end a later one. */
  run?: number | undefined;
  /** What a dead letter would keep; given if the run may end dead. */
  letter?: DeadLetterSource | undefined;
  /** The id of its job, if that is in the queue's failed set, from which it is removed once the message is final. */
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
  /** How the message waits from now on, for the gauges. `keptMs`: for how long, if it is its recipient who keeps it waiting. */
  wait?: { cause: WaitCause; untilMs: number; since: number; keptMs?: number } | undefined;
}

export interface Settled {
  /**
   * `first`: this call made the run final. `known`: it was final before. `open`: the run continues. `doubt`: it continues, and a send
   * of it is in doubt. `stale`: nothing was changed, because the grant was no longer held, or the verdict does not fit the record.
   */
  status: 'first' | 'known' | 'open' | 'doubt' | 'stale';
  final: FinalState | undefined;
  run: number;
  attempts: number;
  /** How many requests in a row the platform has not answered; only for `health: 'down'`, else 0. */
  failures: number;
  /** How often the breaker has opened since the platform last answered; only for `health: 'down'`, else 0. */
  opens: number;
}

/** Admissions and settlements of many messages in one script call each; answers in their order. An error in one entry fails the whole call. */
export interface LedgerCalls {
  admit(admissions: readonly Admission[]): Promise<Admitted[]>;
  settle(settlements: readonly Settlement[]): Promise<Settled[]>;
}
