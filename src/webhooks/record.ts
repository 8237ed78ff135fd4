import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import type { WebhookConfig } from '../config/webhooks.ts';
import { webhookKey } from '../redis/keys.ts';
import { createScript } from '../redis/script.ts';
import type { Position } from './progress.ts';

/** An endpoint's record in Redis: which process posts to it, and how far it is. Every call is safe to repeat. */

const script = createScript(readFileSync(new URL('lua/turn.lua', import.meta.url), 'utf8'));

/** A process that died is followed by another after this long. */
export const LEASE_MS = 30_000;
/** An endpoint that nobody serves any more is forgotten. */
const RECORD_LIFE_MS = 90 * 86_400_000;

export interface Standing {
  /** By channel. */
  positions: ReadonlyMap<string, Position>;
  /** Since when the endpoint wants no more; milliseconds since the epoch. */
  gone: number | undefined;
}

export interface EndpointRecord {
  /**
   * @param starts whether this process starts: an endpoint that wanted no more is then tried again
   * @returns undefined while another process has the lease
   */
  take(starts: boolean): Promise<Standing | undefined>;
  /**
   * Renews the lease and writes the positions of these channels.
   * @param gone the instant at which the endpoint said that it wants no more
   * @returns false where another process has the lease
   */
  keep(positions: ReadonlyMap<string, Position>, gone?: number): Promise<boolean>;
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
      [webhookKey(name)],
      [operation, owner, String(LEASE_MS), String(RECORD_LIFE_MS), ...rest],
    );
  return {
    async take(starts) {
      const fields = (await call('take', digestOf(url), starts ? '1' : '', ...channels)) as string[] | null;
      return fields === null ? undefined : standingOf(fields, channels);
    },
    async keep(positions, gone) {
      const fields = [...positions].flatMap(([channel, position]) => [
        `at:${channel}`,
        JSON.stringify(position),
      ]);
      if (gone !== undefined) fields.push('gone', String(gone));
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
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(flat[i]!, flat[i + 1]!);
  const gone = fields.get('gone');
  const positions = channels.map((channel): [string, Position] => {
    const { after, ahead = [], missed } = JSON.parse(fields.get(`at:${channel}`)!) as Position;
    return [channel, { after, ahead, missed }];
  });
  return { positions: new Map(positions), gone: gone === undefined ? undefined : Number(gone) };
}
