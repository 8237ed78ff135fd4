import { setTimeout as pause } from 'node:timers/promises';
import type { MessageInput } from '../src/app.ts';
import type { Random } from '../src/clock.ts';
import { type Producer, UnknownChannelError } from '../src/index.ts';
import type { Fault } from '../src/sandbox/index.ts';
import { type ByChannel, CHANNELS, type Channel } from './channels.ts';
import { addressed } from './message-plan.ts';

/** Endless traffic for dashboards: messages to all platforms, and now and then a platform in trouble. */

/** Of twenty messages. */
const SHARES: ByChannel<number> = { kongregate: 13, zulip: 3, discourse: 2, usercom: 2 };
const MIX = CHANNELS.flatMap((channel) => Array<Channel>(SHARES[channel]).fill(channel));
/** One in ten has not played and one in ten is unknown. Some of them get a second message in the platform's day. */
const PLAYERS = 8_000;
const URGENT = 0.1;
const DEFERRED = 0.2;

const TICK_MS = 250;

/** One every two minutes, in turn; each ends by its count. */
export const TROUBLES: readonly Fault[] = [
  { kind: 'server_error', platform: 'discourse', count: 40 },
  { kind: 'latency', platform: 'kongregate', latencyMs: 1500, count: 400 },
  { kind: 'reset', platform: 'zulip', count: 40 },
  { kind: 'rate_limited', platform: 'kongregate', retryAfter: '20', count: 3 },
  { kind: 'hang', platform: 'usercom', accepted: true, count: 5 },
];
const TROUBLE_EVERY_MS = 2 * 60_000;

export interface LoadOptions {
  producer: Pick<Producer<MessageInput>, 'sendMany'>;
  /** Messages a second, of all channels together. */
  perSecond: number;
  random: Random;
  /** Arms a fault of the platforms. */
  trouble(fault: Fault): Promise<void>;
  note(line: string): void;
  signal: AbortSignal;
}

/** Enqueues until the signal. If Redis or the sandbox is away, reports it and tries again. */
export async function produceLoad({
  producer,
  perSecond,
  random,
  signal,
  ...told
}: LoadOptions): Promise<void> {
  let owed = 0;
  for (let ticks = 1; !signal.aborted; ticks++) {
    owed += (perSecond * TICK_MS) / 1000;
    const messages = Array.from({ length: Math.floor(owed) }, () => randomMessage(random));
    owed -= messages.length;
    try {
      await producer.sendMany(messages);
      const nth = (ticks * TICK_MS) / TROUBLE_EVERY_MS;
      if (Number.isInteger(nth)) await told.trouble(TROUBLES[(nth - 1) % TROUBLES.length]!);
    } catch (error) {
      const unserved = error instanceof UnknownChannelError;
      told.note(unserved ? 'waiting for a worker' : `not enqueued: ${(error as Error).message}`);
    }
    await pause(TICK_MS, undefined, { signal }).catch(() => {});
  }
}

/** With an id of its own, so that none is a duplicate. */
export function randomMessage(random: Random): MessageInput {
  const channel = MIX[Math.floor(random() * MIX.length)]!;
  const person = 1 + Math.floor(random() * PLAYERS);
  // Every platform but Kongregate knows ids that end in 1.
  const known = channel === 'kongregate' || random() < 0.05 ? person : 10 * Math.floor(person / 10) + 1;
  return {
    content: 'Hello, **player {{ player }}**: your guild has won a _golden_ sword.',
    data: { player: known },
    priority: random() < URGENT ? 0 : 5,
    onQuota: random() < DEFERRED ? 'defer' : 'drop',
    ...addressed(channel, known),
  };
}
