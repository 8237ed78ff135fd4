import { expect, it } from 'vitest';
import type { Outcome } from '../../src/outcome.ts';
import type { Plan } from '../../src/policies/attempt-plan.ts';
import { createLastAnswers, type LastAnswers } from '../../src/workers/last-answers.ts';

const DEAD = { kind: 'dead', reason: 'exhausted', detail: 'every attempt failed' } as const;
const plan = (outcome: Outcome): Plan => ({
  ...{ outcome, effect: 'spent', marks: {} },
  next: { kind: 'retry', delayMs: 1 },
});

/** A request of the message failed, and its run goes on. */
function fail(answers: LastAnswers, message: string, detail: string): void {
  const outcome: Outcome = { kind: 'failed', reason: 'not_connected', detail };
  answers.record(message, { kind: 'sent', outcome, durationMs: 1 }, plan(outcome));
}

/** The platform was asked about the message, and could not tell. */
function ask(answers: LastAnswers, message: string, detail: string): void {
  const outcome: Outcome = { kind: 'throttled', reason: 'slot_busy' };
  answers.record(message, { kind: 'asked', answer: { kind: 'unsure', detail } }, plan(outcome));
}

const lastOf = (answers: LastAnswers, message: string): string | undefined => {
  const told = answers.withLastAnswer(message, DEAD);
  return told.kind === 'dead' ? told.detail.split('; last: ')[1] : undefined;
};

it('are told once, the latest, of a message that is dead', () => {
  const answers = createLastAnswers();
  fail(answers, 'a', 'HTTP 301');
  fail(answers, 'a', 'HTTP 302');
  const waits = { kind: 'wait', reason: 'slot_busy', cause: 'proof', delayMs: 1 } as const;
  expect(answers.withLastAnswer('a', waits)).toEqual(waits);
  expect(answers.withLastAnswer('a', DEAD)).toEqual({
    ...DEAD,
    detail: 'every attempt failed; last: HTTP 302',
  });
  expect(answers.withLastAnswer('a', DEAD)).toEqual(DEAD);
});

it('of the message itself say more than those to a question about it', () => {
  const answers = createLastAnswers();
  ask(answers, 'a', 'HTTP 500');
  expect(lastOf(answers, 'a')).toBe('HTTP 500');
  fail(answers, 'b', 'ECONNRESET');
  ask(answers, 'b', 'HTTP 500');
  expect(lastOf(answers, 'b')).toBe('ECONNRESET');
});

it('are forgotten of the message that was silent for longest', () => {
  const answers = createLastAnswers(2);
  for (const message of ['a', 'b', 'a', 'c']) fail(answers, message, message);
  expect(['a', 'b', 'c'].map((message) => lastOf(answers, message))).toEqual(['a', undefined, 'c']);
});
