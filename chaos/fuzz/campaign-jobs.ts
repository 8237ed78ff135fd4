import fc from 'fast-check';
import { CAMPAIGN_JOB, CAMPAIGN_VERSION, MAX_MESSAGES, MAX_MESSAGES_BYTES } from '../../src/jobs/job-ids.ts';
import type { ChannelName } from './channels.ts';
import type { Expected, FuzzedJob } from './jobs.ts';

/** Jobs of campaigns: of one that is kept, of one that nobody can read, and of none; and what is no such job at all. */

/** Campaigns that every channel has. */
export const CAMPAIGN = 'spring';
/** Its hash holds something else. */
export const BROKEN_CAMPAIGN = 'broken';

type Made = Pick<FuzzedJob, 'name' | 'data' | 'expects'>;

/** The field of `to` that a bare value stands for, and values that it can have. */
const ADDRESSING = {
  kongregate: { by: 'userId', value: fc.integer({ min: 1 }) as fc.Arbitrary<unknown> },
  staff: { by: 'userIds', value: fc.array(fc.integer({ min: 1 }), { minLength: 1, maxLength: 3 }) },
  forum: {
    by: 'usernames',
    value: fc.array(fc.stringMatching(/^[a-z]{3,12}$/), { minLength: 1, maxLength: 2 }),
  },
  crm: { by: 'conversationId', value: fc.integer({ min: 1 }) },
} as const;

interface FuzzedRecipient {
  given: unknown;
  expects: Expected;
}

function recipientOf(channel: ChannelName): fc.Arbitrary<FuzzedRecipient> {
  const { by, value } = ADDRESSING[channel];
  const sound = (given: fc.Arbitrary<unknown>): fc.Arbitrary<FuzzedRecipient> =>
    given.map((given) => ({ given, expects: 'delivery' }));
  const invalid = (given: fc.Arbitrary<unknown>): fc.Arbitrary<FuzzedRecipient> =>
    given.map((given) => ({ given, expects: 'invalid' }));
  const whole = fc.record(
    {
      to: fc.oneof(
        value,
        value.map((each) => ({ [by]: each })),
      ),
      data: fc.dictionary(fc.constantFrom('name', 'a', '__proto__'), fc.string({ maxLength: 20 })),
      lastPlayedAt: fc.constantFrom('2026-01-01T00:00:00Z', '2020-01-01T00:00:00Z'),
    },
    { requiredKeys: ['to'] },
  );
  const anything = fc.record(
    { to: fc.jsonValue(), data: fc.jsonValue(), lastPlayedAt: fc.jsonValue() },
    { requiredKeys: [] },
  );
  return fc.oneof(
    { weight: 6, arbitrary: sound(value) },
    { weight: 6, arbitrary: sound(whole) },
    { weight: 2, arbitrary: invalid(fc.constantFrom(null, true, { to: null }, { v: 1 })) },
    // Discourse may name nobody, in a reply to a topic: only the rendering tells.
    {
      weight: 1,
      arbitrary: fc.constantFrom({}, { to: {} }).map((given) => ({ given, expects: undefined })),
    },
    { weight: 1, arbitrary: invalid(value.map((to) => ({ to, content: 'x', id: 'm' }))) },
    {
      weight: 2,
      arbitrary: fc.oneof(fc.jsonValue(), anything).map((given) => ({ given, expects: undefined })),
    },
  );
}

const jobOf = (data: object, expects: readonly Expected[]): Made => ({
  ...{ name: CAMPAIGN_JOB, data: JSON.stringify(data), expects },
});

export function campaignJob(channel: ChannelName): fc.Arbitrary<Made> {
  const { by } = ADDRESSING[channel];
  const recipients = fc.array(recipientOf(channel), { minLength: 1, maxLength: 8 });
  const listed = (all: readonly FuzzedRecipient[]): unknown[] => all.map(({ given }) => given);
  const none = fc.oneof(
    fc.constantFrom('winter', BROKEN_CAMPAIGN, '', 'no name', 'x'.repeat(200)),
    fc.jsonValue(),
  );
  return fc.oneof(
    {
      weight: 80,
      arbitrary: recipients.map((all) =>
        jobOf(
          { v: CAMPAIGN_VERSION, campaign: CAMPAIGN, by, to: listed(all) },
          all.map(({ expects }) => expects),
        ),
      ),
    },
    {
      weight: 12,
      arbitrary: fc.tuple(recipients, none).map(([all, campaign]) =>
        jobOf(
          { v: CAMPAIGN_VERSION, campaign, by, to: listed(all) },
          all.map(() => 'invalid'),
        ),
      ),
    },
    {
      weight: 8,
      arbitrary: fc.tuple(recipients, fc.jsonValue()).map(([all, field]) =>
        jobOf(
          { v: CAMPAIGN_VERSION, campaign: CAMPAIGN, by: field, to: listed(all) },
          all.map(() => undefined),
        ),
      ),
    },
    {
      weight: 4,
      arbitrary: fc
        .tuple(recipients, fc.integer({ min: CAMPAIGN_VERSION + 1, max: 99 }))
        .map(([all, v]) => jobOf({ v, campaign: CAMPAIGN, by, to: listed(all) }, ['newer'])),
    },
    {
      weight: 8,
      arbitrary: fc
        .constantFrom(undefined, null, [], {}, 'x', 7)
        .map((to) => jobOf({ v: CAMPAIGN_VERSION, campaign: CAMPAIGN, by, to }, ['invalid'])),
    },
    {
      weight: 2,
      arbitrary: recipients.map((all) =>
        jobOf({ v: 1, campaign: CAMPAIGN, by, to: listed(all) }, ['invalid']),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        jobOf(
          {
            v: CAMPAIGN_VERSION,
            campaign: CAMPAIGN,
            by,
            to: Array.from({ length: MAX_MESSAGES + 1 }, () => null),
          },
          ['invalid'],
        ),
        jobOf({ v: CAMPAIGN_VERSION, campaign: CAMPAIGN, by, to: ['x'.repeat(MAX_MESSAGES_BYTES)] }, [
          'invalid',
        ]),
        jobOf(
          {
            v: CAMPAIGN_VERSION,
            campaign: CAMPAIGN,
            by,
            to: Array.from({ length: MAX_MESSAGES }, () => null),
          },
          Array.from({ length: MAX_MESSAGES }, () => 'invalid' as const),
        ),
        { name: CAMPAIGN_JOB, data: 'no JSON', expects: ['invalid'] as const },
      ),
    },
  );
}
