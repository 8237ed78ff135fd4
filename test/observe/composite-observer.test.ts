import { expect, it } from 'vitest';
import { combineObservers } from '../../src/observe/composite-observer.ts';
import type { DeliveryObserver } from '../../src/observe/observer.ts';
import { delivered, deliveredFinal, message } from './events.ts';

/** Writes down every call: the method's name and its arguments. */
function recorder(): { observer: DeliveryObserver; calls: unknown[][] } {
  const calls: unknown[][] = [];
  const observer = new Proxy({} as DeliveryObserver, {
    get:
      (_target, name) =>
      (...args: unknown[]) =>
        calls.push([name, ...args]),
  });
  return { observer, calls };
}

it('tells every observer everything', () => {
  const [first, second] = [recorder(), recorder()];
  const both = combineObservers(first.observer, second.observer);
  both.admitted('c', 'busy', 'proof');
  both.waited('c', 1, 2);
  both.inFlight('c', 1);
  both.attempted(delivered);
  both.unforeseenRefusal(message);
  both.deferred('c', { reason: 'retry', cause: 'retry', delayMs: 3 });
  both.lateGrant('c');
  both.breakerOpened('c');
  both.finished(deliveredFinal);
  expect(first.calls).toEqual([
    ['admitted', 'c', 'busy', 'proof'],
    ['waited', 'c', 1, 2],
    ['inFlight', 'c', 1],
    ['attempted', delivered],
    ['unforeseenRefusal', message],
    ['deferred', 'c', { reason: 'retry', cause: 'retry', delayMs: 3 }],
    ['lateGrant', 'c'],
    ['breakerOpened', 'c'],
    ['finished', deliveredFinal],
  ]);
  expect(second.calls).toEqual(first.calls);
});
