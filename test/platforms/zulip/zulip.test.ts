import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { readAnswer } from '../../../src/platforms/zulip/answer.ts';
import { type ZulipMessage, type ZulipSettings, zulip } from '../../../src/platforms/zulip/zulip.ts';
import { startSandbox, type ZulipOptions } from '../../../src/sandbox/index.ts';
import { answered, recordingServer } from '../answers.ts';
import { describePlatformContract } from '../contract.ts';

const channelShape = z.object(zulip.channelShape);
const settings = channelShape.parse({
  baseUrl: 'https://chat.example.com',
  email: 'bot@example.com',
  apiKey: 'sandbox-key',
}) as ZulipSettings;
const to = (...userIds: number[]): ZulipMessage => ({ content: 'unused', to: { userIds } });

describe('Zulip', () => {
  describePlatformContract({
    definition: zulip,
    basePath: '/zulip',
    settings,
    message: (number) => to(number),
    delivered: {
      kind: 'delivered',
      reason: 'sent',
      platformMessageId: expect.stringMatching(/^\d+$/) as unknown as string,
    },
    refusals: [
      {
        name: 'rejects an unknown person',
        message: to(20),
        outcome: { kind: 'rejected', reason: 'bad_recipient', detail: 'Invalid user ID 20' },
      },
      {
        name: 'rejects a group with one unknown person, for all of it',
        message: to(1, 20),
        outcome: { kind: 'rejected', reason: 'bad_recipient', detail: 'Invalid user ID 20' },
      },
      {
        name: 'rejects an empty body',
        message: to(1),
        content: ' \n',
        outcome: { kind: 'rejected', reason: 'bad_request', detail: 'Message must not be empty' },
      },
      {
        name: 'stops the channel on a wrong key',
        message: to(1),
        settings: { apiKey: 'wrong-key' },
        outcome: {
          kind: 'throttled',
          reason: 'channel_stopped',
          stop: 'credentials',
          detail: 'Invalid API key',
        },
      },
    ],
  });
});

