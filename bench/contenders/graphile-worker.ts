import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { type BenchMessage, inBatches } from '../messages.ts';
import { BATCH, CONCURRENCY, type Contender, plainSend } from './contender.ts';

const TASK = 'deliver';
const logger = new Logger(() => () => {});

/** With its local queue and with completions in batches: its best settings for many small jobs. */
export const graphileWorker: Contender = {
  async openSender(connectionString) {
    const utils = await makeWorkerUtils({ connectionString, logger });
    await utils.migrate();
    return {
      send: (message: BenchMessage) => utils.addJob(TASK, message),
      async sendAll(messages: Iterable<BenchMessage>) {
        for (const batch of inBatches(messages, BATCH))
          await utils.addJobs(batch.map((payload) => ({ identifier: TASK, payload })));
      },
      close: async () => await utils.release(),
    };
  },
  async work({ url, sink }) {
    const send = plainSend(sink);
    await run({
      connectionString: url,
      logger,
      noHandleSignals: true,
      taskList: { [TASK]: (payload) => send(payload as BenchMessage) },
      preset: {
        worker: {
          concurrentJobs: CONCURRENCY,
          localQueue: { size: BATCH },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
    });
  },
};
