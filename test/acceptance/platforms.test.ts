import { Queue } from 'bullmq';
import { describe, expect } from 'vitest';
import { MESSAGE_JOB } from '../../src/jobs/job-ids.ts';
import { readChannelState } from '../../src/ledger/channel-state.ts';
import { PREFIX, queueName } from '../../src/redis/keys.ts';
import { eventually } from '../../testing/eventually.ts';
import { type Tally, tallyOf } from '../../testing/metrics-parser.ts';
import { it } from './platforms-environment.ts';

const zulipTo = (userId: number, content: string) => ({
  platform: 'zulip',
  to: { userIds: [userId] },
  content,
});
const discourseTo = (name: string, content: string, more: object = {}) => ({
  platform: 'discourse',
  to: { usernames: [name] },
  title: 'News',
  content,
  ...more,
});

// A message's line follows its receipt, and comes from the worker's process.
const logged = (env: { log(): string }, text: string) =>
  eventually(
    `a line with ${text}`,
    () => env.log(),
    (log) => log.includes(text),
  );

describe.concurrent('one content for four platforms', () => {
  it('arrives in the dialect of each', async ({ openPlatforms }) => {
    const env = await openPlatforms({
      channels: { kongregate: {}, zulip: {}, discourse: {}, usercom: {} },
    });
    const content = 'Hello **{{ name }}**, see [our page](https://e.com/{{ name }})';
    const data = { name: '@all <b>' };
    await env.send({ platform: 'kongregate', to: { userId: 1 }, content, data });
    await env.send({ platform: 'zulip', to: { userIds: [1] }, content, data });
    await env.send({
      platform: 'discourse',
      to: { usernames: ['ann'] },
      title: 'Hi {{ name }}',
      content,
      data,
    });
    await env.send({ platform: 'usercom', to: { userId: 1 }, content, data, id: 'hello-1' });
    for (const channel of ['kongregate', 'zulip', 'discourse', 'usercom']) {
      expect(await env.settled(channel, 1)).toMatchObject([{ state: 'delivered', reason: 'sent' }]);
    }
    const { journal, discourse, usercom } = env.sandbox;
    const address = 'https://e.com/%40all%20%3Cb%3E';
    expect(Object.fromEntries(journal.calls().map((call) => [call.platform, call.content]))).toEqual({
      kongregate: `Hello *@all ‹b>*, see our page (${address})`,
      zulip: `Hello **\u2060&#64;all &#60;b&#62;\u2060**, see [our page](${address})`,
      discourse: `Hello **\u2060@\u2060all &lt;b&gt;\u2060**, see [our page](${address})`,
      usercom: `<p>Hello <strong>@all &lt;b&gt;</strong>, see <a href="${address}">our page</a></p>`,
    });
    expect([...discourse.topics.values()]).toMatchObject([{ title: 'Hi @all <b>', recipients: ['ann'] }]);
    expect(usercom.messages).toMatchObject([{ sourceContext: { herald_id: 'hello-1' } }]);
  });
});

describe.concurrent('two Zulip messages of one text to one person', () => {
  it.for<[string, boolean, Tally]>([
    ['arrived', true, { 'delivered/sent': 1, 'delivered/confirmed': 1 }],
    ['did not arrive', false, { 'delivered/sent': 2 }],
  ])('arrive once each when one is unknown and %s', async ([, accepted, tally], { openPlatforms }) => {
    const env = await openPlatforms({ channels: { zulip: {} } });
    env.sandbox.faults.add({ kind: 'reset', accepted, count: 1 });
    await Promise.all([env.send(zulipTo(1, 'Hello')), env.send(zulipTo(1, 'Hello'))]);
    const receipts = await env.settled('zulip', 2);
    expect(tallyOf(receipts)).toEqual(tally);
    expect(env.sandbox.zulip.messages.map(({ content }) => content)).toEqual(['Hello', 'Hello']);
    expect(new Set(receipts.map(({ platformMessageId }) => platformMessageId)).size).toBe(2);
  });

  it('arrive once each when both are unknown and one arrived', async ({ openPlatforms }) => {
    const env = await openPlatforms({ channels: { zulip: {} } });
    env.sandbox.faults.add({ kind: 'reset', accepted: true, count: 1 }, { kind: 'reset', count: 1 });
    await Promise.all([env.send(zulipTo(1, 'Hello')), env.send(zulipTo(1, 'Hello'))]);
    const receipts = await env.settled('zulip', 2);
    expect(tallyOf(receipts)).toEqual({ 'delivered/confirmed': 1, 'delivered/sent': 1 });
    expect(env.sandbox.zulip.messages).toHaveLength(2);
  });
});

