import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { readAnswer } from '../../../src/platforms/usercom/answer.ts';
import {
  type UsercomMessage,
  type UsercomSettings,
  usercom,
} from '../../../src/platforms/usercom/usercom.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.ts';
import { answered, recordingServer } from '../answers.ts';
import { describePlatformContract } from '../contract.ts';

const channelShape = z.object(usercom.channelShape);
const settings = channelShape.parse({
  baseUrl: 'https://app.user.com/api/public',
  apiKey: 'sandbox-key',
  agent: 926,
}) as UsercomSettings;
const toUser = (userId: number | string): UsercomMessage => ({ content: 'unused', to: { userId } });
const into = (conversationId: number | string): UsercomMessage => ({
  content: 'unused',
  to: { conversationId },
});

const delivered = {
  kind: 'delivered' as const,
  reason: 'sent' as const,
  platformMessageId: expect.stringMatching(/^\d+$/) as unknown as string,
};
const wrongKey = {
  name: 'stops the channel on a wrong key',
  message: toUser(1),
  settings: { apiKey: 'wrong-key' },
  outcome: {
    kind: 'throttled' as const,
    reason: 'channel_stopped' as const,
    stop: 'credentials' as const,
    detail: 'Invalid token.',
  },
};

const detail = 'You do not have permission to perform this action.';
const noSuchAgent = 'user: Invalid pk "930" - object does not exist.';
const stopped = { kind: 'throttled', reason: 'channel_stopped', stop: 'credentials' } as const;

/** What is one message's own, and what is the channel's. */
const forbidden = (good: UsercomMessage, closed: UsercomMessage) => [
  {
    name: 'rejects what is closed to the token, for this one alone',
    message: closed,
    outcome: { kind: 'rejected' as const, reason: 'bad_recipient' as const, detail },
  },
  {
    name: 'stops the channel where everything is closed to the token',
    message: good,
    prepare: (sandbox: Sandbox) => sandbox.usercom.setPowerlessKeys('sandbox-key'),
    outcome: { ...stopped, detail },
  },
  {
    name: 'stops the channel where its agent is refused',
    message: good,
    settings: { agent: 930 },
    outcome: { ...stopped, detail: noSuchAgent },
  },
  {
    name: 'rejects a message whose own agent is refused',
    message: { ...good, agent: 930 },
    outcome: { kind: 'rejected' as const, reason: 'bad_request' as const, detail: noSuchAgent },
  },
  {
    name: 'keeps a message where nobody tells whose fault a 403 is',
    message: closed,
    prepare: (sandbox: Sandbox) => sandbox.faults.add({ kind: 'server_error', of: 'lookup' }),
    outcome: { kind: 'failed' as const, reason: 'not_connected' as const, detail: `HTTP 403: ${detail}` },
  },
];

it('names the conversation that a message opened', async () => {
  const sandbox = await startSandbox();
  onTestFinished(() => sandbox.close());
  const baseUrl = `${sandbox.url}/usercom/api/public`;
  const client = usercom.connect(
    { ...settings, agent: undefined, baseUrl, timeoutMs: 5_000, concurrency: 1 },
    {},
  );
  onTestFinished(() => client.close());
  const { signal } = new AbortController();
  const opened = await client.send({
    message: toUser(1),
    content: '<p>Hi</p>',
    attempt: 1,
    id: 'm',
    idempotencyKey: () => 'f',
    signal,
  });
  expect(opened).toEqual({ kind: 'delivered', reason: 'sent', platformMessageId: '5001' });
  expect(sandbox.usercom.messages).toMatchObject([{ to: '1', user: undefined }]);
});

describe('User.com, opening a conversation', () => {
  describePlatformContract({
    definition: usercom,
    basePath: '/usercom/api/public',
    settings,
    message: (number) => toUser(number),
    delivered,
    refusals: [
      wrongKey,
      {
        name: 'rejects an unknown user',
        message: toUser(20),
        outcome: { kind: 'rejected', reason: 'bad_recipient', detail: 'Not found.' },
      },
      ...forbidden(toUser(1), toUser(1403)),
    ],
  });
});

