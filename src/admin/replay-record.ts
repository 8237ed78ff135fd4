import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { ENDED_REPLAYS_KEY, FORMER_REPLAYS_KEY, OPEN_REPLAYS_KEY, replayKey } from '../redis/keys.ts';
import { createScript } from '../redis/script.ts';

/** The changes to the record of a background replay: by operators, and by the process that carries it out. */

const script = createScript(readFileSync(new URL('lua/background-replay.lua', import.meta.url), 'utf8'));

/** Counted from the end of a replay: as long as it has not ended, it stays. */
const ENDED_LIFE_MS = 7 * 24 * 3_600_000;

/** What was done since the last report. */
export interface Steps {
  replayed: number;
  gone: number;
  failed: number;
  /** When the last processed letter died; 0 without one. */
  position: number;
}

export type Wanted = 'running' | 'paused' | 'cancelled';

async function change(redis: Redis, id: string, operation: string, ...rest: string[]): Promise<boolean> {
  const keys = [replayKey(id), OPEN_REPLAYS_KEY, ENDED_REPLAYS_KEY, FORMER_REPLAYS_KEY];
  return (await script.run(redis, keys, [operation, id, String(ENDED_LIFE_MS), ...rest])) === 1;
}

/** @returns false if it has ended, or does not exist */
export const wantReplay = (redis: Redis, id: string, wanted: Wanted): Promise<boolean> =>
  change(redis, id, 'want', wanted);

/** Does nothing where the replay does not exist. */
export async function reportReplay(redis: Redis, id: string, { position, ...counts }: Steps): Promise<void> {
  const made = Object.entries(counts).filter(([, count]) => count > 0);
  if (made.length === 0) return;
  await change(redis, id, 'report', String(position), ...made.flat().map(String));
}

/** The replay is through. */
export async function finishReplay(redis: Redis, id: string): Promise<void> {
  await change(redis, id, 'finish');
}

/** Lists a replay that a process of the version before began or ended where this one looks for it. Safe to repeat. */
export async function listAnew(redis: Redis, id: string): Promise<void> {
  await change(redis, id, 'list');
}
