import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import type { Entry } from '../../src/jobs/envelope.ts';
import { MAX_MESSAGES_BYTES } from '../../src/jobs/job-ids.ts';
import { placeOf } from '../../src/jobs/leave.ts';
import { readEntries } from '../../src/jobs/read-envelope.ts';
import type { ReadContext } from '../../src/jobs/read-message.ts';
import { messageSchemasOf } from '../../src/message/schema.ts';
import { platforms } from '../../src/platforms/registry.ts';

const schemas = messageSchemasOf(platforms);

type DeliveryEntry = Extract<Entry, { kind: 'delivery' }>;

function read(quota: boolean, to: object, addressing = 'userIds', fields: object = {}) {
  const source = {
    channels: {
      zulip: {
        platform: 'zulip',
        baseUrl: 'http://127.0.0.1:1',
        email: 'bot@example.com',
        apiKey: 'k',
        quota,
        addressing,
      },
    },
  };
  const readFile = () => '';
  const { channels } = parseConfig(source, { platforms, env: {}, secrets: 'resolve', readFile });
  const data = { v: 1, platform: 'zulip', to, content: 'Hello', ...fields };
  const job = { id: 'm_1', name: 'message', text: JSON.stringify(data), timestamp: 1, pickups: 1, stalls: 0 };
  return readEntries(job, { channel: channels[0]!, definition: platforms.zulip, schemas })[0];
}

it('names the trace of a message to observers', () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const traced = read(false, { userIds: [1] }, 'userIds', {
    traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
  });
  expect(traced).toMatchObject({ kind: 'delivery', delivery: { ref: { traceId } } });
  expect((read(false, { userIds: [1] }) as DeliveryEntry).delivery.ref).not.toHaveProperty('traceId');
});

describe('a job of a producer that checks nothing', () => {
  it('is refused where it names several people and each has a quota', () => {
    expect(read(true, { userIds: [1, 2] })).toMatchObject({
      kind: 'invalid',
      problem: 'to: channel "zulip" has a quota and accepts one recipient per message, got 2',
    });
    expect(read(true, { userIds: [1] }).kind).toBe('delivery');
    expect(read(true, { emails: ['Ann@e.com', 'ann@e.com'] }, 'emails').kind).toBe('delivery');
    expect(read(false, { userIds: [1, 2] }).kind).toBe('delivery');
  });

  it('is refused where it names its recipient in another way than the others', () => {
    expect(read(true, { emails: ['a@example.com'] })).toMatchObject({
      kind: 'invalid',
      problem: 'to: channel "zulip" addresses recipients by userIds, got emails',
    });
  });
});

describe('a job of many messages', () => {
  const channel = { name: 'kongregate', platform: 'kongregate', addressing: 'userId', quota: true };
  const context = { channel, definition: platforms.kongregate, schemas } as unknown as ReadContext;
  const good = { platform: 'kongregate', to: { userId: 1 }, content: 'Hello' };
  const readMany = (data: unknown, id = 'e3_x') =>
    readEntries(
      {
        id,
        name: 'messages',
        text: JSON.stringify(data),
        timestamp: 1_700_000_000_000,
        pickups: 1,
        stalls: 0,
      },
      context,
    );

  it('is read message by message: one that is wrong or newer is so by itself', () => {
    const entries = readMany({ v: 1, messages: [good, { ...good, to: 7 }, { ...good, v: 2 }, 'x', good] });
    expect(entries.map(({ kind }) => kind)).toEqual(['delivery', 'invalid', 'newer', 'invalid', 'delivery']);
    expect(entries.map((entry) => placeOf(entry).origin)).toEqual([0, 1, 2, 3, 4].map((i) => `e3_x:${i}`));
    const { source } = placeOf(entries[0]);
    expect(source.name).toBeUndefined();
    expect(source.data()).toBe(JSON.stringify({ v: 1, ...good }));
    expect(entries[1]).toMatchObject({ problem: expect.stringContaining('to') });
  });

  it('gives each message what it has in the job that it leaves for', () => {
    const [, there] = readMany({ v: 1, messages: [good, good] });
    const { source, origin } = placeOf(there!);
    const job = { id: origin, name: 'message', text: source.data(), timestamp: 1_700_000_000_000 };
    const [here] = readEntries({ ...job, pickups: 1, stalls: 0 }, context);
    const { ledger } = (there as DeliveryEntry).delivery;
    // Bulk it stays, or the retries of a large job would pass what is urgent.
    expect(ledger.bulk).toBe(true);
    expect(here).toMatchObject({ delivery: { ledger } });
  });

  it.each([
    [{ v: 1 }, 'messages: expected a list of messages'],
    [{ v: 1, messages: [] }, 'messages: expected a list of messages'],
    [{ v: '1', messages: [good] }, 'v: expected 1'],
    [[good], 'v: expected 1'],
    [{ v: 1, messages: Array(501).fill(good) }, 'messages: 501 of them, at most 500 allowed'],
    [
      { v: 1, messages: [{ ...good, content: 'x'.repeat(MAX_MESSAGES_BYTES) }] },
      /^data: 5243\d\d bytes, at most 524288 allowed$/,
    ],
  ])('is one dead letter where it is none: %#', (data, problem) => {
    const entries = readMany(data);
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({
      kind: 'invalid',
      problem: typeof problem === 'string' ? problem : expect.stringMatching(problem),
      source: { name: 'messages' },
    });
    expect(placeOf(entries[0]!).source.data()).toBe(JSON.stringify(data));
  });

  it('waits as a whole for a worker that knows its version', () => {
    expect(readMany({ v: 2, messages: [good] })).toMatchObject([{ kind: 'newer', v: 2, origin: 'e3_x' }]);
  });
});

