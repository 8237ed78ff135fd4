import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { type AttemptDeps, createAttempts } from '../../src/workers/attempt.ts';
import type { Delivery } from '../../src/workers/delivery.ts';
import { grant } from '../policies/grant.ts';

class StackError extends Error {
  override readonly name = 'StackError';
}

/** Nothing but the content is looked at: what comes after rendering is not reached. */
const rendering = (render: () => string): AttemptDeps =>
  ({ definition: { render }, channel: { settings: {} }, clock: systemClock }) as unknown as AttemptDeps;
const delivery = { message: {} } as Delivery;

it.each([
  [new StackError('in the middle of <the content>'), 'StackError'],
  ['thrown without an error', 'string'],
])(
  'rejects content that cannot be rendered, whatever is thrown, and quotes nothing of it',
  async (thrown, name) => {
    const attempts = createAttempts(
      rendering(() => {
        throw thrown;
      }),
    );
    expect(await attempts.make(delivery, grant(), systemClock.monotonic())).toEqual({
      kind: 'unsendable',
      outcome: { kind: 'rejected', reason: 'bad_request', detail: `content cannot be rendered: ${name}` },
    });
  },
);