describe('a Zulip server before 7.0', () => {
  const open = async (options: ZulipOptions = { old: true }, more: Partial<ZulipSettings> = {}) => {
    const sandbox = await startSandbox({ zulip: options });
    onTestFinished(() => sandbox.close());
    const baseUrl = `${sandbox.url}/zulip`;
    const common = { baseUrl, timeoutMs: 5_000, concurrency: 1 };
    const client = zulip.connect({ ...settings, ...common, ...more }, {});
    onTestFinished(() => client.close());
    const { signal } = new AbortController();
    const request = (message: ZulipMessage, content = 'Hello') => ({
      message,
      content,
      attempt: 1,
      id: 'm',
      idempotencyKey: () => 'f'.repeat(32),
      signal,
      attemptedAt: 0,
    });
    return { sandbox, client, request, signal };
  };
  const rejected = { kind: 'rejected', reason: 'bad_recipient', detail: 'Invalid user ID 20' };

  it('gets its messages, by the name that it knows, and is not tried by the new one again', async () => {
    const { sandbox, client, request } = await open();
    expect(await client.send(request(to(1)))).toMatchObject({ kind: 'delivered', platformMessageId: '1' });
    expect(await client.send(request(to(2)))).toMatchObject({ kind: 'delivered', platformMessageId: '2' });
    expect(sandbox.journal.calls().map(({ result }) => result)).toEqual([
      'bad_request',
      'accepted',
      'accepted',
    ]);
  });

  it('refuses what it would refuse by any name', async () => {
    const { client, request } = await open();
    expect(await client.send(request(to(20)))).toMatchObject(rejected);
    expect(await client.send(request(to(1)))).toMatchObject({ kind: 'delivered' });
    expect(await client.send(request(to(20)))).toMatchObject(rejected);
  });

  it('is asked for what became of a send in its own words', async () => {
    const { sandbox, client, request } = await open();
    sandbox.faults.add({ kind: 'reset', accepted: true, count: 1 });
    sandbox.zulip.setOld(false);
    expect(await client.send(request(to(1)))).toMatchObject({ kind: 'unknown' });
    sandbox.zulip.setOld(true);
    expect(await client.confirm?.(request(to(1)))).toMatchObject({ kind: 'candidates', messages: [{}] });
    expect(await client.confirm?.(request(to(1), 'Else'))).toEqual({ kind: 'not_found' });
  });

  it('is known from its settings', async () => {
    const { sandbox, client, request, signal } = await open();
    expect(await client.examine?.(signal)).toEqual([]);
    expect(await client.send(request(to(1)))).toMatchObject({ kind: 'delivered' });
    expect(sandbox.journal.report().calls).toBe(1);
  });

  it('is not suspected in a later one: a refusal there costs one request', async () => {
    const { sandbox, client, request, signal } = await open({});
    expect(await client.examine?.(signal)).toEqual([]);
    expect(await client.send(request(to(20)))).toMatchObject(rejected);
    expect(sandbox.journal.report().calls).toBe(1);
  });

  it('is left in doubt where the answer by the old name is lost', async () => {
    const { sandbox, client, request } = await open();
    const refused = '{"result":"error","code":"BAD_REQUEST","msg":"x"}';
    sandbox.faults.add(
      { kind: 'answer', status: 400, body: refused, count: 1 },
      { kind: 'reset', accepted: true, count: 1 },
    );
    expect(await client.send(request(to(1)))).toMatchObject({ kind: 'unknown', reason: 'connection_lost' });
    expect(sandbox.journal.report()).toMatchObject({ calls: 2, accepted: 1 });
  });

  describe('an incoming webhook bot', () => {
    const bot = 'hook@example.com:hook-key';
    const openBot = () => open({ webhookBots: [bot] }, { email: 'hook@example.com', apiKey: 'hook-key' });
    const untold = { kind: 'unavailable', detail: expect.stringContaining('Generic bot') };

    it('sends', async () => {
      const { client, request } = await openBot();
      expect(await client.send(request(to(1)))).toMatchObject({ kind: 'delivered' });
    });

    it('is told before the first message, with the type that it should have', async () => {
      const { sandbox, client, signal } = await openBot();
      expect(await client.examine?.(signal)).toEqual([{ level: 'warning', text: untold.detail }]);
      expect(sandbox.journal.report().calls).toBe(0);
    });

    it('never learns what became of a send, and does not ask again', async () => {
      const { sandbox, client, request } = await openBot();
      expect(await client.confirm?.(request(to(1)))).toEqual(untold);
      sandbox.faults.add({ kind: 'hang', of: 'lookup' });
      expect(await client.confirm?.(request(to(1)))).toEqual(untold);
    });

    it('uses no connection twice from then on', async () => {
      const { sandbox, client, request, signal } = await openBot();
      await client.examine?.(signal);
      sandbox.faults.add({ kind: 'reset', reused: true });
      for (const userId of [1, 2, 3])
        expect(await client.send(request(to(userId)))).toMatchObject({ kind: 'delivered' });
    });

    it.each(['server_error', 'reset', 'rate_limited', 'blank'] as const)(
      'is not taken for one whose question was not answered: %s',
      async (kind) => {
        const { sandbox, client, request } = await openBot();
        sandbox.faults.add({ kind, of: 'lookup', count: 1 });
        expect(await client.confirm?.(request(to(1)))).toMatchObject({ kind: 'unsure' });
        expect(await client.confirm?.(request(to(1)))).toEqual(untold);
      },
    );
  });

  it('tells of a wrong key, and of no answer', async () => {
    const wrong = await open({}, { apiKey: 'wrong' });
    expect(await wrong.client.examine?.(wrong.signal)).toMatchObject([{ level: 'failed' }]);
    expect(await wrong.client.confirm?.(wrong.request(to(1)))).toMatchObject({ kind: 'unsure' });
    await wrong.sandbox.close();
    expect(await wrong.client.examine?.(wrong.signal)).toMatchObject([
      { level: 'warning', text: 'did not answer: ECONNREFUSED' },
    ]);
  });
});

