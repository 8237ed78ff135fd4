import type { HeraldConfig } from './config/schema.ts';
import type { Platforms } from './message/schema.ts';
import { platforms } from './platforms/registry.ts';

/** Every value that must not be written anywhere: the channels' credentials and the password of Redis. */
export function secretsOf({ channels, redis }: HeraldConfig, known: Platforms = platforms): string[] {
  const credentials = channels.flatMap(({ platform, settings }) =>
    (known[platform]?.secrets ?? []).map((name) => String(settings[name] ?? '')),
  );
  return [...credentials, ...passwordsOf(redis)].filter((secret) => secret !== '');
}

/** As Redis takes it and as it stands in the URL, whatever of it was percent-encoded: either may turn up in a text. */
function passwordsOf(redis: string): string[] {
  if (!URL.canParse(redis)) return [];
  const written = new URL(redis).password;
  return [written, unescaped(written)];
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A `%` that begins no escape.
  }
}
