/** The public API: five functions, their types, and the errors. docs/library.md is its reference. */

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
export {
  type FollowedReceipt,
  type FollowReceiptsOptions,
  followReceipts,
} from './receipts/follow.ts';
export type { Duration, Instant } from './time.ts';
export type { TracingApi } from './tracing/tracing.ts';

// Producer: input and results.

export type { CampaignRecipient, CampaignSpecOf } from './message/campaign.ts';
export type { CampaignOptions, CampaignResult } from './producer/campaign.ts';
export type { CancelResult, RescheduleOptions, RescheduleResult } from './producer/control.ts';
export type { ListedChannel } from './producer/known-channels.ts';
export type { PlayInput, RecordPlaysResult } from './producer/plays.ts';
export type { Producer } from './producer/producer.ts';
export type { InvalidItem, SendManyOptions, SendManyResult, SendResult } from './producer/send.ts';

// Worker: configuration and results.

export type { RequestHandler } from './http/listen.ts';
export type { LogCall, Logger } from './observe/log.ts';
export type { Drained } from './workers/drain.ts';
export type { HeraldWorker } from './workers/worker.ts';

// Admin: input and results.

export type {
  Admin,
  ChannelAdmin,
  ChannelOverview,
  ChannelResult,
  ChannelStatus,
  Explanation,
  RecipientExplanation,
  WebhookStatus,
} from './admin/admin.ts';
export type { Act, Action, Actor, ActPage, RecordedAct } from './admin/audit.ts';
export type {
  CampaignAdmin,
  CampaignDryRun,
  CampaignEnd,
  CampaignOverview,
} from './admin/campaigns/campaigns.ts';
export type {
  DeadLetter,
  DeadLetterAdmin,
  DeadLetterPlan,
  DeadLetterSelection,
  GroupedDeadLetters,
  PurgeControl,
  Purged,
  ReplayControl,
  Replayed,
} from './admin/dead-letter-admin.ts';
export type { PredictedLetter } from './admin/replay-fate.ts';
export type { OutlookGroup, PredictControl, ReplayOutlook } from './admin/replay-outlook.ts';
export type { TokenAdmin } from './admin/tokens.ts';
export type { Receipt } from './receipts/receipts.ts';
export type { Scope } from './tokens/scopes.ts';
export type { IssuedToken, NewToken, TokenOverview } from './tokens/token-admin.ts';

// Errors, each with a unique `code`.

export { AdminClosedError } from './admin/session.ts';
export { ConfigError } from './config/error.ts';
export { HeraldError } from './error.ts';
export { PermissionError } from './ledger/permissions.ts';
export * from './producer/errors.ts';
export { DatabaseRefusedError, RedisUnreachableError } from './redis/connection-errors.ts';
export { UnknownTokenError } from './tokens/token-admin.ts';
export { AccountTakenError } from './workers/account-claim.ts';
export { QuotaChangedError, ShardsChangedError } from './workers/policy-change.ts';
