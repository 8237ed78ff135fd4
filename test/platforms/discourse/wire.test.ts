import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { discourse } from '../../../src/platforms/discourse/discourse.ts';
import type { DiscourseMessage } from '../../../src/platforms/discourse/message.ts';
import type { DiscourseSettings } from '../../../src/platforms/discourse/settings.ts';
import type { Answer, SendRequest } from '../../../src/platforms/port.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.ts';
import { eventually } from '../../../testing/eventually.ts';
import { recordingServer } from '../answers.ts';

const NEW: DiscourseMessage = {
  content: '',
  title: 'Welcome, {{ name }}',
  data: { name: 'Ann &\n @all' },
  to: { usernames: ['ann'], groups: ['staff'] },
};
const BODY = 'A body that is long enough';

let sandbox: Sandbox;
let now = Date.now();
beforeEach(async () => {
  sandbox = await startSandbox({ clock: { now: () => now, monotonic: () => now } });
});
afterEach(() => sandbox.close());

const settings = (baseUrl: string) =>
  z
    .object(discourse.channelShape)
    .parse({ baseUrl, apiKey: 'sandbox-key', apiUsername: 'herald' }) as DiscourseSettings;

function connect(
  url = `${sandbox.url}/discourse`,
  more: Partial<DiscourseSettings> = {},
  warn?: (detail: string) => void,
) {
  const clock = { now: () => now, monotonic: () => now };
  const client = discourse.connect(
    { ...settings(url), ...more, timeoutMs: 2_000, concurrency: 2 },
    { clock, warn },
  );
  const request = (message: DiscourseMessage, more: Partial<SendRequest>) => ({
    message,
    content: BODY,
    attempt: 1,
    id: 'm',
    idempotencyKey: () => 'ab'.repeat(16),
    signal: new AbortController().signal,
    ...more,
  });
  return {
    close: () => client.close(),
    examine: () => client.examine!(new AbortController().signal),
    send: (message: DiscourseMessage, more: Partial<SendRequest> = {}) =>
      client.send(request(message, more) as never),
    confirm: (message: DiscourseMessage, more: Partial<SendRequest> = {}) =>
      client.confirm!({ ...request(message, more), attemptedAt: 0 } as never) as Promise<Answer>,
  };
}

const topics = () => [...sandbox.discourse.topics.values()];

describe('a request to Discourse', () => {
  const record = async (message: DiscourseMessage) => {
    const { url, requests } = await recordingServer({ id: 1, topic_id: 2 });
    await connect(url).send(message);
    return requests[0]!;
  };

  it('is a private message where it is a new one, its keys in headers', async () => {
    const { method, url, headers, body } = await record(NEW);
    expect([method, url]).toEqual(['POST', '/posts.json']);
    expect(headers).toMatchObject({ 'api-key': 'sandbox-key', 'api-username': 'herald' });
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(body)).toEqual({
      title: 'Welcome, Ann & @all',
      raw: BODY,
      archetype: 'private_message',
      target_recipients: 'ann,staff',
      external_id: 'ab'.repeat(16),
    });
  });

  it('names each person once, as Discourse stores the name', async () => {
    const { body } = await record({ ...NEW, to: { usernames: ['Ada', 'ada', 'jose\u0301', 'jos\u00e9'] } });
    expect(JSON.parse(body)).toMatchObject({ target_recipients: 'Ada,jos\u00e9' });
    expect(await connect().send({ ...NEW, to: { usernames: ['Ada', 'ada', 'jose\u0301'] } })).toMatchObject({
      kind: 'delivered',
    });
  });

  it('replies into a topic', async () => {
    const { body } = await record({ content: '', topicId: 7, to: {} });
    expect(JSON.parse(body)).toEqual({ topic_id: 7, raw: BODY, external_id: 'ab'.repeat(16) });
  });

  it('has an external id that Discourse takes', async () => {
    const { body } = await record(NEW);
    expect((JSON.parse(body) as { external_id: string }).external_id).toMatch(/^[a-z0-9_-]{1,50}$/);
  });
});

