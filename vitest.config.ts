import { defineConfig } from 'vitest/config';
import { LongestFirst } from './build/test-order.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Has a command of its own, see test/support/package.config.ts.
    exclude: ['test/package/packed.test.ts'],
    setupFiles: ['test/support/seed.ts'],
    // Processes run what is built.
    globalSetup: ['build/redis-setup.ts', 'build/prometheus-setup.ts', 'build/package-setup.ts'],
    // A test file leaves nothing behind, so all of a worker share its process: loading the modules again for each file was a
    // third of the suite's work. That is also why there are no projects, which share neither processes nor modules.
    isolate: false,
    // Many tests wait for a Redis, a platform or a lock: more of them than cores keep two cores busy.
    maxWorkers: 8,
    sequence: { sequencer: LongestFirst },
    // Only for what hangs: what waits for a condition gives up by itself, with a patience that grows with the load.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 60_000 } },
    coverage: { include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
});
