import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Answer } from '../../src/webhooks/post.ts';
import { createRests } from '../../src/webhooks/rests.ts';

const FAILED: Answer = { kind: 'failed', detail: 'answered 503' };
const ACCEPTED: Answer = { kind: 'accepted', detail: 'answered 204' };
const POLICY = { failures: 2, restMs: 20, capMs: 40 };

function open() {
  let now = 0;
  const ending = new AbortController();
  const rests = createRests(POLICY, { monotonic: () => now });
  /** Whether a request may leave at once. */
  const leaves = async (): Promise<boolean> => {
    let left = false;
    rests.pass(ending.signal).then(
      () => {
        left = true;
      },
      () => {},
    );
    await turn();
    return left;
  };
  const later = (ms: number): void => {
    now += ms;
  };
  return { rests, leaves, later, ending };
}

it('opens after failures in a row, and lets one request through after its rest', async () => {
  const { rests, leaves, later, ending } = open();
  expect(rests.note(FAILED)).toBeUndefined();
  expect(await leaves()).toBe(true);
  expect(rests.note(FAILED)).toBe('opened');
  later(POLICY.restMs);
  expect(await leaves()).toBe(true);
  expect(await leaves()).toBe(false);
  expect(rests.note(ACCEPTED)).toBe('closed');
  await turn();
  expect(await leaves()).toBe(true);
  ending.abort();
});

it('rests longer each time that the probe fails', async () => {
  const { rests, later } = open();
  rests.note(FAILED);
  rests.note(FAILED);
  later(POLICY.restMs);
  await rests.pass(new AbortController().signal);
  expect(rests.note(FAILED)).toBeUndefined();
  later(POLICY.restMs);
  const ending = new AbortController();
  const waiting = rests.pass(ending.signal);
  ending.abort(new Error('over'));
  await expect(waiting).rejects.toThrow();
});

it('rests as long as the endpoint asks for', async () => {
  const { rests, ending } = open();
  rests.note({ ...FAILED, restMs: 5_000 });
  const waiting = rests.pass(ending.signal);
  ending.abort(new Error('over'));
  await expect(waiting).rejects.toThrow();
});
