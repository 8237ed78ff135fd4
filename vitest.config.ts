import { defineConfig } from 'vitest/config';
import { LongestFirst } from './build/test-order.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['build/test-setup.ts'],
    // Most tests wait for a Redis, a platform or a lock: more of them than cores keep two cores busy.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    // Only for what hangs: what waits for a condition gives up by itself, with a patience that grows with the load.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
