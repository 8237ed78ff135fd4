/** The channels that fuzzed jobs are for: one a platform, without faults and without hurry. */
export const CHANNELS = ['kongregate', 'staff', 'forum', 'crm'] as const;
export type ChannelName = (typeof CHANNELS)[number];

const COMMON = { rate: false, retry: { attempts: 2, base: '10ms', cap: '20ms' }, concurrency: 50 };

/** Of herald.yaml's shape. */
export function channelsAt(sandbox: string): Record<ChannelName, Record<string, unknown>> {
  const apiKey = 'sandbox-key';
  return {
    kongregate: {
      ...COMMON,
      ...{ platform: 'kongregate', apiKey, baseUrl: `${sandbox}/kongregate/api`, quota: { per: '366d' } },
    },
    staff: {
      ...COMMON,
      ...{ platform: 'zulip', apiKey, email: 'bot@example.com', baseUrl: `${sandbox}/zulip` },
    },
    forum: {
      ...COMMON,
      ...{ platform: 'discourse', apiKey, apiUsername: 'herald', baseUrl: `${sandbox}/discourse` },
    },
    crm: { ...COMMON, platform: 'usercom', apiKey, agent: 1, baseUrl: `${sandbox}/usercom/api/public` },
  };
}
