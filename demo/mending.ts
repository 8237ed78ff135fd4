import type { Replayed } from '../src/admin/admin.ts';
import { replayDeadLetters } from '../src/app.ts';
import { mendablePlayers } from './message-plan.ts';
import type { Performance } from './performance.ts';
import type { Scene } from './scene.ts';
import { until } from './waiting.ts';

/** The mending of a cause, and the replay of what died of it. */
export interface Mended {
  players: number;
  replay: Replayed;
}

const REASON = 'bad_recipient';
const CHANNEL = 'kongregate';

/** The same by hand. */
export const REPLAY_COMMAND = `herald dead replay --channel ${CHANNEL} --reason ${REASON} --yes`;

/** Makes half of the unknown players known, replays every letter that died of it, and waits for the second runs. */
export async function mendAndReplay(
  { redis, sandbox }: Scene,
  { watch }: Performance,
  signal: AbortSignal,
): Promise<Mended> {
  const players = mendablePlayers();
  sandbox.kongregate.players.set(...players.map((userId) => ({ userId, state: 'played' as const })));
  const replay = await replayDeadLetters({
    redis: redis.url,
    channels: [CHANNEL],
    reasons: [REASON],
    signal,
  });
  const done = (): boolean => watch.books[CHANNEL].tally(2).finals >= replay.replayed;
  await Promise.race([until(done, signal), watch.ended]);
  return { players: players.length, replay };
}
