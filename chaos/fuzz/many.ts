import fc from 'fast-check';
import { MAX_MESSAGES, MAX_MESSAGES_BYTES, MESSAGE_JOB, MESSAGES_JOB } from '../../src/jobs/job-ids.ts';
import type { FuzzedJob } from './jobs.ts';

/** Jobs of many messages: whole ones with something wrong in them, and what is no such job at all. */

export interface FuzzedEntry {
  message: unknown;
  expects: 'delivery' | 'invalid' | 'newer' | undefined;
}

type Made = Pick<FuzzedJob, 'name' | 'data' | 'expects'>;

const MIB = 1024 * 1024;

const invalid = (message: fc.Arbitrary<unknown>): fc.Arbitrary<FuzzedEntry> =>
  message.map((value) => ({ message: value, expects: 'invalid' }));

/** No list of messages. */
const noList = fc.oneof(
  fc.string(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constantFrom(null, [], {}, { 0: {}, length: 1 }),
);

/** What no version of a message can be. */
const noMessage = fc.oneof(
  noList,
  fc.constantFrom([[]], { v: 1 }, { v: 1, content: 'x' }, JSON.parse('{"__proto__":{"v":1}}') as object),
  fc.array(fc.jsonValue()),
);

const noVersion = fc.jsonValue().filter((v) => !(Number.isSafeInteger(v) && Number(v) > 0));

const many = (messages: readonly unknown[], v: unknown = 1): string => JSON.stringify({ v, messages });

const refused = (data: fc.Arbitrary<string>, name = MESSAGES_JOB): fc.Arbitrary<Made> =>
  data.map((text) => ({ name, data: text, expects: ['invalid'] }));

/** @param entry a message that is right, or nearly so */
export function manyData(entry: fc.Arbitrary<FuzzedEntry>): fc.Arbitrary<Made> {
  const nested = fc.array(entry, { maxLength: 3 }).map((entries) => ({
    ...{ v: 1, messages: entries.map(({ message }) => message) },
  }));
  const newer = fc
    .tuple(entry, fc.integer({ min: 2, max: 99 }))
    .map(([{ message }, v]): FuzzedEntry => ({ message: { ...Object(message), v }, expects: 'newer' }));
  const any = fc.oneof(
    { weight: 12, arbitrary: entry },
    { weight: 1, arbitrary: invalid(noMessage) },
    { weight: 1, arbitrary: invalid(nested) },
    { weight: 1, arbitrary: newer },
  );
  const whole = fc.array(any, { minLength: 1, maxLength: 8 }).map(
    (entries): Made => ({
      ...{ name: MESSAGES_JOB, data: many(entries.map(({ message }) => message)) },
      expects: entries.map(({ expects }) => expects),
    }),
  );
  const ofNewerVersion = fc
    .tuple(fc.integer({ min: 2, max: 99 }), fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()))
    .map(
      ([v, messages]): Made => ({
        ...{ name: MESSAGES_JOB, data: JSON.stringify({ v, messages }), expects: ['newer'] },
      }),
    );
  const ofSize = (bytes: number): fc.Arbitrary<string> =>
    entry.map(({ message }) => many([message, { v: 1, content: 'x'.repeat(bytes) }]));
  const ofCount = (count: number): fc.Arbitrary<string> =>
    noMessage.map((message) => many(Array.from({ length: count }, () => message)));
  return fc.oneof(
    { weight: 40, arbitrary: whole },
    { weight: 3, arbitrary: ofNewerVersion },
    // As many as there may be, each of them wrong by itself.
    {
      weight: 1,
      arbitrary: fc.constant<Made>({
        ...{ name: MESSAGES_JOB, data: many(Array.from({ length: MAX_MESSAGES }, (_, i) => i)) },
        expects: Array.from({ length: MAX_MESSAGES }, () => 'invalid' as const),
      }),
    },
    { weight: 1, arbitrary: refused(ofCount(MAX_MESSAGES + 1)) },
    { weight: 1, arbitrary: refused(ofSize(MAX_MESSAGES_BYTES)) },
    { weight: 1, arbitrary: refused(ofSize(MIB)) },
    { weight: 2, arbitrary: refused(fc.oneof(fc.json(), fc.string())) },
    { weight: 2, arbitrary: refused(noList.map((messages) => JSON.stringify({ v: 1, messages }))) },
    { weight: 2, arbitrary: refused(noVersion.map((v) => many([{ content: 'x' }], v))) },
    // The name of the one kind, the data of the other.
    {
      weight: 1,
      arbitrary: refused(entry.map(({ message }) => JSON.stringify({ ...Object(message), v: 1 }))),
    },
    {
      weight: 1,
      arbitrary: refused(
        nested.map((value) => JSON.stringify(value)),
        MESSAGE_JOB,
      ),
    },
  );
}
