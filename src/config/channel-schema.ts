import { z } from 'zod';
import type { PlatformDefinition } from '../platforms/port.ts';
import { MAX_SHARDS } from '../redis/shards.ts';
import { count, duration, flag, switchable, timeZone, unlessFields } from './values.ts';

/** The settings of a channel that all platforms have: as users write them (names pinned), and parsed, with durations in milliseconds. */

const ELIGIBILITY = { playedWithinMs: 14 * 24 * 3600_000, whenUnknown: 'send' } as const;
const QUOTA = { max: 1, per: 'day', timeZone: 'UTC', boundary: 'calendar' } as const;

const eligibility = z
  .strictObject({
    /** The longest time since the last play; a recipient who last played before is not called. */
    playedWithin: duration().default(ELIGIBILITY.playedWithinMs),
    /** What to do for a recipient of whom no play is known. `send`: the platform decides, and its refusal is remembered. */
    whenUnknown: z.enum(['send', 'suppress']).default(ELIGIBILITY.whenUnknown),
    /** How long a recorded play is kept; a year, or twice `playedWithin` if that is longer. */
    keepPlays: duration().optional(),
  })
  .refine(({ playedWithin, keepPlays = Number.POSITIVE_INFINITY }) => keepPlays >= playedWithin, {
    path: ['keepPlays'],
    error: 'must not be shorter than playedWithin, or plays would be dropped while they still count',
  })
  .transform(({ playedWithin, whenUnknown, keepPlays }) => ({
    playedWithinMs: playedWithin,
    whenUnknown,
    ...(keepPlays !== undefined && { keepPlaysMs: keepPlays }),
  }));

const quota = z.strictObject({
  /** Messages a recipient and window; only 1 is supported. */
  max: count()
    .refine((max) => max === 1, 'only 1 is supported: at most one message per recipient and window')
    .transform((): 1 => 1)
    .default(QUOTA.max),
  /** The length of the window; a duration has at least `1s`. */
  per: z
    .union(
      [z.enum(['hour', 'day', 'week']), duration({ from: 1000 }).transform((value) => ({ ms: value }))],
      {
        error: 'expected hour, day, week or a duration such as 12h',
      },
    )
    .default(QUOTA.per),
  /** The time zone whose calendar the windows follow. */
  timeZone: timeZone.default(QUOTA.timeZone),
  /** `calendar`: windows begin at midnight, on Mondays or at the full hour. `rolling`: a window begins with each delivery. */
  boundary: z.enum(['calendar', 'rolling']).default(QUOTA.boundary),
});

export type QuotaConfig = z.output<typeof quota>;

const rate = z
  .strictObject({
    /** Sends in each interval, at most 100,000. */
    max: count({ to: 100_000 }),
    /** The length of the interval, at most `24h`. */
    per: duration({ to: 24 * 3600_000 }),
  })
  .transform(({ max, per }) => ({ max, perMs: per }));

