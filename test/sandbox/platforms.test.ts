import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';

/** The rules of the platforms that no message of ours breaks: what the sandbox would say to one that did. */

let sandbox: Sandbox;
let now = 1_000_000_000_000;
beforeEach(async () => {
  sandbox = await startSandbox({ clock: { now: () => now, monotonic: () => now } });
});
afterEach(() => sandbox.close());

async function call(
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  headers: Record<string, string>,
  body?: string,
) {
  const answer = await request(`${sandbox.url}${path}`, { method, headers, body: body ?? null });
  const text = await answer.body.text();
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

describe("Zulip's rules", () => {
  const authorization = `Basic ${Buffer.from('bot@example.com:sandbox-key').toString('base64')}`;
  const post = (fields: Record<string, string>) =>
    call(
      'POST',
      '/zulip/api/v1/messages',
      { authorization, 'content-type': 'application/x-www-form-urlencoded' },
      new URLSearchParams({ type: 'direct', to: '[1]', content: 'Hi', ...fields }).toString(),
    );
  const error = (code: string) => ({ result: 'error', code, msg: expect.any(String) });

  it('take a message and give it a number', async () => {
    expect(await post({})).toMatchObject({ status: 200, body: { result: 'success', msg: '', id: 1 } });
    expect(await post({ type: 'private', to: '["Ann@example.com"]' })).toMatchObject({ body: { id: 2 } });
    expect(sandbox.zulip.messages).toMatchObject([
      { to: '1', sender: 'bot@example.com', timestamp: 1_000_000_000 },
      { to: 'ann@example.com' },
    ]);
  });

  it.each([
    { to: '9' },
    { to: '[]' },
    { to: '[1,"a@e.com"]' },
    { to: 'nonsense' },
    { type: 'stream' },
    { content: ' ' },
    { content: 'a\0' },
    { to: '[1,20]' },
  ])('refuse %o', async (fields) => {
    expect(await post(fields)).toMatchObject({ status: 400, body: error('BAD_REQUEST') });
  });

  it('cut what is too long, without a word', async () => {
    expect(await post({ content: '🎮'.repeat(10_001) })).toMatchObject({ status: 200 });
    const stored = sandbox.zulip.messages[0]!.content;
    expect([...stored]).toHaveLength(10_000);
    expect(stored).toMatch(/\[message truncated\]$/);
  });

  it('know direct messages by their old name alone on an old server', async () => {
    await sandbox.close();
    sandbox = await startSandbox({ zulip: { old: true } });
    expect(await post({ type: 'direct' })).toMatchObject({ status: 400 });
    expect(await post({ type: 'private' })).toMatchObject({ status: 200 });
  });

  it('refuse a wrong key', async () => {
    const answer = await call('GET', '/zulip/api/v1/messages', { authorization: 'Basic eDp5' });
    expect(answer).toMatchObject({ status: 401, body: error('INVALID_API_KEY') });
  });
});

describe("Discourse's rules", () => {
  const headers = { 'api-key': 'sandbox-key', 'api-username': 'herald', 'content-type': 'application/json' };
  const post = (fields: Record<string, unknown>, more = {}) =>
    call('POST', '/discourse/posts.json', { ...headers, ...more }, JSON.stringify(fields));
  const message = {
    title: 'News',
    raw: 'A body that is long enough',
    archetype: 'private_message',
    target_recipients: 'ann',
    external_id: 'Ab-1',
  };
  const errors = (text: string) => ({ status: 422, body: { errors: [expect.stringContaining(text)] } });

  it('want a category for what is not private', async () => {
    expect(await post({ ...message, archetype: undefined })).toMatchObject(errors("Category can't be blank"));
  });

  it.each([
    [{ title: 'x' }, 'Title is too short'],
    [{ raw: 'short' }, 'Body is too short'],
    [{ target_recipients: '' }, 'valid user'],
    [{ target_recipients: 'ann,bob20' }, 'could not be found'],
    [{ external_id: 'x'.repeat(51) }, 'External is invalid'],
    [{ external_id: 'a:b' }, 'External is invalid'],
  ])('refuse %o', async (fields, text) => {
    expect(await post({ ...message, ...fields })).toMatchObject(errors(text));
  });

  it('take an external id once, whatever the case', async () => {
    expect(await post(message)).toMatchObject({ status: 200, body: { topic_id: 1 } });
    expect(await post({ ...message, external_id: 'aB-1' })).toMatchObject(errors('already been taken'));
    expect(await post({ ...message, external_id: 'other' })).toMatchObject({
      status: 200,
      body: { topic_id: 2 },
    });
    expect(await post({ ...message, external_id: undefined })).toMatchObject({ body: { topic_id: 3 } });
  });

  it('answer the same post as before for two minutes, a refusal as well', async () => {
    const refused = { ...message, raw: 'short' };
    const first = await post(refused);
    now += 119_999;
    expect((await post(refused)).body).toEqual(first.body);
    expect((await post(message)).body).toMatchObject({ topic_id: 1 });
    expect((await post(message)).body).toMatchObject({ topic_id: 1 });
    expect(sandbox.journal.report('discourse').results).toEqual({ bad_request: 1, repeated: 2, accepted: 1 });
  });

  it('say where an external id leads', async () => {
    await post(message);
    const { status, headers: told } = await call('GET', '/discourse/t/external_id/ab-1.json', headers);
    expect([status, told['location']]).toEqual([301, `${sandbox.url}/discourse/t/a-message/1.json`]);
    const absent = await call('GET', '/discourse/t/external_id/none.json', headers);
    expect(absent).toMatchObject({ status: 404, body: { error_type: 'not_found' } });
  });

  it('refuse a wrong key, everywhere', async () => {
    const wrong = { ...headers, 'api-key': 'wrong' };
    const refused = { status: 403, body: { error_type: 'invalid_access' } };
    expect(await post(message, wrong)).toMatchObject(refused);
    expect(await call('GET', '/discourse/t/external_id/ab-1.json', wrong)).toMatchObject(refused);
    expect(await call('PUT', '/discourse/t/1/archive-message.json', wrong, '{}')).toMatchObject(refused);
  });
});

describe("User.com's rules", () => {
  const headers = { authorization: 'Token sandbox-key', 'content-type': 'application/json' };
  const post = (path: string, fields: Record<string, unknown>) =>
    call(
      'POST',
      `/usercom/api/public${path}`,
      headers,
      JSON.stringify({ content: 'Hi', user: 926, ...fields }),
    );

  it('want the slash at the end', async () => {
    expect(await post('/message/', { conversation: 5 })).toMatchObject({ status: 201, body: { id: 1 } });
    expect(await post('/message', { conversation: 5 })).toMatchObject({ status: 404 });
    expect(await post('/users/7/conversations', {})).toMatchObject({ status: 404 });
  });

  it.each([
    ['/message/', {}, 'conversation'],
    ['/message/', { conversation: 20 }, 'conversation'],
    ['/users/7/conversations/', { content: '' }, 'content'],
    ['/users/7/conversations/', { user: 'me' }, 'user'],
    ['/users/7/conversations/', { source: 9 }, 'source'],
  ])('refuse by field: %s %o', async (path, fields, field) => {
    expect(await post(path, fields)).toMatchObject({ status: 400, body: { [field]: [expect.any(String)] } });
  });

  it('keep what was said, and about what', async () => {
    await post('/users/7/conversations/', { source: 3, source_context: { a: 1 } });
    expect(sandbox.usercom.messages).toEqual([
      { id: 1, to: '7', user: 926, content: 'Hi', source: 3, sourceContext: { a: 1 } },
    ]);
  });
});

describe('the read-out', () => {
  it('tells the platforms apart', async () => {
    const headers = { authorization: 'Token sandbox-key', 'content-type': 'application/json' };
    const body = JSON.stringify({ content: 'Hi', user: 926, user_id: 7, api_key: 'sandbox-key' });
    sandbox.kongregate.players.set({ userId: 7 });
    await call('POST', '/usercom/api/public/users/7/conversations/', headers, body);
    await call('POST', '/kongregate/api/private_message.json', headers, body);
    expect(sandbox.journal.report()).toMatchObject({ calls: 2, accepted: 2, acceptedMoreThanOnce: 0 });
    expect(sandbox.journal.recipients().get('7')).toEqual({ calls: 2, accepted: 2 });
    const told = async (path: string) => (await call('GET', `/sandbox${path}`, {})).body;
    expect(await told('/report?platform=usercom')).toMatchObject({ calls: 1, accepted: 1 });
    expect(await told('/report?platform=zulip')).toMatchObject({ calls: 0, accepted: 0 });
    expect(await told('/recipients?platform=kongregate')).toEqual({ 7: { calls: 1, accepted: 1 } });
    expect(await told('/calls?platform=usercom')).toMatchObject([{ platform: 'usercom', recipient: '7' }]);
  });

  it.each([
    ['zulip', ['bot@example.com:new']],
    ['discourse', ['herald:new']],
    ['usercom', ['new']],
  ])('changes the keys of %s', async (name, keys) => {
    const put = { 'content-type': 'application/json' };
    expect(await call('PUT', `/sandbox/${name}/keys`, put, JSON.stringify(keys))).toMatchObject({
      status: 204,
    });
    const tries: Record<string, () => Promise<{ status: number }>> = {
      zulip: () =>
        call('GET', '/zulip/api/v1/messages', {
          authorization: `Basic ${btoa('bot@example.com:sandbox-key')}`,
        }),
      discourse: () =>
        call('GET', '/discourse/t/external_id/x.json', {
          'api-key': 'sandbox-key',
          'api-username': 'herald',
        }),
      usercom: () =>
        call('POST', '/usercom/api/public/message/', { ...put, authorization: 'Token sandbox-key' }, '{}'),
    };
    expect([401, 403]).toContain((await tries[name]!()).status);
  });
});
