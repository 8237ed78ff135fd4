import { describe, expect, it } from 'vitest';
import { findLiveJob } from '../src/admin/explain/live-jobs.ts';
import type { OperatedStore } from '../src/channels/installation.ts';
import { readNdjson } from '../src/cli/input/ndjson.ts';
import { readPlays } from '../src/cli/input/plays.ts';
import { systemClock } from '../src/clock.ts';
import type { QueuedJob } from '../src/jobs/envelope.ts';
import { readEntries } from '../src/jobs/read-envelope.ts';
import { messageSchemasOf, type Platforms } from '../src/message/schema.ts';
import * as discourse from '../src/platforms/discourse/answer.ts';
import type { HttpAnswer } from '../src/platforms/http/result.ts';
import * as kongregate from '../src/platforms/kongregate/answer.ts';
import { platforms } from '../src/platforms/registry.ts';
import * as usercom from '../src/platforms/usercom/answer.ts';
import * as zulip from '../src/platforms/zulip/answer.ts';
import { readSearch } from '../src/platforms/zulip/search.ts';
import { misfit, prepare } from '../src/producer/prepare.ts';
import { channelConfig } from './config/channel-config.ts';
import { repeated } from './content/hostile-markdown.ts';
import {
  LONGEST_BLOCK_MS,
  slowCoreMs,
  slowCoreMsOfLongestTurn,
  slowCoreMsOfTurns,
} from './support/slow-core.ts';

/** What else than content can hold up an event loop: each of at most 64 KiB. */

const LONGEST = 64_000;
const text = (unit: string, length = LONGEST): string => repeated(unit, length);
const list = <T>(length: number, item: (n: number) => T): T[] => Array.from({ length }, (_, n) => item(n));
const nested = (open: string, close: string): string =>
  `${text(open, LONGEST / 2)}${text(close, LONGEST / 2)}`;
const fields = (length: number): Record<string, unknown> =>
  Object.fromEntries(list(length, (n) => [`field_${n}`, n]));

const kongregateMessage = { platform: 'kongregate', to: { userId: 1 }, content: 'Hello' };
const discourseMessage = {
  platform: 'discourse',
  to: { usernames: ['ann'] },
  title: 'News',
  content: 'Hello you there',
};
const zulipMessage = { platform: 'zulip', to: { userIds: [1] }, content: 'Hello' };

const MESSAGES: Readonly<Record<string, unknown>> = {
  'thousands of unknown fields': { ...kongregateMessage, ...fields(5_000) },
  'a list in place of a message': list(30_000, () => 1),
  'a thousand values': { ...kongregateMessage, content: '{{ field_1 }}', data: fields(1_000) },
  'thousands of values': { ...kongregateMessage, data: fields(5_000) },
  'to with thousands of fields': { ...kongregateMessage, to: fields(5_000) },
  'a platform of many characters': { ...kongregateMessage, platform: text('kongregate') },
  'an id of many characters': { ...kongregateMessage, id: text('a') },
  'a channel of many characters': { ...kongregateMessage, channel: text('a-') },
  'an instant of many digits': { ...kongregateMessage, sendAt: `2026-01-01T00:00:00.${text('0')}Z` },
  'a user name of many characters': { ...kongregateMessage, to: { username: text(' a') } },
  'thousands of entries of meta': { ...kongregateMessage, meta: fields(5_000) },
  'thousands of user names': { ...discourseMessage, to: { usernames: list(10_000, (n) => `u${n}`) } },
  'one user name ten thousand times': { ...discourseMessage, to: { usernames: list(10_000, () => 'ann') } },
  'a hundred long user names': {
    ...discourseMessage,
    to: { usernames: list(100, (n) => `${n}${text('é', 240)}`) },
  },
  'wrong user names': { ...discourseMessage, to: { usernames: list(10_000, () => ', ') } },
  'a user name of spaces': { ...discourseMessage, to: { usernames: [`a${text(' ')}b`] } },
  'a title of spaces': { ...discourseMessage, title: `a${text(' ', 998)}b` },
  'a title of comments': { ...discourseMessage, title: '{{ a }}', data: { a: text('<!--') } },
  'a title of colons': { ...discourseMessage, title: '{{ a }}', data: { a: text(':a') } },
  'a title of long words': { ...discourseMessage, title: '{{ a }}', data: { a: `:${text('a')}` } },
  'a title of dots and spaces': { ...discourseMessage, title: '{{ a }}', data: { a: text('.. ,, ') } },
  'native content of comments': { ...discourseMessage, format: 'native', content: text('<!--') },
  'native content of colons': { ...discourseMessage, format: 'native', content: text(':a:a') },
  'native content of a word': { ...discourseMessage, format: 'native', content: `:${text('a_')}` },
  'native content of spaces': {
    ...zulipMessage,
    format: 'native',
    content: `a${text(' ')}b${text('\n', 900)}`,
  },
  'native content and five hundred values': {
    ...discourseMessage,
    format: 'native',
    content: `${text('<a ', 50_000)}${'{{ a }}'.repeat(500)}`,
    data: { a: text('@', 130) },
  },
  'thousands of user ids': { ...zulipMessage, to: { userIds: list(10_000, (n) => n + 1) } },
  'wrong user ids': { ...zulipMessage, to: { userIds: list(10_000, () => 'x') } },
  'thousands of addresses': { ...zulipMessage, to: { emails: list(5_000, (n) => `a${n}@b.de`) } },
  'an address of dots': { ...zulipMessage, to: { emails: [text('a.')] } },
  'an address of many parts': { ...zulipMessage, to: { emails: [`a@${text('a.')}`] } },
  'an address of hyphens': { ...zulipMessage, to: { emails: [`a@${text('a-')}`] } },
  'thousands of entries of context': {
    platform: 'usercom',
    to: { userId: 1 },
    content: 'a',
    agent: 1,
    sourceContext: fields(5_000),
  },
};

