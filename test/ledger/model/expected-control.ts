import type { MessageSpec } from './setup.ts';
import type { ModelState, RunRecord } from './state.ts';
import * as time from './time.ts';

type TooLate = 'too_late' | 'unknown';

/** A producer cancels a message by its id: nothing of it may be on its way. */
export function cancel(model: ModelState, message: MessageSpec): 'cancelled' | TooLate {
  const { id } = message;
  const record = model.records.get(id);
  if (!record && message.campaign !== undefined) return withdraw(model, message);
  if (record?.withdrawn && !record.final) return 'cancelled';
  if (record?.final?.state.reason === 'cancelled') return 'cancelled';
  const late = tooLate(record);
  if (late || !record) return late ?? 'unknown';
  const state = { state: 'suppressed', reason: 'cancelled' } as const;
  record.forgottenAt = Math.max(record.forgottenAt, model.now + time.DAY);
  Object.assign(record, {
    phase: 'final',
    nonce: undefined,
    final: { state, at: model.now, job: record.job },
  });
  const { run, attempts, waived } = record;
  model.ended.push({ id, run, final: state, attempts: attempts + waived });
  model.campaign.ended(message, record, state);
  return 'cancelled';
}

/** Of a recipient that was never tried: the first admission meets it. */
function withdraw(model: ModelState, message: MessageSpec): 'cancelled' | 'unknown' {
  if (model.campaign.waiting() === 0) return 'unknown';
  const forgottenAt = message.life + time.DAY;
  // A day after its campaign has expired, the record would be over at once: the message ends as expired, if it is met at all.
  if (model.campaign.state !== 'cancelled' && forgottenAt > model.now) {
    model.records.set(message.id, { ...model.fresh(message), job: undefined, withdrawn: true, forgottenAt });
  }
  return 'cancelled';
}

/** @param at when it is to be sent */
export function reschedule(
  model: ModelState,
  { id }: MessageSpec,
  at: number,
): 'rescheduled' | 'expires' | 'fixed' | TooLate {
  const record = model.records.get(id);
  const late = tooLate(record);
  if (late || !record) return late ?? 'unknown';
  if (at >= record.forgottenAt - time.DAY) return 'expires';
  const { notBefore, job } = record;
  if (notBefore !== undefined && job === undefined && at < notBefore) return 'fixed';
  record.notBefore = at;
  return 'rescheduled';
}

function tooLate(record: RunRecord | undefined): TooLate | undefined {
  if (!record) return 'unknown';
  if (record.withdrawn) return 'too_late';
  return record.phase !== 'open' || record.doubtSince !== undefined ? 'too_late' : undefined;
}
