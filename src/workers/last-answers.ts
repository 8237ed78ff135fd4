import type { Disposition } from '../outcome.ts';
import type { Plan } from '../policies/attempt-plan.ts';
import type { Attempted } from './attempt.ts';

/**
 * What was last answered to a message's requests, so that a dead letter whose end is a verdict of the ledger (the patience
 * is over, every attempt is spent) reports it. The ledger has no room for it, so a process knows what it saw itself, of the
 * latest messages.
 */
export interface LastAnswers {
  /** What became of a grant. The end of a run has its own answer and drops this one. */
  hear(messageId: string, attempted: Attempted, plan: Plan): void;
  /** The disposition, with the last answer if the message is dead; once. */
  withLastAnswer(messageId: string, next: Disposition): Disposition;
}

const REMEMBERED = 10_000;

export function createLastAnswers(remembered: number = REMEMBERED): LastAnswers {
  const answers = new Map<string, string>();

  function take(messageId: string): string | undefined {
    const answer = answers.get(messageId);
    answers.delete(messageId);
    return answer;
  }

  /** At the end: a map keeps the order of its making. */
  function note(messageId: string, answer: string): void {
    answers.set(messageId, answer);
    if (answers.size <= remembered) return;
    const [oldest] = answers.keys();
    if (oldest !== undefined) answers.delete(oldest);
  }

  return {
    hear(messageId, attempted, plan) {
      const earlier = take(messageId);
      if (plan.final) return;
      const answer = answerOf(attempted, plan, earlier);
      if (answer !== undefined) note(messageId, answer);
    },
    withLastAnswer(messageId, next) {
      if (next.kind !== 'dead') return next;
      const answer = take(messageId);
      return answer === undefined ? next : { ...next, detail: `${next.detail}; last: ${answer}` };
    },
  };
}

/** An answer to the message itself says more than one to the question about it. */
function answerOf(attempted: Attempted, plan: Plan, earlier: string | undefined): string | undefined {
  if (attempted.kind === 'sent' && plan.outcome.detail) return plan.outcome.detail;
  if (earlier !== undefined) return earlier;
  return attempted.kind === 'asked' && attempted.answer.kind === 'unsure'
    ? attempted.answer.detail
    : undefined;
}
