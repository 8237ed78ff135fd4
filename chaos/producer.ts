import { setImmediate as nextTurn } from 'node:timers/promises';
import { createProducer, type MessageInput } from '../src/app.ts';
import { systemClock } from '../src/clock.ts';
import { entryId } from '../src/jobs/job-ids.ts';
import { type Answers, createAnswers } from './answers.ts';
import { CHANNELS, type Channel } from './channels.ts';
import { type Controller, openController } from './controller.ts';
import { openForeignProducer } from './foreign.ts';
import { channelNameOf } from './message-ids.ts';
import { type BatchOrder, countOf, type MessageOrder, type Order } from './orders.ts';
import { persistently, TIMEOUT_MS } from './persistently.ts';
import type { Way } from './stores/store.ts';

/** Carries out orders, by Herald's own producer and as a foreign one that only knows the wire contract. */
export interface Orders {
  /** `<channel> <message>` of whatever Redis acknowledged: it must not get lost. */
  readonly acknowledged: ReadonlySet<string>;
  /** Messages that were ordered so far; each has a name of its own among the acknowledged. */
  readonly carriedOut: number;
  /** Messages that were told to be there already, and those that were added in other jobs all the same. */
  readonly repeated: { refused: number; foreign: number };
  readonly answers: Pick<Answers, 'wrong'>;
  readonly controller: Pick<Controller, 'carriedOut' | 'done'>;
  /** What was sent, by id. */
  readonly sent: ReadonlyMap<string, MessageInput>;
  carryOut(orders: readonly Order[]): Promise<void>;
  /**
   * What an application does after its Redis forgot: sends by their ids what it knows no end of. Resolves with how many
   * were not in the queue any more.
   */
  sendAgain(isFinal: (id: string) => boolean): Promise<number>;
  /** A foreign job of so many bytes, which nobody can deliver. */
  poison(channel: Channel, bytes: number): Promise<void>;
  /** BullMQ's own pause. */
  pause(channel: Channel): Promise<void>;
  resume(channel: Channel): Promise<void>;
  isPaused(channel: Channel): Promise<boolean>;
  close(): Promise<void>;
}

/** @param link of Herald's own producer; somebody foreign goes straight */
export function openOrders({ option: redis }: Way, straight: Way): Orders {
  const acknowledged = new Set<string>();
  const sent = new Map<string, MessageInput>();
  const enqueued = new Set<string>();
  const underWay = new Set<Promise<unknown>>();
  const repeated = { refused: 0, foreign: 0 };
  const answers = createAnswers();
  let carriedOut = 0;
  const producer = createProducer({
    redis,
    channels: CHANNELS.map(({ name }) => name),
    timeoutMs: TIMEOUT_MS,
  });
  const foreign = openForeignProducer(straight);
  const controller = openController({ redis, clock: systemClock, isEnqueued: (id) => enqueued.has(id) });

  function note({ id, status }: { id: string; status: 'queued' | 'duplicate' }): void {
    acknowledged.add(`${channelNameOf(id)} ${id}`);
    enqueued.add(id);
    answers.answered(systemClock.now(), id, status);
    if (status === 'duplicate') repeated.refused += 1;
  }

  function hand(messages: readonly MessageInput[]): void {
    for (const { id } of messages) answers.handed(`${id}`);
  }

  const sendMany = (messages: readonly MessageInput[], onResult = note): Promise<unknown> =>
    persistently(() => {
      hand(messages);
      return producer.sendMany(messages, { onResult });
    });

  const send = (message: MessageInput): Promise<void> =>
    persistently(async () => {
      hand([message]);
      note(await producer.send(message));
    });

  async function addForeign({ channel, id, message }: MessageOrder): Promise<void> {
    repeated.foreign += 1;
    hand([message]);
    await foreign.add(channel, { v: 1, ...message });
    acknowledged.add(`${channel.name} ${id}`);
  }

  async function addMany(batch: Omit<BatchOrder, 'by' | 'again'>): Promise<void> {
    const { channel, messages, garbage } = batch;
    hand(messages.map(({ message }) => message));
    const job = await foreign.addMany(batch);
    for (const { id } of messages) acknowledged.add(`${channel.name} ${id}`);
    for (const i of garbage.keys()) acknowledged.add(`${channel.name} ${entryId(job, i)}`);
  }

  async function enqueueBatch(batch: BatchOrder): Promise<void> {
    const { by, messages, again } = batch;
    const own = messages.flatMap((order) =>
      order.again === 'produced' ? [order.message, order.message] : [order.message],
    );
    const copy = { ...batch, garbage: [], options: {} };
    if (again) repeated.foreign += messages.length;
    await Promise.all([
      by === 'foreign' ? addMany(batch) : sendMany(own),
      again && addMany(copy),
      ...messages.filter((order) => order.again === 'foreign').map(addForeign),
    ]);
  }

  async function enqueue(order: Order): Promise<void> {
    if (order.kind === 'batch') return await enqueueBatch(order);
    if (order.kind === 'garbage') {
      const job = await foreign.add(order.channel, order.data);
      acknowledged.add(`${order.channel.name} ${job}`);
      return;
    }
    const { message, again } = order;
    const copies = again === 'produced' ? [send(message)] : again === 'foreign' ? [addForeign(order)] : [];
    await Promise.all([send(message), ...copies]);
  }

  async function carryOut(orders: readonly Order[]): Promise<void> {
    const enqueuing: Promise<void>[] = [];
    for (const order of orders) {
      for (const each of messagesOf(order)) {
        if (!sent.has(each.id)) controller.follow(each);
        sent.set(each.id, each.message);
      }
      const alone = order.kind === 'message' && order.alone;
      if (alone) await nextTurn();
      enqueuing.push(enqueue(order));
      if (alone) await nextTurn();
    }
    await Promise.all(enqueuing);
    for (const order of orders) carriedOut += countOf(order);
  }

  return {
    acknowledged,
    repeated,
    answers,
    controller,
    get carriedOut() {
      return carriedOut;
    },
    sent,
    carryOut(orders) {
      const carrying = carryOut(orders).finally(() => underWay.delete(carrying));
      underWay.add(carrying);
      return carrying;
    },
    async sendAgain(isFinal) {
      await Promise.all(underWay);
      const unfinished = [...sent].flatMap(([id, message]) => (isFinal(id) ? [] : [message]));
      let queued = 0;
      await sendMany(unfinished, (result) => {
        note(result);
        if (result.status === 'queued') queued += 1;
      });
      return queued;
    },
    async poison(channel, bytes) {
      const content = 'x'.repeat(bytes);
      const job = await foreign.add(channel, {
        v: 1,
        ...{ platform: channel.account, channel: channel.name, content },
      });
      acknowledged.add(`${channel.name} ${job}`);
      carriedOut += 1;
    },
    pause: foreign.pause,
    resume: foreign.resume,
    isPaused: foreign.isPaused,
    async close() {
      await controller.close();
      await producer.close();
      await foreign.close();
    },
  };
}

function messagesOf(order: Order): readonly MessageOrder[] {
  if (order.kind === 'batch') return order.messages;
  return order.kind === 'message' ? [order] : [];
}
