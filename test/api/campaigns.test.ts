import { once } from 'node:events';
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createAdmin } from '../../src/app.ts';
import { announceChannels } from '../../src/channels/registry.ts';
import { recordPlays } from '../../src/ledger/lookups.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { eventually } from '../../testing/eventually.ts';
import { channelConfig } from '../config/channel-config.ts';
import { apiFixture } from './api-fixture.ts';

const api = apiFixture();
let named = 0;

/** One of a test's own. */
const spec = (fields: Record<string, unknown> = {}) => {
  named += 1;
  return {
    ...{ id: `campaign-${named}`, platform: 'kongregate', content: 'Hello, {{ name }}' },
    ...fields,
  };
};
const recipient = (userId: number) => ({ to: { userId }, data: { name: `Player ${userId}` } });
const people = (count: number, from = 1) => Array.from({ length: count }, (_, i) => recipient(from + i));
const lines = (values: readonly unknown[]): string =>
  values.map((value) => `${typeof value === 'string' ? value : JSON.stringify(value)}\n`).join('');

const create = (body: unknown, more = {}) => api.ask('/v1/campaigns', { body, ...more });

async function created(fields = {}): Promise<string> {
  const answer = await create(spec(fields));
  expect(answer.status).toBe(201);
  return answer.body.id;
}

async function list(id: string, body: string, query = '') {
  const answer = await api.ask(`/v1/campaigns/${id}/recipients${query}`, {
    body,
    headers: { 'content-type': 'application/x-ndjson' },
  });
  if (answer.status !== 200) return { ...answer, told: [], summary: undefined };
  const answered = String(answer.body)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { status: 200, told: answered.slice(0, -1), summary: answered.at(-1).summary };
}

const show = async (id: string, query = '') => (await api.ask(`/v1/campaigns/${id}${query}`)).body;

