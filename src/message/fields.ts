import { z } from 'zod';
import { confidential, quotable } from '../disclosure.ts';
import { boundedRecord } from '../platforms/bounded-record.ts';

/** The fields that messages of all platforms have. A platform adds `to` and its own fields. */

export const MESSAGE_VERSION = 1;
export const MAX_CONTENT_BYTES = 64 * 1024;
/** Valid channel names: safe in Redis keys, metric labels and shells. */
export const CHANNEL_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;
/** Valid campaign ids: the id of a message is made of the campaign's. */
export const CAMPAIGN_ID = /^[A-Za-z0-9_-]{1,80}$/;
/** Without look-aheads, which users of the published schema in other languages may not have: ids of zeros mean no trace. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** Highest value of `priority`; 0 goes first. */
export const LAST_PRIORITY = 10;

/** Of a valid `traceparent`. */
export const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35);

const MAX_META_ENTRIES = 16;
const MAX_DATA_VALUES = 1000;
export const MAX_DATA_DEPTH = 8;

const instant = () =>
  quotable(z.iso.datetime({ offset: true, error: 'expected an ISO instant such as 2026-01-31T12:00:00Z' }));

/** UTF-8 takes at most three bytes per UTF-16 unit, so most contents need not be counted. */
const fitsContent = (text: string): boolean =>
  text.length * 3 <= MAX_CONTENT_BYTES || Buffer.byteLength(text) <= MAX_CONTENT_BYTES;

interface Budget {
  values: number;
  characters: number;
}

/** The path of a value that is not JSON; `unnamed` if it must not be quoted, or if there is too much. */
type Misfit = readonly string[] | 'unnamed';

/** Checks that `data` is plain JSON within the limits: it is untrusted, and is traversed again when the content is rendered. */
function misfitIn(value: unknown, budget: Budget, depth: number): Misfit | undefined {
  if (--budget.values < 0) return 'unnamed';
  if (typeof value === 'string') {
    budget.characters -= value.length;
    return budget.characters >= 0 ? undefined : 'unnamed';
  }
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : [];
  if (typeof value !== 'object') return typeof value === 'boolean' ? undefined : [];
  if (value === null) return;
  if (depth >= MAX_DATA_DEPTH) return 'unnamed';
  if (!isPlain(value)) return [];
  for (const [key, inner] of Object.entries(value)) {
    budget.characters -= key.length;
    const misfit = misfitIn(inner, budget, depth + 1);
    // A name of another form may be anything, as the values.
    if (misfit) return misfit !== 'unnamed' && PLAIN_NAME.test(key) ? [key, ...misfit] : 'unnamed';
  }
  return;
}

const PLAIN_NAME = /^[\w-]{1,64}$/;

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
}

const JSON_WANTED = 'expected text, a finite number, true, false, null, a list or a plain object';
const dataLimits = `expected plain JSON values: at most ${MAX_DATA_VALUES} of them, ${MAX_DATA_DEPTH} levels deep, 64 KiB in all`;

export const commonFields = {
  /** Version of the wire contract; `createProducer` writes it. */
  v: quotable(z.literal(MESSAGE_VERSION)),
  /**
   * The caller's own name for the message, unique within its channel: `[A-Za-z0-9_-]{1,100}`. A second message of the same id is
   * a `duplicate` until 24 h after the final state of the first. Generated when absent.
   */
  id: quotable(
    z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'expected 1 to 100 letters, digits, _ or -'),
  ).optional(),
  /** A configured channel of the message's platform; the platform's name when absent. */
  channel: quotable(
    z
      .string()
      .regex(
        CHANNEL_NAME,
        'expected a channel name: up to 64 of a-z, 0-9, _ and -, the first a letter or digit',
      ),
  ).optional(),
  /**
   * Markdown of up to 64 KiB and 10,000 lines and marks, rendered to the platform's dialect; with `format: 'native'` sent as it
   * is.
   */
  content: confidential(
    z
      .string()
      .min(1)
      .max(MAX_CONTENT_BYTES, { error: 'is longer than 64 KiB', abort: true })
      .refine(fitsContent, 'is longer than 64 KiB'),
  ),
  /** `markdown` (the default), or `native`: content in the platform's own format, sent as it is. */
  format: quotable(z.enum(['markdown', 'native'])).optional(),
  /**
   * Values for `{{ name }}` and `{{ a.b }}` in the content, filled in after the Markdown is parsed: a value never becomes markup.
   * A literal `{{` is written `\{{`. Plain JSON: at most 1,000 values, 8 levels deep, 64 KiB in all.
   */
  data: confidential(
    z.record(z.string(), z.unknown()).superRefine((data, context) => {
      const misfit = misfitIn(data, { values: MAX_DATA_VALUES, characters: MAX_CONTENT_BYTES }, 0);
      if (misfit === 'unnamed') context.addIssue({ code: 'custom', message: dataLimits });
      else if (misfit) context.addIssue({ code: 'custom', path: [...misfit], message: JSON_WANTED });
    }),
  ).optional(),
  /** Do not send before this instant (ISO 8601 with `Z` or an offset); at once when absent. */
  sendAt: instant().optional(),
  /** Do not send after this instant (ISO 8601 with `Z` or an offset), later than `sendAt`; 7 days after the enqueue when absent. */
  expiresAt: instant().optional(),
  /** 0 (the default) is sent first, 10 last. */
  priority: quotable(
    z.int(`expected a whole number from 0 to ${LAST_PRIORITY}`).min(0).max(LAST_PRIORITY),
  ).optional(),
  /**
   * What to do when the recipient already had a message in this window: `drop` this one (the default), or `defer` it to the next
   * window, at most until `expiresAt`.
   */
  onQuota: quotable(z.enum(['drop', 'defer'])).optional(),
  /** When the recipient last played, if the caller knows (ISO 8601 with `Z` or an offset); for the eligibility check. */
  lastPlayedAt: instant().optional(),
  /** Up to 16 short texts, copied to log lines and receipts: names of up to 64 characters, values of up to 256. */
  meta: boundedRecord(MAX_META_ENTRIES, z.string().min(1).max(64), z.string().max(256)).optional(),
  /**
   * The trace that the message is part of, as W3C Trace Context writes it (`00-<trace id>-<span id>-<flags>`): log lines name it, and
   * a worker that traces goes on with it. `createProducer({ tracing })` writes it.
   */
  traceparent: quotable(
    z.string().regex(TRACEPARENT, 'expected a traceparent: 00-<32 hexadecimal digits>-<16>-<2>'),
  ).optional(),
  /** The campaign that it is of: only in jobs, where Herald writes it when a message of a campaign is replayed. */
  campaign: quotable(z.string().regex(CAMPAIGN_ID, 'expected 1 to 80 letters, digits, _ or -')).optional(),
};

/** The common fields of a message that passed the schema. */
export type CommonFields = z.output<z.ZodObject<typeof commonFields, z.core.$strict>>;

/** The fields that an application may give as a Date. */
export const INSTANT_FIELDS = ['sendAt', 'expiresAt', 'lastPlayedAt'] as const;
export type InstantField = (typeof INSTANT_FIELDS)[number];
