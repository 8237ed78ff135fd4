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
/** From the first message of a player to the second, for those who do not get both at the same instant. */
const SECOND_AFTER_MS = 1_000;
/**
 * What the killed worker had in hand is redelivered after 15 to 19 s, and a message that waits for such a player's slot
 * tries at growing intervals: players of the moment before get one message only, or the demo would last a minute.
 */
const ALONE_BEFORE_KILL_MS = 1_500;

/** On each of the platforms other than Kongregate, to as many people. */
const FEW = 120;
/** Early enough for the last of them to be asked for, should its answer be lost. */
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

/** The fields of a message that say whom it is for. */
export const addressed = (channel: Channel, person: number): ReturnType<(typeof ADDRESSED)[Channel]> =>
  ADDRESSED[channel](person);

/** Half of the unknown players: those whose cause can be mended while the demo runs. */
export const mendablePlayers = (): number[] =>
  Array.from({ length: PLAYERS }, (_, i) => FIRST_PLAYER + i).filter((userId) => userId % 20 === 0);
