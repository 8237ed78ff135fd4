import { defineConfig } from 'vitest/config';

/** Tests that take minutes: `vitest run --config test/support/long.config.ts`. */
export default defineConfig({
  test: { root: '.', include: ['test/**/*.long.ts'], testTimeout: 180_000, hookTimeout: 30_000 },
});
