import { afterEach, describe, expect, it, vi } from 'vitest';
import { channelKeys, TOKENS_KEY } from '../../src/redis/keys.ts';
import { eventually } from '../../testing/eventually.ts';
import { apiFixture } from './api-fixture.ts';
import { type EventSource, openEvents } from './event-source.ts';

const api = apiFixture();

async function write(ids: readonly string[], channel = 'kongregate', more = {}): Promise<void> {
  const batch = api.redis.pipeline();
  for (const id of ids) {
    const fields = {
      v: 1,
      id,
      run: 1,
      state: 'delivered',
      reason: 'sent',
      at: 1_767_225_600_000,
      attempts: 1,
      ...more,
    };
    const flat = Object.entries(fields).flatMap(([name, value]) => [name, String(value)]);
    batch.xadd(channelKeys(channel).receipts, '*', ...flat);
  }
  await batch.exec();
}

const poll = async (query: string, token?: string) =>
  await api.ask(`/v1/receipts?${query}`, token === undefined ? {} : { token });

const idsOf = (receipts: readonly { id: string }[]): string[] => receipts.map(({ id }) => id);

afterEach(async () => {
  await api.redis.del(channelKeys('kongregate').receipts, channelKeys('other').receipts);
});

describe('GET /v1/receipts as JSON', () => {
  it('answers with what is behind a position, and where to go on', async () => {
    await write(['a', 'b', 'c']);
    const first = await poll('after=start&limit=2&channel=kongregate');
    expect(first.body.receipts).toEqual([
      {
        ...{ channel: 'kongregate', id: 'a', run: 1, state: 'delivered', reason: 'sent' },
        ...{ at: '2026-01-01T00:00:00.000Z', attempts: 1 },
      },
      expect.objectContaining({ id: 'b' }),
    ]);
    const second = await poll(`after=${first.body.next}&channel=kongregate`);
    expect(idsOf(second.body.receipts)).toEqual(['c']);
    expect(second.body.gaps).toEqual([]);
  });

  it('waits for the first, and misses none between two requests', async () => {
    const empty = await poll('wait=0');
    expect(empty.body.receipts).toEqual([]);
    await write(['a']);
    const found = await poll(`after=${empty.body.next}`);
    expect(idsOf(found.body.receipts)).toEqual(['a']);
    const waiting = poll(`after=${found.body.next}&wait=20`);
    await eventually('the request to wait', async () =>
      String(await api.redis.client('LIST')).includes('cmd=xread'),
    );
    await write(['b'], 'other');
    expect(idsOf((await waiting).body.receipts)).toEqual(['b']);
  });

  it('tells that receipts are missing before these', async () => {
    await write(['a', 'b', 'c']);
    const { next } = (await poll('after=start&limit=1')).body;
    await api.redis.xtrim(channelKeys('kongregate').receipts, 'MAXLEN', 1);
    const { body } = await poll(`after=${next}`);
    expect([idsOf(body.receipts), body.gaps]).toEqual([
      ['c'],
      [{ channel: 'kongregate', missing: 1, exact: true }],
    ]);
  });

  it('goes on behind one whose instant a foreign writer broke', async () => {
    await write(['a'], 'kongregate', { at: 'soon' });
    await write(['b']);
    const { body } = await poll('after=start&channel=kongregate');
    expect(idsOf(body.receipts)).toEqual(['a', 'b']);
    expect(Date.now() - Date.parse(body.receipts[0].at)).toBeLessThan(600_000);
  });

  const encoded = (cursor: string): string => Buffer.from(cursor).toString('base64url');
  it.each([
    ...['nonsense', 'YT1i', ' ', '2026-01-01T00:00:00Z'],
    ...['99999999999999999-0', '1-18446744073709551616'].map((id) => encoded(`kongregate=${id}`)),
    encoded('kongregate=18446744073709551615-18446744073709551615'),
  ])('refuses the position %j', async (after) => {
    const { status, body } = await poll(`after=${encodeURIComponent(after)}`);
    expect([status, body.code]).toEqual([400, 'bad_request']);
  });

  it('shows a token its channels alone', async () => {
    await write(['a']);
    await write(['b'], 'other');
    const token = await api.issue({ scopes: ['read'], channels: ['other'] });
    expect(idsOf((await poll('after=start', token)).body.receipts)).toEqual(['b']);
    expect((await poll('after=start&channel=other,kongregate', token)).status).toBe(403);
    expect((await poll('channel=nowhere')).body.code).toBe('unknown_channel');
    const sender = await api.issue({ scopes: ['send'] });
    expect((await poll('after=start', sender)).status).toBe(403);
  });
});

