// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what a configuration holds
import { expect, it } from 'vitest';
import { literalSecrets } from '../../src/config/literal-secrets.ts';
import { platforms } from '../../src/platforms/registry.ts';

const found = (source: unknown): string[] => literalSecrets(source, platforms).map(({ path }) => path);
const withKey = (apiKey: unknown) => found({ channels: { forum: { platform: 'discourse', apiKey } } });
const withRedis = (redis: unknown) => found({ redis, channels: {} });

it.each(['a-key', 'a-${KEY}', '${KEY:-a-key}', '$${KEY}', '${KEY', ' a '])('finds a key in %s', (apiKey) => {
  expect(withKey(apiKey)).toEqual(['channels.forum.apiKey']);
});

it.each(['${KEY}', ' ${KEY} ', '${KEY:-}', '${A}${B}', '', undefined, null, 7])(
  'finds none in %s',
  (apiKey) => {
    expect(withKey(apiKey)).toEqual([]);
  },
);

it.each([
  'redis://:pass@host',
  'rediss://user:pass@host:6380/1',
  '${REDIS_URL:-redis://:pass@host}',
  'redis://:p${X}@host',
  'redis://${USER}:pass@host',
])('finds a password in %s', (redis) => {
  expect(withRedis(redis)).toEqual(['redis']);
});

it.each([
  '${REDIS_URL}',
  '${REDIS_URL:-redis://127.0.0.1:6379}',
  'redis://127.0.0.1:6379/0',
  'redis://user@host:6379',
  'redis://user:${PASSWORD}@host',
  'redis://:${PASSWORD}@${HOST:-127.0.0.1}:6379',
  undefined,
])('finds none in %s', (redis) => {
  expect(withRedis(redis)).toEqual([]);
});

it('looks only where secrets stand, and reads anything', () => {
  const channels = {
    a: { platform: 'zulip', apiKey: '${K}', email: 'bot@example.com' },
    b: { platform: 'fax', apiKey: 'x' },
  };
  expect(found({ channels })).toEqual([]);
  for (const source of [null, 'text', [], { channels: null }, { channels: [1] }, { channels: { a: null } }])
    expect(found(source)).toEqual([]);
});
