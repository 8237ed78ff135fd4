import { z } from 'zod';
import { quotable } from '../disclosure.ts';
import { oncePer } from '../once-per.ts';
import type { PlatformDefinition } from '../platforms/port.ts';
import { type Checked, check } from './check.ts';
import { CAMPAIGN_ID, commonFields } from './fields.ts';
import type { AnyMessage, Platforms } from './schema.ts';

/** A campaign: one content for many recipients of one channel. Its schemas are made of the message's. */

/** What the messages of a campaign have in common, parsed. */
export type CommonMessage = Omit<
  AnyMessage,
  'v' | 'id' | 'campaign' | 'to' | 'expiresAt' | 'lastPlayedAt' | 'traceparent'
>;

/** A campaign as an application describes it: its messages' fields without `to`, `lastPlayedAt` and `traceparent`; `id` is its own. */
export type CampaignSpecOf<Input> = Input extends { platform: string }
  ? Omit<Input, 'id' | 'to' | 'lastPlayedAt' | 'traceparent'> & {
      /**
       * The name of the campaign, unique within its channel: `[A-Za-z0-9_-]{1,80}`. A start of the same id and content
       * continues the campaign.
       */
      id: string;
    }
  : unknown;

/** A recipient of a campaign. */
export interface CampaignRecipient<To = unknown> {
  /** As in a message to the campaign's channel. */
  to: To;
  /** Values for placeholders, in addition to those of the campaign; on the top level they replace those of the same name. */
  data?: Record<string, unknown> | undefined;
  /** When the recipient last played, if the caller knows; for the eligibility check. */
  lastPlayedAt?: string | Date | undefined;
}

/** A recipient that passed the schema. */
export type ParsedRecipient = CampaignRecipient<Record<string, unknown>> & { lastPlayedAt?: string };

/** A campaign that passed the schema. */
export type ParsedSpec = CommonMessage & { id: string; expiresAt?: string | undefined };

export interface CampaignSchemas {
  parseSpec(input: unknown): Checked<ParsedSpec>;
  /** The check of a recipient of this platform, made once: it is run for millions of them. */
  recipientsOf(platform: string): (input: unknown) => Checked<ParsedRecipient>;
}

// Without `traceparent`: a trace belongs to one message, not to all of a campaign.
const {
  v: _version,
  id: _id,
  campaign: _campaign,
  traceparent: _trace,
  lastPlayedAt,
  data,
  ...specFields
} = commonFields;
const specId = quotable(z.string().regex(CAMPAIGN_ID, 'expected 1 to 80 letters, digits, _ or -'));

/** Shared by all producers of a registry. */
export const campaignSchemasOf = oncePer((platforms: Platforms): CampaignSchemas => {
  const [first, ...rest] = Object.entries(platforms).map(([name, { messageShape }]) => {
    const { to: _to, ...own } = messageShape;
    return z.strictObject({ id: specId, ...specFields, data, platform: quotable(z.literal(name)), ...own });
  });
  const spec = z.discriminatedUnion('platform', [first!, ...rest]) as unknown as z.ZodType<ParsedSpec>;
  return {
    parseSpec: (input) => readable(() => check(spec, withTexts(input, ['sendAt', 'expiresAt']))),
    recipientsOf(platform) {
      const schema = recipientSchema(platforms[platform]!);
      return (input) => readable(() => check(schema, withTexts(input, ['lastPlayedAt'])));
    },
  };
});

const recipientSchema = oncePer(
  ({ messageShape }: PlatformDefinition) =>
    z.compile(
      z.strictObject({ to: messageShape['to'] as z.ZodType, data, lastPlayedAt }),
    ) as unknown as z.ZodType<ParsedRecipient>,
);

/** Checks the values of a recipient together with those of its campaign. */
export const checkData = (merged: unknown): Checked<unknown> => check(dataSchema, { data: merged });
const dataSchema = z.compile(z.strictObject({ data }));

/** Formats Dates as text, as on the wire. */
function withTexts(input: unknown, fields: readonly string[]): unknown {
  if (typeof input !== 'object' || input === null) return input;
  let given = input as Record<string, unknown>;
  for (const field of fields) {
    const value = given[field];
    if (value instanceof Date && !Number.isNaN(value.getTime()))
      given = { ...given, [field]: value.toISOString() };
  }
  return given;
}

/** A getter or proxy that throws must not stop a producer. */
function readable<T>(read: () => Checked<T>): Checked<T> {
  try {
    return read();
  } catch {
    return { problems: [{ path: '', message: 'could not be read' }] };
  }
}
