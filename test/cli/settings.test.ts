import { expect, it } from 'vitest';
import { createOutput } from '../../src/cli/output.ts';
import { readSettings } from '../../src/cli/settings.ts';
import { testContext } from './test-context.ts';

function settings(env: Record<string, string>) {
  const { context, stderr } = testContext({ env });
  const read = readSettings({ context, options: {}, output: createOutput(context, true) });
  return { ...read, said: stderr() };
}

// No command is run here: it would act on whatever Redis this machine has.
it.each([{}, { REDIS_URL: '' }])('says which Redis it takes where nothing names one: %j', (env) => {
  expect(settings(env)).toEqual({
    redis: 'redis://127.0.0.1:6379',
    channels: [],
    said: 'herald: no herald.yaml here and no REDIS_URL: using redis://127.0.0.1:6379\n',
  });
});

it('says nothing of one that the environment names', () => {
  const redis = 'redis://redis.example.com:6380';
  expect(settings({ REDIS_URL: redis })).toEqual({ redis, channels: [], said: '' });
});
