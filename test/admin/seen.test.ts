import { expect, it } from 'vitest';
import { createSeen } from '../../src/admin/seen.ts';

it('knows which keys it was asked for, however many', () => {
  const seen = createSeen();
  const keys = Array.from({ length: 20_000 }, (_, i) => `player-${i}`);
  expect(keys.filter(seen)).toEqual([]);
  expect(keys.filter((key) => !seen(key))).toEqual([]);
  expect(seen('another')).toBe(false);
});
