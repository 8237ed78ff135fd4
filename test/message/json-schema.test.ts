import { readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { describeField } from '../../build/docs/sources.ts';
import { messageJsonSchema } from '../../src/message/json-schema.ts';
import { messageSchemasOf } from '../../src/message/schema.ts';
import { platforms } from '../../src/platforms/registry.ts';

const published = JSON.parse(readFileSync(new URL('../../message.schema.json', import.meta.url), 'utf8'));
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true, validateFormats: false }).compile(
  published,
);
const { wire } = messageSchemasOf(platforms);

const good = { v: 1, platform: 'kongregate', to: { userId: 32 }, content: 'Hello' };
const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
const listed = (depth: number): unknown => (depth === 0 ? 1 : [listed(depth - 1)]);

const REFUSED: [what: string, message: unknown][] = [
  ['another version', { ...good, v: 2 }],
  ['no version', { ...good, v: undefined }],
  ['a recipient of the wrong type', { ...good, to: { userId: 'x' } }],
  ['a recipient named twice', { ...good, to: { userId: 1, username: 'ada' } }],
  ['no recipient', { ...good, to: {} }],
  ['a recipient of another platform', { ...good, to: { emails: ['a@example.com'] } }],
  ['an unknown field', { ...good, subject: 'x' }],
  ['an unknown platform', { ...good, platform: 'x' }],
  ['no platform', { ...good, platform: undefined }],
  ['empty content', { ...good, content: '' }],
  [
    'too many entries of meta',
    { ...good, meta: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])) },
  ],
  ['data too deep', { ...good, data: nested(10) }],
  ['lists too deep', { ...good, data: { a: listed(9) } }],
  ['data that is a list', { ...good, data: [] }],
  ['a day that is none', { ...good, sendAt: '2026-02-30T00:00:00Z' }],
  ['an instant without an offset', { ...good, sendAt: '2026-02-03T00:00:00' }],
  ['a priority out of range', { ...good, priority: 11 }],
  ['a list', [good]],
  ['text', 'hello'],
];

const TAKEN: [what: string, message: unknown][] = [
  ['the least', good],
  ['data as deep as it may be', { ...good, data: nested(8) }],
  ['lists as deep as they may be', { ...good, data: { a: listed(7) } }],
  ['people on Zulip', { v: 1, platform: 'zulip', to: { userIds: [1, 2] }, content: 'Hello' }],
  ['a reply on Discourse', { v: 1, platform: 'discourse', to: {}, topicId: 5, content: 'Hello, all of you' }],
  [
    'a conversation on User.com',
    { v: 1, platform: 'usercom', to: { conversationId: 'a-1' }, content: 'Hello' },
  ],
];

/** Without the fields that are undefined, as JSON carries it. */
const asJson = (message: unknown): unknown => JSON.parse(JSON.stringify(message));

describe('the published schema', () => {
  it('is as it is made: run `npm run schema` after a change of the message', () => {
    expect(published).toEqual(asJson(messageJsonSchema(describeField)));
  });

  it.each(REFUSED)('refuses %s, as a worker does', (_, message) => {
    expect(wire.safeParse(asJson(message)).success).toBe(false);
    expect(validate(asJson(message))).toBe(false);
  });

  it.each(TAKEN)('takes %s, as a worker does', (_, message) => {
    expect(wire.safeParse(asJson(message)).success).toBe(true);
    expect(validate(asJson(message)), JSON.stringify(validate.errors)).toBe(true);
  });

  it('tells what is wrong once, and not for each platform', () => {
    validate({ ...good, to: { userId: 'x' } });
    const told = (validate.errors ?? []).filter(({ keyword }: ErrorObject) => keyword !== 'if');
    expect(told).toMatchObject([{ instancePath: '/to/userId', message: 'must be integer' }]);
  });
});
