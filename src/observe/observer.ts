import type { Deferral, Disposition, FinalState, Outcome, WaitCause } from '../outcome.ts';

/** The events of the delivery pipeline, for metrics and the log. Durations in milliseconds. */

export interface MessageRef {
  channel: string;
  platform: string;
  /** The message's own id. */
  id: string;
  jobId: string;
  /** The id of its campaign. */
  campaign?: string | undefined;
  meta?: Record<string, string> | undefined;
  /** Present if the channel discloses its recipients. */
  to?: unknown;
  /** The id of its trace, 32 hexadecimal digits. */
  traceId?: string | undefined;
}

export interface AttemptEvent {
  message: MessageRef;
  run: number;
  /** 1 for the first request of a run. */
  attempt: number;
  maxAttempts: number;
  outcome: Outcome;
  /** From handing the request to the platform client to its outcome. */
  durationMs: number;
  next: Disposition;
}

export interface FinalEvent {
  message: MessageRef;
  run: number;
  attempts: number;
  final: FinalState;
  detail?: string | undefined;
  /** Whether an attempt led to it, so that `attempted` has reported it already. */
  attempted?: boolean | undefined;
  /** From the later of enqueue and `sendAt` to the final state. */
  latencyMs: number;
  /** The part of it for which the recipient kept the message waiting: a spent or busy slot, the end of a window; 0 when absent. */
  keptMs?: number | undefined;
}

export interface DeliveryObserver {
  /**
   * Called for each verdict of an admission, by the ledger's names: `granted`, `duplicate`, `quota`, `busy` …
   * @param cause what the message waits for, if it waits
   */
  admitted(channel: string, verdict: string, cause?: WaitCause): void;
  /**
   * Called once per run, when its first request has left.
   * @param queueMs how long the message waited although its recipient could have had it
   * @param slotMs how long its recipient kept it waiting
   */
  waited(channel: string, queueMs: number, slotMs: number): void;
  /** +1 when a request is handed to the platform client, -1 when it has ended. */
  inFlight(channel: string, delta: 1 | -1): void;
  attempted(event: AttemptEvent): void;
  /** The platform refused for a quota although the ledger held the slot free: something else sends to the same players. */
  unforeseenRefusal(message: MessageRef): void;
  deferred(channel: string, deferral: Deferral): void;
  /** A grant came too late to be used, and was given back. */
  lateGrant(channel: string): void;
  /** Unanswered requests of this process opened the breaker, or opened it again. */
  breakerOpened(channel: string): void;
  /** Called once per run, by the process that made the state final. */
  finished(event: FinalEvent): void;
}
