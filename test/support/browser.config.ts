import { defineConfig } from 'vitest/config';

/** The board in a real browser: `npm run test:browser`. All of it shares one browser and one installation. */
export default defineConfig({
  test: {
    root: '.',
    include: ['test/board/**/*.browser.ts'],
    globalSetup: ['build/redis-setup.ts', 'build/browser-setup.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