const schemas = messageSchemasOf(platforms);
const channels = new Map(
  Object.keys(platforms).map((name) => [name, { ...channelConfig({}), name, platform: name }]),
);

/** All that a producer does with it before it is added. */
function produce(input: unknown): void {
  const preparation = prepare(input, {
    platforms: platforms as unknown as Platforms,
    schemas: schemas as never,
    clock: systemClock,
  });
  if (preparation.kind === 'prepared')
    misfit(preparation.prepared, { announced: new Map(), listed: new Map() } as never);
}

/** What administrators may have raised. */
const UNLIMITED = { maxMessageLength: 1e9, titleMax: 1e9, bodyMax: 1e9, maxRecipients: 1e9 };

/** All that a worker does with it before it is admitted. */
function consume(job: string): void {
  for (const [name, channel] of channels) {
    const definition = platforms[name as keyof typeof platforms];
    const queued = { id: 'm_1', text: job, timestamp: 1, pickups: 1, stalls: 0 } as QueuedJob;
    const [read] = readEntries(queued, { channel, definition, schemas } as never);
    if (read.kind !== 'delivery') continue;
    try {
      definition.render(read.delivery.message as never, UNLIMITED as never);
    } catch {}
  }
}

const DEEP = ['data', 'to', 'meta', 'content', 'unknown'].map((field): [string, string] => [
  field,
  `${JSON.stringify({ v: 1, ...kongregateMessage }).slice(0, -1)},"${field}":${nested('[', ']')}}`,
]);

describe('a message', () => {
  it.each(DEEP)('holds up neither producer nor worker, nested deep in %s', (_, job) => {
    expect(slowCoreMs(() => produce(JSON.parse(job)))).toBeLessThan(LONGEST_BLOCK_MS);
    expect(slowCoreMs(() => consume(job))).toBeLessThan(LONGEST_BLOCK_MS);
    expect(() => produce(JSON.parse(job))).not.toThrow();
    expect(() => consume(job)).not.toThrow();
  });

  it.each(Object.entries(MESSAGES))('holds up neither producer nor worker: %s', (_, message) => {
    expect(slowCoreMs(() => produce(message))).toBeLessThan(LONGEST_BLOCK_MS);
    const job = JSON.stringify({ v: 1, ...(message as object) });
    expect(slowCoreMs(() => consume(job))).toBeLessThan(LONGEST_BLOCK_MS);
  });
});

const JSON_TEXTS: Readonly<Record<string, string>> = {
  'nested lists': nested('[', ']'),
  'nested objects': `${text('{"a":', 32_000)}1${text('}', 6_400)}`,
  'lists that do not end': text('['),
  'objects that do not end': text('{"a":'),
  'a text that does not end': `{"a":"${text('a')}`,
  'escapes that do not end': `{"a":"${text('\\\\')}`,
  'escaped characters': `"${text('\\u0041', LONGEST)}"`,
  'many fields of one name': `{${text('"a":1,')}"b":2}`,
  'fields of any name': JSON.stringify(fields(5_000)),
  prototypes: `{${text('"__proto__":{},')}"b":2}`,
  numbers: `[${text('1e9,')}1]`,
  'one number of many digits': text('9'),
  spaces: `${text(' ')}1`,
};

const LINES: Readonly<Record<string, string>> = {
  ...JSON_TEXTS,
  quotes: text('"'),
  'quoted fields': text('"a",'),
  'quotes within quotes': text('"a""b",'),
  'a quote that does not end': `"${text('a,')}`,
  commas: text(','),
  digits: `${text('1')},2026-01-01T00:00:00Z`,
  instants: text('2026-01-01T00:00:00'),
};

async function* entries(...values: string[]) {
  for (const [index, value] of values.entries()) yield { line: index + 1, value };
}

