import { expect, it } from 'vitest';
import { newJobId } from '../../src/jobs/job-ids.ts';

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
