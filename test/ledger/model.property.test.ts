import { it } from 'vitest';
import { useStore } from './harness.ts';
import { playRuns } from './model/play.ts';

const store = useStore();

/** Always the same runs, so that it fails for all; `npm run test:long` plays new ones. */
it('does what its model says and keeps the invariants, whatever happens in whatever order', {}, async () => {
  await playRuns(store, { numRuns: 100, seed: 9 });
});
