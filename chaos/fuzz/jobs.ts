import fc from 'fast-check';
import type { Entry } from '../../src/jobs/envelope.ts';
import { MESSAGE_JOB } from '../../src/jobs/job-ids.ts';
import { campaignJob } from './campaign-jobs.ts';
import { CHANNELS, type ChannelName } from './channels.ts';
import { type FuzzedEntry, manyData } from './many.ts';

/** Jobs as anybody who may write to Redis can make them: nearly right, far from it, and no JSON at all. */
export interface FuzzedJob {
  channel: ChannelName;
  name: string;
  /** As it stands in Redis. */
  data: string;
  /** Other fields of its hash, none of which may decide anything. */
  fields: Record<string, string>;
  /** What a worker must make of each of its messages, where that is known without asking Herald. */
  expects: readonly Expected[] | undefined;
}

export type Expected = Entry['kind'] | undefined;

const instant = (from: string, to: string) =>
  fc.oneof(
    {
      weight: 30,
      arbitrary: fc
        .date({ noInvalidDate: true, min: new Date(from), max: new Date(to) })
        .map((date) => date.toISOString()),
    },
    { weight: 1, arbitrary: fc.constantFrom('soon', '2026-02-30T00:00:00Z', '9999-12-31T23:59:59.999Z', '') },
  );
const id = fc.oneof(
  { weight: 30, arbitrary: fc.stringMatching(/^[A-Za-z0-9_-]{1,100}$/) },
  { weight: 1, arbitrary: fc.string() },
);
const content = fc.oneof(
  { weight: 50, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }) },
  { weight: 1, arbitrary: fc.constant('x'.repeat(70_000)) },
  {
    weight: 50,
    arbitrary: fc.constantFrom('Hello, *you* of the house', 'See [it](https://example.com/a?b=c)'),
  },
  {
    weight: 15,
    arbitrary: fc.constantFrom('Hello {{ name }} of the *house*', '{{ a.b }}', '{% if x %}', '\0', '\ud800'),
  },
  {
    weight: 50,
    arbitrary: fc
      .array(
        fc.constantFrom('*', '_', '`', '[', ']', '(', ')', '#', '>', '- ', '\n', '<b>', '@all', 'word '),
        {
          minLength: 1,
        },
      )
      .map((parts) => parts.join('')),
  },
);
const data = fc.dictionary(
  fc.oneof(fc.constantFrom('name', 'a', '__proto__', 'constructor'), fc.string()),
  fc.jsonValue(),
);

/** Mostly as it should be, sometimes anything. */
const mostly = <T>(right: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 80, arbitrary: right }, { weight: 1, arbitrary: fc.jsonValue() });

const toOf = {
  kongregate: fc.oneof(
    fc.record({ userId: fc.integer({ min: 1 }) }),
    fc.record({ username: fc.stringMatching(/^\w{1,16}$/) }),
  ),
  zulip: fc.record({ userIds: fc.array(fc.integer({ min: 1 }), { minLength: 1 }) }),
  discourse: fc.record(
    {
      usernames: fc.array(fc.stringMatching(/^\w{1,20}$/), { minLength: 1 }),
      groups: fc.array(fc.stringMatching(/^\w{1,20}$/)),
    },
    { requiredKeys: ['usernames'] },
  ),
  usercom: fc.record({
    conversationId: fc.oneof(fc.integer({ min: 1 }), fc.stringMatching(/^[\w-]{1,64}$/)),
  }),
};
const own = {
  kongregate: { imageUrl: mostly(fc.constant('https://example.com/a.png')) },
  zulip: {},
  discourse: {
    title: mostly(fc.constantFrom('A title', 'News', 'Of **you**', '{{ name }}')),
    topicId: fc.oneof({ weight: 30, arbitrary: fc.constant(undefined) }, fc.integer(), fc.jsonValue()),
    archive: mostly(fc.boolean()),
  },
  usercom: {
    agent: mostly(fc.integer({ min: 1 })),
    source: mostly(fc.integer({ min: 1, max: 5 })),
    sourceContext: mostly(fc.dictionary(fc.stringMatching(/^[a-z_]{1,20}$/), fc.string())),
  },
};

