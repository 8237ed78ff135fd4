import type { Channels } from '../testing/environment.ts';

/** The demo's channels: one a platform, each by the platform's name. */

export const CHANNELS = ['kongregate', 'zulip', 'discourse', 'usercom'] as const;
export type Channel = (typeof CHANNELS)[number];
export type ByChannel<T> = Readonly<Record<Channel, T>>;

export const TITLES: ByChannel<string> = {
  kongregate: 'Kongregate',
  zulip: 'Zulip',
  discourse: 'Discourse',
  usercom: 'User.com',
};

export const byChannel = <T>(make: (channel: Channel) => T): Record<Channel, T> =>
  Object.fromEntries(CHANNELS.map((channel) => [channel, make(channel)])) as Record<Channel, T>;

const SHORT = {
  concurrency: 5,
  timeout: '2s',
  retry: { attempts: 8, base: '500ms', cap: '2s' },
  breaker: { failures: 20, rest: '1s', cap: '2s' },
};
/** A minute by default: how long after a lost answer the platform is asked what became of the message. */
const ASKED_SOON = { ...SHORT, quietPeriod: '2s' };

/** Fields of herald.yaml: Herald's defaults, but for what makes a demo last minutes. */
export const FIELDS: ByChannel<Channels[string]> = {
  kongregate: { ...SHORT, quota: { boundary: 'rolling' }, rate: { max: 150, per: '1s' } },
  zulip: ASKED_SOON,
  discourse: ASKED_SOON,
  usercom: SHORT,
};
