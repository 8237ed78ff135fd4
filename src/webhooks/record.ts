import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import type { WebhookConfig } from '../config/webhooks.ts';
import { positionFrom } from '../receipts/cursor.ts';
import { toMap } from '../redis/flat-pairs.ts';
import { WEBHOOKS_KEY, webhookKey } from '../redis/keys.ts';
import { createScript } from '../redis/script.ts';
import type { Position } from './progress.ts';

/** An endpoint's record in Redis: which process posts to it, and its positions. Every call is safe to repeat. */

const script = createScript(readFileSync(new URL('lua/turn.lua', import.meta.url), 'utf8'));

/** After this time another process takes over from one that died. */
export const LEASE_MS = 30_000;
/** After this time an endpoint that no process serves is forgotten. */
const RECORD_LIFE_MS = 90 * 86_400_000;

export interface Standing {
  /** By channel. */
  positions: ReadonlyMap<string, Position>;
  /** When the endpoint answered 410, milliseconds since the epoch; undefined if it did not. */
  gone: number | undefined;
}

/** Milliseconds since the epoch. */
export interface Marks {
  gone?: number | undefined;
  rest?: number | undefined;
}

export interface EndpointRecord {
  /**
   * @param starts whether this process is starting: an endpoint that answered 410 is then tried again
   * @returns undefined while another process has the lease
   */
  take(starts: boolean): Promise<Standing | undefined>;
  /**
   * Renews the lease and writes the positions of these channels.
   * @param marks `gone`: when the endpoint answered 410; `rest`: until when nothing is sent to it
   * @returns false if another process has the lease
   */
  keep(positions: ReadonlyMap<string, Position>, marks: Marks): Promise<boolean>;
  release(): Promise<void>;
}

export function endpointRecord(
  redis: Redis,
  { name, url, channels }: Pick<WebhookConfig, 'name' | 'url' | 'channels'>,
  owner: string,
): EndpointRecord {
  const call = (operation: string, ...rest: string[]): Promise<unknown> =>
    script.run(
      redis,
      [webhookKey(name), WEBHOOKS_KEY],
      [operation, owner, String(LEASE_MS), String(RECORD_LIFE_MS), ...rest],
    );
  return {
    async take(starts) {
      const fields = (await call('take', name, digestOf(url), starts ? '1' : '', ...channels)) as
        | string[]
        | null;
      return fields === null ? undefined : standingOf(fields, channels);
    },
    async keep(positions, { gone, rest }) {
      const fields = [...positions].flatMap(([channel, position]) => [
        `${AT}${channel}`,
        JSON.stringify(position),
      ]);
      if (gone !== undefined) fields.push('gone', String(gone));
      if (rest !== undefined) fields.push('rest', String(Math.ceil(rest)));
      return (await call('keep', ...fields)) === 1;
    },
    async release() {
      await call('release');
    },
  };
}

/** The URL itself may be a secret. */
const digestOf = (url: string): string => createHash('sha256').update(url).digest('base64url').slice(0, 16);

function standingOf(flat: readonly string[], channels: readonly string[]): Standing {
  const fields = toMap(flat);
  const positions = channels.map((channel) => [channel, positionOf(fields.get(`${AT}${channel}`)!)] as const);
  return { positions: new Map(positions), gone: numberOf(fields.get('gone')) };
}

const AT = 'at:';
const numberOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text);

function positionOf(text: string): Position {
  const { after, ahead = [], passed = 0, pending, missed } = JSON.parse(text) as Position;
  return { after, ahead, passed, pending, missed };
}

function readable(text: string): Position | undefined {
  try {
    const position = positionOf(text);
    positionFrom(position.after);
    return Array.isArray(position.ahead) && Number.isInteger(position.passed) ? position : undefined;
  } catch {
    // Anything may write to Redis, and the other endpoints are to be told of nevertheless.
    return undefined;
  }
}

/** What is known of an endpoint without posting to it. Milliseconds since the epoch. */
export interface EndpointFacts extends Pick<Standing, 'gone'> {
  /** By channel; undefined where it cannot be read. */
  positions: ReadonlyMap<string, Position | undefined>;
  /** Until when a process has its lease. */
  until: number;
  /** Until when that process sends it nothing. */
  rest: number | undefined;
}

/** Undefined for one that is not known, or no longer. */
export async function readEndpoint(redis: Redis, name: string): Promise<EndpointFacts | undefined> {
  const fields = await redis.hgetall(webhookKey(name));
  const channels = Object.keys(fields).filter((field) => field.startsWith(AT));
  if (channels.length === 0) return undefined;
  const positions = channels.map((field) => [field.slice(AT.length), readable(fields[field]!)] as const);
  const { gone, rest, until = '0' } = fields;
  return {
    ...{ positions: new Map(positions), until: Number(until) },
    ...{ gone: numberOf(gone), rest: numberOf(rest) },
  };
}
