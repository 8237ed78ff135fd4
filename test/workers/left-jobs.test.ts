import { expect } from 'vitest';
import { it } from '../support/environment.ts';

/** A job lock of 15 s and a look for stalled jobs every 4 s. */
const BACK_WITHIN_MS = 30_000;

it('a job whose delivery ends in an error is neither done nor dead: it comes back by itself', {}, async ({
  openEnvironment,
}) => {
  const env = await openEnvironment();
  let deliveries = 0;
  const worker = await env.worker({
    wrap: {
      pipeline: (pipeline) => ({
        ...pipeline,
        async deliver(envelope) {
          deliveries += 1;
          if (deliveries === 1) throw new Error('of the store');
          return await pipeline.deliver(envelope);
        },
      }),
    },
  });
  await env.send(11);
  expect(await env.settled(1, { withinMs: BACK_WITHIN_MS })).toEqual({ 'delivered/sent': 1 });
  expect(deliveries).toBe(2);
  expect(worker.log()).toContain('job left to stall; it will be redelivered');
});
