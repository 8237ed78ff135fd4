import { it } from 'vitest';
import { useStore } from './harness.ts';
import { playRuns } from './model/play.ts';

const store = useStore();

it('does what its model says and keeps the invariants, in ten thousand runs', {
  timeout: 7_200_000,
}, async () => {
  await playRuns(store, { numRuns: 10_000 });
});
