import type { MessageInput } from '../src/app.ts';

/**
 * The channels of a run, and by what each is judged: `window` by its quota (whoever gets a second message in a window,
 * or would have got it if the platform had not refused), all of them by messages that arrive twice.
 */
export interface Lane {
  /** Its channel's name, and what the ids of its messages begin with. */
  name: string;
  /** Of all messages. */
  share: number;
  judged: { kind: 'calendar' | 'rolling'; windowMs: number } | { kind: 'confirmable' };
  /** Which of the two simulated platforms stands behind it: one a player and window, or whatever is asked for. */
  platform: 'limiting' | 'lenient';
  settings: Record<string, unknown>;
  /** Messages a recipient and window; many recipients when absent. */
  crowding?: number;
  /** Below the simulated platform's address. */
  path: string;
  to(recipient: number): Pick<MessageInput, 'platform' | 'to'> & Record<string, unknown>;
}

/** Requests of that length at most, and the freeze between the last look at a lease and the write stays below it. */
export const TIMEOUT_MS = 2_000;
export const QUIET_MS = 8_000;

const kongregate = (windowMs: number, boundary: 'calendar' | 'rolling') => ({
  platform: 'kongregate',
  quota: { per: `${windowMs}ms`, boundary },
  platformDay: `${windowMs}ms`,
});
const toUser = (first: number) => (recipient: number) => ({
  platform: 'kongregate' as const,
  to: { userId: first + recipient },
});

export const LANES: readonly Lane[] = [
  {
    // Kongregate as it is: an unknown send is repeated within its window, and the refusal proves the first one.
    name: 'kongregate',
    share: 0.5,
    judged: { kind: 'calendar', windowMs: 60_000 },
    platform: 'limiting',
    settings: { ...kongregate(60_000, 'calendar'), apiKey: 'sandbox-key', rate: { max: 400, per: '1s' } },
    crowding: 2.5,
    path: '/kongregate/api',
    to: toUser(1_000),
  },
  {
    // A platform that takes whatever it gets: only Herald stands between a player and a second message.
    name: 'lenient',
    share: 0.2,
    judged: { kind: 'calendar', windowMs: 40_000 },
    platform: 'lenient',
    settings: { ...kongregate(40_000, 'calendar'), apiKey: 'lenient-key', onUnknown: 'keep' },
    crowding: 2.5,
    path: '/kongregate/api',
    to: toUser(10_000_000),
  },
  {
    name: 'rolling',
    share: 0.1,
    judged: { kind: 'rolling', windowMs: 30_000 },
    platform: 'lenient',
    settings: { ...kongregate(30_000, 'rolling'), apiKey: 'rolling-key', onUnknown: 'keep' },
    crowding: 2.5,
    path: '/kongregate/api',
    to: toUser(20_000_000),
  },
  {
    name: 'forum',
    share: 0.1,
    judged: { kind: 'confirmable' },
    platform: 'limiting',
    settings: { platform: 'discourse', apiKey: 'sandbox-key', apiUsername: 'herald', rate: false },
    path: '/discourse',
    to: (recipient) => ({
      platform: 'discourse',
      to: { usernames: [`user-${recipient}`] },
      title: 'About a message',
    }),
  },
  {
    name: 'staff',
    share: 0.1,
    judged: { kind: 'confirmable' },
    platform: 'limiting',
    settings: { platform: 'zulip', apiKey: 'sandbox-key', email: 'bot@example.com', rate: false },
    path: '/zulip',
    to: (recipient) => ({ platform: 'zulip', to: { userIds: [1_000 + recipient] } }),
  },
];

export const API_KEYS = ['sandbox-key', 'lenient-key', 'rolling-key'];

/** What the channels have in common: short, so that much happens in minutes. */
export const COMMON = {
  timeout: `${TIMEOUT_MS}ms`,
  quietPeriod: `${QUIET_MS}ms`,
  patience: '60s',
  concurrency: 10,
  retry: { attempts: 10, base: '300ms', cap: '3s' },
  breaker: { failures: 30, rest: '1s', cap: '2s' },
};
