import { z } from 'zod';
import { CHANNEL_NAME } from '../message/fields.ts';
import { SCOPES } from '../tokens/scopes.ts';
import { count, duration } from './values.ts';

/** The settings of the HTTP API, below `http.api`. */

/** Not the address of the probes: scrapers and applications are on different networks. */
export const DEFAULT_API = { host: '127.0.0.1', port: 9470 };

const configuredToken = z.strictObject({
  /** The name by which it is logged, and which keys of idempotency belong to. */
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected 1 to 64 letters, digits, _ or -'),
  /** The SHA-256 of the token, in hexadecimal: the token itself stands nowhere. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits, the SHA-256 of the token'),
  /** What it may do: `send`, `read`, `operate`. */
  scopes: z.array(z.enum(SCOPES)).min(1),
  /** The channels that it is limited to; all when absent. */
  channels: z.array(z.string().regex(CHANNEL_NAME, 'expected a channel name')).min(1).optional(),
});

const uniqueNames = (tokens: readonly { name: string }[]): boolean =>
  new Set(tokens.map(({ name }) => name)).size === tokens.length;

export const api = z
  .strictObject({
    /** The address to listen on. The API speaks plain HTTP: beyond this machine, put a proxy with TLS before it. */
    host: z.string().min(1).default(DEFAULT_API.host),
    /** The port to listen on; 0 selects a free one. */
    port: count({ from: 0, to: 65535 }).default(DEFAULT_API.port),
    /** Tokens beside those that `herald token create` makes. */
    tokens: z.array(configuredToken).refine(uniqueNames, 'expected a name of its own for each').default([]),
    /** Requests that each token may make, counted by each process; a stream of any length is one. */
    rate: z
      .strictObject({
        /** Requests in each interval. */
        max: count({ to: 1_000_000 }).default(100),
        /** The length of the interval, at most `1h`. */
        per: duration({ to: 3600_000 }).default(1000),
      })
      .prefault({})
      .transform(({ max, per }) => ({ max, perMs: per })),
    /** The most connections at a time. */
    connections: count({ to: 100_000 }).default(512),
    /** How long a connection may be silent, in a request or between two; at most `10m`. */
    idle: duration({ from: 100, to: 600_000 }).default(60_000),
  })
  .transform(({ idle, ...rest }) => ({ ...rest, idleMs: idle }));

export type ApiConfig = z.output<typeof api>;
