import { accountChannels } from '../../src/sandbox/accounts.ts';

/** The channels that fuzzed jobs are for: one a platform, without faults and without hurry. */
export const CHANNELS = ['kongregate', 'staff', 'forum', 'crm'] as const;
export type ChannelName = (typeof CHANNELS)[number];

const COMMON = { rate: false, retry: { attempts: 2, base: '10ms', cap: '20ms' }, concurrency: 50 };

/** Of herald.yaml's shape. */
export function channelsAt(sandbox: string): Record<ChannelName, Record<string, unknown>> {
  const { kongregate, zulip, discourse, usercom } = accountChannels(sandbox);
  return {
    kongregate: { ...kongregate, ...COMMON, quota: { per: '366d' } },
    staff: { ...zulip, ...COMMON },
    forum: { ...discourse, ...COMMON },
    crm: { ...usercom, ...COMMON },
  };
}
