import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { campaignSchemasOf } from '../../src/message/campaign.ts';
import { DEFAULT_LIFE_MS, messageSchemasOf } from '../../src/message/schema.ts';
import type { PlatformDefinition } from '../../src/platforms/port.ts';
import { platforms } from '../../src/platforms/registry.ts';

const schemas = messageSchemasOf(platforms);
const ADDED = Date.parse('2026-03-01T00:00:00Z');
const good = { v: 1, id: 'a-1', platform: 'kongregate', to: { userId: 32 }, content: 'Hello, **world**' };
const parse = (data: unknown, at = ADDED) => schemas.parseJob(data, at, '17');
const problemsOf = (data: unknown): string[] => {
  const parsed = parse(data);
  if (parsed.kind !== 'invalid') throw new Error(`expected an invalid message, got ${parsed.kind}`);
  return parsed.problems;
};

describe('a job that holds a message', () => {
  it('is parsed, with its expiry seven days after its enqueue', () => {
    expect(parse(good)).toEqual({
      kind: 'message',
      id: 'a-1',
      message: good,
      expiresAtMs: ADDED + DEFAULT_LIFE_MS,
      sendAtMs: undefined,
    });
  });

  it('keeps the times that it names, with their offset', () => {
    const times = { sendAt: '2026-03-02T00:00:00Z', expiresAt: '2026-03-02T02:00:00+01:00' };
    expect(parse({ ...good, ...times })).toMatchObject({
      sendAtMs: Date.parse('2026-03-02T00:00:00Z'),
      expiresAtMs: Date.parse('2026-03-02T01:00:00Z'),
    });
  });

  it('is named after the job where its producer gave no id: the same name at every redelivery', () => {
    const { id: _, ...anonymous } = good;
    const name = (jobId: string, at = ADDED) => {
      const parsed = schemas.parseJob(anonymous, at, jobId);
      return parsed.kind === 'message' ? parsed.id : '';
    };
    expect(name('17')).toMatch(/^[A-Za-z0-9_-]{1,100}$/);
    expect(name('17')).toBe(name('17'));
    expect(new Set([name('17'), name('18'), name('a:b'), name('a_b'), name('17', ADDED + 1)])).toHaveProperty(
      'size',
      5,
    );
  });

  it('is left for a newer worker when its version is newer, whatever else it holds', () => {
    expect(parse({ v: 99 })).toEqual({ kind: 'newer', v: 99 });
    expect(parse({ v: 2, platform: 'fax' })).toEqual({ kind: 'newer', v: 2 });
  });
});

