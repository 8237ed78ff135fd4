import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** Tests that outlast what one waits for: long outages and soaks. */
export default defineConfig({
  test: { ...base.test, include: ['test/**/*.long.ts'], testTimeout: 180_000 },
});
