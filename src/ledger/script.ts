import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { createScript, type Script } from '../redis/script.ts';

const read = (file: string): string => readFileSync(new URL(`lua/${file}`, import.meta.url), 'utf8');

/** BullMQ's layout of a queue is known to src/jobs alone, in Lua too. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'queue.lua': '../../jobs/lua/queue.lua',
  'oldest-ready.lua': '../../jobs/lua/oldest-ready.lua',
};

/** The line by which a file names those whose local names it uses. */
const USES = /^-- Uses ([\w., -]+\.lua)\.$/m;

/**
 * A script of the ledger: its own file behind those that it uses, and those that they use. Only these: Lua allows a script
 * two hundred local names at its top, and makes all of them anew with each call.
 * @param before a file that comes before them, where they are to see another store than there is
 */
export function loadScript(file: string, before?: string): Script {
  const texts = new Map<string, string>();
  function include(name: string): void {
    if (texts.has(basename(name))) return;
    const text = read(ELSEWHERE[name] ?? name);
    for (const used of USES.exec(text)?.[1]?.split(', ') ?? []) include(used);
    texts.set(basename(name), text);
  }
  for (const name of ['keys.lua', ...(before === undefined ? [] : [before]), file]) include(name);
  return createScript([...texts.values()].join('\n'));
}