describe.concurrent('a Discourse message', () => {
  it('makes a new topic when its id is used again after its time', async ({ openPlatforms }) => {
    const env = await openPlatforms({ channels: { discourse: {} } });
    const message = discourseTo('ann', 'The first of its name', { id: 'weekly' });
    await env.send(message);
    await env.settled('discourse', 1);
    expect(await env.send(message)).toMatchObject({ status: 'duplicate' });
    // As a day later: the record is gone.
    const { redis, keys } = env.store('discourse');
    await redis.del(...(await redis.keys(`${keys.ledger}:m*`)));
    expect(await env.send({ ...message, content: 'The second of its name' })).toMatchObject({
      status: 'queued',
    });
    expect(tallyOf(await env.settled('discourse', 2))).toEqual({ 'delivered/sent': 2 });
    const topics = [...env.sandbox.discourse.topics.values()];
    expect(new Set(topics.map(({ externalId }) => externalId)).size).toBe(2);
  });

  it('that is a reply of unknown end is a dead letter, and not sent twice', async ({ openPlatforms }) => {
    const env = await openPlatforms({ channels: { discourse: { patience: '1s' } } });
    await env.send(discourseTo('ann', 'The beginning of it'));
    await env.settled('discourse', 1);
    env.sandbox.faults.add({ kind: 'reset', accepted: true, count: 1 });
    await env.send({ platform: 'discourse', topicId: 1, to: {}, content: 'And a reply to it' });
    expect(tallyOf(await env.settled('discourse', 2))).toEqual({
      'delivered/sent': 1,
      'dead/unconfirmed': 1,
    });
    expect(env.sandbox.discourse.topics.get(1)?.posts).toHaveLength(2);
  });

  it('waits where a member writes the same text to many, and none dies', async ({ openPlatforms }) => {
    const env = await openPlatforms({
      channels: { discourse: {} },
      sandbox: { discourse: { accounts: [{ username: 'herald' }] } },
    });
    const names = Array.from({ length: 20 }, (_, n) => `player${n}x`);
    await Promise.all(names.map((name) => env.send(discourseTo(name, 'The same text for everybody'))));
    await eventually(
      '19 wait',
      () => env.sandbox.journal.report(),
      ({ calls }) => calls === 20,
    );
    await env.send(discourseTo('ann', 'Another text, which need not wait'));
    expect(tallyOf(await env.settled('discourse', 2))).toEqual({ 'delivered/sent': 2 });
    // Of nineteen warnings of one cause, most are left out; what is put back is told at the level of debugging.
    const waited = () => env.log().match(/"reason":"text_repeated","cause":"text_repeated"/g)?.length;
    await eventually('19 lines', waited, (lines) => lines === 19);
  });

  it('stops its channel where the account may not write, and none dies', async ({ openPlatforms }) => {
    const env = await openPlatforms({
      channels: { discourse: {} },
      sandbox: { discourse: { accounts: [{ username: 'herald', mayMessage: false }] } },
    });
    await env.send(discourseTo('ann', 'A body that is long enough'));
    const state = () => readChannelState(env.store('discourse'));
    await eventually('a stop', state, ({ stopped }) => stopped?.reason === 'sender');
    expect(await env.receipts('discourse')).toEqual([]);
  });

  it('stays delivered while it cannot be archived, and the log tells', async ({ openPlatforms }) => {
    const env = await openPlatforms({ channels: { discourse: {} } });
    env.sandbox.faults.add({ kind: 'server_error', of: 'lookup', count: 1 });
    await env.send(discourseTo('ann', 'A body that is long enough', { archive: true }));
    expect(tallyOf(await env.settled('discourse', 1))).toEqual({ 'delivered/sent': 1 });
    await logged(env, '"detail":"not archived yet, will be retried: HTTP 503"');
    const topics = () => [...env.sandbox.discourse.topics.values()];
    await eventually('an archive', topics, ([topic]) => topic!.archived);
    expect(topics()).toMatchObject([{ posts: [expect.anything()] }]);
  });
});