describe('a replay of a campaign’s message', () => {
  const channel = { name: 'kongregate', platform: 'kongregate', addressing: 'username', quota: true };
  const context = { channel, definition: platforms.kongregate, schemas } as unknown as ReadContext;
  const good = { v: 1, id: 'spring-1', platform: 'kongregate', content: 'Hello', campaign: 'spring' };
  const readOne = (data: object) => {
    const job = { id: 'c2_x:0:#2', name: 'message', text: JSON.stringify(data), timestamp: 1 };
    return readEntries({ ...job, pickups: 1, stalls: 0 }, context)[0];
  };
  const told = { ref: { campaign: 'spring' }, ledger: { campaign: 'spring', uncounted: true } };

  it('is of its campaign and none of those that were listed, also where it fits or reads no longer', () => {
    expect(readOne({ ...good, to: { username: 'ann' } })).toMatchObject({ delivery: told });
    expect(readOne({ ...good, to: { userId: 5 } })).toMatchObject({ kind: 'invalid', ...told });
    expect(readOne({ ...good, to: 7 })).toMatchObject({ kind: 'invalid', ...told });
  });

  it('is of none where it names what can be none', () => {
    const entry = readOne({ ...good, to: { username: 'ann' }, campaign: 'not an id' });
    expect(entry).toMatchObject({ kind: 'invalid', ledger: { campaign: undefined } });
  });
});

describe('a job of a campaign', () => {
  const channel = { name: 'kongregate', platform: 'kongregate', addressing: 'userId', quota: true };
  const context = { channel, definition: platforms.kongregate, schemas } as unknown as ReadContext;
  const created = 1_700_000_000_000;
  const content = {
    ...{ id: 'spring', created: String(created), paused: false, expiresAt: created + 86_400_000 },
    message: { platform: 'kongregate', content: 'Hello' },
  };
  const readAt = (timestamp: number, v: unknown = 2) => {
    const text = JSON.stringify({ v, campaign: 'spring', by: 'userId', to: [5, 6] });
    const job = { id: 'c2_x', name: 'campaign', text, timestamp, pickups: 1, stalls: 0 };
    return readEntries(job, context, content);
  };

  it('has the content of its campaign from the instant of its creation on', () => {
    expect(readAt(created)).toMatchObject([{ kind: 'delivery' }, { kind: 'delivery' }]);
  });

  it('has a version of its own, also for a recipient that leaves it', () => {
    const [, left] = readAt(created);
    expect(placeOf(left!).source.alone?.()).toEqual({
      name: 'campaign',
      data: '{"v":2,"campaign":"spring","by":"userId","to":[6]}',
    });
    for (const v of [1, '2', null])
      expect(readAt(created, v)).toMatchObject([{ kind: 'invalid', problem: 'v: expected 2' }]);
    expect(readAt(created, 3)).toMatchObject([{ kind: 'newer', v: 3, origin: 'c2_x' }]);
  });

  it('is left to newer workers also in another store, where its messages and their dead letters are whole', () => {
    const [first] = readAt(created);
    const { name, data } = placeOf(first!).source.away!();
    expect([name, JSON.parse(data).v]).toEqual(['listed', 2]);
    expect(schemas.parseJob(JSON.parse(data), created, 'm_1')).toEqual({ kind: 'newer', v: 2 });
    const stored = { id: 'c2_x:0:@1', timestamp: created, pickups: 1, stalls: 0 };
    const readText = (text: string, job = name) => readEntries({ ...stored, name: job, text }, context)[0];
    const message = { v: 1, campaign: 'spring', to: { userId: 5 }, content: 'Hello' };
    const listed = readText(data);
    expect(listed).toMatchObject({ delivery: { message, ledger: { uncounted: undefined } } });
    const wrong = readText(JSON.stringify({ ...JSON.parse(data), content: 9 }));
    expect(wrong).toMatchObject({ kind: 'invalid', ledger: { campaign: 'spring', uncounted: undefined } });
    for (const [entry, kind] of [
      [listed, 'delivery'],
      [wrong, 'invalid'],
    ] as const) {
      const letter = placeOf(entry).source;
      expect([letter.name, JSON.parse(letter.data()).v]).toEqual([undefined, 1]);
      expect(readText(letter.data(), 'message')).toMatchObject({ kind });
    }
    expect(readText(JSON.stringify({ ...JSON.parse(data), v: 3 }))).toMatchObject({ kind: 'newer', v: 3 });
  });

  it('has not that of a later campaign of the same id, and does not count in it', () => {
    const entries = readAt(created - 1);
    const lost = { kind: 'invalid', problem: 'campaign: spring is not known any more' };
    expect(entries).toMatchObject([lost, lost]);
    for (const entry of entries) expect(placeOf(entry).ledger?.campaign).toBeUndefined();
  });
});