describe('a job that does not parse', () => {
  it.each([
    ['no object', 'hello', ': expected an object'],
    ['null', null, 'expected an object'],
    ['a list', [good], 'expected an object'],
    ['no version', { ...good, v: undefined }, 'v: is missing'],
    ['version as text', { ...good, v: '1' }, 'v: expected 1, got "1"'],
    ['version zero', { ...good, v: 0 }, 'v: expected 1, got 0'],
    [
      'another platform',
      { ...good, platform: 'fax' },
      'platform: expected one of kongregate, zulip, discourse, usercom, got "fax"',
    ],
    [
      'an id with a colon',
      { ...good, id: 'a:b' },
      'id: expected 1 to 100 letters, digits, _ or -, got "a:b"',
    ],
    [
      'a recipient of the wrong type',
      { ...good, to: { userId: 'x' } },
      'to.userId: expected a number, got "x"',
    ],
    ['no recipient', { ...good, to: {} }, 'to: expected one of userId, username'],
    [
      'two recipients',
      { ...good, to: { userId: 1, username: 'a' } },
      'to: expected only one of username, userId',
    ],
    ['an unknown field', { ...good, subject: 'x' }, 'subject: is not a known field'],
    ['an unknown field deep down', { ...good, to: { userId: 1, x: 1 } }, 'to.x: is not a known field'],
    [
      'a prototype by name',
      JSON.parse(`{"__proto__":{},${JSON.stringify(good).slice(1)}`),
      '__proto__: is not a',
    ],
    [
      'priority out of range',
      { ...good, priority: 11 },
      'priority: expected a whole number from 0 to 10, got 11',
    ],
    [
      'a fractional priority',
      { ...good, priority: 1.5 },
      'priority: expected a whole number from 0 to 10, got 1.5',
    ],
    ['no instant', { ...good, sendAt: 'soon' }, 'sendAt: expected an ISO instant such as'],
    ['empty content', { ...good, content: '' }, 'content: must not be empty'],
    [
      'a long meta value',
      { ...good, meta: { a: 'x'.repeat(257) } },
      'meta.a: expected at most 256 characters',
    ],
    [
      'a long meta name',
      { ...good, meta: { ['k'.repeat(65)]: 'x' } },
      'is not a valid name: expected at most 64',
    ],
    ['data that is no JSON tree', { ...good, data: { at: new Date() } }, 'data.at: expected text, a finite'],
    ['a value that is not there', { ...good, data: { a: [{ b: undefined }] } }, 'data.a.0.b: expected text'],
    ['one under a name that may be anything', { ...good, data: { 'a b': 10n } }, 'data: expected plain JSON'],
  ])('says what is wrong: %s', (_, data, problem) => {
    expect(problemsOf(data).join('\n')).toContain(problem.replace(/^: /, ''));
  });

  it('keeps an id that can be read, so that its dead letter can be found by name', () => {
    expect(parse({ ...good, content: 1 })).toMatchObject({ kind: 'invalid', id: 'a-1' });
    expect(parse({ ...good, id: 'a:b' })).not.toHaveProperty('id');
  });

  it('wants an end after the beginning', () => {
    const at = '2026-03-02T00:00:00Z';
    expect(problemsOf({ ...good, sendAt: at, expiresAt: at })).toEqual([
      'expiresAt: must be later than sendAt',
    ]);
  });

  it('takes 64 KiB of content, counted in bytes, and not one more', () => {
    const content = 'é'.repeat(32 * 1024);
    expect(parse({ ...good, content }).kind).toBe('message');
    expect(problemsOf({ ...good, content: `${content}x` })).toEqual(['content: is longer than 64 KiB']);
    expect(problemsOf({ ...good, content: 'x'.repeat(1 << 20) })).toEqual(['content: is longer than 64 KiB']);
  });

  it('takes 16 entries of meta and no more', () => {
    const meta = (n: number, value: unknown = 'v') =>
      Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, value]));
    expect(parse({ ...good, meta: meta(16) }).kind).toBe('message');
    expect(problemsOf({ ...good, meta: meta(17) })).toEqual(['meta: expected at most 16 entries']);
    // Counted before they are checked: one problem, not thousands.
    expect(problemsOf({ ...good, meta: meta(5_000, 1) })).toEqual(['meta: expected at most 16 entries']);
  });

  it('bounds data in depth, number and size', () => {
    let deep: unknown = 'x';
    for (let i = 0; i < 50_000; i++) deep = { deep };
    for (const data of [{ deep }, { list: Array(1001).fill(1) }, { text: 'x'.repeat(65 * 1024) }])
      expect(problemsOf({ ...good, data })[0]).toMatch(/^data: expected plain JSON values/);
  });

  it('never repeats content, data, meta, or long values', () => {
    const secret = 'the-very-words-of-the-message';
    const bad = {
      ...good,
      content: { text: secret },
      data: { [secret.repeat(3)]: () => secret },
      meta: { a: [secret] },
      format: secret.repeat(3),
      to: { username: secret.repeat(2) },
    };
    const text = problemsOf(bad).join('\n');
    expect(text).toContain('format: expected one of markdown, native, got 87 characters');
    expect(text.replaceAll(/\S*: is not a known field/g, '')).not.toContain(secret);
  });

  it('refuses a job whose timestamp is no instant', () => {
    for (const at of [Number.NaN, -1, 0, 1e18]) expect(parse(good, at).kind).toBe('invalid');
  });

  it('never throws, and never takes garbage for a message', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withDate: true, withBigInt: true }), (data) => {
        expect(parse(data).kind).not.toBe('message');
      }),
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('id', 'to', 'content', 'data', 'meta', 'v'), fc.anything()),
        (some) => {
          expect(['message', 'newer', 'invalid']).toContain(parse({ ...good, ...some }).kind);
        },
      ),
    );
    const hostile = {
      get platform(): string {
        throw new Error('no');
      },
    };
    expect(problemsOf(hostile)).toEqual(['could not be read']);
  });
});

