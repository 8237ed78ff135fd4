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

/**
 * The parts of a delivery by their places: with their names they would take three times as long. JSON has null for undefined. Instants
 * count from the deadline, and `at` is whole, since numbers of many figures take long to write.
 */
type Packed = [
  ...message: [id: string, jobId: string, key: string, job: string, recipient: string, expiresAt: number],
  ...more: [campaign: Packable, uncounted: true | null | undefined, meta: Packable, to: Packable],
  ...grant: [nonce: string, run: number, attempt: number, spent: number, born: string, leaseMs: number],
  ...instants: [deadlineAt: number, doubtAt: Instant, windowEnd: Instant],
  ...settlement: [nonce: string, reason: DeliveredReason, platformMessageId: Packable, at: number],
];
type Packable = string | null | undefined;
/** Null for none, which a grant has as 0. */
type Instant = number | null;

/** Leaves out what is not written a second time. @returns undefined for what is not just the delivery of a granted send */
function packed({ message: m, grant: g, settlement: s, at }: SettledMark): string | undefined {
  const { effect, final } = s;
  const concernsMore = s.letter || s.failedJob || s.foreign || s.refused || s.stop;
  if (!g || effect !== 'delivered' || final?.state !== 'delivered' || concernsMore) return undefined;
  const from = g.deadlineAt;
  const doubt = g.doubtAt === 0 ? null : g.doubtAt - from;
  const window = g.windowEnd === 0 ? null : g.windowEnd - from;
  // biome-ignore format: by their places.
  const parts: Packed = [
    m.id, m.jobId, m.key, m.job, m.recipient, m.expiresAt - from,
    m.campaign, m.uncounted, m.meta, m.to,
    g.nonce, g.run, g.attempt, g.spent, g.born, g.leaseMs,
    from, doubt, window,
    s.nonce, final.reason, s.platformMessageId, Math.floor(at),
  ];
  return JSON.stringify(parts);
}

function unpacked(text: string): SettledMark {
  // biome-ignore format: by their places.
  const [
    id, jobId, key, job, recipient, expiresIn,
    campaign, uncounted, meta, to,
    nonce, run, attempt, spent, born, leaseMs,
    deadlineAt, doubt, window,
    settledBy, reason, platformMessageId, at,
  ] = JSON.parse(text) as Packed;
  const message: LedgerMessage = {
    ...{ id, jobId, key, job, recipient, expiresAt: deadlineAt + expiresIn },
    campaign: campaign ?? undefined,
    uncounted: uncounted ?? undefined,
    meta: meta ?? undefined,
    to: to ?? undefined,
  };
  return {
    message,
    grant: {
      ...{ nonce, run, attempt, spent, born, leaseMs, deadlineAt },
      doubtAt: doubt === null ? 0 : deadlineAt + doubt,
      windowEnd: window === null ? 0 : deadlineAt + window,
    },
    settlement: {
      ...{ message, nonce: settledBy, effect: 'delivered', final: { state: 'delivered', reason } },
      platformMessageId: platformMessageId ?? undefined,
    },
    at,
  };
}