describe('POST /v1/campaigns', () => {
  it('creates it, changes nothing when it is sent again, and refuses other content', async () => {
    const given = spec();
    const first = await create(given);
    expect([first.status, first.body]).toMatchObject([
      201,
      { id: given.id, channel: 'kongregate', state: 'listing', listed: 0, eta: null },
    ]);
    expect((await create(given)).status).toBe(200);
    expect((await create({ ...given, content: 'Else' })).body.code).toBe('conflict');
  });

  it.each([
    ['a field that is wrong', { content: 7 }, {}, 422, 'invalid'],
    ['content that can be rendered for nobody', { content: '{{ name' }, {}, 422, 'invalid'],
    ['a channel that nobody announced', { channel: 'nowhere' }, {}, 422, 'unknown_channel'],
  ])('refuses %s', async (_, fields, more, status, code) => {
    const answer = await create(spec(fields), more);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('refuses a channel that the token is not for, and a token of another scope', async () => {
    const other = await api.issue({ channels: ['other'] });
    expect((await create(spec(), { token: other })).status).toBe(403);
    const reader = await api.issue({ scopes: ['read'] });
    expect((await create(spec(), { token: reader })).status).toBe(403);
  });

  it('checks and stores nothing in a dry run', async () => {
    const given = spec();
    const answer = await api.ask('/v1/campaigns?dryRun=true', { body: given });
    expect([answer.status, answer.body]).toEqual([200, { id: given.id }]);
    expect((await api.ask(`/v1/campaigns/${given.id}`)).status).toBe(404);
  });

  it('refuses a parameter that it does not know, so that a misspelt dry run creates nothing', async () => {
    const given = spec();
    const answer = await api.ask('/v1/campaigns?dryrun=true', { body: given });
    expect([answer.status, answer.body.detail]).toEqual([
      400,
      'query: dryrun: is not a known field: did you mean dryRun?',
    ]);
    expect((await api.ask(`/v1/campaigns/${given.id}`)).status).toBe(404);
    const id = await created();
    expect((await list(id, lines(people(1)), '?dryrun=true')).status).toBe(400);
    expect(await show(id)).toMatchObject({ listed: 0 });
    // A message knows none at all.
    expect((await api.ask('/v1/messages?dryRun=true', { body: {} })).body.code).toBe('bad_request');
    expect((await api.ask('/v1/receipts?from=start&wait=0')).body.code).toBe('bad_request');
  });
});

describe('POST /v1/campaigns/{id}/recipients', () => {
  it('answers chunks and lines that are refused, in order, and sums up', async () => {
    const id = await created();
    const given: unknown[] = [...people(700), '{', { to: {} }, '', recipient(701)];
    const { told, summary } = await list(id, lines(given));
    expect(told).toMatchObject([
      { through: 500, listed: 500, duplicate: 0 },
      { line: 701, status: 'refused', problem: { code: 'bad_request' } },
      { line: 702, status: 'refused', problem: { code: 'invalid', errors: [{ pointer: '/to' }] } },
      { through: 704, listed: 201, duplicate: 0 },
    ]);
    expect(summary).toEqual({
      lines: 703,
      counts: { listed: 701, duplicate: 0, refused: 2 },
      complete: true,
    });
    expect(await show(id)).toMatchObject({ state: 'running', listed: 701, waiting: 701, ended: 0 });
  });

  it('takes a long list for a channel over shards in chunks of 2,000', async () => {
    await announceChannels(api.redis, [channelConfig({ name: 'wide', shards: 8 })]);
    const given = spec({ channel: 'wide' });
    await eventually(
      'a campaign of the new channel',
      () => create(given),
      ({ status }) => status === 201,
    );
    const { told, summary } = await list(given.id, lines(people(9_000)));
    expect(told.map(({ through }) => through)).toEqual([2_000, 4_000, 6_000, 8_000, 9_000]);
    expect(summary).toMatchObject({ lines: 9_000, counts: { listed: 9_000, duplicate: 0 }, complete: true });
    expect(await show(given.id)).toMatchObject({ state: 'running', listed: 9_000 });
  });

  it('tells why it lists nobody, by line and field, and closes the list until more recipients come', async () => {
    const id = await created();
    const { told, summary } = await list(
      id,
      lines(['{', { to: { userId: 'x' }, data: { name: 'Ann' } }, { to: { userId: 3 } }]),
    );
    expect(told).toMatchObject([
      { line: 1, status: 'refused', problem: { code: 'bad_request' } },
      { line: 2, status: 'refused', problem: { code: 'invalid', errors: [{ pointer: '/to/userId' }] } },
      { line: 3, status: 'refused', problem: { code: 'invalid', errors: [{ pointer: '/data/name' }] } },
      { through: 3, listed: 0, duplicate: 0 },
    ]);
    expect(summary).toEqual({ lines: 3, counts: { listed: 0, duplicate: 0, refused: 3 }, complete: true });
    expect(await show(id)).toMatchObject({ state: 'done', listed: 0 });
    const nobody = await created();
    expect((await list(nobody, '')).summary).toMatchObject({ lines: 0, complete: true });
    expect(await show(nobody)).toMatchObject({ state: 'done', listed: 0 });
    expect((await list(id, lines(people(2)))).summary.counts).toMatchObject({ listed: 2, refused: 0 });
    expect(await show(id)).toMatchObject({ state: 'running', listed: 2 });
  });

  it('knows what it had when all is sent again, or the rest after a chunk', async () => {
    const id = await created();
    const all = people(1_200);
    await list(id, lines(all.slice(0, 1_000)));
    const rest = await list(id, lines(all.slice(500)));
    expect(rest.summary.counts).toMatchObject({ listed: 200, duplicate: 500 });
    const again = await list(id, lines(all));
    expect(again.summary.counts).toMatchObject({ listed: 0, duplicate: 1_200 });
    expect((await show(id)).listed).toBe(1_200);
  });

  it('leaves the list open where the connection breaks, and goes on when it is sent again', async () => {
    const id = await created();
    const all = lines(people(3_000));
    const sent = request(`${api.url}/v1/campaigns/${id}/recipients`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.token}`, 'content-type': 'application/x-ndjson' },
    });
    sent.on('error', () => {});
    sent.write(all.slice(0, all.length / 2));
    const [answer] = await once(sent, 'response');
    answer.on('error', () => {});
    let text = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await eventually('two chunks', () => text.split('\n').length > 2);
    sent.destroy();
    expect(await show(id)).toMatchObject({ state: 'listing' });
    const { summary } = await list(id, all);
    expect(summary).toMatchObject({ complete: true, lines: 3_000 });
    expect(summary.counts.duplicate).toBeGreaterThanOrEqual(1_000);
    expect(await show(id)).toMatchObject({ state: 'running', listed: 3_000 });
    expect(api.logged).toEqual([]);
  });

  it('tells in a dry run what would happen, and lists nobody', async () => {
    const id = await created();
    const long = Date.now() - 60 * 86_400_000;
    const lapsed = people(3).map(({ to: { userId } }) => ({ recipient: String(userId), at: long }));
    await recordPlays(channelStore(api.redis, 'kongregate'), lapsed, 100 * 86_400_000);
    const { told, summary } = await list(id, lines([...people(5), '{']), '?dryRun=true');
    expect(told).toMatchObject([{ line: 6, status: 'refused' }, { through: 6 }]);
    expect(summary.counts).toMatchObject({ send: 2, ineligible: 3, refused: 1, listed: 0 });
    expect(await show(id)).toMatchObject({ listed: 0 });
  });

  it('says why it takes nobody: cancelled, unknown, of several channels', async () => {
    const id = await created();
    await api.ask(`/v1/campaigns/${id}/cancel`, { method: 'POST' });
    const { summary } = await list(id, lines(people(1)));
    expect(summary).toMatchObject({ complete: false, resumeAt: 1, problem: { code: 'conflict' } });
    expect((await list('nobody', '')).status).toBe(404);
    const twice = await created();
    await create({ ...spec(), id: twice, channel: 'other' });
    expect((await list(twice, '')).status).toBe(409);
    expect((await list(twice, lines(people(1)), '?channel=other')).summary.counts.listed).toBe(1);
  });
});

describe('GET /v1/campaigns and control', () => {
  it('shows a token the campaigns of its channels', async () => {
    const id = await created({ channel: 'other' });
    const token = await api.issue({ channels: ['other'] });
    const { body } = await api.ask('/v1/campaigns', { token });
    expect(body.campaigns.map((each: { id: string }) => each.id)).toContain(id);
    expect(new Set(body.campaigns.map((each: { channel: string }) => each.channel))).toEqual(
      new Set(['other']),
    );
    const own = await created();
    expect((await api.ask(`/v1/campaigns/${own}`, { token })).status).toBe(404);
  });

  it('pauses, resumes and cancels, and takes a token that operates', async () => {
    const id = await created();
    await list(id, lines(people(3)));
    const act = (operation: string, more = {}) =>
      api.ask(`/v1/campaigns/${id}/${operation}`, { method: 'POST', ...more });
    const sender = await api.issue({ scopes: ['send', 'read'] });
    expect((await act('pause', { token: sender })).status).toBe(403);
    expect((await act('pause')).body).toEqual({ id, channel: 'kongregate', status: 'paused' });
    expect(await show(id)).toMatchObject({ state: 'paused' });
    expect((await act('resume')).body.status).toBe('running');
    expect((await act('cancel')).body.status).toBe('cancelled');
    expect((await act('resume')).body.status).toBe('cancelled');
    const admin = createAdmin({ redis: api.server.url });
    expect(await admin.campaigns.show(id)).toMatchObject([{ state: 'cancelled' }]);
    const { acts } = await admin.acts();
    const own = acts.filter(({ target }) => target === id).map(({ action, actor }) => ({ action, actor }));
    const actor = { via: 'api', name: 'test' };
    expect(own).toContainEqual({ action: 'campaign.cancel', actor });
    expect(own).toContainEqual({ action: 'campaign.pause', actor });
    await admin.close();
  });
});
