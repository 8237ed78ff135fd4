import { readFileSync } from 'node:fs';
import { createScript, type Script } from '../redis/script.ts';

const read = (file: string): string => readFileSync(new URL(`lua/${file}`, import.meta.url), 'utf8');

/** BullMQ's layout of a queue is known to src/jobs alone, in Lua too. */
const QUEUE = '../../jobs/lua/queue.lua';

/** Handed to every script, in this order. */
const SHARED = [
  'tables.lua',
  'records.lua',
  'slots.lua',
  'channel.lua',
  'waits.lua',
  'claims.lua',
  'receipts.lua',
  'campaigns.lua',
  'epoch.lua',
  QUEUE,
  'dead-letters.lua',
  'failed.lua',
];

/**
 * A script of the ledger: its own file behind the shared ones.
 * @param before a file that comes before the shared ones, where they are to see another store than there is
 */
export function loadScript(file: string, before?: string): Script {
  const files = ['keys.lua', ...(before === undefined ? [] : [before]), ...SHARED, file];
  return createScript(files.map(read).join('\n'));
}
