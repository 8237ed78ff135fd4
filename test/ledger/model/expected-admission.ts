import type { FinalState, StopReason } from '../../../src/outcome.ts';
import type { MessageSpec } from './setup.ts';
import { isOfAnother, type ModelState, type RunRecord, type Slot } from './state.ts';
import * as time from './time.ts';

export type Expected =
  | {
      kind: 'granted';
      grant: {
        kind: 'grant' | 'ask';
        run: number;
        attempt: number;
        spent: number;
        doubt: boolean;
        refusalProves: boolean;
      };
      wait: number;
      /** What is left until the deadline. */
      lease: number;
    }
  | { kind: 'known'; final: FinalState; run: number; attempts: number }
  | { kind: 'cancelled'; run: number; attempts: number }
  | { kind: 'duplicate'; run: number }
  | { kind: 'expired' | 'exhausted' | 'unconfirmed' | 'ineligible' }
  | { kind: 'paused' | 'withdrawn' }
  | { kind: 'busy'; slot: boolean }
  | { kind: 'quota' | 'boundary' | 'early' }
  | { kind: 'resting'; reason: 'rate_limited' | 'breaker_open' }
  | { kind: 'stopped'; reason: StopReason };

export function admit(model: ModelState, message: MessageSpec, nonce: string): Expected {
  const record = model.life(message);
  // Rule 1: known first.
  if (record?.final) return known(model, record, message, nonce);
  const inFlight = record && record.phase !== 'open';
  // Rule 3: the same question gets the same grant.
  if (inFlight && record.nonce === nonce) return granted(model, message, record);
  if (record && isOfAnother(record, message)) return { kind: 'duplicate', run: record.run };
  if (inFlight) return { kind: 'busy', slot: false };
  const doubtful = record?.doubtSince !== undefined;
  if (record && doubtful) {
    const verdict = resolve(model, record, message);
    if (verdict) return verdict;
  } else {
    const held = heldByCampaign(model, record, message);
    if (held) return held;
    if (model.now >= message.life) return { kind: 'expired' };
    if (model.now < (record?.notBefore ?? message.sendAt ?? 0)) return { kind: 'early' };
    if ((record?.attempts ?? 0) >= time.ATTEMPTS) return { kind: 'exhausted' };
  }
  const held = heldBack(model);
  if (held) return held;
  const asks = doubtful && model.setup.resolution === 'confirm';
  if (!asks && ineligible(model, message)) return { kind: doubtful ? 'unconfirmed' : 'ineligible' };
  return grant(model, message, record ?? model.fresh(message), nonce, asks);
}

/** Pause and cancel hold from the next admission on, and no replay; what is paused still expires. */
function heldByCampaign(
  model: ModelState,
  record: RunRecord | undefined,
  message: MessageSpec,
): Expected | undefined {
  if (message.campaign === undefined) return undefined;
  if (record?.withdrawn) return { kind: 'withdrawn' };
  if (model.campaign.isReplay(message)) return undefined;
  const { state } = model.campaign;
  if (state === 'cancelled') return { kind: 'withdrawn' };
  return state === 'paused' && model.now < message.life ? { kind: 'paused' } : undefined;
}

function known(model: ModelState, record: RunRecord, message: MessageSpec, nonce: string): Expected {
  const { run, final } = record;
  if (!final || (final.job !== undefined && final.job !== message.job)) {
    model.campaign.duplicate(message);
    return { kind: 'duplicate', run };
  }
  const attempts = record.attempts + record.waived;
  // Counted once, by the worker that meets it first, however often that one has to ask.
  if (final.state.reason === 'cancelled' && (record.nonce ?? nonce) === nonce) {
    record.nonce = nonce;
    return { kind: 'cancelled', run, attempts };
  }
  return { kind: 'known', final: final.state, run, attempts };
}

/** Rule 6: what may still be done about a send that nobody knows the end of. */
function resolve(model: ModelState, record: RunRecord, message: MessageSpec): Expected | undefined {
  const { resolution } = model.setup;
  const spent = record.attempts >= time.ATTEMPTS;
  const since = record.doubtSince ?? 0;
  if (resolution === 'resend')
    return model.now >= message.life || spent ? { kind: 'unconfirmed' } : undefined;
  const patience =
    resolution === 'confirm' && !record.asked ? Math.max(time.PATIENCE, time.DAY) : time.PATIENCE;
  const over = model.now >= message.life || model.now > since + patience;
  if (resolution === 'keep' || over) return { kind: 'unconfirmed' };
  if (resolution === 'confirm')
    return model.now <= record.deadline + time.QUIET ? { kind: 'busy', slot: false } : undefined;
  const slot = model.slot(message.player);
  const own = slot?.owner === message.id && slot.state === 'held' ? slot : undefined;
  if (!own || spent) return { kind: 'unconfirmed' };
  const earliest = since - time.LEASE - time.AHEAD;
  const windowEnd = model.setup.quota === 'rolling' ? earliest + time.ROLLING : own.until;
  return model.now + time.LEASE > windowEnd ? { kind: 'unconfirmed' } : undefined;
}