describe('an answer of Zulip', () => {
  const context = { now: Date.UTC(2026, 0, 1), unspeakable: { secrets: [], content: 'the content' } };
  const read = (status: number, body: unknown, headers?: Record<string, string>) =>
    readAnswer(answered(status, body, headers), { ...context, people: [12, 7] });
  const error = (code: string, msg = 'Nope') => ({ result: 'error', code, msg });

  it('names the message', () => {
    expect(read(200, { result: 'success', msg: '', id: 42 })).toEqual({
      kind: 'delivered',
      reason: 'sent',
      platformMessageId: '42',
    });
  });

  it.each([
    [401, 'INVALID_API_KEY'],
    [401, 'UNAUTHORIZED'],
    [401, 'USER_DEACTIVATED'],
    [401, 'REALM_DEACTIVATED'],
    [401, 'SOMETHING_NEW'],
    [403, 'USER_DEACTIVATED'],
    [403, 'REALM_DEACTIVATED'],
    [404, 'NONEXISTENT_SUBDOMAIN'],
  ])('stops the channel: HTTP %i %s', (status, code) => {
    expect(read(status, error(code))).toEqual({
      kind: 'throttled',
      reason: 'channel_stopped',
      stop: 'credentials',
      detail: 'Nope',
    });
  });

  it.each([['Invalid API key'], ['Ungültiger API-Schlüssel']])(
    'goes by code and not by text, which is in the sender’s language: %s',
    (msg) => {
      expect(read(400, error('BAD_REQUEST', msg))).toEqual({
        kind: 'rejected',
        reason: 'bad_request',
        detail: msg,
      });
    },
  );

  it.each([
    [[12, 7], 'Invalid user ID 7', 'bad_recipient'],
    [[12, 7], 'Ungültige Nutzer-ID 12.', 'bad_recipient'],
    [['Ann@example.com'], "Invalid email 'ann@example.com'", 'bad_recipient'],
    [['ann@example.com'], '„ann@example.com“ nutzt Zulip nicht mehr.', 'bad_recipient'],
    [[12, 7], 'Invalid user ID 712', 'bad_request'],
    [[12, 7], 'Message must not be empty', 'bad_request'],
  ] as const)(
    'is about the recipient where it names one of %j, in any language: %s',
    (people, msg, reason) => {
      const refused = answered(400, error('BAD_REQUEST', msg));
      expect(readAnswer(refused, { ...context, people })).toEqual({ kind: 'rejected', reason, detail: msg });
    },
  );

  it.each([
    ['both', { 'retry-after': '28.706807374954224' }, { 'retry-after': 28.706807374954224 }, 28_707],
    ['the header alone', { 'retry-after': '1.5' }, {}, 1_500],
    ['the body alone', {}, { 'retry-after': 2.25 }, 2_250],
    ['the longer of the two', { 'retry-after': '1' }, { 'retry-after': 3 }, 3_000],
    ['null', {}, { 'retry-after': null }, undefined],
    ['null beside a header', { 'retry-after': '0.5' }, { 'retry-after': null }, 500],
  ])('rests for a float of seconds: %s', (_, headers, body, restMs) => {
    expect(read(429, { ...error('RATE_LIMIT_HIT'), ...body }, headers)).toMatchObject({
      kind: 'throttled',
      reason: 'rate_limited',
      restMs,
    });
  });

  it.each([
    ['success without an id', 200, { result: 'success', msg: '' }, 'unknown'],
    ['an error with 200', 200, error('BAD_REQUEST'), 'unknown'],
    ['a 500 in its own words', 500, error('INTERNAL'), 'unknown'],
    ['a 404 of another kind', 404, error('NOT_FOUND'), 'failed'],
    ['a 403 of another kind', 403, error('ACCESS_DENIED'), 'failed'],
    ['a 401 that is not Zulip’s', 401, '<html>Log in</html>', 'failed'],
  ])('reads %s', (_, status, body, kind) => {
    expect(read(status, body)).toMatchObject({ kind });
  });
});

