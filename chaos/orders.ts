import type { MessageInput } from '../src/app.ts';
import type { Random } from '../src/clock.ts';
import type { Channel } from './channels.ts';
import type { ControlOrder } from './controls.ts';

/** One thing that a producer does. */
export type Order =
  | MessageOrder
  | BatchOrder
  /** Put into the queue by somebody else, and readable for nobody. */
  | { kind: 'garbage'; channel: Channel; data: unknown };

export interface MessageOrder {
  kind: 'message';
  channel: Channel;
  id: string;
  message: MessageInput;
  again: Again;
  /** Sent in a turn of the event loop of its own: others travel together with what is sent beside them. */
  alone: boolean;
  /** What is asked of it later. */
  controls: readonly ControlOrder[];
}

/** The same message once more: by the producer, or by somebody else as a job of its own. */
export type Again = 'no' | 'produced' | 'foreign';

/** Messages of one channel that are handed over together, and travel in jobs of many. */
export interface BatchOrder {
  kind: 'batch';
  channel: Channel;
  /** By the producer's `sendMany`, or as a job of many by somebody who only knows the wire contract. */
  by: 'producer' | 'foreign';
  /** How many messages and pieces of garbage: what is named twice counts once. */
  size: number;
  /** In order; one of them may be named twice. */
  messages: readonly MessageOrder[];
  /** Of a foreign job: in front of its messages, readable for nobody. */
  garbage: readonly unknown[];
  /** Added as one more job of many, with the same messages. */
  again: boolean;
  /** Of a foreign job: BullMQ's own options. */
  options: { jobId?: string; delay?: number; priority?: number };
}

/** How many messages an order is of; one that is named twice counts once. */
export const countOf = (order: Order): number => (order.kind === 'batch' ? order.size : 1);

/** What nobody can read. */
export function garbage(random: Random, number: number): unknown {
  const kinds = [
    'neither this nor that',
    { v: 1, platform: 'carrier-pigeon', content: `${number}` },
    { v: 1, platform: 'kongregate', to: { userId: 'x' }, content: 'x'.repeat(2_000) },
    { content: null },
  ];
  return kinds[Math.floor(random() * kinds.length)];
}
