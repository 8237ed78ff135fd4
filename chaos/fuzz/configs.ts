// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a configuration names the environment
import fc from 'fast-check';

/** Configurations: mostly as they should be, each field now and then anything. */

const mostly = <T>(right: fc.Arbitrary<T>, ...wrong: fc.Arbitrary<unknown>[]): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 40, arbitrary: right }, fc.jsonValue(), ...wrong);

const duration = mostly(
  fc.constantFrom('5s', '10m', '14d', '2500ms', '1h', '7s', '${NOTHING:-6s}'),
  fc.constantFrom('0s', '-1s', '5', '1e3s', '999w'),
);
const number = mostly(
  fc.oneof(fc.integer({ min: 1, max: 500 }), fc.constantFrom('20', '${NUMBER}')),
  fc.integer(),
);
const url = mostly(
  fc.constantFrom(
    'http://127.0.0.1:1',
    'https://example.com/a',
    'https://chat.example.com',
    'http://localhost:9/x',
  ),
  fc.webUrl(),
  fc.constantFrom('http://example.com', 'https://a:b@example.com', 'https://x/?q', '//', ''),
);
const text = mostly(
  fc.oneof(fc.constantFrom('${SECRET}', '${FILE}', 'a-key'), fc.stringMatching(/^[a-z]{1,20}$/)),
  fc.string(),
  fc.constantFrom('${NOTHING}', '${', 'a\nb'),
);
const policy = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> =>
  mostly(fc.oneof(fc.constant(false), fc.record(fields, { requiredKeys: [] })));

const common = {
  baseUrl: url,
  eligibility: policy({
    playedWithin: mostly(fc.constantFrom('14d', '3d')),
    whenUnknown: fc.constantFrom('send', 'suppress'),
  }),
  quota: policy({
    max: mostly(fc.constant(1)),
    per: mostly(fc.constantFrom('day', 'week', 'hour', '12h')),
    timeZone: mostly(fc.constantFrom('UTC', 'Europe/Berlin', 'Pacific/Apia')),
    boundary: fc.constantFrom('calendar', 'rolling'),
  }),
  rate: mostly(fc.record({ max: number, per: mostly(fc.constantFrom('1s', '500ms', '1m')) })),
  concurrency: number,
  timeout: mostly(fc.constantFrom('5s', '10s', '2s')),
  quietPeriod: mostly(fc.constantFrom('5s', '60s'), duration),
  patience: mostly(fc.constantFrom('10m', '15d')),
  retry: mostly(fc.record({ attempts: number, base: mostly(fc.constant('1s')), cap: duration })),
  breaker: mostly(fc.record({ failures: number, rest: mostly(fc.constant('1s')), cap: duration })),
  platformDay: mostly(fc.constantFrom('24h', '30h', '1s')),
  onUnknown: mostly(fc.constantFrom('confirm', 'keep', 'resend')),
};
const channelOf = (platform: string, own: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> =>
  fc
    .record({
      needed: fc.record({ platform: mostly(fc.constant(platform)), baseUrl: url, apiKey: text, ...own }),
      more: fc.record(common, { requiredKeys: [] }),
      unheardOf: fc.oneof({ weight: 60, arbitrary: fc.constant(undefined) }, fc.jsonValue()),
    })
    .map(({ needed, more, unheardOf }) => ({
      ...more,
      ...needed,
      ...(unheardOf !== undefined && { unheardOf }),
    }));

const channels = [
  channelOf('kongregate', { addressing: mostly(fc.constantFrom('userId', 'username')) }),
  channelOf('zulip', { email: mostly(fc.constant('bot@example.com'), fc.emailAddress()) }),
  channelOf('discourse', { apiUsername: text }),
  channelOf('usercom', { agent: mostly(fc.integer({ min: 1 })) }),
] as const;
const name = fc.oneof(
  { weight: 40, arbitrary: fc.stringMatching(/^[a-z][a-z0-9_-]{0,30}$/) },
  fc.constantFrom('zulip', '__proto__', 'constructor'),
  fc.string(),
);

export const fuzzedConfig: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record(
      {
        channels: mostly(fc.dictionary(name, fc.oneof(...channels), { minKeys: 1, maxKeys: 2 })),
        redis: mostly(
          fc.constantFrom('redis://127.0.0.1:6379', '${REDIS}'),
          fc.constant('rediss://:%zz@x'),
          text,
        ),
        http: policy({ host: text, port: number }),
        drainTimeout: mostly(fc.constantFrom('20s', '5s'), duration),
        receipts: mostly(fc.record({ keep: number })),
        logLevel: mostly(fc.constantFrom('info', 'debug')),
      },
      { requiredKeys: ['channels'] },
    ),
  },
  fc.jsonValue(),
  fc.anything(),
);
