import { expect, test } from 'vitest';
import { listInSmallHeap } from './campaign-memory.ts';

test('the recipients of a campaign are not kept', async () => {
  // All of them at once, with their jobs, take more than the heap.
  expect(await listInSmallHeap(300_000)).toEqual({ listed: 300_000 });
});
