import type { Random } from '../src/clock.ts';
import { type BatchOrder, garbage, type MessageOrder } from './orders.ts';
import { type Urgency, urgencyOf } from './urgency.ts';

/** Of all messages, those that travel in jobs of many. */
const MANY = 0.5;
const BEGINS = 0.3;
const LARGEST = 500;
/** Of the messages of a run at most: a short one has several, too. */
const LARGEST_SHARE = 0.1;
const FOREIGN = 0.3;
const BAD = 0.5;
const AGAIN = 0.15;
const TWICE = 0.3;
const URGENCY = { prioritized: 0.3, later: 0.2 };

/** How large a batch begins here, or 0: small ones are as frequent as large ones. */
export function batchSize(made: { all: number; inMany: number }, messages: number, random: Random): number {
  const room = Math.min(LARGEST, Math.ceil(messages * LARGEST_SHARE), messages - made.all);
  if (made.inMany > MANY * made.all || room < 2 || random() >= BEGINS) return 0;
  return Math.round(2 * (room / 2) ** random());
}

export interface BatchContext {
  random: Random;
  now: number;
  /** Nothing that nobody can read. */
  orderly: boolean;
  /** The message of this position in the batch, as urgent as all of them. */
  order(position: number, urgency: Urgency): MessageOrder;
}

export function planBatch(size: number, { random, now, orderly, order }: BatchContext): BatchOrder {
  const by = random() < FOREIGN ? 'foreign' : 'producer';
  const bad = by === 'foreign' && random() < BAD && !orderly ? 1 : 0;
  const urgency = urgencyOf(URGENCY, random, now);
  const { waitMs } = urgency;
  const messages = Array.from({ length: size - bad }, (_, position) => order(position + bad, urgency));
  const twice = messages[Math.floor(random() * messages.length)]!;
  if (by === 'foreign' && random() < TWICE) messages.push(twice);
  return {
    ...{ kind: 'batch', channel: twice.channel, by, size, messages, again: random() < AGAIN },
    garbage: Array.from({ length: bad }, () => garbage(random, size)),
    options: {
      ...(random() < 0.5 && { jobId: `theirs-${twice.id}` }),
      // Without it Herald itself finds that they are not due.
      ...(waitMs > 0 && random() < 0.5 && { delay: Math.ceil(waitMs) }),
      ...(random() < 0.5 && { priority: Math.ceil(random() * 21) }),
    },
  };
}
