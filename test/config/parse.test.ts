// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what a configuration holds
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/error.ts';
import { type ParseOptions, parseConfig } from '../../src/config/parse.ts';
import type { PlatformDefinition } from '../../src/platforms/port.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { channelConfig } from './channel-config.ts';

const SECRET = 'k3y-that-nobody-may-see';
const kongregate = { platform: 'kongregate', apiKey: SECRET };
/** A platform without a quota by default: the other side of every default. */
const quiet: PlatformDefinition = {
  ...platforms.kongregate,
  name: 'quiet',
  defaults: { eligibility: false, quota: false },
};
const registry = { ...platforms, quiet };

const parse = (source: unknown, options: Partial<ParseOptions> = {}) =>
  parseConfig(source, { platforms: registry, env: {}, secrets: 'resolve', readFile: () => '', ...options });

function problemsOf(source: unknown, options: Partial<ParseOptions> = {}): string {
  try {
    parse(source, options);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error('expected a ConfigError');
}

const channelProblem = (fields: Record<string, unknown>): string =>
  problemsOf({ channels: { kongregate: { ...kongregate, ...fields } } });

describe('a configuration', () => {
  it('is refused with a platform that cannot even be made text of, whoever asks', () => {
    const source = { channels: { kongregate: { ...kongregate, platform: { toString: 0 } } } };
    for (const secrets of ['resolve', 'skip'] as const) {
      expect(problemsOf(source, { secrets })).toContain('channels.kongregate.platform: expected text');
    }
  });

  it('needs a channel and nothing else', () => {
    expect(parse({ channels: { kongregate } })).toEqual({
      redis: 'redis://127.0.0.1:6379',
      http: { host: '127.0.0.1', port: 9464, api: null, board: null },
      drainTimeoutMs: 20_000,
      receipts: { keep: 100_000 },
      logLevel: 'info',
      webhooks: [],
      channels: [
        {
          name: 'kongregate',
          platform: 'kongregate',
          settings: {
            apiKey: SECRET,
            baseUrl: 'https://api.kongregate.com/api',
            addressing: 'userId',
            quotaRefusals: expect.any(Array),
          },
          announced: {},
          baseUrl: 'https://api.kongregate.com/api',
          addressing: 'userId',
          eligibility: { playedWithinMs: 14 * 24 * 3600_000, whenUnknown: 'send' },
          quota: { max: 1, per: 'day', timeZone: 'UTC', boundary: 'calendar' },
          rate: { max: 10, perMs: 1000 },
          concurrency: 20,
          timeoutMs: 10_000,
          quietPeriodMs: 60_000,
          patienceMs: 600_000,
          retry: { attempts: 12, baseMs: 5_000, capMs: 600_000 },
          breaker: { failures: 10, restMs: 30_000, capMs: 300_000 },
          onUnknown: 'confirm',
          platformDayMs: 24 * 3600_000,
          discloseRecipients: false,
        },
      ],
    });
  });

  it('has every pinned field', () => {
    const written = {
      redis: 'rediss://user:pass@redis.example.com:6380/2',
      http: { port: '9000' },
      drainTimeout: '5s',
      receipts: { keep: 10 },
      channels: {
        kongregate: {
          ...kongregate,
          baseUrl: 'http://127.0.0.1:8080/kongregate/api',
          addressing: 'username',
          eligibility: { playedWithin: '7d', whenUnknown: 'suppress' },
          quota: { max: 1, per: '12h', timeZone: 'Europe/Berlin', boundary: 'rolling' },
          rate: { max: 5, per: '2s' },
          concurrency: 7,
          timeout: '500ms',
          quietPeriod: '1m',
          patience: '5m',
          retry: { attempts: 3 },
          breaker: { rest: '1s' },
          onUnknown: 'keep',
          platformDay: '26h',
          discloseRecipients: true,
        },
      },
    };
    expect(parse(written)).toMatchObject({
      redis: written.redis,
      http: { host: '127.0.0.1', port: 9000 },
      drainTimeoutMs: 5000,
      channels: [
        {
          baseUrl: 'http://127.0.0.1:8080/kongregate/api',
          addressing: 'username',
          eligibility: { playedWithinMs: 7 * 24 * 3600_000, whenUnknown: 'suppress' },
          quota: { max: 1, per: { ms: 12 * 3600_000 }, timeZone: 'Europe/Berlin', boundary: 'rolling' },
          rate: { max: 5, perMs: 2000 },
          concurrency: 7,
          timeoutMs: 500,
          quietPeriodMs: 60_000,
          patienceMs: 300_000,
          retry: { attempts: 3, baseMs: 5_000, capMs: 600_000 },
          breaker: { failures: 10, restMs: 1000, capMs: 300_000 },
          onUnknown: 'keep',
          platformDayMs: 26 * 3600_000,
          discloseRecipients: true,
        },
      ],
    });
  });

  it('turns policies off and on', () => {
    const off = { eligibility: false, quota: false, rate: false };
    expect(channelConfig(off)).toMatchObject({ eligibility: null, quota: null, rate: null });
    expect(channelConfig({ quota: true })).toEqual(channelConfig({}));
    expect(parse({ http: false, channels: { kongregate } }).http).toBeNull();
    const [bare, full] = parse({
      channels: {
        quiet: { ...kongregate, platform: 'quiet' },
        two: { ...kongregate, apiKey: 'b', platform: 'quiet', quota: true, eligibility: {} },
      },
    }).channels;
    expect(bare).toMatchObject({ eligibility: null, quota: null, rate: null });
    expect(full).toMatchObject({ eligibility: { whenUnknown: 'send' }, quota: { per: 'day' }, rate: null });
  });
});

describe('the export of traces', () => {
  it('goes to a receiver, of all messages or of a share', () => {
    const tracing = { otlp: 'http://collector:4318' };
    expect(parse({ tracing, channels: { kongregate } }).tracing).toEqual({ ...tracing, sample: 1 });
    const sampled = { otlp: '${RECEIVER}', sample: '${SAMPLE:-.25}' };
    const env = { RECEIVER: 'https://collector.example.com/v1/traces' };
    expect(parse({ tracing: sampled, channels: { kongregate } }, { env }).tracing).toEqual({
      otlp: env.RECEIVER,
      sample: 0.25,
    });
  });

  it.each([
    [
      { otlp: 'http://user:hush@collector' },
      'tracing.otlp: expected an http or https URL without credentials',
    ],
    [{ otlp: 'grpc://collector' }, 'tracing.otlp: expected an http or https URL'],
    [{ otlp: 'http://collector', sample: 1.1 }, 'tracing.sample: expected a number from 0 to 1'],
    [{ otlp: 'http://collector', sample: 'half' }, 'tracing.sample: expected a number from 0 to 1'],
    [{}, 'tracing.otlp: is missing'],
  ])('refuses %j', (tracing, problem) => {
    const problems = problemsOf({ tracing, channels: { kongregate } });
    expect(problems).toContain(problem);
    expect(problems).not.toContain('hush');
  });
});

describe('a configuration that cannot be used', () => {
  it.each([
    [{ apiKey: undefined }, 'channels.kongregate.apiKey: is missing'],
    [{ apiKey: '' }, 'channels.kongregate.apiKey: '],
    [
      { platform: 'fax' },
      'channels.kongregate.platform: expected one of kongregate, zulip, discourse, usercom, quiet',
    ],
    [{ apikey: SECRET }, 'channels.kongregate.apikey: is not a known field: did you mean apiKey?'],
    [{ rate: { max: 'many', per: '1s' } }, 'channels.kongregate.rate.max: expected a whole number from 1'],
    [{ rate: { max: 0, per: '1s' } }, 'channels.kongregate.rate.max: expected a whole number from 1'],
    [{ rate: { max: 1 } }, 'channels.kongregate.rate.per: is missing'],
    [{ timeout: Number.NaN }, 'channels.kongregate.timeout: expected a duration'],
    [{ timeout: 0 }, 'channels.kongregate.timeout: expected a duration from 1ms'],
    [{ timeout: '10' }, 'channels.kongregate.timeout: expected a duration such as 500ms, 5s, 10m or 14d'],
    [{ timeout: '-5s' }, 'channels.kongregate.timeout: expected a duration'],
    [{ timeout: '5 fortnights' }, 'channels.kongregate.timeout: expected a duration'],
    [{ timeout: '0s' }, 'channels.kongregate.timeout: expected a duration from 1ms'],
    [{ timeout: '12001ms' }, 'channels.kongregate.timeout: must be at most 12s to fit the job lock'],
    [{ quota: { max: 2 } }, 'channels.kongregate.quota.max: only 1 is supported: at most one'],
    [
      { quota: { per: 'fortnight' } },
      'channels.kongregate.quota.per: expected hour, day, week or a duration',
    ],
    [{ quota: { per: '13s' } }, 'channels.kongregate.quota.per: must be longer than timeout and 3s'],
    [
      { quota: { timeZone: 'Mars/Olympus' } },
      'channels.kongregate.quota.timeZone: expected an IANA time zone',
    ],
    [
      { quota: { boundary: 'soft' } },
      'channels.kongregate.quota.boundary: expected one of calendar, rolling',
    ],
    [
      { eligibility: { playedWithin: '14d', when: 1 } },
      'channels.kongregate.eligibility.when: is not a known field',
    ],
    [
      { eligibility: { playedWithin: '14d', keepPlays: '7d' } },
      'channels.kongregate.eligibility.keepPlays: must not be shorter than playedWithin',
    ],
    [{ retry: { base: '1h' } }, 'channels.kongregate.retry.cap: must not be shorter than base'],
    [{ breaker: { cap: '1s' } }, 'channels.kongregate.breaker.cap: must not be shorter than rest'],
    [{ quietPeriod: '1h' }, 'channels.kongregate.quietPeriod: must be shorter than patience'],
    [{ onUnknown: 'hope' }, 'channels.kongregate.onUnknown: expected one of confirm, keep, resend'],
    [{ baseUrl: 'http://example.com' }, 'channels.kongregate.baseUrl: must be an https URL'],
    [{ quota: 'one' }, 'channels.kongregate.quota: expected true, false or an object of its settings'],
    [{ quota: { per: 'x' } }, 'channels.kongregate.quota.per: expected hour, day, week or a duration'],
    [{ rate: 5 }, 'channels.kongregate.rate: expected false, or an object of max and per'],
    [{ rate: { max: 5 } }, 'channels.kongregate.rate.per: is missing'],
    [{ concurrency: 1.5 }, 'channels.kongregate.concurrency: expected a whole number from 1 to 1000'],
  ])('names the field: %j', (fields, problem) => {
    const text = channelProblem(fields);
    expect(text).toContain(problem);
    expect(text).not.toContain(SECRET);
  });

  it.each([
    [{}, 'channels: is missing'],
    [{ channels: {} }, 'channels: expected at least one channel'],
    [{ channels: { 'Kong Regate': kongregate } }, 'is not a valid name: expected up to 64 of a-z'],
    [
      { channels: { kongregate }, redis: `http://:${SECRET}@x` },
      'redis: expected a redis:// or rediss:// URL',
    ],
    [
      { channels: { kongregate }, http: { port: 70_000 } },
      'http.port: expected a whole number from 0 to 65535',
    ],
    [{ channels: { kongregate }, http: 9464 }, 'http: expected false, or an object of host and port'],
    [{ channels: { kongregate }, http: true }, 'http: expected false, or an object of host and port'],
    [{ channels: { kongregate }, redis: 'redis://h/abc' }, 'redis: expected a redis:// or rediss:// URL'],
    [{ channels: { kongregate }, drainTimeout: '20' }, 'drainTimeout: expected a duration'],
    [{ channels: { kongregate }, channel: 1 }, 'channel: is not a known field: did you mean channels?'],
    [{ channels: { kongregate: null } }, 'channels.kongregate: expected an object'],
    ['text', 'expected an object'],
    [null, 'expected an object'],
  ])('names the field at the top: %j', (source, problem) => {
    const text = problemsOf(source);
    expect(text).toContain(problem);
    expect(text).not.toContain(SECRET);
  });

  it('tells all problems of all channels at once', () => {
    const text = problemsOf({
      channels: { kongregate: { ...kongregate, timeout: 'x', rate: 1 }, two: { platform: 'kongregate' } },
    });
    for (const field of ['kongregate.timeout', 'kongregate.rate', 'two.apiKey'])
      expect(text).toContain(field);
  });

  it('tells them also beside a variable that is not set and a mistake at the top', () => {
    const first = { ...kongregate, apiKey: '${ONE}', quietPeriod: '1h' };
    const second = { ...kongregate, apiKey: '${TWO}', rate: 1 };
    const text = problemsOf({
      redis: '${WHERE}',
      http: 9464,
      channels: { first, second, third: { platform: 'kong' }, fourth: {} },
    });
    expect(text.split('\n').map((line) => line.replace(/: .*/, ''))).toEqual([
      'redis',
      'channels.first.apiKey',
      'channels.second.apiKey',
      'http',
      'channels.fourth.platform',
      'channels.second.rate',
      'channels.third.platform',
      'channels.first.quietPeriod',
    ]);
    expect(text).toMatch(/^redis: the environment variable WHERE is not set$/m);
  });
});

describe('channels together', () => {
  it.each([
    ['allowEmail', { allowEmail: true }],
    ['addressing', { addressing: 'mixed' }],
  ])('refuses a quota where %s lets a person be named in two ways', (field, fields) => {
    const forum = { platform: 'discourse', baseUrl: 'https://f.example', apiKey: 'k', apiUsername: 'bot' };
    const channels = (more: object) => ({ channels: { forum: { ...forum, ...fields, ...more } } });
    expect(problemsOf(channels({ quota: true }))).toMatch(
      new RegExp(
        `^channels.forum.${field}: .* and so give them two messages in a window: set quota: false`,
        'm',
      ),
    );
    expect(parse(channels({})).channels).toHaveLength(1);
  });

  it('refuses two channels of one account, however its address is written', () => {
    const two = (fields: object) => ({ channels: { kongregate, second: { ...kongregate, ...fields } } });
    const text = problemsOf(two({ baseUrl: 'https://API.kongregate.com:443/api/' }));
    expect(text).toContain(
      'channels.second: has the same platform, base URL and account as channel kongregate',
    );
    expect(text).not.toContain(SECRET);
    expect(parse(two({ apiKey: 'another' })).channels).toHaveLength(2);
    expect(parse(two({ baseUrl: 'http://localhost:1' })).channels).toHaveLength(2);
  });

  it('refuses a channel that bears the name of another platform', () => {
    expect(problemsOf({ channels: { quiet: kongregate } })).toContain(
      'channels.quiet: has the name of another platform',
    );
  });
});

describe('the environment', () => {
  const source = (apiKey: string) => ({
    redis: '${REDIS_URL:-redis://127.0.0.1:1}',
    channels: { kongregate: { ...kongregate, apiKey } },
  });
  const keyOf = (apiKey: string, options: Partial<ParseOptions>) =>
    parse(source(apiKey), options).channels[0]!.settings['apiKey'];

  it('fills in names, defaults, and the content of files', () => {
    const env = { KEY: 'from env', FILED_FILE: '/run/secrets/key' };
    const readFile = (path: string): string => (path === '/run/secrets/key' ? 'from file\n' : '');
    expect(keyOf('${KEY}', { env })).toBe('from env');
    expect(keyOf('a-${KEY}-${NO:-d:-e}', { env })).toBe('a-from env-d:-e');
    expect(keyOf('${FILED}', { env, readFile })).toBe('from file');
    expect(keyOf('${FILED}', { env, readFile: () => 'from Windows\r\n' })).toBe('from Windows');
    expect(keyOf('${KEY:-x}', { env: { KEY: '' } })).toBe('x');
    expect(keyOf('$${KEY} costs $5', { env })).toBe('${KEY} costs $5');
    expect(keyOf('${KEY}', { env: { KEY: '${OTHER} $& $1' } })).toBe('${OTHER} $& $1');
  });

  it('names variable and field where it cannot', () => {
    const at = 'channels.kongregate.apiKey: ';
    const files = {
      readFile: () => {
        throw Object.assign(new Error(SECRET), { code: 'ENOENT' });
      },
    };
    for (const [text, options, problem] of [
      ['${KEY}', {}, 'the environment variable KEY is not set'],
      ['${KEY}', { env: { KEY: '' } }, 'the environment variable KEY is empty'],
      ['${KEY}', { env: { KEY: 'a', KEY_FILE: 'b' } }, 'both KEY and KEY_FILE are set'],
      [
        '${KEY}',
        { env: { KEY_FILE: '/x' }, ...files },
        'the file that KEY_FILE names cannot be read (ENOENT)',
      ],
      ['${KEY}', { env: { KEY_FILE: '/x' } }, 'the file that KEY_FILE names is empty'],
      ['${KEY', {}, 'has a placeholder without its closing brace'],
      ['${}', {}, 'has a placeholder that is neither'],
      ['${KEY-x}', {}, 'has a placeholder that is neither'],
      ['${KEY:-${OTHER}}', {}, 'the default of KEY cannot hold a placeholder'],
      [
        '${KEY:-a${OTHER:-b}}',
        { env: { KEY: 'x', OTHER: 'y' } },
        'the default of KEY cannot hold a placeholder',
      ],
    ] as const) {
      const told = problemsOf(source(text), options);
      expect(told).toContain(at + problem);
      expect(told).not.toContain(SECRET);
    }
  });

  it('refuses what is more than a line in a file, for any field', () => {
    const redis = { sentinels: ['redis://127.0.0.1:1'], name: 'main', password: '${PASSWORD}' };
    const given = { ...source(SECRET), redis };
    const read = (text: string) =>
      problemsOf(given, { env: { PASSWORD_FILE: '/run/secrets/redis' }, readFile: () => text });
    for (const text of ['p\r\nq', 'p\rq', 'p\0', 'p\t'])
      expect(read(text)).toBe(
        'redis.password: the file that PASSWORD_FILE names holds more than one line, or control characters',
      );
    for (const end of ['\n', '\r\n', '\r', '\n\n']) {
      const env = { PASSWORD_FILE: '/run/secrets/redis' };
      expect(parse(given, { env, readFile: () => `p${end}` }).redis).toMatchObject({ password: 'p' });
    }
  });

  it('leaves the secrets of a platform alone where nothing is sent, and only these', () => {
    const left = parse(source('${KEY}'), { secrets: 'skip', env: { REDIS_URL: 'redis://127.0.0.1:2' } });
    expect(left.redis).toBe('redis://127.0.0.1:2');
    expect(left.channels[0]!.settings['apiKey']).toBe('${KEY}');
    expect(
      problemsOf({ channels: { kongregate: { ...kongregate, baseUrl: '${URL}' } } }, { secrets: 'skip' }),
    ).toContain('the environment variable URL is not set');
  });

  it('takes numbers and durations out of it', () => {
    const written = {
      http: { port: '${PORT}' },
      channels: { kongregate: { ...kongregate, timeout: '${T:-2s}' } },
    };
    expect(parse(written, { env: { PORT: '1234' } })).toMatchObject({
      http: { port: 1234 },
      channels: [{ timeoutMs: 2000 }],
    });
  });

  it('takes true and false out of it, and nothing like them', () => {
    const site = { platform: 'discourse', baseUrl: 'https://e.com', apiKey: SECRET, apiUsername: 'herald' };
    const channel = {
      ...site,
      allowEmail: '${ON}',
      quota: '${OFF}',
      discloseRecipients: '${ON}',
    };
    const written = (http: unknown) => ({ http, channels: { forum: channel } });
    const env = { ON: 'true', OFF: 'false' };
    expect(parse(written({ api: '${ON}', board: '${OFF}' }), { env })).toMatchObject({
      http: { api: parse(written({ api: true }), { env }).http?.api, board: null },
      channels: [{ settings: { allowEmail: true }, quota: null, discloseRecipients: true }],
    });
    for (const text of ['TRUE', 'yes', '1']) {
      const told = problemsOf(written({ api: '${ON}' }), { env: { ON: text, OFF: 'false' } });
      expect(told).toContain('channels.forum.allowEmail: expected true or false');
      expect(told).toContain('http.api: expected true, false or an object of its settings');
    }
  });

  it.each([
    ['usercom', ['agent']],
    ['zulip', ['maxMessageLength']],
    ['discourse', ['titleMin', 'titleMax', 'bodyMin', 'bodyMax', 'maxRecipients', 'uniquePostsMins']],
  ])('gives the numbers of %s as text', (platform, fields) => {
    const whole = (value: string) => {
      const channel = {
        platform,
        apiKey: SECRET,
        baseUrl: 'https://example.com',
        ...(platform === 'zulip' ? { email: 'bot@example.com' } : {}),
        ...(platform === 'discourse' ? { apiUsername: 'bot' } : {}),
        ...Object.fromEntries(fields.map((field) => [field, '${NUMBER}'])),
      };
      return [{ channels: { [platform]: channel } }, { env: { NUMBER: value } }] as const;
    };
    const { settings } = parse(...whole(' 926 ')).channels[0]!;
    for (const field of fields) {
      expect(settings[field]).toBe(926);
      for (const bad of ['9.5', '-1', '0x10', 'many', '0'])
        expect(problemsOf(...whole(bad))).toContain(`${platform}.${field}: expected a whole number from 1`);
    }
  });

  it('ends on a configuration that holds itself', () => {
    const loop: Record<string, unknown> = { channels: { kongregate } };
    loop['loop'] = loop;
    expect(problemsOf(loop)).toContain('nested too deeply');
  });
});
