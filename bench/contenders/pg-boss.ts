import PgBoss from 'pg-boss';
import { type BenchMessage, inBatches } from '../messages.ts';
import { BATCH, type Contender, plainSend } from './contender.ts';

const QUEUE = 'bench';
/** Batches in hand: while one is completed, the next one's messages are sent. */
const LANES = 2;

async function open(connectionString: string): Promise<PgBoss> {
  const boss = new PgBoss({ connectionString, supervise: false, schedule: false });
  boss.on('error', (error) => {
    throw error;
  });
  await boss.start();
  return boss;
}

/** Fetches and completes in batches, without the pauses of its own `work`: the fastest way that it has. */
export const pgBoss: Contender = {
  async openSender(url) {
    const boss = await open(url);
    await boss.createQueue(QUEUE);
    return {
      send: (message: BenchMessage) => boss.send(QUEUE, message),
      async sendAll(messages: Iterable<BenchMessage>) {
        for (const batch of inBatches(messages, BATCH))
          await boss.insert(batch.map((data) => ({ name: QUEUE, data })));
      },
      close: () => boss.stop({ graceful: false }),
    };
  },
  async work({ url, sink }) {
    const send = plainSend(sink);
    const boss = await open(url);
    const lane = async (): Promise<void> => {
      for (;;) {
        const jobs = await boss.fetch<BenchMessage>(QUEUE, { batchSize: BATCH });
        if (jobs.length === 0) return; // Everything was enqueued before.
        await Promise.all(jobs.map(({ data }) => send(data)));
        await boss.complete(
          QUEUE,
          jobs.map(({ id }) => id),
        );
      }
    };
    for (let i = 0; i < LANES; i++) void lane();
  },
};
