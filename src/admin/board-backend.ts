import type { InstallationOptions, InstallationParts } from '../channels/installation.ts';
import type { ChannelFacts } from '../channels/registry.ts';
import { channelFacts } from '../channels/registry.ts';
import { recipientOf } from '../message/recipients.ts';
import { TOKEN_USES_KEY, TOKENS_KEY } from '../redis/keys.ts';
import { storeTime } from '../redis/store-clock.ts';
import type { TokenStore } from '../tokens/verify.ts';
import { type Admin, adminOn } from './admin.ts';
import { processActor } from './audit.ts';
import { type BackgroundReplays, backgroundReplays } from './background-replays.ts';
import { type BoardAccess, boardAccess } from './board-access.ts';
import { type HistoryPoint, readHistory, takePoints } from './history.ts';
import { type PaceNow, readPace } from './pace-now.ts';
import { type ListedJob, listQueue } from './queue-list.ts';
import { runReplays } from './replay-runner.ts';
import { requireChannel } from './require-channel.ts';
import { openSession } from './session.ts';

/** The backend of a board: an admin, and what only a board needs, on one connection. */
export interface BoardBackend {
  readonly admin: Admin;
  readonly access: BoardAccess;
  readonly replays: BackgroundReplays;
  /** The tokens of the API, which open the board too. */
  readonly tokens: TokenStore;
  /** The pace of each channel in the last minute. */
  paces(channels?: readonly string[]): Promise<ReadonlyMap<string, PaceNow>>;
  /** The last hour of a channel, as far as a process was there to sample it; oldest first. */
  history(channel: string): Promise<HistoryPoint[]>;
  /** The public part of a channel's settings, and its platform. */
  facts(channel: string): Promise<ChannelFacts>;
  /** Whether the channel's platform has recipients of this shape, given as in the field `to` of a message. */
  hasRecipient(channel: string, to: unknown): Promise<boolean>;
  /** The first messages of each state of a channel's queue, at most `limit` of a state. */
  waiting(channel: string, limit: number): Promise<ListedJob[]>;
  /** The store's clock, milliseconds since the epoch. */
  now(): Promise<number>;
  /** Adds a point to the histories, unless another process has just done so. */
  takePoints(): Promise<void>;
  /** Runs background replays until the signal. */
  runReplays(signal: AbortSignal, onError: (error: unknown) => void): Promise<void>;
  close(): Promise<void>;
}

export function openBoardBackend(options: InstallationOptions, parts: InstallationParts): BoardBackend {
  const session = openSession(options, parts);
  const { run } = session;
  const admin = adminOn(session, parts, processActor('program'));
  return {
    admin,
    access: boardAccess(run),
    replays: backgroundReplays(run),
    tokens: {
      find: (id) => run(({ directory }) => directory.hget(TOKENS_KEY, id)),
      // If this fails, a later use is recorded.
      used: (id, at) => void run(({ directory }) => directory.hset(TOKEN_USES_KEY, id, at)).catch(() => {}),
    },
    paces: (names) =>
      run(async (at) => {
        const now = await storeTime(at.directory);
        const channels = at.channels.filter(({ name }) => names?.includes(name) ?? true);
        const paces = await Promise.all(channels.map((channel) => readPace(channel, now)));
        return new Map(channels.map(({ name }, i) => [name, paces[i]!]));
      }),
    history: (channel) => run((at) => readHistory(at, requireChannel(at, channel).name)),
    facts: (name) =>
      run(async (at) => {
        const { announced, configured } = requireChannel(at, name);
        return announced ?? channelFacts(configured!);
      }),
    hasRecipient: (name, to) =>
      run(async (at) => {
        const { reading } = requireChannel(at, name);
        return reading !== undefined && 'key' in recipientOf(reading.definition, to);
      }),
    waiting: (name, limit) =>
      run(async (at) => {
        const jobs: ListedJob[] = [];
        const selection = { channels: [requireChannel(at, name).name], limit };
        for await (const job of listQueue(at, selection)) jobs.push(job);
        return jobs;
      }),
    now: () => run(({ directory }) => storeTime(directory)),
    takePoints: () => run(takePoints),
    runReplays: (signal, onError) => runReplays({ run, admin, onError }, signal),
    close: session.close,
  };
}
