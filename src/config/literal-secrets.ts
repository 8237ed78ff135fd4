import type { Problem } from '../message/problems.ts';
import type { Platforms } from './channels.ts';
import { property } from './property.ts';

/**
 * Finds secrets that a configuration has as literals instead of placeholders: everyone who can read the file has them. The default of a
 * placeholder counts as a literal too.
 */
export function literalSecrets(source: unknown, platforms: Platforms): Problem[] {
  const channels = Object.entries(Object(property(source, 'channels')) as object);
  const fields = channels.flatMap(([name, channel]) => {
    const platform = property(channel, 'platform');
    if (typeof platform !== 'string' || !Object.hasOwn(platforms, platform)) return [];
    const { secrets } = platforms[platform]!;
    return secrets.map((field) => ({ path: `channels.${name}.${field}`, value: property(channel, field) }));
  });
  const signing = Object.entries(Object(property(source, 'webhooks')) as object).flatMap(([name, webhook]) =>
    [property(webhook, 'secret')].flat().map((value) => ({ path: `webhooks.${name}.secret`, value })),
  );
  const literal = [...fields, ...signing].filter(({ value }) => isLiteral(value));
  const found = [...new Set(literal.map(({ path }) => path))];
  found.push(...redisSecrets(property(source, 'redis')));
  return found.map((path) => ({ path, message: WRITTEN_OUT }));
}

const WRITTEN_OUT = `contains a secret: write \${NAME} instead, and set NAME or NAME_FILE in the environment`;

/** The same syntax as interpolation: `$${` is not a placeholder. The second group is a default, which is a literal. */
const PLACEHOLDER = /(\$\$\{)|\$\{[A-Za-z_][A-Za-z0-9_]*(?::-([^}]*))?\}/g;

/** Whether any text is left once the placeholders are removed. */
const isLiteral = (value: unknown): boolean =>
  typeof value === 'string' &&
  value.replace(PLACEHOLDER, (_, escaped = '', standard = '') => `${escaped}${standard}`).trim() !== '';

/** The paths of the fields of `redis` that have a password. */
function redisSecrets(redis: unknown): string[] {
  const urls: [path: string, url: unknown][] = [['redis', redis]];
  for (const field of ['cluster', 'sentinels']) {
    const value = property(redis, field);
    if (!Array.isArray(value)) urls.push([`redis.${field}`, value]);
    else urls.push(...value.map((url, i): [string, unknown] => [`redis.${field}.${i}`, url]));
  }
  const passwords = urls.map(([path, url]): [string, unknown] => [path, passwordOf(url)]);
  passwords.push(['redis.password', property(redis, 'password')]);
  return passwords.filter(([, password]) => isLiteral(password)).map(([path]) => path);
}

/** The password in the URL, or in the default URL of a placeholder. */
function passwordOf(url: unknown): string | undefined {
  return typeof url === 'string' ? /rediss?:\/\/[^/@]*?:((?:\$\{[^}]*\}|[^@/])+)@/.exec(url)?.[1] : undefined;
}
