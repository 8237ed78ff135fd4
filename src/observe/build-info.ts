import { readFileSync } from 'node:fs';

/** The version in the package's own package.json, which lies two levels up of both the sources and the build. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
