import type { HeraldConfig } from './config/schema.ts';
import type { Platforms } from './message/schema.ts';
import { platforms } from './platforms/registry.ts';
import { type RedisAddress, urlsOf } from './redis/address.ts';

/** All values that must never be output: the credentials of the channels, the secrets of webhooks and the password of Redis. */
export function secretsOf(
  { channels, webhooks, redis }: HeraldConfig,
  known: Platforms = platforms,
): string[] {
  const credentials = channels.flatMap(({ platform, settings }) =>
    (known[platform]?.secrets ?? []).map((name) => String(settings[name] ?? '')),
  );
  const signing = webhooks.flatMap(({ secrets }) => secrets);
  return [...credentials, ...signing, ...passwordsOf(redis)].filter((secret) => secret !== '');
}

/** The passwords of the nodes, and of the master that Sentinel names. */
export function passwordsOf(redis: RedisAddress): string[] {
  const { password } = Object(redis) as { password?: string };
  return [...urlsOf(redis).flatMap(passwordsIn), ...(password === undefined ? [] : [password])];
}

/** The password decoded and as written in the URL, possibly percent-encoded: either may occur in a text. */
function passwordsIn(url: string): string[] {
  if (!URL.canParse(url)) return [];
  const written = new URL(url).password;
  return [written, unescaped(written)];
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A `%` that does not begin an escape.
  }
}
