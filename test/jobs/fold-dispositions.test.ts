import { expect, it } from 'vitest';
import { foldDispositions, type Verb } from '../../src/jobs/fold-dispositions.ts';
import type { Disposition } from '../../src/outcome.ts';

const NOW = 1_000_000;
const DELIVERED: Disposition = { kind: 'complete', final: { state: 'delivered', reason: 'sent' } };
const DEAD: Disposition = { kind: 'dead', reason: 'exhausted', detail: 'x' };
const HAND_BACK: Disposition = { kind: 'hand_back' };
const retry = (delayMs: number): Disposition => ({ kind: 'retry', delayMs });
const wait = (delayMs: number): Disposition => ({
  kind: 'wait',
  reason: 'slot_busy',
  cause: 'proof',
  delayMs,
});
const schedule = (at: number): Disposition => ({ kind: 'schedule', at });
const rest = (delayMs: number): Disposition => ({
  kind: 'rest',
  reason: 'rate_limited',
  cause: 'own_rate',
  delayMs,
});

const until = (at: number): Verb => ({ kind: 'delay', until: at });

it.each<[string, Disposition[], Verb]>([
  ['is complete with its one message', [DELIVERED], { kind: 'complete' }],
  ['is complete with a dead letter: that is written', [DEAD], { kind: 'complete' }],
  ['waits for its one message: retry', [retry(7)], until(NOW + 7)],
  ['waits for its one message: slot', [wait(7)], until(NOW + 7)],
  ['waits for its one message: sendAt', [schedule(NOW + 70)], until(NOW + 70)],
  ['rests with its channel', [rest(7)], { kind: 'rest', delayMs: 7 }],
  ['goes back with its one message', [HAND_BACK], { kind: 'hand_back' }],
  ['is complete when all of its messages are', [DELIVERED, DEAD, DELIVERED], { kind: 'complete' }],
  ['waits for the last of those who wait', [wait(7), retry(9), schedule(NOW + 8)], until(NOW + 9)],
  ['waits though others are done', [DELIVERED, retry(7), DEAD], until(NOW + 7)],
  ['rests for the longest rest', [rest(7), DELIVERED, rest(9)], { kind: 'rest', delayMs: 9 }],
  ['brings nobody up sooner for a rest of the channel', [rest(5), retry(9)], until(NOW + 9)],
  ['brings nobody up during a rest of the channel', [rest(9), retry(5)], until(NOW + 9)],
  ['brings nobody up sooner for a worker that closes', [HAND_BACK, wait(7)], until(NOW + 7)],
  ['rests though a worker closes', [HAND_BACK, rest(7)], { kind: 'rest', delayMs: 7 }],
  ['goes back though others are done', [DELIVERED, HAND_BACK], { kind: 'hand_back' }],
])('a job %s', (_, dispositions, verb) => {
  expect(foldDispositions(dispositions, NOW)).toEqual(verb);
  expect(foldDispositions(dispositions.toReversed(), NOW)).toEqual(verb);
});

it('a moment that has passed is one that the job waits for no longer', () => {
  expect(foldDispositions([schedule(NOW - 7)], NOW)).toEqual(until(NOW - 7));
});