describe('asking Discourse for a message', () => {
  it('finds it by its external id, without following where the answer leads', async () => {
    const { send, confirm } = connect();
    sandbox.faults.add({ kind: 'reset', accepted: true, count: 1 });
    expect(await send(NEW)).toMatchObject({ kind: 'unknown' });
    expect(await confirm(NEW)).toEqual({ kind: 'found' });
    expect(await confirm(NEW, { idempotencyKey: () => 'cd'.repeat(16) })).toEqual({ kind: 'not_found' });
  });

  it('proves nothing of a reply', async () => {
    const { confirm } = connect();
    expect(await confirm({ content: '', topicId: 1, to: {} })).toMatchObject({ kind: 'unsure' });
  });

  it.each(['reset', 'server_error', 'blank', 'unreadable', 'rate_limited'] as const)(
    'proves nothing when the answer is %s',
    async (kind) => {
      sandbox.faults.add({ kind, of: 'lookup' });
      expect(await connect().confirm(NEW)).toMatchObject({ kind: 'unsure' });
    },
  );
});

describe('a message that is sent again', () => {
  it('is answered as before within two minutes, and is there once', async () => {
    const { send } = connect();
    const first = await send(NEW);
    expect(await send(NEW, { attempt: 2 })).toEqual(first);
    expect(topics()).toHaveLength(1);
  });

  it('is found to have arrived by an earlier attempt', async () => {
    const { send } = connect();
    await send(NEW);
    now += 120_000;
    expect(await send(NEW, { attempt: 2 })).toMatchObject({ kind: 'delivered', reason: 'sent' });
    expect(topics()).toHaveLength(1);
  });

  it('is refused when the refusal has another reason', async () => {
    const { send } = connect();
    expect(await send(NEW, { attempt: 2, content: 'short' })).toMatchObject({ kind: 'rejected' });
  });

  it('is in doubt when nobody can say', async () => {
    const { send } = connect();
    sandbox.faults.add({ kind: 'server_error', of: 'lookup' });
    expect(await send(NEW, { attempt: 2, content: 'short' })).toMatchObject({ kind: 'unknown' });
  });

  it('is two messages when it is two replies of one text', async () => {
    const { send } = connect();
    await send(NEW);
    const reply = { content: '', topicId: 1, to: {} };
    for (const id of ['1', '2']) await send(reply, { idempotencyKey: () => id.repeat(32) });
    expect(topics()[0]!.posts).toHaveLength(3);
  });
});

describe('a text that the account posted lately', () => {
  const SIMILAR = { kind: 'throttled', reason: 'text_repeated' } as const;
  const to = (name: string) => ({ ...NEW, to: { usernames: [name] } });
  let sent = 0;
  const post = (client: ReturnType<typeof connect>, name: string, content = BODY) => {
    sent += 1;
    return client.send(to(name), { content, idempotencyKey: () => `${sent}`.padStart(32, 'e') });
  };
  beforeEach(() => sandbox.discourse.accounts.set({ username: 'herald' }));

  it('waits by itself for the site to forget it, each in its turn, and no other text with it', async () => {
    const client = connect();
    expect(await post(client, 'ann')).toMatchObject({ kind: 'delivered' });
    const waits = [];
    for (const name of ['bob', 'cid', 'dan']) waits.push(await post(client, name));
    expect(waits).toEqual(
      [305_000, 610_000, 915_000].map((messageWaitMs) =>
        expect.objectContaining({ ...SIMILAR, messageWaitMs }),
      ),
    );
    expect(await post(client, 'bob', 'Another body that is long enough')).toMatchObject({
      kind: 'delivered',
    });
    for (const name of ['bob', 'cid', 'dan']) {
      now += 305_000;
      expect(await post(client, name)).toMatchObject({ kind: 'delivered' });
    }
    expect(topics()).toHaveLength(5);
  });

  it('does not come back while the site repeats its answers', async () => {
    const client = connect(undefined, { uniquePostsMins: 1 });
    await post(client, 'ann');
    expect(await post(client, 'bob')).toMatchObject({ ...SIMILAR, messageWaitMs: 125_000 });
  });

  it('is taken from staff as often as it comes', async () => {
    sandbox.discourse.accounts.set({ username: 'herald', staff: true });
    const client = connect();
    for (const name of ['ann', 'bob']) expect(await post(client, name)).toMatchObject({ kind: 'delivered' });
  });
});

