import { Cluster } from 'ioredis';
import { expect, it } from 'vitest';
import { createWorker, type WorkerConfig } from '../../src/app.ts';
import { ConfigError } from '../../src/config/error.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { platforms } from '../../src/platforms/registry.ts';

const options = { platforms, env: {}, secrets: 'skip' as const, readFile: () => '' };
const parse = (config: unknown) => parseConfig(config, options);
const apiKey = 'some-key';

it('types what the schema takes', () => {
  const config = {
    http: false,
    channels: {
      kongregate: { platform: 'kongregate', apiKey, quota: { per: 'day' }, timeout: '5s', patience: 90_000 },
      crm: { platform: 'usercom', apiKey, baseUrl: 'https://example.com', agent: 926, rate: false },
    },
  } satisfies WorkerConfig;
  const { http, channels } = parse(config);
  expect([http, channels.map(({ name }) => name)]).toEqual([null, ['kongregate', 'crm']]);
});

// `npm run lint` goes red when one of these types: the compiler then finds no error where one is expected.
it('types nothing that the schema refuses', () => {
  const refused: WorkerConfig[] = [
    // @ts-expect-error: no such platform
    { channels: { kong: { platform: 'kong', apiKey } } },
    // @ts-expect-error: no such field
    { channels: { kongregate: { platform: 'kongregate', apiKey, apiKee: 'x' } } },
    // @ts-expect-error: a duration is milliseconds or text
    { channels: { kongregate: { platform: 'kongregate', apiKey, timeout: true } } },
  ];
  for (const config of refused) expect(() => parse(config)).toThrow();
});

it('tells a problem once', () => {
  const channels = { kongregate: { platform: 'kongregate', apiKey } };
  for (const redis of [17, 'http://127.0.0.1'])
    expect(() => parse({ redis, channels })).toThrow(/^redis: expected a redis:[^\n]*$/);
});

it('types nothing of that where it is passed at once, and never takes its channels for platforms of one’s own', () => {
  // @ts-expect-error: no such platform
  expect(() => createWorker({ channels: { kong: { platform: 'kong', apiKey } } })).toThrow('platform');
  const channel = { platform: 'kongregate' as const };
  // @ts-expect-error: no such field
  expect(() => createWorker({ channels: { kong: { ...channel, apikey: 'x' } } })).toThrow('apikey');
});

it('takes a cluster, and refuses what is no Redis, in one line', () => {
  const channels = { kongregate: { platform: 'kongregate' as const, apiKey: 'k' } };
  const nodes = new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true });
  expect(() => createWorker({ redis: nodes, channels })).not.toThrow();
  nodes.disconnect();
  // @ts-expect-error: no instance
  expect(() => createWorker({ redis: {}, channels })).toThrow(/^redis.cluster: is missing/);
  expect(() => createWorker({ redis: 'localhost', channels })).toThrow(/^redis: expected a redis/);
  for (const nothing of [null, undefined]) expect(() => createWorker(nothing as never)).toThrow(ConfigError);
});