/** Rule 8. */
function heldBack(model: ModelState): Expected | undefined {
  const [reason] = (['paused', 'credentials'] as const).filter((each) => model.stops.has(each));
  if (reason) return { kind: 'stopped', reason };
  if (model.rest) return { kind: 'resting', reason: model.rest.reason };
  const { opens, probeUntil } = model.breaker;
  return opens > 0 && probeUntil > model.now ? { kind: 'resting', reason: 'breaker_open' } : undefined;
}

function ineligible(model: ModelState, { player, playedAgo }: MessageSpec): boolean {
  const { unknownPlayers } = model.setup;
  if (unknownPlayers === 'off') return false;
  const play = model.plays.get(player);
  const told = playedAgo === undefined ? undefined : -playedAgo;
  const last = Math.max(told ?? -Infinity, play?.kind === 'played' ? play.at : -Infinity);
  if (!play && last === -Infinity) return unknownPlayers === 'suppress';
  const refused = play?.kind === 'refused' && play.at >= last;
  if (!refused && last > model.now - time.PLAYED_WITHIN) return false;
  if (play) model.renew(play);
  return true;
}

function grant(
  model: ModelState,
  message: MessageSpec,
  record: RunRecord,
  nonce: string,
  asks: boolean,
): Expected {
  const wait = model.setup.rate ? Math.max(0, model.free - model.now) : 0;
  if (wait > time.AHEAD) return { kind: 'resting', reason: 'rate_limited' };
  if (!asks) {
    const refusal = claim(model, message, wait);
    if (refusal?.kind === 'quota' && record.doubtSince !== undefined) return { kind: 'unconfirmed' };
    if (refusal) return refusal;
    record.attempts += 1;
  }
  if (model.setup.rate) model.free = model.now + wait + time.INTERVAL * (message.requests ?? 1);
  if (model.breaker.opens > 0) model.breaker.probeUntil = model.now + wait + time.LEASE;
  const deadline = model.now + wait + time.LEASE;
  Object.assign(record, {
    phase: asks ? 'asking' : 'sending',
    nonce,
    deadline,
    asked: false,
    lapsed: undefined,
  });
  record.forgottenAt = Math.max(record.forgottenAt, message.life + time.DAY);
  model.campaign.begun(message, record);
  model.records.set(message.id, record);
  return granted(model, message, record);
}

function granted(
  model: ModelState,
  { player }: MessageSpec,
  { run, attempts, waived, doubtSince, phase, deadline }: RunRecord,
): Expected {
  const kind = phase === 'asking' ? 'ask' : 'grant';
  const slot = kind === 'grant' && model.setup.quota !== 'none' && model.slot(player);
  const grant = {
    kind,
    run,
    attempt: attempts + waived,
    spent: attempts,
    doubt: doubtSince !== undefined,
    refusalProves: Boolean(slot) && model.last(player) + time.PLATFORM_DAY <= model.now,
  } as const;
  const lease = deadline - model.now;
  return { kind: 'granted', grant, wait: lease - time.LEASE, lease };
}

/** Rules 2 and 7. */
function claim(model: ModelState, message: MessageSpec, wait: number): Expected | undefined {
  const { quota } = model.setup;
  if (quota === 'none') return undefined;
  const end = quota === 'rolling' ? model.now + time.ROLLING : windowEnd(model.now);
  if (quota === 'calendar' && model.now + wait + time.LEASE > end) return { kind: 'boundary' };
  const slot = model.slot(message.player);
  if (slot && slot.owner !== message.id) return meet(model, message.player, slot);
  if (slot && slot.state !== 'held') return { kind: 'quota' };
  const until = quota === 'rolling' ? end + wait + time.LEASE : end;
  const last = model.last(message.player);
  model.keepSlot(message.player, { owner: message.id, state: 'held', until }, last);
  return undefined;
}

function meet(model: ModelState, player: string, slot: Slot): Expected {
  if (slot.state !== 'held') return { kind: 'quota' };
  const owner = model.records.get(slot.owner);
  if (owner && !owner.final) {
    if (owner.phase !== 'open') return { kind: 'busy', slot: true };
    const { doubtSince } = owner;
    if (doubtSince !== undefined && model.now <= doubtSince + time.PATIENCE)
      return { kind: 'busy', slot: true };
  }
  model.keepSlot(player, { ...slot, state: 'taken' }, model.now);
  return { kind: 'quota' };
}

/** The end of the calendar window that holds an instant. */
export const windowEnd = (at: number): number =>
  time.WINDOW_AT_START + (Math.floor((at - time.WINDOW_AT_START) / time.WINDOW) + 1) * time.WINDOW;