describe.concurrent('a User.com message of unknown end', () => {
  it.for<[string, Record<string, unknown>, Tally, number]>([
    ['is kept', {}, { 'dead/unconfirmed': 1 }, 1],
    ['is sent again where that is asked for', { onUnknown: 'resend' }, { 'delivered/sent': 1 }, 2],
  ])('%s', async ([, fields, tally, sends], { openPlatforms }) => {
    const env = await openPlatforms({ channels: { usercom: fields } });
    env.sandbox.faults.add({ kind: 'reset', accepted: true, count: 1 });
    await env.send({ platform: 'usercom', to: { userId: 1 }, content: 'Hello' });
    expect(tallyOf(await env.settled('usercom', 1))).toEqual(tally);
    expect(env.sandbox.usercom.messages).toHaveLength(sends);
  });
});

describe.concurrent('what a channel does not take', () => {
  it('is told at enqueue, with limit and length', async ({ openPlatforms }) => {
    const env = await openPlatforms({ channels: { zulip: {}, discourse: {} } });
    await expect(env.send(zulipTo(1, 'x'.repeat(10_001)))).rejects.toThrow(
      'content: is 10001 characters long, the platform accepts at most 10000',
    );
    await expect(env.send(discourseTo('ann', 'short'))).rejects.toThrow('at least 10');
    await expect(env.send(discourseTo('ann@example.com', 'A body that is long enough'))).rejects.toThrow(
      'allowEmail',
    );
  });

  it('is told by the limits of the channel itself, which its worker announced', async ({ openPlatforms }) => {
    const env = await openPlatforms({
      channels: {
        zulip: { maxMessageLength: 20_000 },
        discourse: { allowEmail: true, bodyMin: 40 },
        usercom: { agent: undefined, addressing: 'conversationId' },
      },
    });
    const byMail = discourseTo('ann@example.com', 'A body that is long enough for anybody there');
    expect(await env.send(zulipTo(1, 'x'.repeat(10_001)))).toMatchObject({ status: 'queued' });
    expect(await env.send(byMail)).toMatchObject({ status: 'queued' });
    await expect(env.send(discourseTo('ann', 'A body that is long enough'))).rejects.toThrow('at least 40');
    const written = { platform: 'usercom', to: { conversationId: 1 }, content: 'Hello' };
    await expect(env.send(written)).rejects.toThrow('agent: is missing, and the channel has none');
    expect(await env.send({ ...written, agent: 926 })).toMatchObject({ status: 'queued' });
    expect(tallyOf(await env.settled('discourse', 1))).toEqual({ 'delivered/sent': 1 });
  });

  it('is a dead letter where it did not come by a producer', async ({ openPlatforms }) => {
    const env = await openPlatforms({ channels: { zulip: { maxMessageLength: 4 } } });
    const { channel, redis: connection } = env.store('zulip');
    const queue = new Queue(queueName(channel), { connection, prefix: PREFIX });
    await queue.add(MESSAGE_JOB, { v: 1, ...zulipTo(1, 'Hello') });
    expect(tallyOf(await env.settled('zulip', 1))).toEqual({ 'dead/bad_request': 1 });
    await logged(env, 'at most 4');
    expect(env.sandbox.journal.report().calls).toBe(0);
    await queue.close();
  });
});
