import type { Random } from '../src/clock.ts';
import { type Lapse, mayBeForgotten } from './forgetting.ts';
import { channelNameOf } from './message-ids.ts';

/** What an application asks of a message that it enqueued: not to send it after all, or to send it at another time. */
export type ControlOrder = {
  /** From the enqueue on, or from the order before: milliseconds. */
  afterMs: number;
} & ({ kind: 'cancel' } | { kind: 'reschedule'; aheadMs: number });

/** One that was carried out, and what came of it. */
export interface Control {
  /** The message. */
  id: string;
  kind: ControlOrder['kind'];
  /** Of a reschedule: the instant asked for. */
  sendAt?: number | undefined;
  askedAt: number;
  answeredAt: number;
  /** `refused`: a problem of this message was told. `lost`: nobody knows whether it was done, or may be done yet. */
  status: 'cancelled' | 'rescheduled' | 'too_late' | 'unknown' | 'refused' | 'lost';
  /** Before it was asked, a producer had been told that the message is in the queue. */
  wasEnqueued: boolean;
}

/** What waits can still be cancelled; the others are mostly asked too late. */
const CONTROLLED = { waiting: 0.4, others: 0.06 };
/** In the middle of the enqueue, or of the first attempt. */
const AT_ONCE = { share: 0.4, withinMs: 150 };
/** About the instant from which on it may be sent. */
const NARROWLY = { share: 0.4, ms: 60 };
const SOMETIME_MS = 8_000;
const CANCELLED = 0.6;
const AND_AGAIN = 0.35;
/** Some beyond the life of the message, which is refused. */
const AHEAD = { least: -2_000, most: 6_000, tooFar: 0.03, tooFarMs: 3_600_000 };

/** @param waitsMs until the message may be sent */
export function planControls(random: Random, waitsMs: number): readonly ControlOrder[] {
  if (random() >= (waitsMs > 0 ? CONTROLLED.waiting : CONTROLLED.others)) return [];
  const first = controlOrder(random, momentOf(random, waitsMs));
  return random() < AND_AGAIN ? [first, controlOrder(random, random() * AHEAD.most)] : [first];
}

function momentOf(random: Random, waitsMs: number): number {
  const roll = random();
  if (roll < AT_ONCE.share) return random() * AT_ONCE.withinMs;
  if (roll < AT_ONCE.share + NARROWLY.share && waitsMs > 0)
    return Math.max(0, waitsMs + (2 * random() - 1) * NARROWLY.ms);
  return random() * Math.max(waitsMs, SOMETIME_MS);
}

function controlOrder(random: Random, afterMs: number): ControlOrder {
  if (random() < CANCELLED) return { kind: 'cancel', afterMs };
  const tooFar = random() < AHEAD.tooFar ? AHEAD.tooFarMs : 0;
  const aheadMs = Math.round(AHEAD.least + random() * (AHEAD.most - AHEAD.least)) + tooFar;
  return { kind: 'reschedule', afterMs, aheadMs };
}

/** What the store forgot afterwards may hold or not, as if no answer had come. */
export function remembered(controls: Iterable<Control>, lapses: readonly Lapse[]): Map<string, Control[]> {
  const byMessage = new Map<string, Control[]>();
  for (const control of controls) {
    const forgotten = mayBeForgotten(lapses, channelNameOf(control.id), control);
    const known = forgotten ? { ...control, status: 'lost' as const } : control;
    byMessage.set(control.id, [...(byMessage.get(control.id) ?? []), known]);
  }
  return byMessage;
}
