import { Cluster, Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createProducer, replayDeadLetters } from '../../src/app.ts';

function prefixedCluster(): Cluster {
  const made = new Cluster([{ host: '127.0.0.1', port: 1 }], { keyPrefix: 'app:', lazyConnect: true });
  onTestFinished(() => made.disconnect());
  return made;
}

function prefixed(): Redis {
  const made = new Redis({ keyPrefix: 'app:', lazyConnect: true });
  onTestFinished(() => made.disconnect());
  return made;
}

const SECRET = 'p4ssword';

const UNUSABLE: [name: string, redis: () => unknown, problem: RegExp][] = [
  ['a cluster that hides its keys from others', prefixedCluster, /^redis: .*keyPrefix/],
  ['a cluster of no nodes', () => ({ cluster: [] }), /^redis\.cluster: expected a list of redis:\/\//],
  [
    'a cluster with a bad URL',
    () => ({ cluster: ['redis://a:1', `http://:${SECRET}@b:1`] }),
    /^redis\.cluster\.1: expected a redis:\/\//,
  ],
  [
    'a cluster with two logins',
    () => ({ cluster: ['redis://a:1', `redis://:${SECRET}@b:1`] }),
    /^redis\.cluster\.1: must have the scheme and the login of the first one/,
  ],
  [
    'a cluster with and without TLS',
    () => ({ cluster: ['rediss://a:1', 'redis://b:1'] }),
    /^redis\.cluster\.1: must have the scheme/,
  ],
  [
    'a database of a cluster',
    () => ({ cluster: ['redis://a:1/2'] }),
    /^redis\.cluster\.0: must name neither a database/,
  ],
  [
    'a map of addresses that are none',
    () => ({ cluster: ['redis://a:1'], natMap: { '10.0.0.1:6379': SECRET } }),
    /^redis\.natMap\.10\.0\.0\.1:6379: expected a host:port/,
  ],
  [
    'a map that is none',
    () => ({ cluster: ['redis://a:1'], natMap: [] }),
    /^redis\.natMap: expected a host:port/,
  ],
  [
    'a field of Sentinel with a cluster',
    () => ({ cluster: ['redis://a:1'], name: 'm' }),
    /^redis\.name: is not a field of a cluster/,
  ],
  [
    'Sentinels with two logins',
    () => ({ sentinels: ['redis://:one@a:1', 'redis://:two@b:1'], name: 'm' }),
    /^redis\.sentinels\.1: must have the scheme and the login of the first one/,
  ],
  [
    'Sentinels of which one has no login',
    () => ({ sentinels: ['redis://:one@a:1', 'redis://:one@b:1', 'redis://c:1'], name: 'm' }),
    /^redis\.sentinels\.2: must have the scheme and the login of the first one/,
  ],
  [
    'a database in the URL of a Sentinel',
    () => ({ sentinels: ['redis://a:1', 'redis://b:1/2'], name: 'm' }),
    /^redis\.sentinels\.1: must name neither a database nor options: the master's database is db/,
  ],
  ['Sentinel without a name', () => ({ sentinels: ['redis://a:1'] }), /^redis\.name: expected the name/],
  [
    'a strange field of Sentinel',
    () => ({ sentinels: ['redis://a:1'], name: 'm', user: 'me' }),
    /^redis\.user: is not a field of Sentinel/,
  ],
  ['an instance that hides its keys from others', prefixed, /^redis: .*keyPrefix/],
  ['nothing', () => undefined, /^redis: expected a redis:\/\/ .* or an ioredis instance$/],
  ['options', () => ({ host: '127.0.0.1' }), /^redis: expected .* or an ioredis instance$/],
  ['another URL', () => `http://:${SECRET}@127.0.0.1`, /^redis: expected a redis:\/\//],
];

describe.each(UNUSABLE)('%s in place of a Redis', (_, redis, problem) => {
  it('is refused at once, by the name of the option', async () => {
    const given = redis() as string;
    expect(() => createProducer({ redis: given })).toThrow(TypeError);
    expect(() => createProducer({ redis: given })).toThrow(problem);
    expect(() => createProducer({ redis: given })).not.toThrow(SECRET);
    await expect(replayDeadLetters({ redis: given })).rejects.toThrow(problem);
  });
});
