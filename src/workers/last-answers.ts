import type { Disposition } from '../outcome.ts';
import type { Plan } from '../policies/attempt-plan.ts';
import type { Attempted } from './attempt.ts';

/**
 * Remembers the last answer to a message's requests, so that a dead letter whose run was ended by the ledger (patience
 * expired, attempts exhausted) reports it. The ledger does not store it, so each process remembers what it received itself,
 * for the latest messages.
 */
export interface LastAnswers {
  /** Records the result of a grant. The end of a run has its own answer, and drops the recorded one. */
  record(messageId: string, attempted: Attempted, plan: Plan): void;
  /** Adds the last answer to the disposition of a dead message, and drops it. */
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

  /** Inserts at the end: a map keeps the order of insertion. */
  function note(messageId: string, answer: string): void {
    answers.set(messageId, answer);
    if (answers.size <= remembered) return;
    const [oldest] = answers.keys();
    if (oldest !== undefined) answers.delete(oldest);
  }

  return {
    record(messageId, attempted, plan) {
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

/** The answer to a send takes precedence over the answer to a confirmation. */
function answerOf(attempted: Attempted, plan: Plan, earlier: string | undefined): string | undefined {
  if (attempted.kind === 'sent' && plan.outcome.detail) return plan.outcome.detail;
  if (earlier !== undefined) return earlier;
  return attempted.kind === 'asked' && attempted.answer.kind === 'unsure'
    ? attempted.answer.detail
    : undefined;
}
