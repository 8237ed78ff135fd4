import { Redis } from 'ioredis';
import { request } from 'undici';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Api, createApi } from '../../src/api/api.ts';
import { createAdmin, createProducer } from '../../src/app.ts';
import { announceChannels } from '../../src/channels/registry.ts';
import { systemClock } from '../../src/clock.ts';
import { type ApiConfig, api as apiSchema } from '../../src/config/api.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { createLogger } from '../../src/observe/log.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/redis-server.ts';
import type { NewToken } from '../../src/tokens/token-admin.ts';
import { unhurried } from '../../testing/slowness.ts';
import { differences } from './contract.ts';

/**
 * An API before a Redis of its own, in which two channels are announced that nobody serves. Whatever it answers is held against
 * the OpenAPI document.
 */

const CHANNELS = parseConfig(
  {
    channels: {
      kongregate: { platform: 'kongregate', apiKey: 'k' },
      other: { platform: 'kongregate', apiKey: 'o' },
    },
  },
  { platforms, env: {}, secrets: 'skip', readFile: () => '' },
).channels;

export interface Answered {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API answers
  body: any;
}

export interface Asking {
  token?: string | undefined;
  headers?: Record<string, string>;
  /** Sent as JSON, unless it is text or bytes. */
  body?: unknown;
}

export interface ApiFixture {
  readonly server: RedisServer;
  readonly redis: Redis;
  /** Of every scope. */
  readonly token: string;
  readonly url: string;
  /** What was observed for the metrics: `POST /v1/messages 202`. */
  readonly answered: readonly string[];
  /** Errors that were logged, as lines. */
  readonly logged: readonly string[];
  issue(token: Partial<NewToken>): Promise<string>;
  /** Another API on the same Redis; closed with the rest. */
  open(config?: Record<string, unknown>, redis?: string): Promise<{ url: string; close(): Promise<void> }>;
  ask(path: string, asking?: Asking & { method?: string; url?: string }): Promise<Answered>;
}

const raw = (body: unknown): string | Buffer =>
  typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);

/** For all tests of a file. */
export function apiFixture(config: Record<string, unknown> = {}): ApiFixture {
  const answered: string[] = [];
  const logged: string[] = [];
  const opened: Api[] = [];
  let server: RedisServer;
  let redis: Redis;
  let url = '';
  let token = '';

  const open = async (given: Record<string, unknown> = {}, at = server.url) => {
    const settings: ApiConfig = apiSchema.parse({ port: 0, ...given });
    const timeoutMs = unhurried(1_000);
    const api = createApi(settings, {
      redis: at,
      timeoutMs,
      openProducer: () => createProducer({ redis: at, timeoutMs }) as never,
      openAdmin: () => createAdmin({ redis: at }),
      logger: createLogger({
        level: 'error',
        destination: { write: (line) => void logged.push(line) },
        secrets: [],
      }),
      clock: systemClock,
      observe: (route, status) => answered.push(`${route} ${status}`),
    });
    opened.push(api);
    await api.start();
    return { url: api.url!, close: () => api.close(60_000) };
  };

  const issue = async (given: Partial<NewToken>): Promise<string> => {
    const admin = createAdmin({ redis: server.url });
    try {
      return (await admin.tokens.create({ name: 'test', scopes: ['send', 'read', 'operate'], ...given }))
        .token;
    } finally {
      await admin.close();
    }
  };

  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
    await announceChannels(redis, CHANNELS);
    token = await issue({});
    url = (await open({ rate: { max: 100_000, per: '1s' }, ...config })).url;
  });
  afterAll(async () => {
    await Promise.all(opened.map((api) => api.close(100)));
    redis.disconnect();
    await server.stop();
  });

  return {
    get server() {
      return server;
    },
    get redis() {
      return redis;
    },
    get token() {
      return token;
    },
    get url() {
      return url;
    },
    answered,
    logged,
    issue,
    open,
    async ask(path, { method, headers = {}, body, url: base = url, ...asking } = {}) {
      const bearer = 'token' in asking ? asking.token : token;
      const verb = method ?? (body === undefined ? 'GET' : 'POST');
      const answer = await request(`${base}${path}`, {
        method: verb as 'GET',
        headers: {
          ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: raw(body) }),
      });
      const text = await answer.body.text();
      const heard = { path, status: answer.statusCode, headers: answer.headers, text };
      expect(differences({ method: verb, ...heard })).toEqual([]);
      const type = String(answer.headers['content-type']);
      return {
        status: answer.statusCode,
        headers: answer.headers,
        body: /[/+]json$/.test(type) && text !== '' ? JSON.parse(text) : text,
      };
    },
  };
}
