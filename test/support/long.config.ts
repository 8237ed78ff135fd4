import { defineConfig } from 'vitest/config';

/** Tests that take minutes: `vitest run --config test/support/long.config.ts`. */
export default defineConfig({
  test: {
    root: '.',
    include: ['test/**/*.long.ts'],
    globalSetup: ['build/redis-setup.ts', 'build/package-setup.ts'],
    testTimeout: 180_000,
    hookTimeout: 30_000,
  },
});
