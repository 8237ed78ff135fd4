import { replayDeadLetters } from '../src/app.ts';
import type { RedisOption } from '../src/redis/option.ts';
import { SERVED } from './channels.ts';
import type { Platforms } from './platforms.ts';

/** What certainly did not arrive. An `unconfirmed` letter may have, and is replayed only where a person asks for it. */
const REASONS = ['exhausted', 'bad_recipient', 'bad_request'] as const;
const AT_MOST = 200;

/** Replays dead letters while workers run; answers how many. Players that were unknown are known from then on. */
export async function replay(redis: RedisOption, { sandboxes }: Platforms): Promise<number> {
  const { journal, kongregate } = sandboxes.limiting;
  const unknown = new Set(
    journal
      .calls('kongregate')
      .flatMap(({ result, recipient }) => (result === 'unknown_user' ? [Number(recipient)] : [])),
  );
  kongregate.players.set(...[...unknown].map((userId) => ({ userId })));
  try {
    // A name that a deployment gave up has nobody who would deliver again.
    const channels = SERVED.map(({ name }) => name);
    const { replayed } = await replayDeadLetters({ redis, channels, reasons: [...REASONS], limit: AT_MOST });
    return replayed;
  } catch {
    return 0; // Redis went away meanwhile; the next replay finds what is left.
  }
}
