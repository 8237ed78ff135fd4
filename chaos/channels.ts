import type { MessageInput } from '../src/app.ts';
import { storeNames } from '../src/redis/shards.ts';
import type { accountChannels } from '../src/sandbox/accounts.ts';

/**
 * A channel of a run and the rule by which it is checked: one with a window by its quota (nobody gets a second message in a
 * window, or would have got it if the platform had not refused), every one by messages that arrive twice.
 */
export interface Channel {
  /** The ids of its messages begin with it. */
  name: string;
  /** Of all messages. */
  share: number;
  /** `once`: by what arrives twice alone, as a confirmable one, where nobody can be asked. */
  rule: { kind: 'calendar' | 'rolling'; windowMs: number } | { kind: 'confirmable' | 'once' | 'rollout' };
  /** Served by workers of its own, which are deployed anew with other settings: see `rollouts.ts`. */
  apart?: true;
  /** Which of the two simulated platforms stands behind it: one a player and window, or whatever is asked for. */
  platform: 'limiting' | 'lenient';
  /** Whose account it is, in the sandbox's table. */
  account: keyof ReturnType<typeof accountChannels>;
  /** Fields of herald.yaml that differ from the account's. */
  settings: Record<string, unknown>;
  /** Messages a recipient and window; many recipients when absent. */
  crowding?: number;
  to(recipient: number): Pick<MessageInput, 'platform' | 'to'> & Record<string, unknown>;
}

/** Requests of that length at most, and the freeze between the last look at a lease and the write stays below it. */
export const TIMEOUT_MS = 2_000;
export const QUIET_MS = 8_000;

const kongregate = (windowMs: number, boundary: 'calendar' | 'rolling') => ({
  quota: { per: `${windowMs}ms`, boundary },
  platformDay: `${windowMs}ms`,
});
const toUser = (first: number) => (recipient: number) => ({
  platform: 'kongregate' as const,
  to: { userId: first + recipient },
});

/** Of the settings that change by the deployment, the first. */
export const FIRST_WINDOW_MS = 40_000;

const rollout = (name: string, share: number): Channel => ({
  ...{ name, share, rule: { kind: 'rollout' }, apart: true, platform: 'lenient', crowding: 2.5 },
  settings: rolloutSettings(FIRST_WINDOW_MS),
  account: 'kongregate',
  to: toUser(30_000_000),
});

/** An account of Kongregate's whose quota is another one with each deployment. */
export const rolloutSettings = (windowMs: number) => ({
  ...kongregate(windowMs, 'calendar'),
  ...{ apiKey: 'moving-key', onUnknown: 'keep' },
});

export const CHANNELS: readonly Channel[] = [
  {
    // Kongregate as it is: an unknown send is repeated within its window, and the refusal proves the first one. Without a rate, messages
    // are admitted ahead of free places.
    name: 'kongregate',
    share: 0.37,
    rule: { kind: 'calendar', windowMs: 60_000 },
    platform: 'limiting',
    settings: { ...kongregate(60_000, 'calendar'), rate: false },
    crowding: 2.5,
    account: 'kongregate',
    to: toUser(1_000),
  },
  {
    // A platform that takes whatever it gets: only Herald stands between a player and a second message.
    name: 'lenient',
    share: 0.15,
    rule: { kind: 'calendar', windowMs: 40_000 },
    platform: 'lenient',
    settings: { ...kongregate(40_000, 'calendar'), apiKey: 'lenient-key', onUnknown: 'keep' },
    crowding: 2.5,
    account: 'kongregate',
    to: toUser(10_000_000),
  },
  {
    // Each player has one of four parts of the store.
    name: 'sharded',
    share: 0.08,
    rule: { kind: 'calendar', windowMs: 40_000 },
    platform: 'lenient',
    settings: {
      ...kongregate(40_000, 'calendar'),
      ...{ apiKey: 'sharded-key', onUnknown: 'keep', shards: 4, rate: { max: 100, per: '1s' } },
    },
    crowding: 2.5,
    account: 'kongregate',
    to: toUser(40_000_000),
  },
  {
    name: 'rolling',
    share: 0.1,
    rule: { kind: 'rolling', windowMs: 30_000 },
    platform: 'lenient',
    settings: { ...kongregate(30_000, 'rolling'), apiKey: 'rolling-key', onUnknown: 'keep' },
    crowding: 2.5,
    account: 'kongregate',
    to: toUser(20_000_000),
  },
  {
    name: 'forum',
    share: 0.1,
    rule: { kind: 'confirmable' },
    platform: 'limiting',
    settings: { rate: false },
    account: 'discourse',
    to: (recipient) => ({
      platform: 'discourse',
      to: { usernames: [`user-${recipient}`] },
      title: 'About a message',
    }),
  },
  {
    name: 'staff',
    share: 0.08,
    rule: { kind: 'confirmable' },
    platform: 'limiting',
    settings: { rate: false },
    account: 'zulip',
    to: (recipient) => ({ platform: 'zulip', to: { userIds: [1_000 + recipient] } }),
  },
  {
    // Nothing can be learned of a send whose answer was lost.
    name: 'chat',
    share: 0.07,
    rule: { kind: 'once' },
    platform: 'limiting',
    settings: { rate: false },
    account: 'usercom',
    to: (recipient) => ({ platform: 'usercom', to: { userId: 10 * recipient + 1 } }),
  },
  rollout('moving', 0.05),
  // The same account by another name: its messages are those of `moving` after the last deployment.
  rollout('moved', 0),
];

/** The names of the stores that have its recipients. */
export const shardsOf = ({ name, settings }: Channel): string[] =>
  storeNames(name, settings['shards'] as number | undefined);

/** Of all its stores: over shards it has a home as well, with the queue of those who know no shards. */
export const storesOf = (channel: Channel): string[] => [...new Set([channel.name, ...shardsOf(channel)])];

export const channelOf = (name: string): Channel => CHANNELS.find((channel) => channel.name === name)!;

/** The channels that the workers of the run serve side by side. */
export const SERVED = CHANNELS.filter(({ apart }) => !apart);

export const API_KEYS = ['sandbox-key', 'lenient-key', 'rolling-key', 'moving-key', 'sharded-key'];

/** What the channels have in common: short, so that much happens in minutes. */
export const COMMON = {
  timeout: `${TIMEOUT_MS}ms`,
  quietPeriod: `${QUIET_MS}ms`,
  patience: '60s',
  concurrency: 10,
  retry: { attempts: 10, base: '300ms', cap: '3s' },
  breaker: { failures: 30, rest: '1s', cap: '2s' },
};
