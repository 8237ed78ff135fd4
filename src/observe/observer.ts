import type { Deferral, Disposition, FinalState, Outcome, WaitCause } from '../outcome.ts';

/** The events of the delivery pipeline, for metrics and the log. Durations in milliseconds. */

export interface MessageRef {
  channel: string;
  platform: string;
  /** The message's own name. */
  id: string;
  jobId: string;
  /** The campaign that it is of. */
  campaign?: string | undefined;
  meta?: Record<string, string> | undefined;
  /** Where the channel discloses its recipients. */
  to?: unknown;
  /** Of the trace that it is part of, 32 hexadecimal digits. */
  traceId?: string | undefined;
}

export interface AttemptEvent {
  message: MessageRef;
  run: number;
  /** 1 for the first request of a run. */
  attempt: number;
  maxAttempts: number;
  outcome: Outcome;
  /** From handing the request to the client to its outcome. */
  durationMs: number;
  next: Disposition;
}

export interface FinalEvent {
  message: MessageRef;
  run: number;
  attempts: number;
  final: FinalState;
  detail?: string | undefined;
  /** Whether an attempt led to it, which was reported with this end as what comes next. */
  attempted?: boolean | undefined;
  /** From the later of enqueue and `sendAt` to the final state. */
  latencyMs: number;
  /** For how much of this the recipient kept the message waiting: a spent or busy slot, the end of a window; 0 when absent. */
  keptMs?: number | undefined;
}

export interface DeliveryObserver {
  /**
   * One for each verdict of an admission, by the ledger's own names: `granted`, `duplicate`, `quota`, `busy` …
   * @param cause what the message waits for, where it does
   */
  admitted(channel: string, verdict: string, cause?: WaitCause): void;
  /**
   * Once a run, when its first request has left: the time that the message waited although it could have been sent, and the time
   * that its recipient kept it waiting.
   */
  waited(channel: string, queueMs: number, slotMs: number): void;
  /** +1 when a request is handed to the client, -1 when it ended. */
  inFlight(channel: string, delta: 1 | -1): void;
  attempted(event: AttemptEvent): void;
  /** The platform refused for a quota that the ledger believed free: another sender writes to the same players. */
  unforeseenRefusal(message: MessageRef): void;
  deferred(channel: string, deferral: Deferral): void;
  /** A grant came too late to be used, and was given back. */
  lateGrant(channel: string): void;
  /** Requests of this process that the platform left unanswered opened the breaker, or opened it again. */
  breakerOpened(channel: string): void;
  /** Called once a run, by the process that made the state final. */
  finished(event: FinalEvent): void;
}