/** The fields that channels of all platforms have. */
export function commonShape({ name, defaults }: PlatformDefinition) {
  return {
    /** The platform that the channel speaks to: `kongregate`, `zulip`, `discourse` or `usercom`. */
    platform: z.literal(name),
    /**
     * Sends only to recipients who played lately. On for Kongregate, off elsewhere; `false` turns it off, `true` takes the
     * defaults.
     */
    eligibility: switchable(eligibility, defaults.eligibility ? ELIGIBILITY : null, ELIGIBILITY),
    /**
     * How many messages a recipient may get in a window. On for Kongregate, off elsewhere; `false` turns it off, `true` takes
     * the defaults.
     */
    quota: switchable(quota, defaults.quota ? QUOTA : null, QUOTA),
    /**
     * The most sends of all workers together in any interval, evenly spaced; 10 per `1s` for Kongregate, no limit elsewhere or with
     * `false`. Requests are spaced for 2 % less, so that delays on the way to the platform do not exceed it.
     */
    rate: z
      .union([z.literal(false), rate], unlessFields('expected false, or an object of max and per'))
      .optional()
      .transform((value) => (value === undefined ? (defaults.rate ?? null) : value || null)),
    /** The most requests in flight at a time, for one worker process; at most 1,000. */
    concurrency: count({ to: 1000 }).default(20),
    /**
     * Over how many parts of the store the channel's recipients are spread, 2 to 64; one when absent. Only for a channel that one
     * Redis cannot carry: see [Shards](configuration.md#shards). Fixed once a worker has served the channel.
     */
    shards: count({ from: 2, to: MAX_SHARDS }).optional(),
    /** The longest time of one request; at most `12s`, to fit the job lock. */
    timeout: duration().default(10_000),
    /** How long after an attempt's deadline its absence from the platform counts as proof that it did not arrive. */
    quietPeriod: duration().default(60_000),
    /** How long a send with an unknown result is pursued, and how long other messages wait for its slot. */
    patience: duration().default(600_000),
    /** Retries of known failures, with exponential backoff and full jitter. */
    retry: z
      .strictObject({
        /** The most attempts of a run, at most 1,000; then the message is dead, `exhausted`. */
        attempts: count({ to: 1000 }).default(12),
        /** The longest backoff before the first retry, doubled with each further one. */
        base: duration().default(5_000),
        /** The longest backoff. */
        cap: duration().default(600_000),
      })
      .prefault({})
      .refine(({ base, cap }) => base <= cap, { path: ['cap'], error: 'must not be shorter than base' })
      .transform(({ attempts, base, cap }) => ({ attempts, baseMs: base, capMs: cap })),
    /** The circuit breaker: a failing platform gets no requests for a while. */
    breaker: z
      .strictObject({
        /** Requests in a row without an answer, of all workers together, that open the breaker; at most 10,000. */
        failures: count({ to: 10_000 }).default(10),
        /** How long the channel rests at first, doubled each time that the probe fails. */
        rest: duration().default(30_000),
        /** The longest rest. */
        cap: duration().default(300_000),
      })
      .prefault({})
      .refine(({ rest, cap }) => rest <= cap, { path: ['cap'], error: 'must not be shorter than rest' })
      .transform(({ failures, rest, cap }) => ({ failures, restMs: rest, capMs: cap })),
    /**
     * When the answer to a send is lost: `confirm` (find out where the platform allows it, else keep), `keep` (never repeat) or
     * `resend` (the message may arrive twice).
     */
    onUnknown: z.enum(['confirm', 'keep', 'resend']).default('confirm'),
    /** The longest time that the platform may mean by its own day, counted from a message. */
    platformDay: duration().default(24 * 3600_000),
    /**
     * Whether receipts and log lines name the recipient, `to` as in the message, and the board shows the values that a message is
     * filled with.
     */
    discloseRecipients: flag().default(false),
  };
}

type ParsedChannel = z.output<z.ZodObject<ReturnType<typeof commonShape>>> & Record<string, unknown>;

/** The parsed form of a channel: the platform's own fields under `settings`, durations in milliseconds. */
export function toChannel(
  name: string,
  parsed: ParsedChannel,
  { channelShape, announced = [] }: PlatformDefinition,
) {
  const { platform, eligibility, quota, rate, concurrency, shards, retry, breaker, onUnknown } = parsed;
  const settings = Object.fromEntries(Object.keys(channelShape).map((key) => [key, parsed[key]]));
  const { baseUrl, addressing } = settings;
  return {
    name,
    platform,
    // Includes secrets and the base URL.
    settings,
    // The settings that producers may see.
    announced: Object.fromEntries(announced.map((key) => [key, settings[key]])),
    baseUrl: String(baseUrl),
    // How a quota channel addresses recipients, if the platform supports several ways.
    ...(typeof addressing === 'string' && { addressing }),
    eligibility,
    quota,
    rate,
    concurrency,
    ...(shards !== undefined && { shards }),
    timeoutMs: parsed.timeout,
    quietPeriodMs: parsed.quietPeriod,
    patienceMs: parsed.patience,
    retry,
    breaker,
    onUnknown,
    platformDayMs: parsed.platformDay,
    discloseRecipients: parsed.discloseRecipients,
  };
}

export type ChannelConfig = ReturnType<typeof toChannel>;

export type CommonInput = Omit<z.input<z.ZodObject<ReturnType<typeof commonShape>>>, 'platform'>;
