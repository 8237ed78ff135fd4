import { expect, it } from 'vitest';
import type { Facts } from '../../../src/admin/explain/explanation.ts';
import { nextStep } from '../../../src/admin/explain/next-step.ts';
import type { Prediction } from '../../../src/admin/explain/prediction.ts';
import type { FinalState } from '../../../src/outcome.ts';
import { at, BASE, iso, JOB, NOW, OPEN } from './facts.ts';

const SLOT = { state: 'held', until: at(3600), own: false, owner: 'abc', ownerId: 'other' } as const;
const UNREADABLE = {
  reason: 'invalid_message',
  detail: 'no',
  run: 0,
  attempts: 0,
  at: at(-9),
  enqueuedAt: null,
} as const;
const DELAYED = { ...JOB, state: 'delayed', dueAt: at(30) } as const;

function predicted(
  verdict: Prediction['verdict'],
  final: FinalState | null = null,
  untilSeconds?: number,
): Prediction {
  return { at: NOW, verdict, final, until: untilSeconds === undefined ? null : at(untilSeconds) };
}

it.each<[string, Partial<Facts>]>([
  [
    'It waits: no worker of channel kongregate is alive, start `herald worker`; then it is sent.',
    { workers: 0 },
  ],
  [
    'It waits: channel kongregate is stopped (queue_paused) until `herald channel resume kongregate`; then it is sent.',
    { stopped: { reason: 'queue_paused', at: null } },
  ],
  ['It is ready for the next free worker; then it is sent.', {}],
  [
    `It waits until ${iso(20)}, to which it was rescheduled; then it is sent.`,
    { record: { ...OPEN, state: 'enlisted', rescheduledTo: at(20) } },
  ],
  [
    'It is ready for the next free worker; then it is sent.',
    {
      message: { ...BASE.message!, sendAt: at(900) },
      record: { ...OPEN, state: 'enlisted', rescheduledTo: at(-1) },
    },
  ],
  [
    `It was suppressed (cancelled) at ${iso(-5)}; the worker that picks up its job completes it without a send.`,
    { record: { state: 'suppressed', reason: 'cancelled', run: 1, attempts: 0, at: at(-5) } },
  ],
  ['A worker is processing it.', { job: { ...JOB, state: 'active' } }],
  [
    `Attempt 2 is in flight; without an outcome by ${iso(9)} it counts as unknown.`,
    { job: { ...JOB, state: 'active' }, record: { ...OPEN, state: 'sending', attempts: 2, deadline: at(9) } },
  ],
  [
    `It waits until ${iso(30)}, after 2 failed attempts; then it is sent.`,
    { job: DELAYED, record: { ...OPEN, attempts: 2 } },
  ],
  [
    `It waits until ${iso(30)} for the player's slot, held by message other; then it keeps waiting for the slot, until ${iso(90)} at the latest.`,
    { job: DELAYED, slot: SLOT, predicted: predicted('busy', null, 90) },
  ],
  [
    'It is ready for the next free worker; then it is suppressed (quota).',
    {
      slot: { ...SLOT, state: 'sent' },
      predicted: predicted('quota', { state: 'suppressed', reason: 'quota' }),
    },
  ],
  [
    `It waits until ${iso(30)}, because attempt 1 may have arrived; then it is sent again, which shows whether that attempt arrived.`,
    { job: DELAYED, record: { ...OPEN, attempts: 1, doubtSince: at(-5) } },
  ],
  [
    `It waits until ${iso(30)}, because attempt 1 may have arrived; then the platform is asked whether that attempt arrived.`,
    {
      job: DELAYED,
      record: { ...OPEN, attempts: 1, doubtSince: at(-5) },
      predicted: predicted('ask'),
    },
  ],
  [
    'It is ready for the next free worker; then it is suppressed (ineligible) unless a play is recorded before.',
    { predicted: predicted('ineligible', { state: 'suppressed', reason: 'ineligible' }) },
  ],
  [
    'It is ready for the next free worker; then a worker that supports version 2 decides.',
    { job: { ...JOB, state: 'waiting', newerVersion: 2 }, message: null, predicted: null },
  ],
  [
    `It is ready for the next free worker; then it waits for the next window, ${iso(60)}.`,
    { predicted: predicted('boundary', null, 60) },
  ],
  [
    `It is ready for the next free worker; then it waits for its time, ${iso(60)}.`,
    { predicted: predicted('early', null, 60) },
  ],
  [
    `It waits: the channel is resting (breaker_open) until ${iso(20)}; then it is sent.`,
    { resting: { reason: 'breaker_open', until: at(20) } },
  ],
  [
    `It waits until ${iso(90_000)}; then it is suppressed (expired).`,
    {
      job: { ...DELAYED, dueAt: at(90_000) },
      predicted: predicted('expired', { state: 'suppressed', reason: 'expired' }),
    },
  ],
  [
    `It died (exhausted) at ${iso(-9)} and is kept as a dead letter; \`herald dead replay one --yes\` tries again.`,
    {
      job: null,
      letter: {
        reason: 'exhausted',
        detail: 'no',
        run: 1,
        attempts: 12,
        at: at(-9),
        enqueuedAt: null,
        cut: false,
      },
    },
  ],
  [
    `It died (unconfirmed) at ${iso(-9)} and is kept as a dead letter; it may have arrived, and \`herald dead replay one --reason unconfirmed --yes\` sends it again nevertheless.`,
    {
      job: null,
      letter: {
        reason: 'unconfirmed',
        detail: 'no',
        run: 1,
        attempts: 1,
        at: at(-9),
        enqueuedAt: null,
        cut: false,
      },
    },
  ],
  [
    `It died (invalid_message) at ${iso(-9)} and is kept as a dead letter; a replay dies again unless the workers were upgraded to a version that reads it. Correct the application, enqueue it anew, and delete this one: \`herald dead purge one --yes\`.`,
    { job: null, letter: { ...UNREADABLE, cut: false } },
  ],
  [
    `It died (invalid_message) at ${iso(-9)} and is kept as a dead letter; it cannot be replayed, since its data were too large to keep. Correct the application, enqueue it anew, and delete this one: \`herald dead purge one --yes\`.`,
    { job: null, letter: { ...UNREADABLE, cut: true } },
  ],
  [
    'Its job was failed by the queue (job stalled); a worker makes it a dead letter within seconds, and then it can be replayed.',
    { job: { ...JOB, state: 'failed', failedReason: 'job stalled' } },
  ],
  [
    `It was dead (exhausted) at ${iso(-9)}; nothing more happens: its dead letter was purged.`,
    { job: null, record: { state: 'dead', reason: 'exhausted', run: 1, attempts: 12, at: at(-9) } },
  ],
])('%s', (sentence, facts) => {
  expect(nextStep({ ...BASE, ...facts })).toBe(sentence);
});
