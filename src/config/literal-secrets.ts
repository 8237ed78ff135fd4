import type { Problem } from '../message/problems.ts';
import type { Platforms } from './channels.ts';
import { property } from './property.ts';

/**
 * Secrets that stand in a configuration themselves, where a placeholder should name them: whoever gets to see the file
 * has the key. A placeholder's own default counts as well.
 */
export function literalSecrets(source: unknown, platforms: Platforms): Problem[] {
  const channels = Object.entries(Object(property(source, 'channels')) as object);
  const fields = channels.flatMap(([name, channel]) => {
    const platform = property(channel, 'platform');
    if (typeof platform !== 'string' || !Object.hasOwn(platforms, platform)) return [];
    const { secrets } = platforms[platform]!;
    return secrets.map((field) => ({ path: `channels.${name}.${field}`, value: property(channel, field) }));
  });
  const found = fields.filter(({ value }) => isLiteral(value)).map(({ path }) => path);
  if (isLiteral(passwordOf(property(source, 'redis')))) found.push('redis');
  return found.map((path) => ({ path, message: WRITTEN_OUT }));
}

const WRITTEN_OUT = `holds a secret itself: write \${NAME} there, and set NAME or NAME_FILE in the environment`;

/** As interpolation reads it: `$${` is no placeholder. What of a default is not empty is written out. */
const PLACEHOLDER = /(\$\$\{)|\$\{[A-Za-z_][A-Za-z0-9_]*(?::-([^}]*))?\}/g;

/** Anything is left of it when the placeholders are gone. */
const isLiteral = (value: unknown): boolean =>
  typeof value === 'string' &&
  value.replace(PLACEHOLDER, (_, escaped = '', standard = '') => `${escaped}${standard}`).trim() !== '';

/** Of the URL itself, and of the one that a placeholder defaults to. */
function passwordOf(redis: unknown): string | undefined {
  return typeof redis === 'string'
    ? /rediss?:\/\/[^/@]*?:((?:\$\{[^}]*\}|[^@/])+)@/.exec(redis)?.[1]
    : undefined;
}
