/**
 * `herald/sandbox`: the platforms, simulated by their rules, and a private Redis; for tests and demonstrations.
 *
 * ```ts
 * const sandbox = await startSandbox({ faults: [{ kind: 'server_error', probability: 0.1 }] });
 * const redis = await startRedis();
 * // a channel with baseUrl `${sandbox.url}/kongregate/api` (or `/zulip`, `/discourse`, `/usercom/api/public`) and apiKey
 * // `sandbox-key`, Redis at redis.url …
 * sandbox.journal.report(); // { calls, accepted, results: { accepted, daily_limit … } … }
 * await sandbox.close();
 * await redis.stop();
 * ```
 */

export type { DiscourseAccount } from './discourse/accounts.ts';
export type { DiscourseOptions, DiscourseSandbox } from './discourse/discourse.ts';
export type { DiscourseTopic } from './discourse/topics.ts';
export type { Fault, FaultPlan } from './faults.ts';
export type { Journal, RecipientCounts, SandboxCall, SandboxReport } from './journal.ts';
export type { KongregateOptions, KongregateSandbox } from './kongregate/kongregate.ts';
export type { PlayerState, Players, SandboxPlayer } from './kongregate/players.ts';
export {
  RedisNotFoundError,
  type RedisOptions,
  type RedisServer,
  RedisStartError,
  startRedis,
} from './redis-server.ts';
export { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts';
export type { UsercomMessageRecord, UsercomOptions, UsercomSandbox } from './usercom.ts';
export type { ZulipMessage, ZulipOptions, ZulipSandbox } from './zulip.ts';
