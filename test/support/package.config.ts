import { defineConfig } from 'vitest/config';

/** The packed file as users install it: `npm run test:package`. It takes as much work as a tenth of the other tests together. */
export default defineConfig({
  test: {
    root: '.',
    include: ['test/package/packed.test.ts'],
    globalSetup: ['build/redis-setup.ts', 'build/package-setup.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
