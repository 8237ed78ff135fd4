import { defineConfig } from 'vitest/config';
import { LongestFirst } from './build/test-order.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['build/test-setup.ts'],
    // Most tests wait for a Redis, a platform or a lock: more of them than cores keep two cores busy.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
