import { expect, it } from 'vitest';
import {
  entryId,
  MAX_MESSAGES,
  MAX_MESSAGES_BYTES,
  MESSAGE_JOB,
  MESSAGES_JOB,
  newJobId,
  originalJobId,
} from '../../src/jobs/job-ids.ts';

it('makes job ids that BullMQ takes, that never repeat and use the whole alphabet', () => {
  const ids = Array.from({ length: 20_000 }, newJobId);
  for (const id of ids) expect(id).toMatch(/^m_[0-9A-Za-z]{18}$/);
  expect(new Set(ids).size).toBe(ids.length);
  const counts = new Map<string, number>();
  for (const character of ids.map((id) => id.slice(2)).join(''))
    counts.set(character, (counts.get(character) ?? 0) + 1);
  // 360,000 characters over 62: about 5,806 each, with a standard deviation of about 76.
  expect(counts.size).toBe(62);
  for (const count of counts.values()) expect(Math.abs(count - 5806)).toBeLessThan(600);
});

it('names jobs as producers in other languages do, and holds what they may hold', () => {
  expect([MESSAGE_JOB, MESSAGES_JOB]).toEqual(['message', 'messages']);
  expect([MAX_MESSAGES, MAX_MESSAGES_BYTES]).toEqual([500, 524_288]);
});

it('names the origin of a message of an envelope by its position, in every job that it ever gets', () => {
  expect(newJobId(3)).toMatch(/^e3_[0-9A-Za-z]{18}$/);
  expect(entryId('e3_a', 2)).toBe('e3_a:2');
  expect(originalJobId('e3_a:2')).toBe('e3_a:2');
  expect(originalJobId('e3_a:2:#2')).toBe('e3_a:2');
});
