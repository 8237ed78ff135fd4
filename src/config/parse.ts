import { check } from '../message/check.ts';
import { type Problem, problemText } from '../message/problems.ts';
import type { ChannelConfig } from './channel-schema.ts';
import { channelProblems, type Platforms, parseChannel } from './channels.ts';
import { ConfigError } from './error.ts';
import { type Environment, interpolate } from './interpolate.ts';
import { property } from './property.ts';
import { type HeraldConfig, rootSchema, toConfig } from './schema.ts';
import { webhookProblems } from './webhooks.ts';

export interface ParseOptions {
  platforms: Platforms;
  env: Environment;
  /**
   * Which secrets are resolved. `resolve`: all, for a process that sends. `skip`: none, for one that only enqueues or inspects:
   * placeholders of secrets stay as written, so that a host without the credentials can load the configuration. `webhooks`: only those
   * that webhooks are signed with, and not the credentials of channels.
   */
  secrets: 'resolve' | 'skip' | 'webhooks';
  /** Reads the file that a `NAME_FILE` names. */
  readFile: (path: string) => string;
}

/**
 * Parses a configuration object of the shape of herald.yaml.
 * @throws ConfigError with every problem found
 */
export function parseConfig(source: unknown, options: ParseOptions): HeraldConfig {
  const result = checkConfig(source, options);
  if ('problems' in result) throw new ConfigError(result.problems);
  return result.config;
}

type Checked = { config: HeraldConfig } | { problems: Problem[] };

export function checkConfig(source: unknown, options: ParseOptions): Checked {
  const { env, readFile, platforms } = options;
  const skip = options.secrets === 'resolve' ? () => false : secretFields(source, options);
  const { value, problems: unfilled } = interpolate(source, { env, readFile, skip });
  const root = check(rootSchema, value);
  const found = 'problems' in root ? root.problems : [];
  const channels: ChannelConfig[] = [];
  for (const [name, channel] of recognizable(value)) {
    const result = parseChannel(name, channel, platforms);
    if ('problems' in result) found.push(...result.problems);
    else channels.push(result.channel);
  }
  found.push(...channelProblems(channels, platforms));
  const config = 'data' in root ? toConfig(root.data, channels) : undefined;
  if (config) found.push(...webhookProblems(config.webhooks, namesOf(value)));
  const problems = [...unfilled, ...unique(found).filter(({ path }) => !isWithin(path, unfilled))];
  return config && problems.length === 0 ? { config } : { problems };
}

/** A field with several possible shapes may get the same problem from each. */
const unique = (problems: readonly Problem[]): Problem[] => {
  const texts = problems.map(problemText);
  return problems.filter((_, i) => texts.indexOf(texts[i]!) === i);
};

/** The names of all channels, including those with problems. */
const namesOf = (value: unknown): string[] => Object.keys(Object(property(value, 'channels')) as object);

/** Channels that can be checked although other parts of the configuration are invalid. */
function recognizable(value: unknown): [string, unknown][] {
  const channels = property(value, 'channels');
  if (typeof channels !== 'object' || channels === null) return [];
  return Object.entries(channels).filter(([, channel]) => typeof property(channel, 'platform') === 'string');
}

/** Whether the field has an unresolved placeholder: problems with its text say nothing about the intended value. */
const isWithin = (path: string, unfilled: readonly Problem[]): boolean =>
  unfilled.some((field) => path === field.path || path.startsWith(`${field.path}.`));

/** Returns a predicate: whether the field at a path is a secret that is not resolved. */
function secretFields(
  source: unknown,
  { platforms, secrets }: ParseOptions,
): (path: readonly string[]) => boolean {
  return (path) => {
    const [root, name = '', field = ''] = path;
    if (root === 'webhooks') return field === 'secret' && secrets === 'skip';
    if (root !== 'channels') return false;
    const channel = property(property(source, 'channels'), name);
    const platform = property(channel, 'platform');
    if (typeof platform !== 'string' || !Object.hasOwn(platforms, platform)) return false;
    return platforms[platform]!.secrets.includes(field);
  };
}