describe('a registry of several platforms', () => {
  const definition = (shape: z.ZodRawShape): PlatformDefinition =>
    ({ ...platforms.kongregate, messageShape: shape }) as PlatformDefinition;
  const two = messageSchemasOf({
    pigeon: definition({ to: z.strictObject({ loft: z.string() }) }),
    fax: definition({ to: z.strictObject({ number: z.string() }), pages: z.int().optional() }),
  });

  it('checks a message by the shape of its own platform', () => {
    const fax = { platform: 'fax', to: { number: '1' }, content: 'x', pages: 2 };
    expect(two.parseInput(fax).kind).toBe('message');
    expect(two.parseInput({ ...fax, platform: 'pigeon' })).toEqual({
      kind: 'invalid',
      problems: [
        { path: 'to.loft', message: 'is missing' },
        { path: 'to.number', message: 'is not a known field' },
        { path: 'pages', message: 'is not a known field' },
      ],
    });
    expect(two.parseInput({ ...fax, platform: 'post' })).toEqual({
      kind: 'invalid',
      problems: [{ path: 'platform', message: 'expected one of pigeon, fax, got "post"' }],
    });
  });

  it('takes a Date of a producer for an instant, and puts ISO text on the wire', () => {
    const at = new Date('2026-03-02T00:00:00Z');
    const given = { platform: 'fax', to: { number: '1' }, content: 'x', sendAt: at, lastPlayedAt: at };
    const text = at.toISOString();
    expect(two.parseInput(given)).toMatchObject({ message: { sendAt: text, lastPlayedAt: text } });
    expect(two.parseInput({ ...given, sendAt: new Date(Number.NaN) })).toEqual({
      kind: 'invalid',
      problems: [
        {
          path: 'sendAt',
          message: 'expected an ISO instant such as 2026-01-31T12:00:00Z, got an invalid Date',
        },
      ],
    });
  });

  it('reads no getter of a producer that throws', () => {
    const hostile = {
      get platform(): string {
        throw new Error('no');
      },
    };
    expect(two.parseInput(hostile)).toEqual({
      kind: 'invalid',
      problems: [{ path: '', message: 'could not be read' }],
    });
  });

  it('lets a producer leave out the version, and refuses another one', () => {
    const message = { platform: 'fax', to: { number: '1' }, content: 'x' };
    expect(two.parseInput(message)).toMatchObject({ kind: 'message', message: { v: 1 } });
    expect(two.parseInput({ ...message, v: 2 }).kind).toBe('invalid');
  });
});

describe('the trace of a message', () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

  it.each([traceparent, traceparent.replace('00-', 'cc-'), traceparent.replace('-01', '-00')])(
    'is taken on both sides of the queue: %s',
    (given) => {
      const { v: _, ...input } = good;
      expect(schemas.parseInput({ ...input, traceparent: given }).kind).toBe('message');
      expect(parse({ ...good, traceparent: given })).toMatchObject({ message: { traceparent: given } });
    },
  );

  it('is none of a campaign', () => {
    const { parseSpec } = campaignSchemasOf(platforms);
    const spec = { id: 'spring', platform: 'kongregate', content: 'Hello' };
    expect(parseSpec(spec)).toMatchObject({ data: spec });
    expect(parseSpec({ ...spec, traceparent })).toMatchObject({ problems: [{ path: 'traceparent' }] });
  });

  it.each(['', 'x', traceparent.toUpperCase(), `${traceparent}-00`, traceparent.replace('-01', '')])(
    'is refused where it is none: %j',
    (given) => {
      expect(problemsOf({ ...good, traceparent: given })[0]).toContain('traceparent: expected a traceparent');
    },
  );
});

describe('the campaign of a message', () => {
  it('is told by a job, and not by an application', () => {
    expect(parse({ ...good, campaign: 'spring' })).toMatchObject({
      kind: 'message',
      message: { campaign: 'spring' },
    });
    expect(problemsOf({ ...good, campaign: 'spring time' })[0]).toContain('campaign: expected 1 to 80');
    const { v: _, ...input } = good;
    expect(schemas.parseInput({ ...input, campaign: 'spring' })).toMatchObject({
      kind: 'invalid',
      problems: [{ path: 'campaign' }],
    });
    expect(schemas.parseInput(input)).toMatchObject({ kind: 'message' });
  });
});
