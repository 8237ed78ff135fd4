import { COUNTERS } from '../../src/observe/metric-definitions.ts';
import { DELIVERED_REASONS } from '../../src/outcome.ts';
import { rules } from '../promql.ts';
import type { Group, RecordingRule } from './rule.ts';
import type { Timing } from './timing.ts';

/**
 * The objective: of the messages that ended, this share was delivered. Left out are those that Herald had to suppress
 * (quota, eligibility, duplicates, cancelled) and those that were wrong (bad recipient, bad request, invalid).
 */
export const OBJECTIVE = 0.99;
export const ERROR_BUDGET = 0.01;

/** Undelivered for a fault of Herald, of Redis or of the platform. */
export const BAD_REASONS = ['exhausted', 'unconfirmed', 'stalled', 'expired'] as const;

const VALID_REASONS = [...DELIVERED_REASONS, ...BAD_REASONS];

/** By their names in the recorded series, in seconds. */
export const WINDOWS = {
  '5m': 300,
  '30m': 1_800,
  '1h': 3_600,
  '6h': 21_600,
  '3d': 259_200,
  '30d': 2_592_000,
} as const;
export type WindowName = keyof typeof WINDOWS;

/** The names of the recorded series. */
export const badIn = (name: WindowName) => `channel:herald_bad:increase${name}` as const;
export const validIn = (name: WindowName) => `channel:herald_valid:increase${name}` as const;
export const errorRatioIn = (name: WindowName) => `channel:herald_error_ratio:increase${name}` as const;

function recordsOf(name: WindowName, timing: Timing): RecordingRule[] {
  const window = timing.window(WINDOWS[name]);
  return [
    {
      record: badIn(name),
      expr: rules.increase(COUNTERS.messages, window, { where: { reason: BAD_REASONS } }),
    },
    {
      record: validIn(name),
      expr: rules.increase(COUNTERS.messages, window, { where: { reason: VALID_REASONS } }),
    },
    { record: errorRatioIn(name), expr: `${badIn(name)} / (${validIn(name)} > 0)` },
  ];
}

/** Long windows move slowly and cost more to read. */
const LONG: readonly WindowName[] = ['3d', '30d'];
const LONG_INTERVAL_S = 300;

export function recordingGroups(timing: Timing): Group<RecordingRule>[] {
  const names = Object.keys(WINDOWS) as WindowName[];
  return [
    {
      name: 'herald-recorded',
      rules: names.filter((name) => !LONG.includes(name)).flatMap((name) => recordsOf(name, timing)),
    },
    {
      name: 'herald-recorded-long',
      interval: Math.ceil(timing.seconds(LONG_INTERVAL_S)),
      rules: LONG.flatMap((name) => recordsOf(name, timing)),
    },
  ];
}
