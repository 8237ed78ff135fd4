import type { MessageInput } from '../src/app.ts';
import { CHANNELS, type Channel } from './channels.ts';

/** Which messages are sent, and when: the same in every demo. */

export interface PlannedMessage {
  /** Milliseconds after the demo began to enqueue. */
  atMs: number;
  channel: Channel;
  id: string;
  message: MessageInput;
}

/** No message is enqueued later than this. */
export const ENQUEUE_MS = 15_000;
/** When a worker is killed. */
export const KILL_AT_MS = 2_500;

const PLAYERS = 1_500;
const FIRST_PLAYER = 10_001;
/** The time between the two messages of a player, unless both are enqueued at the same instant. */
const SECOND_AFTER_MS = 1_000;
/**
 * The jobs of the killed worker are redelivered after 15 to 19 s, and a message that waits for such a player's slot retries at growing
 * intervals. So players from just before the kill get only one message, or the demo would last a minute.
 */
const ALONE_BEFORE_KILL_MS = 1_500;

/** How many messages each platform other than Kongregate gets, one per person. */
const FEW = 120;
/** Early enough to ask the platform about the last message, should its answer be lost. */
const FEW_MS = 12_000;

const PRIZES = ['a **golden** sword', 'an _ancient_ shield', 'a snake_case scroll', 'gold < silver coins'];

/** Some 2,400 messages for 1,500 players of Kongregate, and 120 on each other platform, in the order of their moments. */
export function planMessages(): PlannedMessage[] {
  const others = CHANNELS.filter((channel) => channel !== 'kongregate').flatMap(planFew);
  return [...planPlayers(), ...others].sort((a, b) => a.atMs - b.atMs);
}

/**
 * Of the ids one in ten ends in 7 (has not played) and one in ten in 0 (unknown to the platform); two players in three
 * get a second message, half of them at the very instant of the first.
 */
function planPlayers(): PlannedMessage[] {
  const lastFirst = ENQUEUE_MS - SECOND_AFTER_MS;
  return Array.from({ length: PLAYERS }, (_, i) => {
    const player = FIRST_PLAYER + i;
    const atMs = Math.floor((i * lastFirst) / PLAYERS);
    const write = (at: number, name: string, prize: number): PlannedMessage =>
      planned(at, 'kongregate', `${player}-${name}`, player, prize);
    const first = write(atMs, 'a', i);
    const alone = i % 3 === 0 || (atMs > KILL_AT_MS - ALONE_BEFORE_KILL_MS && atMs <= KILL_AT_MS);
    if (alone) return [first];
    return [first, write(atMs + (i % 2 === 0 ? 0 : SECOND_AFTER_MS), 'b', i + 1)];
  }).flat();
}

/** One message a person, so that who has two got one of them twice. Ids that end in 1 are known to every platform. */
const planFew = (channel: Channel): PlannedMessage[] =>
  Array.from({ length: FEW }, (_, i) => {
    const person = 10 * i + 11;
    return planned(Math.floor((i * FEW_MS) / FEW), channel, `${channel}-${person}`, person, i);
  });

/** The same Markdown for all: each platform gets it in its own dialect. */
function planned(atMs: number, channel: Channel, id: string, player: number, prize: number): PlannedMessage {
  const content = `Hello, **player {{ player }}**: your guild has won ${PRIZES[prize % PRIZES.length]}.`;
  const message = { id, content, data: { player }, ...addressed(channel, player) };
  return { atMs, channel, id, message };
}

const ADDRESSED = {
  kongregate: (userId: number) => ({ platform: 'kongregate' as const, to: { userId } }),
  zulip: (userId: number) => ({ platform: 'zulip' as const, to: { userIds: [userId] } }),
  discourse: (n: number) => ({
    platform: 'discourse' as const,
    to: { usernames: [`player${n}`] },
    title: 'Your guild has won',
  }),
  usercom: (userId: number) => ({ platform: 'usercom' as const, to: { userId } }),
} satisfies Record<Channel, (person: number) => object>;

/** The fields of a message that address its recipient. */
export const addressed = (channel: Channel, person: number): ReturnType<(typeof ADDRESSED)[Channel]> =>
  ADDRESSED[channel](person);

/** Half of the unknown players: the cause of their dead letters can be fixed while the demo runs. */
export const mendablePlayers = (): number[] =>
  Array.from({ length: PLAYERS }, (_, i) => FIRST_PLAYER + i).filter((userId) => userId % 20 === 0);
