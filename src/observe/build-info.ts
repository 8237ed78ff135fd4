import { createRequire } from 'node:module';

/** The version in the package's own package.json, which is above the sources and above the build, at different depths. */
export function readVersion(): string {
  return (createRequire(import.meta.url)('herald/package.json') as { version: string }).version;
}
