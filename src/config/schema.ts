import { z } from 'zod';
import { CHANNEL_NAME } from '../message/fields.ts';
import type { PlatformDefinition } from '../platforms/port.ts';
import { api } from './api.ts';
import { board } from './board.ts';
import type { ChannelConfig, CommonInput } from './channel-schema.ts';
import { DEFAULT_HTTP } from './http-address.ts';
import { redis } from './redis.ts';
import { count, duration, share, switchable, unlessFields } from './values.ts';
import { toWebhooks, webhooksField } from './webhooks.ts';

/** The configuration: its schema as users write it (names pinned), and its parsed form, with durations in milliseconds. */

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Without credentials, which would end up in the log: OTEL_EXPORTER_OTLP_HEADERS is for them. */
function isReceiver(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && `${username}${password}` === '';
}

/** Everything but the fields of channels, which depend on their platform. */
export const rootSchema = z.strictObject({
  /** The Redis that holds the queues and the ledger: see [Redis](#redis). */
  redis: redis.default('redis://127.0.0.1:6379'),
  /** Where `/metrics`, `/livez` and `/readyz` are served; `false`: nowhere. */
  http: z
    .union(
      [
        z.literal(false),
        z.strictObject({
          /** The address to listen on. */
          host: z.string().min(1).default(DEFAULT_HTTP.host),
          /** The port to listen on; 0 selects a free one. */
          port: count({ from: 0, to: 65535 }).default(DEFAULT_HTTP.port),
          /** The HTTP API, on an address of its own: `true` for its defaults, or an object of its settings. See [http.md](http.md). */
          api: switchable(api, null, api.parse({})),
          /** The board for people, on an address of its own: `true` for its defaults, or an object of its settings. See [board.md](board.md). */
          board: switchable(board, null, board.parse({})),
        }),
      ],
      unlessFields('expected false, or an object of host and port'),
    )
    .prefault(DEFAULT_HTTP)
    .transform((http) => http || null),
  /** How long requests in flight may take to finish after SIGTERM; at most `10m`. */
  drainTimeout: duration({ to: 10 * 60_000 }).default(20_000),
  /** The receipts stream of each channel. */
  receipts: z
    .strictObject({
      /** How many final states a channel's stream keeps. */
      keep: count({ to: 100_000_000 }).default(100_000),
    })
    .default({ keep: 100_000 }),
  /** Where traces are exported; nowhere when absent. See [tracing](tracing.md). */
  tracing: z
    .strictObject({
      /** An OTLP/HTTP receiver: an http or https URL, `/v1/traces` where it has no path. */
      otlp: z
        .string()
        .refine(isReceiver, 'expected an http or https URL without credentials')
        .meta({ type: 'URL' }),
      /** The share of the messages without a trace of their own that get one, from 0 to 1. */
      sample: share.default(1),
    })
    .optional(),
  /** The endpoints that receipts are posted to, by name: up to 64 of `a-z`, `0-9`, `_` and `-`. */
  webhooks: webhooksField,
  /** The lowest severity that is logged. */
  logLevel: z.enum(LOG_LEVELS).default('info'),
  /** The channels, by name: up to 64 of `a-z`, `0-9`, `_` and `-`, the first a letter or digit. */
  channels: z
    .record(
      z.string().regex(CHANNEL_NAME, 'expected up to 64 of a-z, 0-9, _ and -, the first a letter or digit'),
      z.looseObject({ platform: z.string() }),
    )
    .refine((channels) => Object.keys(channels).length > 0, 'expected at least one channel'),
});

/** The parsed configuration. */
export const toConfig = (
  { drainTimeout, webhooks, ...root }: z.output<typeof rootSchema>,
  channels: ChannelConfig[],
) => ({
  ...root,
  drainTimeoutMs: drainTimeout,
  channels,
  webhooks: toWebhooks(
    webhooks,
    channels.map(({ name }) => name),
  ),
});

export type HeraldConfig = ReturnType<typeof toConfig>;

/** Where a worker exports its traces. */
export type TracingConfig = NonNullable<HeraldConfig['tracing']>;

type SettingsInput<D> =
  D extends PlatformDefinition<infer _M, infer S> ? { [K in keyof S]?: S[K] | undefined } : never;

type ChannelInput<P> = {
  [K in keyof P]: { platform: K } & CommonInput & SettingsInput<P[K]>;
}[keyof P];

/** An object of the shape of herald.yaml: durations as text (`10s`) or in milliseconds. The fields that a platform requires are checked when it is parsed. */
export type ConfigInput<P> = Omit<z.input<typeof rootSchema>, 'channels'> & {
  channels: Record<string, ChannelInput<P>>;
};
