import { z } from 'zod';
import { check } from '../message/check.ts';
import { type Problem, pathText } from '../message/problems.ts';
import { oncePer } from '../once-per.ts';
import type { PlatformDefinition } from '../platforms/port.ts';
import { type ChannelConfig, commonShape, toChannel } from './channel-schema.ts';

/** Parses the channels: first each by the fields of its platform, then the rules that span fields or channels. */

export type Platforms = Readonly<Record<string, PlatformDefinition>>;

/** The job lock: BullMQ gives a job to another worker if it is not renewed for this long. A send must end well within it. */
export const JOB_LOCK_MS = 15_000;
/** The time left for admission, settlement and a slow event loop. */
const LOCK_MARGIN_MS = 3_000;

type Parsed = { channel: ChannelConfig } | { problems: Problem[] };

const channelSchema = oncePer((definition: PlatformDefinition) =>
  z.strictObject({ ...definition.channelShape, ...commonShape(definition) }),
);

export function parseChannel(name: string, source: unknown, platforms: Platforms): Parsed {
  const path = ['channels', name];
  const platform = (source as { platform: string }).platform;
  const definition = Object.hasOwn(platforms, platform) ? platforms[platform] : undefined;
  if (!definition) {
    const message = `expected one of ${Object.keys(platforms).join(', ')}`;
    return { problems: [{ path: [...path, 'platform'].join('.'), message }] };
  }
  const checked = check(channelSchema(definition), source);
  if ('data' in checked) return { channel: toChannel(name, checked.data, definition) };
  return { problems: checked.problems.map((problem) => within(path, problem)) };
}

const within = (base: readonly string[], { path, message }: Problem): Problem => ({
  path: path === '' ? pathText(base) : `${pathText(base)}.${path}`,
  message,
});

/** Violations of the rules between the fields of a channel, and between channels. */
export function channelProblems(channels: readonly ChannelConfig[], platforms: Platforms): Problem[] {
  return [
    ...channels.flatMap(timeProblems),
    ...channels.flatMap((channel) => nameProblem(channel, platforms)),
    ...channels.flatMap((channel) => namingProblem(channel, platforms)),
    ...sharedAccounts(channels, platforms),
  ];
}

function timeProblems({
  name,
  timeoutMs,
  quota,
  eligibility,
  patienceMs,
  quietPeriodMs,
}: ChannelConfig): Problem[] {
  const at = (field: string, message: string): Problem => ({ path: `channels.${name}.${field}`, message });
  const problems: Problem[] = [];
  const longest = JOB_LOCK_MS - LOCK_MARGIN_MS;
  if (timeoutMs > longest)
    problems.push(at('timeout', `must be at most ${longest / 1000}s to fit the job lock`));
  if (quota && typeof quota.per === 'object' && quota.per.ms <= timeoutMs + LOCK_MARGIN_MS)
    problems.push(
      at('quota.per', `must be longer than timeout and ${LOCK_MARGIN_MS / 1000}s, or no send would fit`),
    );
  if (quietPeriodMs >= patienceMs)
    problems.push(
      at('quietPeriod', 'must be shorter than patience, or no unknown send would ever be resolved'),
    );
  if (eligibility && eligibility.playedWithinMs < timeoutMs)
    problems.push(at('eligibility.playedWithin', 'must be longer than timeout'));
  return problems;
}

/** A message without `channel` goes to the channel that is named like its platform. */
function nameProblem({ name, platform }: ChannelConfig, platforms: Platforms): Problem[] {
  if (name === platform || !Object.hasOwn(platforms, name)) return [];
  const message = `has the name of another platform, whose messages without a channel would be sent here; rename it`;
  return [{ path: `channels.${name}`, message }];
}

/** A recipient with two names would have two slots. */
function namingProblem({ name, platform, quota, settings }: ChannelConfig, platforms: Platforms): Problem[] {
  const problem = quota ? platforms[platform]!.unquotable?.(settings) : undefined;
  return problem ? [{ path: `channels.${name}.${problem.field}`, message: problem.message }] : [];
}

/** Two channels with one account would send a player two messages a window. The account is never quoted. */
function sharedAccounts(channels: readonly ChannelConfig[], platforms: Platforms): Problem[] {
  const owners = new Map<string, string>();
  return channels.flatMap(({ name, platform, settings, baseUrl }) => {
    const account = accountText({ platform, settings, baseUrl }, platforms[platform]!);
    const other = owners.get(account);
    if (other === undefined) {
      owners.set(account, name);
      return [];
    }
    const message = `has the same platform, base URL and account as channel ${other}: a player would get two messages a window`;
    return [{ path: `channels.${name}`, message }];
  });
}

/** Identifies the account of a channel. May hold secrets: never log it. */
export const accountText = (
  { platform, settings, baseUrl }: Pick<ChannelConfig, 'platform' | 'settings' | 'baseUrl'>,
  definition: PlatformDefinition,
): string => JSON.stringify([platform, sameUrl(baseUrl), definition.account(settings)]);

/** Normalizes the URL: host case, a default port and trailing slashes do not make another server. */
function sameUrl(text: string): string {
  return URL.canParse(text) ? new URL(text).href.replace(/\/+$/, '') : text;
}
