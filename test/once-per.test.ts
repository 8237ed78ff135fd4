import { expect, it } from 'vitest';
import { oncePer } from '../src/once-per.ts';

it('makes one of each object, whatever is made', () => {
  let made = 0;
  const numbered = oncePer(({ undefinedAt }: { undefinedAt?: number }) => {
    made += 1;
    return made === undefinedAt ? undefined : made;
  });
  const [one, other] = [{}, { undefinedAt: 2 }];
  expect([numbered(one), numbered(other), numbered(one), numbered(other)]).toEqual([
    1,
    undefined,
    1,
    undefined,
  ]);
  expect(made).toBe(2);
});
