import { z } from 'zod';
import { count, duration } from './values.ts';

/** The settings of the board, below `http.board`. */

/** Not the address of the probes: scrapers and operators are on different networks. */
export const DEFAULT_BOARD = { host: '127.0.0.1', port: 9471 };

const isOrigin = (text: string): boolean =>
  URL.canParse(text) &&
  /^https?:$/.test(new URL(text).protocol) &&
  new URL(text).origin === text.replace(/\/$/, '');

export const board = z
  .strictObject({
    /** The address to listen on. The board speaks plain HTTP: beyond this machine, put a proxy with TLS before it. */
    host: z.string().min(1).default(DEFAULT_BOARD.host),
    /** The port to listen on; 0 selects a free one. */
    port: count({ from: 0, to: 65535 }).default(DEFAULT_BOARD.port),
    /** Where people reach it, if by a proxy: links begin with it, and with `https` its cookies are sent by that alone. */
    url: z
      .string()
      .refine(isOrigin, 'expected an http or https URL without a path, such as https://herald.example.org')
      .transform((text) => new URL(text).origin)
      .meta({ type: 'URL' })
      .optional(),
    /**
     * How many proxies of yours are between people and the board: tries to sign in are then counted by the address that the outermost
     * of them wrote into `X-Forwarded-For`. With 0, by the address of the connection, whatever a header says.
     */
    trustedProxies: count({ from: 0, to: 10 }).default(0),
    /** How long somebody stays signed in, from `1m` to `30d`. */
    session: duration({ from: 60_000, to: 30 * 24 * 3600_000 }).default(12 * 3600_000),
  })
  .transform(({ session, ...rest }) => ({ ...rest, sessionMs: session }));

export type BoardConfig = z.output<typeof board>;

/** The address at which people reach the board. */
export function boardUrl({ url, host, port }: BoardConfig): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return url ?? `http://${name}:${port}`;
}
