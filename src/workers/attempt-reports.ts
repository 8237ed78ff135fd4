import type { Clock } from '../clock.ts';
import type { ChannelConfig } from '../config/channel-schema.ts';
import type { Delivery } from '../jobs/envelope.ts';
import type { Grant } from '../ledger/types.ts';
import type { DeliveryObserver } from '../observe/observer.ts';
import type { Disposition } from '../outcome.ts';
import type { Plan } from '../policies/attempt-plan.ts';

/** Reports requests that left to the observer. */
export interface AttemptReports {
  /** Call as soon as the request has ended. */
  attempted(report: AttemptReport): void;
}

export interface AttemptReport {
  delivery: Delivery;
  grant: Grant;
  plan: Plan;
  next: Disposition;
  durationMs: number;
}

export interface AttemptReportsDeps {
  channel: ChannelConfig;
  observer: DeliveryObserver;
  clock: Clock;
}

export function createAttemptReports({ channel, observer, clock }: AttemptReportsDeps): AttemptReports {
  /** Once a run, also if earlier grants were given back. The request may have left after its grant's moment. */
  function reportWaits({ delivery: { dueAt }, grant: { keptMs }, durationMs }: AttemptReport): void {
    const sentAt = clock.now() - durationMs;
    observer.waited(channel.name, Math.max(0, sentAt - dueAt - keptMs), keptMs);
  }

  return {
    attempted(report) {
      const { delivery, grant, plan, next, durationMs } = report;
      const { run, attempt, doubt } = grant;
      const { outcome, marks } = plan;
      if (attempt === 1 && !doubt) reportWaits(report);
      const message = delivery.ref;
      const maxAttempts = channel.retry.attempts;
      observer.attempted({ message, run, attempt, maxAttempts, outcome, durationMs, next });
      if (marks.foreign && !doubt) observer.unforeseenRefusal(message);
    },
  };
}
