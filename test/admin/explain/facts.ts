import type { Facts } from '../../../src/admin/explain/explanation.ts';

/** What is known of a message, for the sentences made of it. */

export const NOW = Date.parse('2026-03-01T12:00:00Z');
export const at = (seconds: number): number => NOW + seconds * 1000;
export const iso = (seconds: number): string => new Date(at(seconds)).toISOString();

export const JOB = {
  id: 'm_1',
  enqueuedAt: at(-60),
  dueAt: null,
  pickups: 1,
  failedReason: null,
  newerVersion: null,
} as const;
export const OPEN = {
  state: 'open',
  run: 1,
  attempts: 0,
  since: at(-60),
  deadline: null,
  doubtSince: null,
  rescheduledTo: null,
} as const;
/** A message that a worker could send now. */
export const BASE: Facts = {
  channel: 'kongregate',
  id: 'one',
  now: NOW,
  job: { ...JOB, state: 'waiting' },
  letter: null,
  content: null,
  campaign: null,
  message: { to: { userId: 1 }, sendAt: null, expiresAt: at(86_400), onQuota: 'drop' },
  record: null,
  slot: null,
  play: null,
  predicted: { at: NOW, verdict: 'send', final: null, until: null },
  receipts: [],
  receiptsComplete: true,
  stopped: null,
  resting: null,
  workers: 1,
};
