import type { DeliveredReason } from '../outcome.ts';
import type { Grant, LedgerMessage, Settlement } from './types.ts';

/** What a worker wrote into the ledger about a message: a grant, its settlement, or both. */
export interface Mark {
  message: LedgerMessage;
  grant?: SlotGrant | undefined;
  settlement?: Settlement | undefined;
}

/** What restoring a slot requires of its grant. */
export type SlotGrant = Pick<
  Grant,
  'nonce' | 'run' | 'attempt' | 'spent' | 'born' | 'leaseMs' | 'deadlineAt' | 'doubtAt' | 'windowEnd'
>;

/** A mark whose message was settled. */
export interface SettledMark extends Mark {
  settlement: Settlement;
  /** When it was settled; monotonic. */
  at: number;
}

/**
 * Whether the slot stays used after this settlement. A settlement changes a slot but creates none: if the slot was lost, its grant has
 * to be restored first.
 */
export const keepsSlot = ({ settlement }: Pick<Mark, 'settlement'>): boolean =>
  settlement?.effect === 'doubt' ||
  settlement?.effect === 'delivered' ||
  settlement?.final?.reason === 'unconfirmed';

/**
 * A settled mark as it is kept: a delivery as text. Nearly all that a worker remembers are deliveries, tens of thousands of them, and
 * as objects they cost the garbage collector a tenth of a busy worker's time.
 */
export type Remembered = string | SettledMark;

export const remember = (mark: SettledMark): Remembered => packed(mark) ?? mark;

export const recall = (remembered: Remembered): SettledMark =>
  typeof remembered === 'string' ? unpacked(remembered) : remembered;

/** The parts of a delivery by their places: with their names they would take three times as long. JSON has null for undefined. */
type Packed = [
  message: [
    ...[id: string, jobId: string, key: string, job: string, recipient: string, expiresAt: number],
    ...[campaign: Packable, uncounted: true | null | undefined, meta: Packable, to: Packable],
  ],
  grant: [
    ...[nonce: string, run: number, attempt: number, spent: number, born: string, leaseMs: number],
    ...[deadlineAt: number, doubtAt: number, windowEnd: number],
  ],
  settlement: [nonce: string, reason: DeliveredReason, platformMessageId: Packable],
  at: number,
];
type Packable = string | null | undefined;

/** Leaves out what is not written a second time. @returns undefined for what is not just the delivery of a granted send */
function packed({ message: m, grant: g, settlement: s, at }: SettledMark): string | undefined {
  const { effect, final } = s;
  const concernsMore = s.letter || s.failedJob || s.foreign || s.refused || s.stop;
  if (!g || effect !== 'delivered' || final?.state !== 'delivered' || concernsMore) return undefined;
  const parts: Packed = [
    [m.id, m.jobId, m.key, m.job, m.recipient, m.expiresAt, m.campaign, m.uncounted, m.meta, m.to],
    [g.nonce, g.run, g.attempt, g.spent, g.born, g.leaseMs, g.deadlineAt, g.doubtAt, g.windowEnd],
    [s.nonce, final.reason, s.platformMessageId],
    at,
  ];
  return JSON.stringify(parts);
}

function unpacked(text: string): SettledMark {
  const [ofMessage, ofGrant, ofSettlement, at] = JSON.parse(text) as Packed;
  const [id, jobId, key, job, recipient, expiresAt, campaign, uncounted, meta, to] = ofMessage;
  const [nonce, run, attempt, spent, born, leaseMs, deadlineAt, doubtAt, windowEnd] = ofGrant;
  const [settledBy, reason, platformMessageId] = ofSettlement;
  const message: LedgerMessage = {
    ...{ id, jobId, key, job, recipient, expiresAt },
    campaign: campaign ?? undefined,
    uncounted: uncounted ?? undefined,
    meta: meta ?? undefined,
    to: to ?? undefined,
  };
  return {
    message,
    grant: { nonce, run, attempt, spent, born, leaseMs, deadlineAt, doubtAt, windowEnd },
    settlement: {
      ...{ message, nonce: settledBy, effect: 'delivered', final: { state: 'delivered', reason } },
      platformMessageId: platformMessageId ?? undefined,
    },
    at,
  };
}
