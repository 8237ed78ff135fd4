/** What applications import: a producer to enqueue, a worker to deliver, and the types and errors of both. */

export {
  type CreateProducerOptions,
  createProducer,
  createWorker,
  type MessageInput,
  type WorkerConfig,
} from './app.ts';
export { ConfigError } from './config/error.ts';
export * from './jobs/errors.ts';
export type { ListedChannel } from './jobs/known-channels.ts';
export type { PlayInput, RecordPlaysResult } from './jobs/plays.ts';
export type { Producer } from './jobs/producer.ts';
export type { InvalidItem, SendManyOptions, SendManyResult, SendResult } from './jobs/send.ts';
export { RedisUnreachableError } from './operate/connect.ts';
export {
  type ReplayDeadLettersOptions,
  type ReplayDeadLettersResult,
  replayDeadLetters,
} from './operate/replay-dead-letters.ts';
export { AccountTakenError } from './workers/account-claim.ts';
export { QuotaChangedError } from './workers/policy-change.ts';
export type { HeraldWorker } from './workers/process.ts';
