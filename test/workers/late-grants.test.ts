import { expect } from 'vitest';
import { LEASE_MARGIN_MS } from '../../src/policies/admission.ts';
import { elapse, eventually } from '../../testing/eventually.ts';
import { it } from '../support/environment.ts';

it('gives grants of a slow store back without sending, asks more and more rarely, and says so once', async ({
  openEnvironment,
}) => {
  const env = await openEnvironment();
  let admissions = 0;
  let slow = true;
  const worker = await env.worker({
    wrap: {
      ledger: (ledger) => ({
        settle: (settlement) => ledger.settle(settlement),
        async admit(message) {
          admissions += 1;
          const admitted = await ledger.admit(message);
          if (slow) await elapse(LEASE_MARGIN_MS);
          return admitted;
        },
      }),
    },
  });
  await env.send(11);
  await eventually(
    'a third admission',
    () => admissions,
    (count) => count === 3,
  );
  expect(env.sandbox.journal.report().calls).toBe(0);
  const told = worker
    .log()
    .split('\n')
    .filter((line) => line.includes('redis is slow'));
  expect(told.map((line) => JSON.parse(line))).toMatchObject([{ channel: 'kongregate', late_grants: 1 }]);
  slow = false;
  expect(await env.settled(1)).toEqual({ 'delivered/sent': 1 });
  expect(await env.receipts()).toMatchObject([{ attempts: 1 }]);
});
