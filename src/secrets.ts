import type { HeraldConfig } from './config/schema.ts';
import type { Platforms } from './message/schema.ts';
import { platforms } from './platforms/registry.ts';

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

/** The password decoded and as written in the URL, possibly percent-encoded: either may occur in a text. */
export function passwordsOf(redis: string): string[] {
  if (!URL.canParse(redis)) return [];
  const written = new URL(redis).password;
  return [written, unescaped(written)];
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A `%` that does not begin an escape.
  }
}
