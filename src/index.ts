/** What applications import: a producer to enqueue, a worker to deliver, and the types and errors of both. */

export { type CreateProducerOptions, createProducer, createWorker, type MessageInput } from './app.ts';
export { ConfigError } from './config/error.ts';
export * from './jobs/errors.ts';
export type { Producer } from './jobs/producer.ts';
export { QuotaChangedError } from './ledger/policy-change.ts';
export { RedisUnreachableError } from './operate/connect.ts';
export { replayDeadLetters } from './operate/replay-dead-letters.ts';
export type { HeraldWorker } from './workers/process.ts';
