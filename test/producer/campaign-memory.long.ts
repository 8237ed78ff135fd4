import { expect, test } from 'vitest';
import { listInSmallHeap } from './campaign-memory.ts';

test('a million recipients are listed in bounded memory', async () => {
  expect(await listInSmallHeap(1_000_000)).toEqual({ listed: 1_000_000 });
});
