import { it } from 'vitest';
import { useStore } from './harness.ts';
import { playRuns } from './model/play.ts';

const store = useStore();

it('does what its model says and keeps the invariants, whatever happens in whatever order', async () => {
  await playRuns(store, 150);
});
