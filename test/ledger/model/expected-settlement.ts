import type { Effect, Settlement } from '../../../src/ledger/types.ts';
import type { FinalState } from '../../../src/outcome.ts';
import type { MessageSpec } from './setup.ts';
import { isOfAnother, type ModelState, type RunRecord, type Slot } from './state.ts';
import * as time from './time.ts';

export type Told = Pick<Settlement, 'final' | 'foreign' | 'refused' | 'health' | 'rest' | 'stop'>;
export type Status = 'first' | 'known' | 'open' | 'doubt' | 'stale';

export function settle(
  model: ModelState,
  message: MessageSpec,
  nonce: string,
  effect: Effect,
  told: Told,
): Status {
  const record = model.life(message) ?? model.fresh(message);
  const status = settleRun(model, record, message, nonce, effect, told);
  if (told.refused) model.plays.set(message.player, { kind: 'refused', at: model.now, stamp: model.now });
  if (status !== 'stale') noteChannel(model, effect, told);
  return status;
}

function settleRun(
  model: ModelState,
  record: RunRecord,
  message: MessageSpec,
  nonce: string,
  effect: Effect,
  told: Told,
): Status {
  const proof = effect === 'delivered' && record.final?.state.state !== 'delivered';
  // Rule 9: told once more, the settlement that was the first is the first.
  if (record.final && record.nonce === nonce && !proof) return 'first';
  if (record.final) noteDuplicate(model, record, message);
  if (effect === 'delivered') return delivered(model, record, message, nonce, told.final);
  if (record.final) return 'known';
  if (effect === 'none') return settleVerdict(model, record, message, nonce, told.final);
  return settleAttempt(model, record, message, nonce, effect, told);
}

/** Rule 3: `delivered` by any attempt of the owner wins and sticks. */
function delivered(
  model: ModelState,
  record: RunRecord,
  message: MessageSpec,
  nonce: string,
  final: FinalState | undefined,
): Status {
  if (!final) throw new Error('a delivery is final');
  spend(model, message, 'sent', record, record.final !== undefined || record.doubtSince !== undefined);
  if (!record.final) return finish(model, record, message, nonce, final);
  if (record.final.state.state !== 'delivered') {
    if (record.final.job === message.job) model.letters.delete(message.job);
    record.final.state = final;
    record.nonce = undefined;
  }
  return 'known';
}

function settleVerdict(
  model: ModelState,
  record: RunRecord,
  message: MessageSpec,
  nonce: string,
  final: FinalState | undefined,
): Status {
  if (isOfAnother(record, message)) return 'known';
  if (!final) {
    model.records.set(message.id, record);
    return 'open';
  }
  const doubtful = record.doubtSince !== undefined;
  if (record.phase !== 'open' || doubtful !== (final.reason === 'unconfirmed')) return 'stale';
  if (doubtful) spend(model, message, 'taken', record, true);
  return finish(model, record, message, nonce, final);
}

function settleAttempt(
  model: ModelState,
  record: RunRecord,
  message: MessageSpec,
  nonce: string,
  effect: Effect,
  told: Told,
): Status {
  if (record.lapsed?.nonce === nonce) Object.assign(record, record.lapsed, { lapsed: undefined });
  if (record.nonce !== nonce || record.phase === 'open') return 'stale';
  const asked = record.phase === 'asking';
  if ((effect === 'back' || effect === 'waived') && !asked) record.attempts -= 1;
  if (effect === 'waived' && !asked) record.waived += 1;
  if (effect === 'absent') record.doubtSince = undefined;
  if (effect === 'doubt') record.doubtSince ??= Math.min(model.now, record.deadline);
  Object.assign(record, { phase: 'open', nonce: undefined, asked: asked && effect !== 'back' });
  // Rule 5: while in doubt a failure is no end, and gives nothing back.
  const doubtful = record.doubtSince !== undefined;
  if (!doubtful) giveBack(model, message, record, told.foreign === true);
  if (told.final && (!doubtful || told.final.reason === 'unconfirmed')) {
    if (doubtful) spend(model, message, 'taken', record, true);
    return finish(model, record, message, nonce, told.final);
  }
  return doubtful ? 'doubt' : 'open';
}

/** Of a campaign: another job has ended the run, or begun the replay that this one ends. */
function noteDuplicate(model: ModelState, record: RunRecord, message: MessageSpec): void {
  const job = record.final ? record.final.job : record.job;
  const other = job !== undefined && job !== message.job;
  if (other && (record.final || record.run > 1)) model.campaign.duplicate(message);
}

function finish(
  model: ModelState,
  record: RunRecord,
  message: MessageSpec,
  nonce: string,
  state: FinalState,
): Status {
  noteDuplicate(model, record, message);
  model.campaign.ended(message, record, state);
  Object.assign(record, { phase: 'final', nonce, final: { state, at: model.now, job: message.job } });
  record.forgottenAt = Math.max(record.forgottenAt, Math.max(message.life, model.now) + time.DAY);
  model.records.set(message.id, record);
  if (state.state === 'dead') model.letters.set(message.job, { reason: state.reason, run: record.run });
  model.ended.push({
    id: message.id,
    run: record.run,
    final: state,
    attempts: record.attempts + record.waived,
  });
  return 'first';
}

/** Rule 2: a rolling window counts from the settlement, or from the end of a request that may still be on its way. */
function spend(
  model: ModelState,
  message: MessageSpec,
  state: Slot['state'],
  record: RunRecord,
  doubtful: boolean,
): void {
  const slot = ownSlot(model, message);
  if (!slot) {
    if (state === 'sent') noteLateProof(model, message);
    return;
  }
  const { owner } = slot;
  const until = model.setup.quota === 'rolling' ? model.now + time.ROLLING : slot.until;
  // A request of the run that may still be on its way arrives by its deadline.
  const deadline = record.final ? 0 : record.deadline;
  const last = doubtful ? Math.max(model.now, deadline) : model.now;
  const end = doubtful ? Math.max(until, slot.until) : until;
  model.keepSlot(message.player, { owner, state, until: end }, last);
}

/** Rule 6: whoever has the slot by now, the player was sent something. */
function noteLateProof(model: ModelState, { player }: MessageSpec): void {
  if (model.setup.quota === 'none') return;
  const slot = model.slot(player);
  if (slot) model.keepSlot(player, slot, model.now);
  else model.freeSlot(player, model.now);
}

function giveBack(model: ModelState, message: MessageSpec, record: RunRecord, foreign: boolean): void {
  if (foreign) spend(model, message, 'taken', record, false);
  else if (ownSlot(model, message)) model.freeSlot(message.player, model.last(message.player));
}

function ownSlot(model: ModelState, message: MessageSpec): Slot | undefined {
  const slot = model.setup.quota === 'none' ? undefined : model.slot(message.player);
  return slot?.owner === message.id ? slot : undefined;
}

function noteChannel(model: ModelState, effect: Effect, { health, rest, stop }: Told): void {
  if (health === 'up') model.breaker = { failures: 0, opens: 0, probeUntil: 0 };
  else if (health === 'down') model.breaker.failures += 1;
  if (effect !== 'none') model.breaker.probeUntil = 0;
  if (rest) model.restFor(rest.reason, (rest.ms * time.TICK) / time.TICK_MS);
  if (stop) model.stops.add(stop.reason);
}
