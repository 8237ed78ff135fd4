import { defineConfig } from 'vitest/config';

/** Tests that take minutes, and more cases of what `npm test` tries few of: `vitest run --config test/support/long.config.ts`. */
export default defineConfig({
  test: {
    root: '.',
    include: ['test/**/*.long.ts', 'test/content/{dialects/*,cost,values}.test.ts'],
    env: { HERALD_TEST_CASES_FACTOR: '40' },
    globalSetup: ['build/redis-setup.ts', 'build/package-setup.ts'],
    testTimeout: 180_000,
    hookTimeout: 30_000,
  },
});