describe('User.com, writing into a conversation', () => {
  describePlatformContract({
    definition: usercom,
    basePath: '/usercom/api/public',
    settings,
    message: (number) => into(number),
    delivered,
    refusals: [
      wrongKey,
      {
        name: 'rejects an unknown conversation',
        message: into(20),
        outcome: {
          kind: 'rejected',
          reason: 'bad_recipient',
          detail: 'conversation: Invalid pk "20" - object does not exist.',
        },
      },
      {
        name: 'rejects a blank body',
        message: into(1),
        content: ' ',
        outcome: { kind: 'rejected', reason: 'bad_request', detail: 'content: This field may not be blank.' },
      },
      ...forbidden(into(1), into(1403)),
    ],
  });
});

describe('an answer of User.com', () => {
  const context = {
    now: 0,
    unspeakable: { secrets: [], content: 'the content' },
    blames: 'channel' as const,
  };
  const read = (status: number, body: unknown, headers?: Record<string, string>) =>
    readAnswer(answered(status, body, headers), context);

  it.each([
    ['with an id', { id: 89 }, '89'],
    ['with a text for an id', { id: 'a1' }, 'a1'],
    ['with nothing', '', undefined],
    ['with what cannot be read', '<html>', undefined],
  ])('201 is all that is documented: %s', (_, body, platformMessageId) => {
    expect(read(201, body)).toEqual({ kind: 'delivered', reason: 'sent', platformMessageId });
  });

  it.each([
    [200, { id: 7 }],
    [200, { id: 'a1' }],
  ])('HTTP %i with an id is a success as well', (status, body) => {
    expect(read(status, body)).toMatchObject({ kind: 'delivered', platformMessageId: `${body.id}` });
  });

  it.each([
    [200, {}],
    [200, { id: null }],
    [200, { id: '' }],
    [200, '<html>Log in</html>'],
    [202, { id: 1 }],
    [204, ''],
  ])('HTTP %i with %o is none', (status, body) => {
    expect(read(status, body)).toMatchObject({ kind: 'unknown', reason: 'unreadable_answer' });
  });

  it.each([
    ['a bad field', 400, { content: ['This field is required.'] }, 'rejected', 'bad_request'],
    ['the agent', 400, { user: ['Invalid pk "1".'] }, 'throttled', 'channel_stopped'],
    ['the agent beside the text', 400, { user: ['No.'], content: ['No.'] }, 'rejected', 'bad_request'],
    ['the conversation', 400, { conversation: ['Invalid pk "1".'] }, 'rejected', 'bad_recipient'],
    ['an unknown user', 404, { detail: 'Not found.' }, 'rejected', 'bad_recipient'],
    ['no token', 401, { detail: 'Invalid token.' }, 'throttled', 'channel_stopped'],
    ['a token without rights', 403, { detail: 'No permission.' }, 'throttled', 'channel_stopped'],
    ['another method', 405, { detail: 'Method "POST" not allowed.' }, 'failed', 'not_connected'],
    ['an address that is none', 404, '<h1>Not Found</h1>', 'failed', 'not_connected'],
    ['a gateway', 502, '<html><h1>502 Bad Gateway</h1></html>', 'unknown', 'server_error'],
    ['an error of the server', 500, { detail: 'x' }, 'unknown', 'server_error'],
  ])('reads %s', (_, status, body, kind, reason) => {
    expect(read(status, body)).toMatchObject({ kind, reason });
  });

  it('keeps the texts of a refusal, by field', () => {
    const body = { content: ['Too long.', 'Really.'], non_field_errors: ['No.'], code: 5 };
    expect(read(400, body)).toMatchObject({ detail: 'content: Too long. Really.; No.' });
    expect(read(400, {})).toMatchObject({ detail: 'refused, no reason given' });
  });

  it('rests for whole seconds', () => {
    const answer = read(
      429,
      { detail: 'Request was throttled. Expected available in 30 seconds.' },
      { 'retry-after': '30' },
    );
    expect(answer).toMatchObject({ kind: 'throttled', reason: 'rate_limited', restMs: 30_000 });
  });
});

