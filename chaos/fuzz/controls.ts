import fc from 'fast-check';
import { createProducer } from '../../src/app.ts';
import { messageKey } from '../../src/ledger/names.ts';
import { InvalidMessageError, ProducerRefusedError, UnknownChannelError } from '../../src/producer/errors.ts';
import { channelKeys } from '../../src/redis/keys.ts';
import { openEnvironment } from '../../testing/environment.ts';

/** What is asked of a message by its id: of some that are in the queue, of some whose record nobody can read, and of none. */
export interface FuzzedControl {
  id: unknown;
  channel: string;
  /** A cancellation when absent. */
  sendAt?: unknown;
  /** Put in place of the message's record before. */
  record?: Uint8Array | undefined;
}

const CHANNEL = 'kongregate';
const NAMES = Array.from({ length: 200 }, (_, number) => `m-${number}`);

const instant = fc.oneof(
  { weight: 4, arbitrary: fc.date({ noInvalidDate: true, min: new Date('2020-01-01') }) },
  { weight: 2, arbitrary: fc.date({ noInvalidDate: true }).map((date) => date.getTime()) },
  fc.date(),
  fc.constantFrom('soon', '', '2026-02-30T00:00:00Z', '9999-12-31T23:59:59.999Z', Number.NaN, Infinity),
  fc.anything(),
);
const name = fc.oneof({ weight: 10, arbitrary: fc.constantFrom(...NAMES) }, fc.string(), fc.anything());
const channel = fc.oneof({ weight: 20, arbitrary: fc.constant(CHANNEL) }, fc.string());
/** As long as each of the layouts, with each of their states, or anything. */
const record = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(15, 21, 37, 38, 39, 44, 45, 51), fc.constantFrom(...'eosadxl'))
      .chain(([length, state]) =>
        fc
          .uint8Array({ minLength: length, maxLength: length })
          // A record begins with the instant at which it expires.
          .map((bytes) => bytes.with(0, 0x7f).with(6, state.charCodeAt(0))),
      ),
  },
  fc.uint8Array({ maxLength: 60 }),
);

export const fuzzedControl: fc.Arbitrary<FuzzedControl> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ id: name, channel }) },
  { weight: 3, arbitrary: fc.record({ id: name, channel, sendAt: instant }) },
  {
    weight: 2,
    arbitrary: fc.record({
      ...{ id: fc.constantFrom(...NAMES), channel: fc.constant(CHANNEL), record },
      sendAt: fc.constantFrom(undefined, new Date('2030-01-01')),
    }),
  },
);

const STATUSES = ['cancelled', 'rescheduled', 'too_late', 'unknown'];

export interface ControlTrial {
  /** Throws where it ends otherwise than with a status, or with all problems told. Answers what came of it. */
  run(control: FuzzedControl): Promise<string>;
  close(): Promise<void>;
}

export async function openControlTrial(): Promise<ControlTrial> {
  const env = await openEnvironment({ channels: {} });
  const { redis, server } = env;
  const producer = createProducer({ redis: server.url, channels: [CHANNEL], timeout: '20s' });
  const messages = NAMES.map((id, number) => ({
    ...{ id, platform: 'kongregate' as const, to: { userId: number + 1 }, content: 'Hello' },
  }));
  const { ledger } = channelKeys(CHANNEL);
  const spoiled = new Set<unknown>();

  /** One that was cancelled, or whose record is garbage, gives way to a new one. */
  async function enqueueAnew(): Promise<void> {
    await redis.flushall();
    spoiled.clear();
    await producer.sendMany(messages);
  }

  async function spoil(id: unknown, garbage: Uint8Array): Promise<void> {
    spoiled.add(id);
    const key = messageKey(`${id}`);
    const buckets = (await redis.keys(`${ledger}*`)).filter((key) => /:\d+$/.test(key));
    for (const bucket of buckets) {
      if (await redis.hexists(bucket, key)) {
        await redis.hset(bucket, key, Buffer.from(garbage));
        return;
      }
    }
  }

  async function ask({ id, channel, sendAt }: FuzzedControl): Promise<string> {
    const by = id as string;
    const { status } =
      sendAt === undefined
        ? await producer.cancel(by, { channel })
        : await producer.reschedule(by, { channel, sendAt: sendAt as Date });
    if (!STATUSES.includes(status)) throw new Error(`no status: ${status}`);
    return status;
  }

  let asked = 0;
  return {
    async run(control) {
      if (asked % NAMES.length === 0) await enqueueAnew();
      asked += 1;
      if (control.record) await spoil(control.id, control.record);
      try {
        return await ask(control);
      } catch (error) {
        if (error instanceof InvalidMessageError && error.problems.length > 0) return 'invalid';
        if (error instanceof UnknownChannelError && control.channel !== CHANNEL) return 'unknown_channel';
        // A script that cannot read a record fails, and changes nothing.
        if (error instanceof ProducerRefusedError && spoiled.has(control.id)) return 'refused';
        throw error;
      }
    },
    async close() {
      await producer.close();
      await env.close();
    },
  };
}
