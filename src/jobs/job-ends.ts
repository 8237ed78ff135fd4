import type { Disposition } from '../outcome.ts';

/** Collects how the messages of a job end: each calls `end` or `fail`, once. */
export interface JobEnds {
  /** @param disposition none for a message that the job does not carry any more */
  end(disposition?: Disposition): void;
  fail(error: unknown): void;
  /** Settles when all messages have ended: with their dispositions, or with the first error. */
  readonly all: Promise<Disposition[]>;
}

export function collectEnds(messages: number): JobEnds {
  const dispositions: Disposition[] = [];
  const errors: unknown[] = [];
  let left = messages;
  let settle = (): void => {};
  const all = new Promise<Disposition[]>((resolve, reject) => {
    settle = () => (errors.length > 0 ? reject(errors[0]) : resolve(dispositions));
  });

  function end(disposition?: Disposition): void {
    if (disposition) dispositions.push(disposition);
    left -= 1;
    if (left === 0) settle();
  }

  return {
    all,
    end,
    fail(error) {
      errors.push(error);
      end();
    },
  };
}
