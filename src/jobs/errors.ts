import { type Problem, problemsText, quoted } from '../problems.ts';

/** What a producer call can end with besides its result. None of them repeats the content of a message. */

export class InvalidMessageError extends Error {
  override readonly name = 'InvalidMessageError';
  /** One entry a field, with its dotted path. */
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(`Invalid message: ${problemsText(problems)}`);
    this.problems = problems;
  }
}

/** The message names a channel that no worker has announced: taken, it would wait in a queue that nobody reads. */
export class UnknownChannelError extends Error {
  override readonly name = 'UnknownChannelError';
  readonly channel: string;
  constructor(channel: string) {
    super(
      `Unknown channel ${quoted(channel)}: no worker has announced it. ` +
        'Start a worker with this channel, or list it in createProducer({ channels }).',
    );
    this.channel = channel;
  }
}

/** Redis did not answer in time. */
export class ProducerTimeoutError extends Error {
  override readonly name = 'ProducerTimeoutError';
  /** The call that gave up, such as `send`. */
  readonly operation: string;
  readonly timeoutMs: number;
  /** @param reason what the connection said last, if it said anything */
  constructor(operation: string, timeoutMs: number, reason: string | undefined) {
    super(
      `${operation} gave up after ${timeoutMs} ms: Redis did not answer${reason ? ` (${reason})` : ''}. ` +
        'It may still have been taken: calling again is safe with the same id of your own, and may double without one.',
    );
    this.operation = operation;
    this.timeoutMs = timeoutMs;
  }
}

/** Redis answered with a refusal, such as being out of memory: trying again at once would not help. */
export class ProducerRefusedError extends Error {
  override readonly name = 'ProducerRefusedError';
  /** Redis' own code, such as `OOM`, `NOPERM` or `READONLY`. */
  readonly code: string;
  constructor(operation: string, answer: string) {
    super(`${operation} was refused by Redis: ${answer.slice(0, 200)}`);
    this.code = /^[A-Z]+/.exec(answer)?.[0] ?? 'ERR';
  }
}

/** A call on a producer that was closed. */
export class ProducerClosedError extends Error {
  override readonly name = 'ProducerClosedError';
  constructor(operation: string) {
    super(`${operation}: this producer is closed`);
  }
}

/** A stream of messages or plays ended early; `cause` is why, `progress` what had been settled by then. */
export class InterruptedError<P> extends Error {
  override readonly name = 'InterruptedError';
  readonly progress: P;
  /** Everything before this index is settled; from here on start again (safe where the messages carry ids). */
  readonly resumeAt: number;
  constructor(operation: string, resumeAt: number, progress: P, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(
      `${operation} stopped: everything before index ${resumeAt} is settled, of what follows some may be. ${why}`,
      { cause },
    );
    this.progress = progress;
    this.resumeAt = resumeAt;
  }
}
