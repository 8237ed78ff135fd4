import { expect, it } from 'vitest';
import { checkLength } from '../../src/content/limits.ts';

it.each([
  ['five', '12345', true],
  ['five letters of two UTF-16 units', '🎮🎮🎮🎮🎮', true],
  ['two', '12', true],
  ['six', '123456', false],
  ['one', '1', false],
])('takes from two to five characters: %s', (_, text, fits) => {
  const check = () => checkLength('title', text, { min: 2, max: 5 });
  if (fits) expect(check).not.toThrow();
  else expect(check).toThrow();
});

it('names the field, the length and the limit, and not the text', () => {
  expect(() => checkLength('content', 'secret', { max: 5 })).toThrow(
    'content: is 6 characters long, the platform accepts at most 5',
  );
  expect(() => checkLength('title', 'x', { min: 2, max: 5 })).toThrow(
    'title: is 1 characters long, the platform requires at least 2',
  );
});
