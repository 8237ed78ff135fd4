import { HeraldError } from '../error.ts';
import { type Problem, problemsText, quoted } from '../message/problems.ts';
import { refusalCode } from '../redis/errors.ts';

/** The errors of producer calls. None of them quotes the content of a message. */

export class InvalidMessageError extends HeraldError {
  override readonly name = 'InvalidMessageError';
  readonly code = 'HERALD_INVALID_MESSAGE';
  /** One entry per field, with its dotted path. */
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(`Invalid message: ${problemsText(problems)}`);
    this.problems = problems;
  }
}

const ADVICE =
  'Start a worker that serves it, or list it (in herald.yaml, or in createProducer({ channels })).';

export interface UnknownChannelDetails {
  /** What kind of channel it is, as an apposition. */
  which?: string;
  /** Channels that may have been meant. */
  candidates?: readonly string[];
  /** What to do, for somebody who may know of these candidates; undefined for the usual. */
  advise?(candidates: readonly string[]): string | undefined;
}

/** The channel is not announced by a worker: if accepted, the message would wait in a queue that no worker reads. */
export class UnknownChannelError extends HeraldError {
  override readonly name = 'UnknownChannelError';
  readonly code = 'HERALD_UNKNOWN_CHANNEL';
  readonly channel: string;
  readonly #details: UnknownChannelDetails;
  constructor(channel: string, details: UnknownChannelDetails = {}) {
    super(unknownChannelText(channel, details, () => true));
    this.channel = channel;
    this.#details = details;
  }

  /** Its message for somebody who may not know of every channel. */
  messageFor(mayKnow: (channel: string) => boolean): string {
    return unknownChannelText(this.channel, this.#details, mayKnow);
  }
}

function unknownChannelText(
  channel: string,
  { which = '', candidates = [], advise }: UnknownChannelDetails,
  mayKnow: (channel: string) => boolean,
): string {
  const advice = advise?.(candidates.filter(mayKnow)) ?? ADVICE;
  return `Unknown channel ${quoted(channel)}${which}: no worker has announced it. ${advice}`;
}

const MAYBE_STORED =
  'It may have been stored anyway: retry with an id of your own, or the message may be sent twice.';
const MAYBE_LISTED = 'Some of it may have been stored anyway: start it again, and nobody gets it twice.';

function whatIsStored(operation: string, sent: boolean): string {
  if (!sent) return 'Nothing was stored.';
  return operation === 'campaign' ? MAYBE_LISTED : MAYBE_STORED;
}

/** Redis did not answer in time, or refused the connection or login. */
export class ProducerTimeoutError extends HeraldError {
  override readonly name = 'ProducerTimeoutError';
  readonly code = 'HERALD_PRODUCER_TIMEOUT';
  /** The call that timed out, such as `send`. */
  readonly operation: string;
  readonly timeoutMs: number;
  /** Whether a write of the call was sent to Redis; if not, nothing was stored. */
  readonly sent: boolean;
  /** The cause, as the predicate of a sentence: `did not answer: connect ECONNREFUSED 127.0.0.1:6379`. */
  readonly trouble: string;
  constructor(operation: string, timeoutMs: number, trouble: string, sent: boolean) {
    super(`${operation} timed out after ${timeoutMs} ms: Redis ${trouble}. ${whatIsStored(operation, sent)}`);
    this.operation = operation;
    this.timeoutMs = timeoutMs;
    this.trouble = trouble;
    this.sent = sent;
  }
}

/** Redis answered with an error, such as out of memory: an immediate retry would not help. */
export class ProducerRefusedError extends HeraldError {
  override readonly name = 'ProducerRefusedError';
  readonly code = 'HERALD_PRODUCER_REFUSED';
  /** Redis' own code, such as `OOM`, `NOPERM` or `READONLY`. */
  readonly redisCode: string;
  constructor(operation: string, answer: string) {
    super(`Redis refused ${operation}: ${answer.slice(0, 200)}`);
    this.redisCode = refusalCode(answer);
  }
}

/** A call on a closed producer. */
export class ProducerClosedError extends HeraldError {
  override readonly name = 'ProducerClosedError';
  readonly code = 'HERALD_PRODUCER_CLOSED';
  constructor(operation: string) {
    super(`${operation}: this producer is closed`);
  }
}

/** A campaign of this id exists with other content: two contents of one name could not be told apart. */
export class CampaignConflictError extends HeraldError {
  override readonly name = 'CampaignConflictError';
  readonly code = 'HERALD_CAMPAIGN_CONFLICT';
  readonly campaign: string;
  constructor(campaign: string) {
    super(`Campaign ${quoted(campaign)} exists with other content: continue that one, or choose another id`);
    this.campaign = campaign;
  }
}

/** A cancelled campaign takes no recipients. */
export class CampaignCancelledError extends HeraldError {
  override readonly name = 'CampaignCancelledError';
  readonly code = 'HERALD_CAMPAIGN_CANCELLED';
  readonly campaign: string;
  constructor(campaign: string) {
    super(`Campaign ${quoted(campaign)} was cancelled: choose another id`);
    this.campaign = campaign;
  }
}

/** The messages of the campaign have expired: whom it listed now, it would send nothing. */
export class CampaignExpiredError extends HeraldError {
  override readonly name = 'CampaignExpiredError';
  readonly code = 'HERALD_CAMPAIGN_EXPIRED';
  readonly campaign: string;
  /** Milliseconds since the epoch, by the clock of Redis. */
  readonly expiredAt: number;
  constructor(campaign: string, expiredAt: number) {
    super(`Campaign ${quoted(campaign)} expired at ${new Date(expiredAt).toISOString()}: choose another id`);
    this.campaign = campaign;
    this.expiredAt = expiredAt;
  }
}

/** The store lost the campaign while its recipients were listed, and with it those that were: start it again from the first. */
export class CampaignLostError extends HeraldError {
  override readonly name = 'CampaignLostError';
  readonly code = 'HERALD_CAMPAIGN_LOST';
  readonly campaign: string;
  constructor(campaign: string) {
    super(`Redis has lost campaign ${quoted(campaign)}: start it again from the first recipient`);
    this.campaign = campaign;
  }
}

/** Why a source was not processed to its end, and up to where it was: the fields of `InterruptedError`. */
export interface Interruption {
  cause: unknown;
  resumeAt: number;
  restUntouched: boolean;
}

/** A batch call ended early; `cause` is the error, `progress` the result up to then. */
export class InterruptedError<P> extends HeraldError {
  override readonly name = 'InterruptedError';
  readonly code = 'HERALD_INTERRUPTED';
  readonly progress: P;
  /** All items before this index are settled; resume from here (safe if the messages have ids). */
  readonly resumeAt: number;
  /** Whether nothing from `resumeAt` on was stored; otherwise some of it may have been. */
  readonly restUntouched: boolean;
  constructor(operation: string, { resumeAt, restUntouched, cause }: Interruption, progress: P) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const rest = restUntouched ? 'nothing after that was stored' : 'some of the rest may have been stored';
    super(`${operation} was interrupted: everything before index ${resumeAt} is settled; ${rest}. ${why}`, {
      cause,
    });
    this.progress = progress;
    this.resumeAt = resumeAt;
    this.restUntouched = restUntouched;
  }
}
