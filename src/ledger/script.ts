import { readFileSync } from 'node:fs';
import { createScript, type Script } from '../redis/script.ts';

const read = (file: string): string => readFileSync(new URL(`lua/${file}`, import.meta.url), 'utf8');

const PRELUDE = [
  'tables.lua',
  'records.lua',
  'channel.lua',
  'claims.lua',
  'epoch.lua',
  'letters.lua',
  'failed.lua',
];

/**
 * A script of the ledger: its own file behind the shared ones.
 * @param before a file that comes before the shared ones, where they are to see another store than there is
 */
export function loadScript(file: string, before?: string): Script {
  const text = [...(before === undefined ? [] : [before]), ...PRELUDE, file].map(read).join('\n');
  return createScript(text);
}
