/** What applications import: a producer to enqueue, a worker to deliver, and the types and errors of both. */

export type {
  Admin,
  ChannelAdmin,
  ChannelOverview,
  ChannelStatus,
  DeadLetter,
  DeadLetterAdmin,
  DeadLetterPlan,
  DeadLetterSelection,
  Explanation,
  PurgeControl,
  Purged,
  RecipientExplanation,
  ReplayControl,
  Replayed,
} from './admin/admin.ts';
export { AdminClosedError } from './admin/session.ts';
export {
  type CreateAdminOptions,
  type CreateProducerOptions,
  type CreateWorkerOptions,
  createAdmin,
  createProducer,
  createWorker,
  type MessageInput,
  type OwnPlatforms,
  type ReplayDeadLettersOptions,
  replayDeadLetters,
  type WorkerConfig,
} from './app.ts';
export { ConfigError } from './config/error.ts';
export { HeraldError } from './error.ts';
export type { RequestHandler } from './http/listen.ts';
export { PermissionError } from './ledger/permissions.ts';
export {
  type FollowedReceipt,
  type FollowReceiptsOptions,
  followReceipts,
} from './observe/follow-receipts.ts';
export type { LogCall, Logger } from './observe/log.ts';
export type { Receipt } from './observe/receipts.ts';
export * from './producer/errors.ts';
export type { ListedChannel } from './producer/known-channels.ts';
export type { PlayInput, RecordPlaysResult } from './producer/plays.ts';
export type { Producer } from './producer/producer.ts';
export type { InvalidItem, SendManyOptions, SendManyResult, SendResult } from './producer/send.ts';
export { DatabaseRefusedError, RedisUnreachableError } from './redis/connection-errors.ts';
export { AccountTakenError } from './workers/account-claim.ts';
export type { Drained } from './workers/drain.ts';
export { QuotaChangedError } from './workers/policy-change.ts';
export type { HeraldWorker } from './workers/worker.ts';
