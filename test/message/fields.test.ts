import { expect, it } from 'vitest';
import { CHANNEL_NAME } from '../../src/message/fields.ts';

it('takes channel names that are safe in keys, labels and shells', () => {
  for (const name of ['kongregate', 'a', '0-staff_2', 'x'.repeat(64)]) expect(name).toMatch(CHANNEL_NAME);
  for (const name of ['', '-a', '_a', 'A', 'a b', 'a:b', 'a}', 'x'.repeat(65), 'a\n'])
    expect(name).not.toMatch(CHANNEL_NAME);
});