/** Runs on without a pause, since nothing in it waits for anything outside. */
async function readAll(...lines: string[]): Promise<void> {
  for (const source of [
    readPlays(entries('username,at', ...lines)),
    readPlays(entries('{}', ...lines)),
    readNdjson(entries(...lines)),
  ])
    for await (const _ of source);
}

describe('a line', () => {
  it.each(Object.entries(LINES))('holds up no command, as CSV or JSON: %s', async (_, line) => {
    expect(await slowCoreMsOfTurns(() => readAll(line))).toBeLessThan(LONGEST_BLOCK_MS);
    expect(slowCoreMs(() => consume(line))).toBeLessThan(LONGEST_BLOCK_MS);
  });
});

const said = (words: string): string[] => [
  words,
  JSON.stringify({ success: false, errors: [words], error_description: words, error: 1 }),
  JSON.stringify({ result: 'error', msg: words, detail: words, user_id: [words], error_type: words }),
];

const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    Object.entries(JSON_TEXTS).map(([name, json]) => [
      name,
      [json, `{"success":false,"errors":${json}}`, `{"result":"error","detail":${json}}`],
    ]),
  ),
  ...Object.fromEntries(
    [
      'game ',
      'user ',
      'player not ',
      'is not ',
      'Game cannot send a PM to someone who hasn ',
      '<title',
      '<script>',
      '<!--',
      '<a ',
      'a',
      ' ',
      '\n',
      '\u202e',
      'can not send ',
      'no such ',
      'secret',
    ].map((unit) => [
      `"${unit.trim() || 'white space'}" again and again (${unit.length})`,
      said(text(unit, 60_000)),
    ]),
  ),
};

const READERS = {
  kongregate: kongregate.readAnswer,
  discourse: discourse.readAnswer,
  usercom: usercom.readAnswer,
  zulip: zulip.readAnswer,
} as Record<string, (answer: HttpAnswer, context: never) => unknown>;

describe('an answer', () => {
  const contents = [text('a'), text('game '), `${text(' ')}b`];
  it.each(Object.entries(ANSWERS))('holds up no worker: %s', (_, bodies) => {
    for (const read of Object.values(READERS))
      for (const body of bodies)
        for (const status of [200, 302, 400, 403, 422, 429])
          for (const content of status === 400 ? contents : contents.slice(0, 1)) {
            const context = {
              now: 0,
              isReply: false,
              blames: 'nobody',
              people: [12, 'secret@example.com'],
              unspeakable: { secrets: ['secret'], content },
              quotaRefusals: ['already been sent'],
              similarRefusals: ['too similar'],
              senderRefusals: ['not permitted'],
            } as never;
            const headers = { 'retry-after': text('1, ', 8_000), location: text('/t/', 8_000) };
            const answer: HttpAnswer = { kind: 'answered', status, headers, text: body };
            const thrown: unknown[] = [];
            const reading = (): void => {
              try {
                read(answer, context);
              } catch (error) {
                thrown.push(error);
              }
            };
            expect(slowCoreMs(reading)).toBeLessThan(LONGEST_BLOCK_MS);
            expect(thrown).toEqual([]);
          }
  });

  it.each(Object.entries(ANSWERS))('to a search holds up no worker: %s', (_, bodies) => {
    const messages = list(100, (id) => ({
      id,
      timestamp: id,
      content: text(bodies[0]?.slice(0, 3) ?? '', 600),
    }));
    const found = JSON.stringify({ result: 'success', messages });
    for (const body of [...bodies, found]) {
      const answer: HttpAnswer = { kind: 'answered', status: 200, headers: {}, text: body };
      expect(slowCoreMs(() => readSearch(answer, text(' '), 0, 0))).toBeLessThan(LONGEST_BLOCK_MS);
    }
  });
});

describe('a search for the job of a message', () => {
  it('holds up no event loop, however much waits', async () => {
    const messages = list(500, () => ({ ...kongregateMessage, content: text('Hello ', 900) }));
    const job = {
      name: 'messages',
      text: JSON.stringify({ v: 1, messages }),
      timestamp: 1,
      pickups: 0,
      stalls: 0,
    };
    const ids = list(100, (n) => ({ id: `e500_${n}`, dueAt: null }));
    const channel = {
      queue: {
        first: async (state: string) => (state === 'ready' ? ids : []),
        read: async (asked: string[]) => asked.map((id) => ({ ...job, id })),
      },
      store: { run: async () => ['null', 'null', 'null', '1'] },
      reading: { channel: channels.get('kongregate'), definition: platforms.kongregate, schemas },
    } as unknown as OperatedStore;
    const search = () => findLiveJob(channel, { key: 'of-nobody', unrecorded: true });
    expect(await search()).toBeUndefined();
    expect(await slowCoreMsOfLongestTurn(search)).toBeLessThan(LONGEST_BLOCK_MS);
  });
});
