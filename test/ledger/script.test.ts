import { expect, it } from 'vitest';
import { openLab, useStore } from './harness.ts';

const store = useStore();

it('sends a script’s text to a store that does not know it (any more)', async () => {
  const lab = await openLab(store);
  const message = lab.message();
  const grant = await lab.grant(message);
  await store.redis.script('FLUSH');
  expect(await lab.deliver(message, grant)).toMatchObject({ status: 'first' });
});
