import { readFileSync } from 'node:fs';
import { createScript, type Script } from '../redis/script.ts';

const read = (file: string): string => readFileSync(new URL(`lua/${file}`, import.meta.url), 'utf8');

/** Handed to every script, in this order. */
const SHARED = ['tables', 'records', 'channel', 'claims', 'epoch', 'letters', 'failed'].map(
  (name) => `${name}.lua`,
);

/**
 * A script of the ledger: its own file behind the shared ones.
 * @param before a file that comes before the shared ones, where they are to see another store than there is
 */
export function loadScript(file: string, before?: string): Script {
  const files = ['keys.lua', ...(before === undefined ? [] : [before]), ...SHARED, file];
  return createScript(files.map(read).join('\n'));
}