describe('a request to User.com', () => {
  const send = async (message: UsercomMessage, more: Partial<UsercomSettings> = {}) => {
    const { url, requests } = await recordingServer({ id: 1 }, 201);
    const client = usercom.connect(
      { ...settings, ...more, baseUrl: `${url}/api/public/`, timeoutMs: 1_000, concurrency: 1 },
      {},
    );
    const signal = new AbortController().signal;
    await client.send({
      message,
      content: '<p>Hi</p>',
      attempt: 1,
      id: 'welcome-1',
      idempotencyKey: () => 'f',
      signal,
    });
    await client.close();
    return requests[0]!;
  };

  it('writes into a conversation as the channel’s agent', async () => {
    const { method, url, headers, body } = await send(into(48553));
    expect([method, url]).toEqual(['POST', '/api/public/message/']);
    expect(headers).toMatchObject({
      authorization: 'Token sandbox-key',
      accept: '*/*; version=2',
      'content-type': 'application/json',
    });
    expect(JSON.parse(body)).toEqual({
      conversation: 48553,
      content: '<p>Hi</p>',
      user: 926,
      source: 3,
      source_context: { herald_id: 'welcome-1' },
    });
  });

  it('opens a conversation as the message says', async () => {
    const sourceContext = { name: 'Welcome', herald_id: 'not this' };
    const { url, body } = await send({ ...toUser('user-7'), agent: 5, source: 2, sourceContext });
    expect(url).toBe('/api/public/users/user-7/conversations/');
    expect(JSON.parse(body)).toEqual({
      content: '<p>Hi</p>',
      user: 5,
      source: 2,
      source_context: { name: 'Welcome', herald_id: 'welcome-1' },
    });
  });
});

describe('a User.com message', () => {
  const shape = z.object(usercom.messageShape);

  it.each([{ userId: 7 }, { userId: 'a-b_7' }, { conversationId: 7 }, { conversationId: 'x7' }])(
    'goes to %o',
    (to) => {
      expect(shape.safeParse({ to }).success).toBe(true);
    },
  );

  it.each([
    {},
    { userId: 1, conversationId: 1 },
    { userId: 0 },
    { userId: '../../admin' },
    { userId: 'a/b' },
    { conversationId: '' },
  ])('does not go to %o', (to) => {
    expect(shape.safeParse({ to }).success).toBe(false);
  });

  it.each([
    [{ source: 6 }, false],
    [{ source: 1 }, true],
    [{ agent: 0 }, false],
    [{ sourceContext: { a: 'b', n: 1, yes: true } }, true],
    [{ sourceContext: { a: { b: 1 } } }, false],
    [{ sourceContext: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, i])) }, false],
  ])('may have %o: %s', (fields, good) => {
    expect(shape.safeParse({ to: { userId: 1 }, ...fields }).success).toBe(good);
  });

  it('needs no agent to open a conversation', () => {
    expect(usercom.render({ ...toUser(1), content: 'Hi' }, {})).toBe('<p>Hi</p>');
  });

  it('needs an agent, of its own or of its channel, to write into a conversation', () => {
    const message = { ...into(1), content: 'Hi' };
    expect(() => usercom.render(message, {})).toThrow('agent: is missing, and the channel has none');
    expect(usercom.render(message, { agent: 1 })).toBe('<p>Hi</p>');
    expect(usercom.render({ ...message, agent: 1 }, {})).toBe('<p>Hi</p>');
    // A producer that does not know the channel leaves it to the worker.
    expect(usercom.render(message)).toBe('<p>Hi</p>');
  });

  it('names its recipient the same way each time', () => {
    expect(usercom.recipient(toUser(7))).toEqual({ addressing: 'userId', key: '7' });
    expect(usercom.recipient(toUser('7'))).toEqual(usercom.recipient(toUser(7)));
    expect(usercom.recipient(toUser('007'))).toEqual(usercom.recipient(toUser(7)));
    expect(usercom.recipient(toUser('0a7'))).not.toEqual(usercom.recipient(toUser('a7')));
    expect(usercom.recipient(into(7))).toEqual({ addressing: 'conversationId', key: 'conversation 7' });
  });

  it('is told apart by its key, without showing it', () => {
    const one = usercom.account({ ...settings, apiKey: 'key-one' });
    expect(usercom.account({ ...settings, apiKey: 'key-two' })).not.toBe(one);
    expect(one).not.toContain('key');
  });
});
