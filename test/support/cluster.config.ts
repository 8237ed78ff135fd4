import { defineConfig } from 'vitest/config';

/** What needs a Redis Cluster: `npm run test:cluster`. A file shares one cluster of six servers, and one file runs at a time. */
export default defineConfig({
  test: {
    root: '.',
    include: ['test/**/*.cluster.ts'],
    globalSetup: ['build/redis-setup.ts', 'build/package-setup.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
