import { expect, it } from 'vitest';
import { createLastWords } from '../../src/workers/last-words.ts';

it('tells the latest once', () => {
  const words = createLastWords();
  words.note('a', 'HTTP 301');
  words.note('a', 'HTTP 302');
  expect(words.take('a')).toBe('HTTP 302');
  expect(words.take('a')).toBeUndefined();
});

it('forgets the message that was silent for longest', () => {
  const words = createLastWords(2);
  for (const message of ['a', 'b', 'a', 'c']) words.note(message, message);
  expect(['a', 'b', 'c'].map((message) => words.take(message))).toEqual(['a', undefined, 'c']);
});
