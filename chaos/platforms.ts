import type { Clock } from '../src/clock.ts';
import { accountChannels } from '../src/sandbox/accounts.ts';
import { type Fault, type Sandbox, startSandbox } from '../src/sandbox/index.ts';
import { type FaultyProxy, openFaultyProxy } from '../testing/faulty-proxy.ts';
import { API_KEYS, CHANNELS, type Channel, COMMON } from './channels.ts';

/** The simulated platforms of a run, each behind a proxy that can break: what they took is what is checked. */
export interface Platforms {
  readonly sandboxes: Readonly<Record<Channel['platform'], Sandbox>>;
  readonly proxies: readonly FaultyProxy[];
  /**
   * Of herald.yaml's shape.
   * @param settings in place of the channel's own
   */
  channels(
    channels: readonly Channel[],
    settings?: Record<string, unknown>,
  ): Record<string, Record<string, unknown>>;
  slow(on: boolean): void;
  close(): Promise<void>;
}

/** Always on: what a platform does to its callers on an ordinary bad day. */
const BAD_DAY: readonly Fault[] = [
  { kind: 'latency', latencyMs: 25 },
  { kind: 'server_error', probability: 0.01 },
  { kind: 'server_error', accepted: true, probability: 0.01 },
  { kind: 'reset', probability: 0.01 },
  { kind: 'reset', accepted: true, probability: 0.01 },
  { kind: 'blank', accepted: true, probability: 0.005 },
  { kind: 'blank', probability: 0.005 },
  { kind: 'unreadable', accepted: true, probability: 0.005 },
  { kind: 'hang', accepted: true, probability: 0.003 },
  { kind: 'hang', probability: 0.003 },
  { kind: 'oversize', accepted: true, probability: 0.001 },
  { kind: 'rate_limited', retryAfter: '0.5', probability: 0.002 },
  { kind: 'reset', of: 'lookup', probability: 0.05 },
  { kind: 'server_error', of: 'lookup', probability: 0.05 },
];
/** Well within the timeout: a request that is only slow arrives before its deadline. */
const SLOW: Fault = { kind: 'latency', latencyMs: 900, probability: 0.5 };

export async function openPlatforms(clock: Clock, seed: number): Promise<Platforms> {
  const [limited] = CHANNELS.flatMap(({ rule, platform }) =>
    platform === 'limiting' && rule.kind === 'calendar' ? [rule.windowMs] : [],
  );
  // A site's limit would be all that is seen of Discourse in so short a time.
  const discourse = { requestsPerMinute: 1_000_000 };
  const options = { clock, seed, keepCalls: 10_000_000, faults: BAD_DAY, discourse };
  const sandboxes = {
    limiting: await startSandbox({ ...options, kongregate: { apiKeys: API_KEYS, dayMs: limited ?? 60_000 } }),
    lenient: await startSandbox({
      ...options,
      kongregate: { apiKeys: API_KEYS, dayMs: 1 },
    }),
  };
  const proxies = {
    limiting: await openFaultyProxy(sandboxes.limiting.port),
    lenient: await openFaultyProxy(sandboxes.lenient.port),
  };
  return {
    sandboxes,
    proxies: Object.values(proxies),
    channels: (channels, settings) =>
      Object.fromEntries(
        channels.map(({ name, platform, account, ...channel }) => {
          const accounts = accountChannels(`http://127.0.0.1:${proxies[platform].port}`);
          return [name, { ...COMMON, ...accounts[account], ...(settings ?? channel.settings) }];
        }),
      ),
    slow(on) {
      for (const { faults } of Object.values(sandboxes)) {
        faults.clear();
        faults.add(...BAD_DAY, ...(on ? [SLOW] : []));
      }
    },
    async close() {
      for (const proxy of Object.values(proxies)) await proxy.close();
      for (const sandbox of Object.values(sandboxes)) await sandbox.close();
    },
  };
}
