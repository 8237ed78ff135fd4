import type { MessageInput } from '../src/app.ts';
import type { Clock, Random } from '../src/clock.ts';
import { type BatchContext, batchSize, planBatch } from './batches.ts';
import { CHANNELS, type Channel, channelOf, FIRST_WINDOW_MS } from './channels.ts';
import { planControls } from './controls.ts';
import { textFor } from './message-ids.ts';
import { type Again, garbage, type MessageOrder, type Order } from './orders.ts';
import { type Urgency, urgencyOf } from './urgency.ts';

export interface MessagePlan {
  messages: number;
  spanMs: number;
  /** The number of the first; of a later part of the run the messages are for other people. */
  from?: number;
  /** Nothing that nobody can read, since nobody would enqueue it again. */
  orderly?: boolean;
  /** From this number on the account of `moving` goes by its other name. */
  movedFrom?: number;
}

const [MOVING, MOVED] = [channelOf('moving'), channelOf('moved')];
const OTHER_PEOPLE = 1_000_000;
const DEFERRED = 0.2;
const AGAIN = 0.03;
const GARBAGE = 0.002;
const URGENCY = { prioritized: 0.01, later: 0.03 };
const ALONE = 0.7;
/** Long enough for a kill, an outage and a quiet period; short enough for the run to end. */
const LIFE_MS = { least: 90_000, most: 150_000 };

/** The orders of a run, made as they are needed: their instants count from then. */
export function* planMessages(
  { messages, spanMs, from = 0, orderly = false, movedFrom = Number.POSITIVE_INFINITY }: MessagePlan,
  { random, clock }: { random: Random; clock: Pick<Clock, 'now'> },
): Generator<Order> {
  const crowds = new Map(CHANNELS.map((channel) => [channel, crowdOf(channel, { messages, spanMs })]));
  const strangers = from > 0 ? OTHER_PEOPLE : 0;
  const made = { all: 0, inMany: 0 };

  /** The crowd of a renamed account stays that of its first name. */
  function messageOrder(
    number: number,
    { drawn, channel }: { drawn: Channel; channel: Channel },
    urgency = urgencyOf(URGENCY, random, clock.now()),
  ): MessageOrder {
    const id = `${channel.name}-${number}`;
    const recipient = strangers + Math.floor(random() * (crowds.get(drawn) ?? 1));
    const roll = random();
    const again: Again = roll < AGAIN / 2 ? 'produced' : roll < AGAIN ? 'foreign' : 'no';
    const message = compose(channel, id, recipient, { random, now: clock.now(), urgency });
    const controls = planControls(random, urgency.waitMs);
    return { kind: 'message', channel, id, message, again, alone: random() < ALONE, controls };
  }

  while (made.all < messages) {
    const number = from + made.all;
    const drawn = channelAt(random());
    const channel = drawn === MOVING && number >= movedFrom ? MOVED : drawn;
    const size = batchSize(made, messages, random);
    if (size > 0) {
      const order: BatchContext['order'] = (position, urgency) =>
        messageOrder(number + position, { drawn, channel }, urgency);
      yield planBatch(size, { random, now: clock.now(), orderly, order });
      made.inMany += size;
    } else if (random() < GARBAGE && !orderly) {
      yield { kind: 'garbage', channel, data: garbage(random, number) };
    } else yield messageOrder(number, { drawn, channel });
    made.all += Math.max(1, size);
  }
}

/** How many people the messages of a channel are for. */
export function crowdOf(
  channel: Channel,
  { messages, spanMs }: Pick<MessagePlan, 'messages' | 'spanMs'>,
): number {
  const own = messages * channel.share;
  if (!channel.crowding) return Math.ceil(own / 4);
  const windowMs = 'windowMs' in channel.rule ? channel.rule.windowMs : FIRST_WINDOW_MS;
  const windows = Math.max(1, spanMs / windowMs);
  return Math.max(3, Math.ceil(own / windows / channel.crowding));
}

function channelAt(roll: number): Channel {
  let left = roll;
  for (const channel of CHANNELS) {
    if (left < channel.share) return channel;
    left -= channel.share;
  }
  return CHANNELS[0]!;
}

function compose(
  channel: Channel,
  id: string,
  recipient: number,
  { random, now, urgency }: { random: Random; now: number; urgency: Urgency },
): MessageInput {
  const lifeMs = LIFE_MS.least + random() * (LIFE_MS.most - LIFE_MS.least);
  return {
    ...channel.to(recipient),
    id,
    channel: channel.name,
    content: textFor(id),
    expiresAt: new Date(now + lifeMs).toISOString(),
    ...(random() < DEFERRED && { onQuota: 'defer' }),
    ...urgency.fields,
  } as MessageInput;
}