describe('a refusal that may be the fault of the recipient or of the account', () => {
  const UNCLEAR = { kind: 'throttled', reason: 'refusal_unclear', messageWaitMs: 10_000 };
  const REJECTED = { kind: 'rejected', reason: 'bad_recipient' };
  const stopped = (stop: string) => ({ kind: 'throttled', reason: 'channel_stopped', stop });
  const keyOf = (n: number) => `${n}`.padStart(32, 'd');
  const to = (client: ReturnType<typeof connect>, n: number) =>
    client.send(
      { ...NEW, to: { usernames: [`player${n}x`] } },
      { idempotencyKey: () => keyOf(n), content: `${BODY} ${n}` },
    );
  const into = (client: ReturnType<typeof connect>, topicId: number) =>
    client.send(
      { content: '', topicId, to: {} },
      { idempotencyKey: () => keyOf(topicId), content: `${BODY} ${topicId}` },
    );

  it('stops the channel of an account that may write to nobody', async () => {
    sandbox.discourse.accounts.set({ username: 'herald', mayMessage: false });
    expect(await to(connect(), 1)).toMatchObject(stopped('sender'));
  });

  it('stops the channel of a silenced account once several in a row are refused, and none before dies', async () => {
    sandbox.discourse.accounts.set({ username: 'herald', silenced: true });
    const client = connect();
    for (let n = 1; n < 5; n += 1) expect(await to(client, n)).toMatchObject(UNCLEAR);
    expect(await to(client, 5)).toMatchObject(stopped('sender'));
    expect(await to(client, 1)).toMatchObject(UNCLEAR);
  });

  it('rejects a recipient who is refused again while others are not, and stops nothing', async () => {
    const client = connect();
    const refused = JSON.stringify({ errors: ['Sorry, you cannot send a personal message to that user.'] });
    sandbox.discourse.accounts.set({ username: 'herald' });
    sandbox.faults.add({ kind: 'answer', status: 422, body: refused, recipients: ['player1x'] });
    expect(await to(client, 1)).toMatchObject(UNCLEAR);
    for (let n = 2; n < 9; n += 1) expect(await to(client, n)).toMatchObject({ kind: 'delivered' });
    expect(await to(client, 1)).toMatchObject(REJECTED);
  });

  it('rejects whom staff may not write to', async () => {
    const refused = JSON.stringify({ errors: ['Sorry, you cannot send a personal message to that user.'] });
    sandbox.faults.add({ kind: 'answer', status: 422, body: refused });
    expect(await to(connect(), 1)).toMatchObject(REJECTED);
  });

  it('rejects the reply alone that a narrow key is refused for', async () => {
    await send(connect(), 3);
    sandbox.discourse.accounts.set({ username: 'herald', staff: true, topics: [1, 3] });
    const client = connect();
    expect(await into(client, 1)).toMatchObject({ kind: 'delivered' });
    expect(await into(client, 2)).toMatchObject({ kind: 'throttled', reason: 'refusal_unclear' });
    expect(await into(client, 3)).toMatchObject({ kind: 'delivered' });
    expect(await into(client, 2)).toMatchObject(REJECTED);
  });

  it('stops the channel of a wrong key, be they all replies', async () => {
    sandbox.discourse.setCredentials('herald:another-key');
    const client = connect();
    for (let topic = 1; topic < 5; topic += 1) expect(await into(client, topic)).toMatchObject(UNCLEAR);
    expect(await into(client, 5)).toMatchObject(stopped('credentials'));
  });

  async function send(client: ReturnType<typeof connect>, count: number) {
    for (let n = 1; n <= count; n += 1) await to(client, n);
  }
});

