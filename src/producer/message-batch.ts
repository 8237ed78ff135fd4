import type { ChannelFacts } from '../channels/registry.ts';
import { MAX_MESSAGES, MAX_MESSAGES_BYTES } from '../jobs/job-ids.ts';
import { storeOf } from '../redis/shards.ts';
import { eachInTurn, type Turns } from '../turns.ts';
import { type FillingBatch, MOST_PARTS } from './batches.ts';
import type { Preparation } from './prepare.ts';

/** A message of `sendMany`: what its caller passed, and what came of its validation. */
export interface PreparedInput {
  input: unknown;
  preparation: Preparation;
}

export interface MessageBatch extends FillingBatch<unknown> {
  /** In the order of the source. */
  readonly items: readonly PreparedInput[];
}

export interface MessageBatchDeps {
  prepare: (input: unknown) => Preparation;
  turns: Turns;
  /** The announced channels; may be out of date. If it rejects, nothing of `items` is enqueued. */
  channels(items: readonly PreparedInput[]): Promise<ReadonlyMap<string, ChannelFacts>>;
}

/**
 * A batch of messages, which takes 500 more as long as the jobs that it makes have room for as many: 500 messages that are spread over
 * eight shards would make eight jobs of 62, and a job costs the same however few messages it has.
 */
export function messageBatch({ prepare, turns, channels }: MessageBatchDeps): MessageBatch {
  const items: PreparedInput[] = [];
  /** What is to be enqueued, by store. */
  const loads = new Map<string, { messages: number; characters: number }>();
  let parts = 0;
  let weighed = 0;

  async function weigh(): Promise<void> {
    const announced = await channels(items);
    for (; weighed < items.length; weighed++) {
      const { preparation } = items[weighed]!;
      if (preparation.kind === 'invalid') continue;
      const { channel, recipient, text } = preparation.prepared;
      const store = storeOf(channel, announced.get(channel)?.shards, recipient.key);
      const load = loads.get(store) ?? { messages: 0, characters: 0 };
      load.messages += 1;
      load.characters += text.length;
      loads.set(store, load);
    }
    parts += 1;
  }

  /** Whether with another part like those before there would be more than this. */
  const nears = (most: number, soFar: number): boolean => soFar * (parts + 1) > most * parts;

  return {
    items,
    size: () => items.length,
    async add(inputs) {
      await eachInTurn(inputs, turns, (input) => {
        items.push({ input, preparation: prepare(input) });
      });
    },
    async isFull() {
      await weigh();
      return (
        parts === MOST_PARTS ||
        [...loads.values()].some(
          ({ messages, characters }) =>
            nears(MAX_MESSAGES, messages) || nears(MAX_MESSAGES_BYTES, characters),
        )
      );
    },
  };
}
