import { expect, it } from 'vitest';
import { isRedisUrl } from '../../src/redis/url.ts';

it.each([
  'redis://127.0.0.1',
  'redis://127.0.0.1:6379/',
  'rediss://user:p%2Fw@example.com:6380/15',
  'redis://[::1]:6379/1?family=6',
  'redis://example.com?db=3',
])('takes %s', (url) => {
  expect(isRedisUrl(url)).toBe(true);
});

it.each([
  '127.0.0.1:6379',
  '/var/run/redis.sock',
  'http://127.0.0.1:6379',
  'redis:127.0.0.1',
  'redis://host/abc',
  'redis://host/1/2',
  'redis://host/-1',
  'redis://host?db=one',
  'redis://:100%@host',
  'redis://host:port',
])('refuses %s, which ioredis would choke on or read as something else', (url) => {
  expect(isRedisUrl(url)).toBe(false);
});
