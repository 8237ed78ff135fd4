import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Judges what work costs by the processor's time, not by the clock on the wall, and by how long this machine takes for a
 * loop that is known: so that a busy or a slow machine tells the same as a quiet, fast one.
 */

/** The longest that anything may hold up an event loop, on a slow core. Milliseconds. */
export const LONGEST_BLOCK_MS = 250;

/** What a slow core takes for the loop: two and a half times as long as one of a server at 2.6 GHz. */
const LOOP_ON_SLOW_CORE_MS = 25;
/** A measurement is spoiled by whatever else the process and the machine do meanwhile: the best of so many counts. */
const TRIES = 20;

/** Milliseconds of processor time that the work takes, as on a slow core. Tries again only while it is beyond the limit. */
export function slowCoreMs(work: () => unknown, limitMs: number = LONGEST_BLOCK_MS, tries = TRIES): number {
  let best = Number.POSITIVE_INFINITY;
  for (let tried = 0; tried < tries && best > limitMs; tried += 1) {
    if (tried > 0) loopMs = measureLoop();
    best = Math.min(best, (processorMs(work) / loopMs) * LOOP_ON_SLOW_CORE_MS);
  }
  return best;
}

/** The same for work of many turns that waits for nothing outside. */
export async function slowCoreMsOfTurns(work: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let tried = 0; tried < TRIES && best > LONGEST_BLOCK_MS; tried += 1) {
    if (tried > 0) loopMs = measureLoop();
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, ((user + system) / 1_000 / loopMs) * LOOP_ON_SLOW_CORE_MS);
  }
  return best;
}

/** The longest that work of many turns takes without a turn of others. */
export async function slowCoreMsOfLongestTurn(work: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let tried = 0; tried < TRIES && best > LONGEST_BLOCK_MS; tried += 1) {
    if (tried > 0) loopMs = measureLoop();
    best = Math.min(best, ((await longestTurnMs(work)) / loopMs) * LOOP_ON_SLOW_CORE_MS);
  }
  return best;
}

async function longestTurnMs(work: () => Promise<unknown>): Promise<number> {
  let [longest, done] = [0, false];
  const working = work().finally(() => {
    done = true;
  });
  while (!done) {
    const before = process.cpuUsage();
    await nextTurn();
    const { user, system } = process.cpuUsage(before);
    longest = Math.max(longest, (user + system) / 1_000);
  }
  await working;
  return longest;
}

const PARTS = 4;

/**
 * A bound on what work on so many characters takes, in milliseconds of a slow core. A quarter of them is tried first: what
 * grows with the square takes sixteen times as long for all, and only where that could be beyond the limit are they tried.
 */
export function slowCoreBoundMs(work: (length: number) => unknown, length: number): number {
  const bound = slowCoreMs(() => work(length / PARTS), 0, 1) * PARTS ** 2;
  return bound < LONGEST_BLOCK_MS ? bound : slowCoreMs(() => work(length));
}

/** What it throws is for others to judge. Milliseconds. */
export function processorMs(work: () => unknown): number {
  const before = process.cpuUsage();
  try {
    work();
  } catch {}
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** Some of all that rendering does: characters, patterns, pieces of text, small objects. */
function loop(): number {
  let found = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const pieces: { text: string; at: number }[] = [];
    for (const match of TEXT.matchAll(/\w+/g)) pieces.push({ text: match[0], at: match.index });
    for (let at = 0; at < TEXT.length; at += 1) if (TEXT.charCodeAt(at) === 0x2a) found += 1;
    found += pieces.map(({ text, at }) => `${text}${at}`).join('').length;
  }
  return found;
}

const TEXT = 'It is *done*, see [the list](https://example.com) & more. '.repeat(40);
const ROUNDS = 300;

const measureLoop = (): number => Math.min(...Array.from({ length: 5 }, () => processorMs(loop)));

// The first times compile it.
measureLoop();
let loopMs = measureLoop();
