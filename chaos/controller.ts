import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { createProducer } from '../src/app.ts';
import type { Clock } from '../src/clock.ts';
import { InvalidMessageError } from '../src/producer/errors.ts';
import type { RedisOption } from '../src/redis/option.ts';
import { CHANNELS } from './channels.ts';
import type { Control, ControlOrder } from './controls.ts';
import type { MessageOrder } from './orders.ts';

/** Cancels and reschedules messages while everything goes on, and writes down what it was answered. */
export interface Controller {
  readonly carriedOut: readonly Control[];
  /** In the order of the message's own; nobody waits for it. */
  follow(order: Pick<MessageOrder, 'channel' | 'id' | 'controls'>): void;
  /** Resolves when all was asked. */
  done(): Promise<void>;
  close(): Promise<void>;
}

export interface ControllerOptions {
  /** The address that it uses, which may be a faulty proxy. */
  redis: RedisOption;
  clock: Pick<Clock, 'now'>;
  /** Whether a producer was told by now that the message is in the queue. */
  isEnqueued(id: string): boolean;
}

/** Shorter than most outages: then nobody learns whether it was done. */
const TIMEOUT_MS = 1_500;

export function openController({ redis, clock, isEnqueued }: ControllerOptions): Controller {
  const channels = CHANNELS.map(({ name }) => name);
  const producer = createProducer({ redis, channels, timeoutMs: TIMEOUT_MS });
  const carriedOut: Control[] = [];
  const underWay = new Set<Promise<void>>();
  const closing = new AbortController();
  // Every wait listens; Node takes more than ten listeners for a leak.
  setMaxListeners(0, closing.signal);

  async function ask(id: string, channel: string, order: ControlOrder): Promise<void> {
    const sendAt = order.kind === 'reschedule' ? clock.now() + order.aheadMs : undefined;
    const asked = { id, kind: order.kind, sendAt, askedAt: clock.now(), wasEnqueued: isEnqueued(id) };
    const status = await answerOf(async () =>
      sendAt === undefined
        ? await producer.cancel(id, { channel })
        : await producer.reschedule(id, { channel, sendAt: new Date(sendAt) }),
    );
    carriedOut.push({ ...asked, status, answeredAt: clock.now() });
  }

  async function inTurn({ channel, id, controls }: Parameters<Controller['follow']>[0]): Promise<void> {
    for (const order of controls) {
      await wait(order.afterMs, undefined, { signal: closing.signal }).catch(() => {});
      if (closing.signal.aborted) return;
      await ask(id, channel.name, order);
    }
  }

  return {
    carriedOut,
    follow(order) {
      if (order.controls.length === 0) return;
      const following = inTurn(order).finally(() => underWay.delete(following));
      underWay.add(following);
    },
    async done() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    async close() {
      closing.abort();
      await Promise.all(underWay);
      await producer.close();
    },
  };
}

async function answerOf(ask: () => Promise<{ status: Control['status'] }>): Promise<Control['status']> {
  try {
    return (await ask()).status;
  } catch (error) {
    return error instanceof InvalidMessageError ? 'refused' : 'lost';
  }
}
