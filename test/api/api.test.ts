import { describe, expect, it } from 'vitest';
import { apiFixture } from './api-fixture.ts';

const api = apiFixture();
const message = { platform: 'kongregate', to: { userId: 32 }, content: 'Hello, **world**' };
const send = (body: unknown, more = {}) => api.ask('/v1/messages', { body, ...more });

describe('POST /v1/messages', () => {
  it('takes a message once Redis has it, and tells a second one of its id', async () => {
    const first = await send({ ...message, id: 'one' });
    expect([first.status, first.body]).toEqual([202, { status: 'queued', id: 'one' }]);
    expect(first.headers).toMatchObject({
      'ratelimit-policy': '"token";q=100000;w=1',
      ratelimit: expect.stringMatching(/^"token";r=\d+;t=\d+$/),
      'cache-control': 'no-store',
    });
    expect(
      (await api.redis.llen('herald:{kongregate}:wait')) +
        (await api.redis.zcard('herald:{kongregate}:prioritized')),
    ).toBe(1);
    const second = await send({ ...message, id: 'one' });
    expect([second.status, second.body]).toEqual([200, { status: 'duplicate', id: 'one' }]);
  });

  it('names each field that is wrong by a JSON Pointer', async () => {
    const { status, headers, body } = await send({ ...message, to: { userId: 'x' }, meta: { 'a/b.c': 7 } });
    expect(headers['content-type']).toBe('application/problem+json');
    expect([status, body]).toEqual([
      422,
      {
        type: 'urn:herald:problem:invalid',
        title: 'Some fields are not as they should be',
        status: 422,
        code: 'invalid',
        detail: expect.stringContaining('to.userId'),
        errors: [
          { pointer: '/meta/a~1b.c', detail: expect.any(String) },
          { pointer: '/to/userId', detail: expect.any(String) },
        ],
      },
    ]);
  });

  it.each([
    ['no JSON', { body: '{' }, 400, 'bad_request'],
    ['no UTF-8', { body: Buffer.from([0x22, 0xff, 0x22]) }, 400, 'bad_request'],
    ['another type', { body: 'a', headers: { 'content-type': 'text/plain' } }, 415, 'unsupported_media_type'],
    ['a coding', { body: '{}', headers: { 'content-encoding': 'gzip' } }, 415, 'unsupported_media_type'],
    ['a body that is too large', { body: ' '.repeat(1024 * 1024 + 1) }, 413, 'too_large'],
    ['an unknown channel', { body: { ...message, channel: 'nowhere' } }, 422, 'unknown_channel'],
    ['no token', { body: message, token: undefined }, 401, 'unauthorized'],
    ['another token', { body: message, token: `herald_0123456789ab_${'a'.repeat(43)}` }, 401, 'unauthorized'],
  ])('refuses %s', async (_, asking, status, code) => {
    const answer = await api.ask('/v1/messages', asking);
    expect([answer.status, answer.body]).toMatchObject([status, { status, code }]);
    expect(answer.headers['content-type']).toBe('application/problem+json');
  });

  it('refuses what the token is not for: another scope, another channel', async () => {
    const reader = await api.issue({ scopes: ['read'] });
    const limited = await api.issue({ channels: ['other'] });
    expect((await send(message, { token: reader })).body).toMatchObject({
      status: 403,
      detail: expect.stringContaining('scope send'),
    });
    expect((await send(message, { token: limited })).body).toMatchObject({
      status: 403,
      detail: expect.stringContaining('"kongregate"'),
    });
    expect((await send({ ...message, channel: 'other' }, { token: limited })).status).toBe(202);
  });

  it('names no channel that the token is not for', async () => {
    const limited = await api.issue({ channels: ['other', 'nowhere'] });
    const body = { ...message, channel: 'nowhere' };
    const ndjson = { 'content-type': 'application/x-ndjson' };
    const answers = [
      await send(body, { token: limited }),
      await send(`${JSON.stringify(body)}\n`, { token: limited, headers: ndjson }),
      await api.ask('/v1/campaigns', { body: { ...body, id: 'spring', to: undefined }, token: limited }),
      await api.ask('/v1/campaigns?channel=nowhere', { token: limited }),
      await api.ask('/v1/messages/any?channel=nowhere', { token: limited }),
    ];
    const texts = answers.map((answer) => JSON.stringify(answer.body));
    for (const text of texts) {
      expect(text).toContain('unknown_channel');
      expect(text).toMatch(/The only channel of kongregate is .+other|Known: other\./);
    }
    const all = (await send(body)).body.detail;
    expect(all).toContain('kongregate has the channels "kongregate", "other"');
  });
});

describe('the API', () => {
  it('tells an unknown path from a wrong method', async () => {
    expect(await api.ask('/v2')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    const wrong = await api.ask('/v1/messages', { method: 'PUT', body: {} });
    expect(api.answered.slice(-2)).toEqual(['other 404', 'other 405']);
    expect(wrong).toMatchObject({
      status: 405,
      body: { code: 'method_not_allowed' },
      headers: { allow: 'POST' },
    });
  });

  it('limits the requests of a token, each by itself', async () => {
    const { url } = await api.open({ rate: { max: 2, per: '1h' } });
    const other = await api.issue({});
    const statuses: number[] = [];
    for (const token of [api.token, api.token, api.token, other])
      statuses.push((await api.ask('/v1/messages', { body: '{', token, url })).status);
    expect(statuses).toEqual([400, 400, 429, 400]);
    const { headers } = await api.ask('/v1/messages', { body: '{', url });
    expect(Number(headers['retry-after'])).toBeGreaterThan(1700);
  });

  it('takes tokens of the configuration by their SHA-256', async () => {
    const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    const { url } = await api.open({ tokens: [{ name: 'abc', sha256, scopes: ['send'] }] });
    expect((await send(message, { token: 'abc', url })).status).toBe(202);
    expect((await send(message, { token: 'abd', url })).status).toBe(401);
  });

  it('answers 503 while Redis is away, and says when to come again', async () => {
    const { url } = await api.open();
    await api.redis.call('CLIENT', 'PAUSE', '60000', 'WRITE');
    try {
      const { status, headers, body } = await send({ ...message, id: 'late' }, { url });
      expect([status, headers['retry-after'], body.detail]).toEqual([
        503,
        '2',
        expect.stringContaining('may have been stored'),
      ]);
    } finally {
      await api.redis.call('CLIENT', 'UNPAUSE');
    }
  });

  it('ends when it is closed, with an idle connection open', async () => {
    const closing = await api.open();
    expect((await send(message, { url: closing.url })).status).toBe(202);
    await closing.close();
  });
});