describe('GET /v1/receipts as events', () => {
  const opened: EventSource[] = [];
  const follow = async (headers = {}, base = api.url) => {
    const source = await openEvents(`${base}/v1/receipts?channel=kongregate`, {
      ...{ authorization: `Bearer ${api.token}`, ...headers },
    });
    opened.push(source);
    return source;
  };
  const received = ({ events }: EventSource): string[] =>
    events.filter(({ event }) => event === 'receipt').map(({ data }) => JSON.parse(data!).id);
  afterEach(() => {
    for (const source of opened.splice(0)) source.leave();
  });

  it('sends what comes, and goes on after the last event of an earlier connection', async () => {
    const first = await follow();
    expect(first.answer.headers['content-type']).toBe('text/event-stream');
    await eventually('the position to be told', first.lastId);
    await write(['a', 'b']);
    await eventually('both', () => received(first).length === 2);
    first.leave();
    await eventually('the client to be gone', first.ended);
    await write(['c']);
    const second = await follow({ 'last-event-id': first.lastId()! });
    await eventually('the third', () => received(second).length === 1);
    expect([...received(first), ...received(second)]).toEqual(['a', 'b', 'c']);
    expect(api.logged).toEqual([]);
  });

  it('breaks off where they cannot be read, and prints nothing of why', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {});
    const source = await follow();
    await eventually('the position to be told', source.lastId);
    await api.redis.set(channelKeys('kongregate').receipts, 'no stream');
    await eventually('the end', source.ended);
    expect(source.answer.complete).toBe(false);
    expect(print).not.toHaveBeenCalled();
    print.mockRestore();
  });

  it('misses nothing where the connection breaks before the first event', async () => {
    const first = await follow();
    const position = await eventually('the position to be told', first.lastId);
    first.leave();
    await write(['a']);
    const second = await follow({ 'last-event-id': position! });
    await eventually('it', () => received(second).length === 1);
  });

  it('tells of a gap before it goes on', async () => {
    await write(['a', 'b', 'c']);
    const { next } = (await poll('after=start&limit=1')).body;
    await api.redis.xtrim(channelKeys('kongregate').receipts, 'MAXLEN', 1);
    const source = await follow({ 'last-event-id': next });
    await eventually('the receipt', () => received(source).length === 1);
    const told = source.events.filter(({ event }) => event !== undefined);
    expect(told.map(({ event, data }) => [event, JSON.parse(data!)])).toMatchObject([
      ['gap', { channel: 'kongregate', missing: 1, exact: true }],
      ['receipt', { channel: 'kongregate', id: 'c' }],
    ]);
  });

  it('keeps a silent connection open, and ends it when the process stops', async () => {
    const own = await api.open({ idle: '300ms' });
    const source = await follow({}, own.url);
    await eventually('some heartbeats', () => source.events.length > 6);
    expect(source.ended()).toBe(false);
    await own.close();
    expect(await eventually('the end', source.ended)).toBe(true);
  });

  it('reads no further than a client does', async () => {
    const ids = Array.from({ length: 8_000 }, (_, i) => `message-${i}`);
    const source = await follow();
    await eventually('the position to be told', source.lastId);
    source.answer.pause();
    // More than the kernel's buffers hold on both sides.
    await write(ids, 'kongregate', { meta: JSON.stringify({ note: 'x'.repeat(2_000) }) });
    const pages = async () =>
      Number(/cmdstat_xrange:calls=(\d+)/.exec(await api.redis.info('commandstats'))?.[1] ?? 0);
    await api.redis.config('RESETSTAT');
    let before = -1;
    const read = await eventually(
      'the reading to stand still',
      pages,
      (calls) => {
        const still = calls === before;
        before = calls;
        return still;
      },
      { everyMs: 150 },
    );
    expect(read).toBeLessThan(ids.length / 500 / 2);
    source.answer.resume();
    await eventually('all', () => received(source).length === ids.length, Boolean, { everyMs: 100 });
    expect(received(source)).toEqual(ids);
  });

  it('ends once the token is revoked', async () => {
    const own = await api.open({ idle: '300ms' });
    const token = await api.issue({ scopes: ['read'] });
    const source = await follow({ authorization: `Bearer ${token}` }, own.url);
    await eventually('the position to be told', source.lastId);
    await api.redis.del(TOKENS_KEY);
    expect(await eventually('the end', source.ended)).toBe(true);
  });
});
