import type { Exemplars } from './exemplars.ts';
import type { Instruments } from './instruments.ts';
import { ADMISSION_RESULTS, ATTEMPT_RESULTS, DEFERRALS, FINAL_STATES, OUTCOME_KINDS } from './label-sets.ts';
import type { DeliveryObserver } from './observer.ts';

/** What the metrics show of the configuration of a channel that this process serves. */
export interface WatchedChannel {
  name: string;
  platform: string;
  /** How many messages this process sends at a time. */
  concurrency: number;
  /** For all workers together. */
  rate: { max: number; perMs: number } | null;
}

/** Starts every counter of a channel at 0, and sets the gauges of its limits. */
export function zeroChannel(
  m: Instruments,
  { name: channel, platform, concurrency, rate }: WatchedChannel,
): void {
  for (const [verdict, cause] of ADMISSION_RESULTS) m.admissions.add(0, channel, verdict, cause);
  for (const [outcome, reason] of ATTEMPT_RESULTS) m.attempts.add(0, channel, platform, outcome, reason);
  for (const [state, reason] of FINAL_STATES) m.messages.add(0, channel, platform, state, reason);
  for (const deferral of DEFERRALS) m.deferrals.inc({ channel, ...deferral }, 0);
  m.breakerOpens.inc({ channel }, 0);
  m.replays.inc({ channel }, 0);
  m.unforeseen.inc({ channel }, 0);
  m.lateGrants.inc({ channel }, 0);
  for (const outcome of OUTCOME_KINDS) m.sendDuration.zero(channel, outcome);
  const { queueWait, slotWait, deliveryLatency, readyLatency, messageAttempts } = m;
  for (const histogram of [queueWait, slotWait, deliveryLatency, readyLatency, messageAttempts])
    histogram.zero(channel);
  m.inFlight.add(0, channel);
  m.concurrency.set({ channel }, concurrency);
  if (rate) m.rate.set({ channel }, (rate.max / rate.perMs) * 1000);
}

/** Some durations are measured by two clocks: a small negative one is their offset. */
const seconds = (ms: number): number => Math.max(0, ms) / 1000;

export function countDeliveries(m: Instruments, exemplars: Exemplars): DeliveryObserver {
  return {
    admitted: (channel, verdict, cause) => m.admissions.inc(channel, verdict, cause),
    waited(channel, queueMs, slotMs) {
      m.queueWait.observe(seconds(queueMs), channel);
      if (slotMs > 0) m.slotWait.observe(seconds(slotMs), channel);
    },
    inFlight: (channel, delta) => m.inFlight.add(delta, channel),
    attempted({ message, outcome, durationMs }) {
      const { channel, platform } = message;
      m.attempts.inc(channel, platform, outcome.kind, outcome.reason);
      m.sendDuration.observe(seconds(durationMs), channel, outcome.kind);
      exemplars.sendDuration.note(message, outcome.kind, seconds(durationMs));
    },
    breakerOpened: (channel) => m.breakerOpens.inc({ channel }),
    lateGrant: (channel) => m.lateGrants.inc({ channel }),
    unforeseenRefusal: ({ channel }) => m.unforeseen.inc({ channel }),
    deferred: (channel, { reason, cause }) => m.deferrals.inc({ channel, reason, cause }),
    finished({ message, run, attempts, final: { state, reason }, latencyMs, keptMs = 0 }) {
      const { channel, platform } = message;
      m.messages.inc(channel, platform, state, reason);
      // A replaying command ends before it is scraped; the worker that finishes the run can be scraped.
      if (run > 1) m.replays.inc({ channel });
      m.messageAttempts.observe(attempts, channel);
      if (state !== 'delivered') return;
      m.deliveryLatency.observe(seconds(latencyMs), channel);
      m.readyLatency.observe(seconds(latencyMs - keptMs), channel);
      exemplars.deliveryLatency.note(message, '', seconds(latencyMs));
    },
  };
}