const nearly = (platform: keyof typeof toOf, channel: ChannelName) =>
  fc.record(
    {
      v: fc.oneof({ weight: 20, arbitrary: fc.constant(1) }, fc.constantFrom(2, 99), fc.jsonValue()),
      platform: mostly(fc.constant(platform)),
      to: mostly(fc.oneof({ weight: 60, arbitrary: toOf[platform] }, ...Object.values(toOf))),
      content: mostly(content),
      id: mostly(id),
      channel: mostly(
        fc.oneof({ weight: 30, arbitrary: fc.constant(channel) }, fc.constantFrom(...CHANNELS)),
      ),
      data: mostly(data),
      format: mostly(fc.constantFrom('markdown', 'native')),
      sendAt: mostly(instant('2020-01-01', '2027-01-01')),
      expiresAt: mostly(instant('2027-01-01', '2100-01-01')),
      priority: mostly(fc.integer({ min: 0, max: 10 })),
      onQuota: mostly(fc.constantFrom('drop', 'defer')),
      lastPlayedAt: mostly(instant('2020-01-01', '2030-01-01')),
      meta: mostly(fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 4 })),
      ...own[platform],
    },
    {
      requiredKeys:
        platform === 'discourse'
          ? (['v', 'platform', 'to', 'content', 'title'] as never)
          : ['v', 'platform', 'to', 'content'],
    },
  );

/** Whose platform each channel is. */
const PLATFORMS = { kongregate: 'kongregate', staff: 'zulip', forum: 'discourse', crm: 'usercom' } as const;

/** Nothing but what is right: the channel with a quota takes people by id. */
const sound = (platform: keyof typeof toOf, channel: ChannelName) =>
  fc.record({
    ...{ v: fc.constant(1), platform: fc.constant(platform), channel: fc.constant(channel) },
    to: platform === 'kongregate' ? fc.record({ userId: fc.integer({ min: 1 }) }) : toOf[platform],
    content: fc.stringMatching(/^[a-z]{10,60}$/),
    ...(platform === 'discourse' && { title: fc.constant('A title') }),
  });

/** Fields that BullMQ reads of a job, with what it expects there and what it does not. */
const FIELDS = [
  'opts',
  'progress',
  'parent',
  'parentKey',
  'rjk',
  'stc',
  'atm',
  'priority',
  'defa',
  'stacktrace',
];
const fields = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.dictionary(
      fc.constantFrom(...FIELDS),
      fc.oneof(
        fc.constantFrom('{', '[]', 'null', 'nan', '-1', '1e308', 'x'),
        fc.constantFrom('{"removeOnFail":{"count":1}}', '{"removeOnComplete":false,"attempts":9}'),
        fc.string(),
      ),
    ),
  },
);

const job = (data: fc.Arbitrary<string>, expects: Expected) =>
  fc.record({ name: fc.constant(MESSAGE_JOB), data, fields, expects: fc.constant([expects]) });
const asText = (message: fc.Arbitrary<unknown>) => message.map((value) => JSON.stringify(value));

/** An entry of a job of many has the version of its job, unless it names one. */
const entryOf = (channel: ChannelName): fc.Arbitrary<FuzzedEntry> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: sound(PLATFORMS[channel], channel).map((message) => ({
        message,
        expects: 'delivery' as const,
      })),
    },
    {
      weight: 2,
      arbitrary: nearly(PLATFORMS[channel], channel).map((message) => ({ message, expects: undefined })),
    },
  );
const withFields = <T>(job: fc.Arbitrary<T>) =>
  fc.tuple(job, fields).map(([made, fields]) => ({ ...made, fields }));
const manyJob = (channel: ChannelName) => withFields(manyData(entryOf(channel)));

const singleJob = (channel: ChannelName) =>
  fc.oneof(
    { weight: 15, arbitrary: job(asText(nearly(PLATFORMS[channel], channel)), undefined) },
    { weight: 3, arbitrary: job(asText(sound(PLATFORMS[channel], channel)), 'delivery') },
    { weight: 1, arbitrary: job(fc.json(), 'invalid') },
    { weight: 1, arbitrary: job(fc.string(), 'invalid') },
  );

/** What makes the jobs of a channel is made once: each pattern in it costs far more than a case of it. */
const ofAnyChannel = (jobs: (channel: ChannelName) => fc.Arbitrary<Omit<FuzzedJob, 'channel'>>) => {
  const made = new Map(
    CHANNELS.map((channel) => [channel, jobs(channel).map((job): FuzzedJob => ({ ...job, channel }))]),
  );
  return fc.constantFrom(...CHANNELS).chain((channel) => made.get(channel)!);
};

export const fuzzedSingleJob: fc.Arbitrary<FuzzedJob> = ofAnyChannel(singleJob);

export const fuzzedJob: fc.Arbitrary<FuzzedJob> = ofAnyChannel((channel) =>
  fc.oneof(
    { weight: 10, arbitrary: singleJob(channel) },
    { weight: 3, arbitrary: manyJob(channel) },
    { weight: 2, arbitrary: withFields(campaignJob(channel)) },
  ),
);
