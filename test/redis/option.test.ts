import { Cluster, Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createProducer, replayDeadLetters } from '../../src/app.ts';

function cluster(): Cluster {
  const made = new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true });
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
  ['a cluster', cluster, /^redis: Redis Cluster is not supported/],
  [
    'the nodes of a cluster',
    () => ({ cluster: ['redis://127.0.0.1:1'] }),
    /^redis: Redis Cluster is not supported/,
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
