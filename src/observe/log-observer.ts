import type { Disposition, Outcome } from '../outcome.ts';
import type { Logger } from './log.ts';
import type { AttemptEvent, DeliveryObserver, FinalEvent, MessageRef } from './observer.ts';

type Fields = Record<string, unknown>;

const messageFields = (message: MessageRef, run: number): Fields => ({
  id: message.id,
  job_id: message.jobId,
  channel: message.channel,
  platform: message.platform,
  ...(message.campaign !== undefined && { campaign: message.campaign }),
  ...(message.traceId !== undefined && { trace_id: message.traceId }),
  run,
});

const givenFields = ({ to, meta }: MessageRef): Fields => ({
  ...(to !== undefined && { to }),
  ...(meta && { meta }),
});

/** What comes next, flat: `next` is the kind of the disposition. */
function nextFields(next: Disposition): Fields {
  switch (next.kind) {
    case 'complete':
      return { next: 'complete', state: next.final.state, state_reason: next.final.reason };
    case 'dead':
      return { next: 'dead', state: 'dead', state_reason: next.reason };
    case 'retry':
      return { next: 'retry', next_delay_ms: Math.round(next.delayMs) };
    case 'wait':
    case 'rest':
      return {
        next: next.kind,
        next_reason: next.reason,
        next_cause: next.cause,
        next_delay_ms: Math.round(next.delayMs),
      };
    case 'paused':
      return { next: next.kind, next_reason: next.reason, next_delay_ms: Math.round(next.delayMs) };
    case 'schedule':
      return { next: 'schedule', next_at: new Date(next.at).toISOString() };
    case 'hand_back':
    case 'moved':
      return { next: next.kind };
  }
}

function outcomeFields(outcome: Outcome): Fields {
  const fields: Fields = { outcome: outcome.kind, reason: outcome.reason };
  if (outcome.kind === 'delivered' && outcome.platformMessageId !== undefined) {
    fields['platform_message_id'] = outcome.platformMessageId;
  }
  if (outcome.detail !== undefined) fields['detail'] = outcome.detail;
  return fields;
}

type Level = 'info' | 'warn' | 'error';

/** `error` is for what a person has to act on: a dead letter, a stopped channel. */
function attemptLevel({ outcome, next }: AttemptEvent): Level {
  if (next.kind === 'dead') return 'error';
  if (outcome.kind === 'throttled' && outcome.stop !== undefined) return 'error';
  return outcome.kind === 'delivered' || outcome.kind === 'suppressed' ? 'info' : 'warn';
}

function attemptLine(event: AttemptEvent): Fields {
  return {
    ...messageFields(event.message, event.run),
    attempt: event.attempt,
    max_attempts: event.maxAttempts,
    ...outcomeFields(event.outcome),
    duration_ms: Math.round(event.durationMs * 10) / 10,
    ...nextFields(event.next),
    ...givenFields(event.message),
  };
}

function finalLine(event: FinalEvent): Fields {
  return {
    ...messageFields(event.message, event.run),
    attempts: event.attempts,
    state: event.final.state,
    state_reason: event.final.reason,
    ...(event.detail === undefined ? {} : { detail: event.detail }),
    latency_ms: Math.round(event.latencyMs),
    ...givenFields(event.message),
  };
}

/**
 * Writes one canonical line per attempt (`msg: "attempt"`), and one for each final state that no attempt led to (`msg: "final"`:
 * suppressed at admission, confirmed by asking, stalled …). Fields are named one by one, so that content never gets in.
 */
export function createLogObserver(logger: Logger): DeliveryObserver {
  return {
    admitted() {},
    waited() {},
    inFlight() {},
    attempted(event) {
      const level = attemptLevel(event);
      if (logger.isLevelEnabled?.(level) ?? true) logger[level](attemptLine(event), 'attempt');
    },
    unforeseenRefusal(message) {
      const fields = {
        id: message.id,
        job_id: message.jobId,
        channel: message.channel,
        platform: message.platform,
      };
      logger.warn(fields, 'unforeseen quota refusal: something else sends to this recipient');
    },
    deferred(channel, { reason, cause, delayMs }) {
      logger.debug({ channel, reason, cause, delay_ms: Math.round(delayMs) }, 'deferred');
    },
    // The worker itself logs these, with more detail.
    lateGrant() {},
    breakerOpened() {},
    finished(event) {
      if (event.attempted) return;
      logger[event.final.state === 'dead' ? 'error' : 'info'](finalLine(event), 'final');
    },
  };
}
