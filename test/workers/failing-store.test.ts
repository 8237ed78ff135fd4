import { expect } from 'vitest';
import { elapse, eventually } from '../../testing/eventually.ts';
import { it } from '../support/environment.ts';

const failing = () => {
  let asked = 0;
  return {
    asked: () => asked,
    async admit(): Promise<never> {
      asked += 1;
      throw new Error('ERR whatever a damaged store answers');
    },
  };
};

it('takes jobs ever more slowly while each of them fails at once', async ({ openEnvironment }) => {
  const env = await openEnvironment({ channel: { concurrency: 2 } });
  const players = Array.from({ length: 300 }, (_, i) => i + 1);
  await env.producer.sendMany(
    players.map((userId) => ({ platform: 'kongregate' as const, to: { userId }, content: 'Hello' })),
  );
  const { asked, admit } = failing();
  await env.worker({ wrap: { ledger: (ledger) => ({ ...ledger, admit }) } });
  await eventually('the first failure', () => asked() > 0);
  await elapse(3_000);
  expect(asked()).toBeLessThan(40);
});
