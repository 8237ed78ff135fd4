import { accountChannels } from '../src/sandbox/accounts.ts';

/** The demo's channels: one a platform, each by the platform's name. */

export const CHANNELS = ['kongregate', 'zulip', 'discourse', 'usercom'] as const;
export type Channel = (typeof CHANNELS)[number];

export const TITLES: Record<Channel, string> = {
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
/** Before a platform is asked what became of a send: a minute by default. */
const ASKED_SOON = { ...SHORT, quietPeriod: '2s' };

/** As in herald.yaml. Herald's defaults, but for what makes a demo last minutes. */
export function channelsAt(sandboxUrl: string): Record<Channel, object> {
  const accounts = accountChannels(sandboxUrl);
  return {
    kongregate: {
      ...accounts.kongregate,
      ...SHORT,
      quota: { boundary: 'rolling' },
      rate: { max: 150, per: '1s' },
    },
    zulip: { ...accounts.zulip, ...ASKED_SOON },
    discourse: { ...accounts.discourse, ...ASKED_SOON },
    usercom: { ...accounts.usercom, ...SHORT },
  };
}
