import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { type DiscourseOptions, type Sandbox, startSandbox } from '../../src/sandbox/index.ts';

/** What Discourse refuses, by its source: PostCreator, PostValidator, TopicCreator and topics_controller. */

let sandbox: Sandbox;
let now = 1_000_000_000_000;
afterEach(() => sandbox.close());

const MEMBER: DiscourseOptions = { accounts: [{ username: 'herald' }] };

async function start(discourse: DiscourseOptions = {}) {
  sandbox = await startSandbox({ clock: { now: () => now, monotonic: () => now }, discourse });
}

async function call(method: 'GET' | 'POST' | 'PUT', path: string, fields?: object, username = 'herald') {
  const json = fields === undefined ? {} : { 'content-type': 'application/json' };
  const headers = { 'api-key': 'sandbox-key', 'api-username': username, ...json };
  const body = fields === undefined ? null : JSON.stringify(fields);
  const answer = await request(`${sandbox.url}/discourse${path}`, { method, headers, body });
  const text = await answer.body.text();
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

let posts = 0;
const message = (more: object = {}) => {
  posts += 1;
  return {
    title: 'News',
    raw: 'A body that is long enough',
    archetype: 'private_message',
    target_recipients: 'ann',
    external_id: `id-${posts}`,
    ...more,
  };
};
const post = (more: object = {}) => call('POST', '/posts.json', message(more));
const reply = (topicId: number, more: object = {}) =>
  call('POST', '/posts.json', { topic_id: topicId, raw: 'A reply that is long enough', ...more });
const errors = (...texts: string[]) => ({ status: 422, body: { errors: texts } });
const TOPIC_GONE =
  'Something has gone wrong. Perhaps this topic was closed or deleted while you were looking at it?';
const NOT_FOUND = 'One of the users you are sending this message to could not be found.';
const CANNOT = 'Sorry, you cannot send a personal message to that user.';
const SIMILAR = 'Body is too similar to what you recently posted';

describe('a reply', () => {
  it('is refused with an archetype, and taken without', async () => {
    await start();
    await post();
    const refused = await reply(1, { archetype: 'private_message' });
    expect(refused).toMatchObject(errors("Sorry, you can't create a PM on an existing topic."));
    expect(await reply(1)).toMatchObject({ status: 200, body: { topic_id: 1, post_number: 2 } });
  });

  it('is refused where there is no topic, one of others, or one that is closed', async () => {
    await start({ ...MEMBER, credentials: ['herald:sandbox-key', 'other:sandbox-key'] });
    expect(await reply(7)).toMatchObject(errors(TOPIC_GONE));
    await call('POST', '/posts.json', message({ target_recipients: 'bob' }), 'other');
    expect(await reply(1)).toMatchObject(errors(TOPIC_GONE));
    await post();
    expect(await reply(2)).toMatchObject({ status: 200 });
    sandbox.discourse.topics.get(2)!.closed = true;
    expect(await reply(2, { raw: 'Another one, long enough' })).toMatchObject(errors(TOPIC_GONE));
  });
});

describe('the same text', () => {
  it('is taken from a member once in five minutes, whoever it is for', async () => {
    await start(MEMBER);
    expect(await post()).toMatchObject({ status: 200 });
    expect(await post({ target_recipients: 'bob' })).toMatchObject(errors(SIMILAR));
    expect(await post({ target_recipients: 'bob', raw: 'Another body, long enough' })).toMatchObject({
      status: 200,
    });
    now += 5 * 60_000;
    expect(await post({ target_recipients: 'bob' })).toMatchObject({ status: 200 });
  });

  it('is taken from staff as often as it comes', async () => {
    await start();
    for (const name of ['ann', 'bob']) {
      expect(await post({ target_recipients: name })).toMatchObject({ status: 200 });
    }
  });

  it('gets the first answer again for two minutes where nothing differs, but not another account', async () => {
    await start({ ...MEMBER, credentials: ['herald:sandbox-key', 'other:sandbox-key'] });
    await post();
    const again = message({ target_recipients: 'bob' });
    expect(await call('POST', '/posts.json', again)).toMatchObject(errors(SIMILAR));
    expect(await call('POST', '/posts.json', again, 'other')).toMatchObject({ status: 200 });
    now += 119_999;
    expect(await call('POST', '/posts.json', again)).toMatchObject(errors(SIMILAR));
    expect(sandbox.journal.report().results).toMatchObject({ too_similar: 1, repeated: 1 });
  });
});

describe('archiving', () => {
  const archive = (id: number) => call('PUT', `/t/${id}/archive-message.json`);

  it('takes the addressed groups along that the sender belongs to', async () => {
    await start({ accounts: [{ username: 'herald', staff: true, groups: ['Staff', 'helpers'] }] });
    await post();
    await post({ target_recipients: 'ann,staff,moderators' });
    expect(await archive(1)).toMatchObject({ status: 200, body: undefined });
    expect(await archive(2)).toMatchObject({ status: 200, body: { group_name: 'staff' } });
    expect([...sandbox.discourse.topics.values()]).toMatchObject([
      { archived: true, archivedGroups: [] },
      { archived: true, archivedGroups: ['staff'] },
    ]);
  });

  it('counts against the limit, and a post brings the message back', async () => {
    await start({ requestsPerMinute: 2 });
    await post();
    await archive(1);
    const refused = { status: 429, body: { error_type: 'rate_limit', extras: { wait_seconds: 60 } } };
    expect(await archive(1)).toMatchObject({ ...refused, headers: { 'retry-after': '60' } });
    expect(await post()).toMatchObject(refused);
    now += 60_000;
    expect(await reply(1)).toMatchObject({ status: 200 });
    expect(sandbox.discourse.topics.get(1)).toMatchObject({ archived: false });
  });

  it('is one of sixty requests a minute unless told otherwise', async () => {
    await start();
    const statuses = await Promise.all(Array.from({ length: 61 }, () => archive(1)));
    expect(statuses.filter(({ status }) => status === 429)).toHaveLength(1);
  });
});

describe('the people of a message', () => {
  it.each(['bob20', 'ann,Ann', 'ann,jose\u0301'])('must each be found once: %s', async (names) => {
    await start();
    expect(await post({ target_recipients: names })).toMatchObject(errors(NOT_FOUND));
  });

  it('are at most thirty, unless staff writes', async () => {
    const names = Array.from({ length: 31 }, (_, n) => `player${n}x`).join(',');
    await start(MEMBER);
    const tooMany = errors('Sorry, you can send a message to maximum 30 recipients.');
    expect(await post({ target_recipients: names })).toMatchObject(tooMany);
    sandbox.discourse.accounts.set({ username: 'herald', staff: true });
    expect(await post({ target_recipients: names })).toMatchObject({ status: 200 });
  });

  it('may not want messages', async () => {
    await start({ ...MEMBER, notAccepting: ['bob'] });
    const refused = await post({ target_recipients: 'ann,Bob' });
    expect(refused).toMatchObject(errors('Sorry, bob is not accepting messages at the moment.'));
  });

  it.each([
    ['in no group that may write', { mayMessage: false }],
    ['silenced', { silenced: true }],
  ])('are refused to a sender who is %s', async (_, more) => {
    await start({ accounts: [{ username: 'herald', ...more }] });
    expect(await post()).toMatchObject(errors(CANNOT));
  });
});

describe('a length', () => {
  it.each([
    ['', "Body can't be blank"],
    [':tada:'.repeat(9), 'Body is too short (minimum is 10 characters)'],
    ['wait for it.........', undefined],
    [`short${'.'.repeat(50)}`, 'Body is too short (minimum is 10 characters)'],
    ['<!-- a long comment -->short', 'Body is too short (minimum is 10 characters)'],
    ['🎮'.repeat(32_000), undefined],
    [':tada:'.repeat(6_000), 'Body is limited to 32000 characters; you entered 36000.'],
  ])('is counted folded at the least, and as it came at the most: %.30s', async (raw, text) => {
    await start();
    expect(await post({ raw })).toMatchObject(text === undefined ? { status: 200 } : errors(text));
  });
});

describe('a narrow key', () => {
  it('is a wrong one for any topic but its own', async () => {
    await start({
      accounts: [{ username: 'herald', staff: true, topics: [1] }],
      credentials: ['herald:sandbox-key', 'admin:sandbox-key'],
    });
    await call('POST', '/posts.json', message(), 'admin');
    const refused = { status: 403, body: { error_type: 'invalid_access' } };
    expect(await reply(1)).toMatchObject({ status: 200 });
    expect(await reply(2)).toMatchObject(refused);
    expect(await post()).toMatchObject(refused);
    expect(await call('GET', '/session/current.json')).toMatchObject(refused);
  });
});

describe('the session', () => {
  it.each([
    [undefined, { staff: true, can_send_private_messages: true }],
    [{ mayMessage: false }, { staff: false, can_send_private_messages: false }],
  ])('tells who the account is: %o', async (account, told) => {
    await start(account ? { accounts: [{ username: 'herald', ...account }] } : {});
    const { body } = await call('GET', '/session/current.json');
    expect(body).toMatchObject({ current_user: { username: 'herald', ...told } });
  });
});
