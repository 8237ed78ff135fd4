/** The reports that the probes serve. Values only: the workers gather them. */

export interface LivenessReport {
  /** Whether the worker's loop made progress lately. An outage of Redis or a stopped channel is no reason for a restart. */
  live: boolean;
  /** For people: why it is not live, or how long ago it made progress. */
  detail?: string | undefined;
}

export interface ReadinessCheck {
  /** `redis`, `clock`, `configuration` … */
  name: string;
  ok: boolean;
  detail?: string | undefined;
}

export interface StoppedChannel {
  channel: string;
  reason: string;
  detail?: string | undefined;
}

export interface ReadinessReport {
  checks: readonly ReadinessCheck[];
  /** Listed for people and alerts. They do not make a worker unready: a restart does not fix refused credentials. */
  stopped: readonly StoppedChannel[];
}

/** Ready when every check is. */
export const isReady = (report: ReadinessReport): boolean => report.checks.every((check) => check.ok);
