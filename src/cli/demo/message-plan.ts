import type { MessageInput } from '../../app.ts';

/** Who is written to, and when: the same in every demo. */

export interface PlannedMessage {
  /** Milliseconds after the demo began to enqueue. */
  atMs: number;
  message: MessageInput;
}

/** No message is enqueued later than this. */
export const ENQUEUE_MS = 16_500;
/** When a worker is killed. */
export const KILL_AT_MS = 4_000;

const PLAYERS = 1_500;
const FIRST_PLAYER = 10_001;
/** From the first message of a player to the second, for those who do not get both at the same instant. */
const SECOND_AFTER_MS = 1_000;
/**
 * What the killed worker had in hand comes back after 15 to 19 s, and a message that waits for such a player's slot looks
 * at growing intervals: players of the moment before get one message only, or the demo would last a minute.
 */
const ALONE_BEFORE_KILL_MS = 1_500;

const PRIZES = ['a **golden** sword', 'an _ancient_ shield', 'a snake_case scroll', 'gold < silver coins'];

/**
 * Some 2,400 messages for 1,500 players, in the order of their moments. Of the ids one in ten ends in 7 (has not played)
 * and one in ten in 0 (unknown to the platform); two players in three get a second message, half of them at the very
 * instant of the first.
 */
export function planMessages(): PlannedMessage[] {
  const lastFirst = ENQUEUE_MS - SECOND_AFTER_MS;
  const planned = Array.from({ length: PLAYERS }, (_, i) => {
    const userId = FIRST_PLAYER + i;
    const atMs = Math.floor((i * lastFirst) / PLAYERS);
    const first = { atMs, message: messageFor(userId, 'a', i) };
    const alone = i % 3 === 0 || (atMs > KILL_AT_MS - ALONE_BEFORE_KILL_MS && atMs <= KILL_AT_MS);
    if (alone) return [first];
    const secondAt = atMs + (i % 2 === 0 ? 0 : SECOND_AFTER_MS);
    return [first, { atMs: secondAt, message: messageFor(userId, 'b', i + 1) }];
  });
  return planned.flat().sort((a, b) => a.atMs - b.atMs);
}

const messageFor = (userId: number, name: string, i: number): MessageInput => ({
  platform: 'kongregate',
  id: `${userId}-${name}`,
  to: { userId },
  content: `Hello, **player {{ player }}**: your guild has won ${PRIZES[i % PRIZES.length]}.`,
  data: { player: userId },
});

/** Half of the unknown players: those whose cause can be mended while the demo runs. */
export const mendablePlayers = (): number[] =>
  Array.from({ length: PLAYERS }, (_, i) => FIRST_PLAYER + i).filter((userId) => userId % 20 === 0);