describe('a request to Zulip', () => {
  const send = async (message: ZulipMessage, more: Partial<ZulipSettings> = {}) => {
    const { url, requests } = await recordingServer({ result: 'success', msg: '', id: 1 });
    const client = zulip.connect(
      { ...settings, ...more, baseUrl: url, timeoutMs: 1_000, concurrency: 1 },
      {},
    );
    const signal = new AbortController().signal;
    await client.send({
      message,
      content: 'a + b & ü 🎮',
      attempt: 1,
      id: 'm',
      idempotencyKey: () => 'f'.repeat(32),
      signal,
    });
    await client.close();
    return requests[0]!;
  };

  it('is a form, its recipients a JSON list, its key in the header', async () => {
    const { method, url, headers, body } = await send(to(9, 10));
    expect([method, url]).toEqual(['POST', '/api/v1/messages']);
    expect(headers).toMatchObject({
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from('bot@example.com:sandbox-key').toString('base64')}`,
    });
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      type: 'direct',
      to: '[9,10]',
      content: 'a + b & ü 🎮',
    });
  });

  it('names people by their addresses, and a direct message as old servers do', async () => {
    const { body } = await send({ content: '', to: { emails: ['Ann@example.com'] } }, { type: 'private' });
    expect(Object.fromEntries(new URLSearchParams(body))).toMatchObject({
      type: 'private',
      to: '["Ann@example.com"]',
    });
  });
});

describe('a Zulip message', () => {
  const shape = z.object(zulip.messageShape);

  it.each([{ userIds: [9] }, { userIds: [9, 10] }, { emails: ['ann@example.com'] }])(
    'goes to %o',
    (recipient) => {
      expect(shape.safeParse({ to: recipient }).success).toBe(true);
    },
  );

  it.each([
    {},
    { userIds: [] },
    { userIds: 9 },
    { userIds: ['9'] },
    { userIds: [0] },
    { userIds: [9], emails: ['ann@example.com'] },
    { emails: ['ann'] },
    { emails: [9] },
  ])('does not go to %o', (recipient) => {
    expect(shape.safeParse({ to: recipient }).success).toBe(false);
  });

  it('names its conversation the same way, whatever the order', () => {
    expect(zulip.recipient(to(10, 9, 10))).toEqual({ addressing: 'userIds', key: '10,9' });
    const byMail = (...emails: string[]) => zulip.recipient({ content: '', to: { emails } });
    expect(byMail('B@e.com', 'a@e.com')).toEqual({ addressing: 'emails', key: 'a@e.com,b@e.com' });
  });

  const render = (content: string, more: Partial<ZulipMessage> = {}, channel?: Partial<ZulipSettings>) =>
    zulip.render({ content, to: { userIds: [9] }, ...more }, channel);

  it('is as long as the server takes, in characters, and not longer', () => {
    expect(render('🎮'.repeat(10_000))).toHaveLength(20_000);
    expect(() => render('x'.repeat(10_001))).toThrow(
      'content: is 10001 characters long, the platform accepts at most 10000',
    );
    expect(() => render('{{ v }}', { data: { v: '*'.repeat(2_001) } })).toThrow('at most 10000');
    expect(() => render('12345', {}, { maxMessageLength: 4 })).toThrow('at most 4');
    expect(render('x'.repeat(10_001), {}, { maxMessageLength: 20_000 })).toHaveLength(10_001);
  });

  it('ends where its words end, and holds no NUL', () => {
    expect(render('\n\na \n\u0085\n ', { format: 'native' })).toBe('a');
    expect(render('a\0b', { format: 'native' })).toBe('a\uFFFDb');
    expect(render('a {{ v }}', { data: { v: '\0 ' } })).toBe('a \uFFFD');
  });
});

describe('a Zulip channel', () => {
  const good = { baseUrl: 'https://chat.example.com', email: 'bot@example.com', apiKey: 'key' };

  it('needs an address, a bot and its key', () => {
    expect(channelShape.parse(good)).toEqual({
      ...good,
      type: 'direct',
      addressing: 'userIds',
      maxMessageLength: 10_000,
    });
    for (const field of Object.keys(good)) {
      expect(channelShape.safeParse({ ...good, [field]: undefined }).success).toBe(false);
    }
  });

  it('is its bot’s', () => {
    expect(zulip.account({ ...settings, email: 'BOT@example.com' })).toBe('bot@example.com');
  });
});