describe('the account that writes', () => {
  const examine = () => connect().examine();

  it.each([
    ['staff', { staff: true }, []],
    [
      'a member',
      {},
      [{ level: 'warning', text: expect.stringMatching(/ordinary member: .*5 minutes.*moderator$/) }],
    ],
    [
      'one that may not write',
      { mayMessage: false },
      [{ level: 'failed', text: expect.stringMatching(/^herald may not/) }],
    ],
    [
      'one of a narrow key',
      { topics: [1] },
      [{ level: 'warning', text: expect.stringContaining('HTTP 403') }],
    ],
  ])('is told of: %s', async (_, account, findings) => {
    sandbox.discourse.accounts.set({ username: 'herald', ...account });
    expect(await examine()).toEqual(findings);
  });

  it('is not told of by a site that does not answer', async () => {
    sandbox.faults.add({ kind: 'reset', of: 'lookup' });
    expect(await examine()).toMatchObject([{ level: 'warning' }]);
  });
});

describe('a message that is archived', () => {
  const archived = { ...NEW, to: { usernames: ['ann'] }, archive: true };

  it('is archived once it is sent', async () => {
    expect(await connect().send(archived)).toMatchObject({ kind: 'delivered', platformMessageId: '1000001' });
    expect(topics()).toMatchObject([{ archived: true }]);
    await connect().send(NEW, { idempotencyKey: () => 'ef'.repeat(16) });
    expect(topics()[1]).toMatchObject({ archived: false });
  });

  it('is archived when it is found', async () => {
    sandbox.faults.add({ kind: 'reset', accepted: true, count: 1 });
    await connect().send(archived);
    expect(await connect().confirm(archived)).toEqual({ kind: 'found' });
    expect(topics()).toMatchObject([{ archived: true }]);
  });

  it.each(['reset', 'server_error', 'rate_limited'] as const)(
    'stays delivered when archiving it fails for now (%s), which is tried again by itself',
    async (kind) => {
      sandbox.faults.add({ kind, of: 'lookup', count: 2 });
      expect(await connect().send(archived)).toMatchObject({
        kind: 'delivered',
        reason: 'sent',
        detail: expect.stringMatching(/^not archived yet, will be retried: /),
      });
      await eventually('an archive', topics, ([topic]) => topic!.archived);
      expect(topics()).toMatchObject([{ posts: [expect.anything()] }]);
    },
  );

  it('is archived in the end for each of many, and the channel rests as long as the site asks', async () => {
    sandbox.faults.add({ kind: 'rate_limited', of: 'lookup', retryAfter: '1', count: 4 });
    const client = connect();
    const send = (n: number) =>
      client.send(archived, { idempotencyKey: () => `${n}`.repeat(32), content: `${BODY} ${n}` });
    const outcomes = await Promise.all([1, 2, 3].map(send));
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'delivered', restMs: 1_000 });
    await eventually('three archives', topics, (all) => all.every((topic) => topic.archived));
    expect(sandbox.journal.report().calls).toBe(3);
  });

  it('is given up where the site refuses it for good', async () => {
    sandbox.faults.add({ kind: 'answer', status: 403, of: 'lookup', count: 1 });
    expect(await connect().send(archived)).toMatchObject({
      kind: 'delivered',
      detail: 'not archived: HTTP 403',
    });
    expect(topics()).toMatchObject([{ archived: false }]);
  });

  it('is given up aloud by a client that closes', async () => {
    sandbox.faults.add({ kind: 'rate_limited', of: 'lookup', retryAfter: '60' });
    const warnings: string[] = [];
    const client = connect(undefined, {}, (detail) => warnings.push(detail));
    await client.send(archived);
    await client.close();
    expect(warnings).toEqual(['not archived: topics 1: the worker is stopping']);
  });

  it('counts as two requests in the rate of its channel', () => {
    expect([discourse.requests!(archived), discourse.requests!(NEW)]).toEqual([2, 1]);
  });

  it('is not asked for when a moderator holds it', async () => {
    sandbox.discourse.review = true;
    expect(await connect().send(archived)).toEqual({ kind: 'delivered', reason: 'held_for_review' });
    expect(sandbox.discourse.queued).toEqual([BODY]);
  });
});
