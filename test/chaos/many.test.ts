import { expect, it } from 'vitest';
import { createManyTally } from '../../chaos/many.ts';

it('counts the messages of jobs of many, their jobs, and those that left one', () => {
  const tally = createManyTally();
  const note = (job: string, carrier: string): void => tally.note({ job, carrier, message: '' });
  note('staff m_1', 'staff m_1');
  note('staff e2_x:0', 'staff e2_x');
  note('staff e2_x:1', 'staff e2_x');
  note('staff e2_x:1', 'staff e2_x:1');
  note('chat 7:0', 'chat 7');
  // Replays are jobs of their own, too.
  note('chat 7:0', 'chat 7:0:#2');
  expect(tally.figures()).toEqual({ messages: 3, jobs: 2, left: 1 });
});
