import { platforms } from '../../src/platforms/registry.ts';
import { processorMs } from '../support/slow-core.ts';

/** Rendering on every platform, with limits on length so far away that only the cost's own are met. */

export const PLATFORMS = ['kongregate', 'zulip', 'discourse', 'usercom'] as const;
export type PlatformName = (typeof PLATFORMS)[number];

export function renderOn(name: PlatformName, content: string, data?: Record<string, unknown>): string {
  const message = { platform: name, to: { usernames: ['ann'] }, title: 'News', agent: 1, content, data };
  const settings = { maxMessageLength: 1e9, bodyMin: 0, bodyMax: 1e9 };
  return platforms[name].render(message as never, settings as never);
}

export function isTaken(name: PlatformName, content: string): boolean {
  try {
    renderOn(name, content);
    return true;
  } catch {
    return false;
  }
}

/**
 * A text that is taken, of about as much of it as can be: a refused one may cost little. Looked for from below, since what
 * is refused is read as well, and the longer the dearer.
 */
export function taken(markdown: string): string {
  const fits = (length: number): boolean => isTaken('usercom', markdown.slice(0, length));
  let length = markdown.length;
  while (length > 16 && !fits(length)) length /= 4;
  for (let more = length / 0.75; more < markdown.length && fits(more); more /= 0.75) length = more;
  return markdown.slice(0, length);
}

/** Pieces of all constructs, to be composed. */
const PIECES = [
  ...['a', 'b ', ' ', '   ', '    ', '\n', '\n\n', '\t', '\r', '*', '**', '_', '`', '``', '[', ']', '(', ')'],
  ...['<', '>', '- ', '+', '1. ', '# ', '!', '\\', '&amp;', '&#', '=', '---', '```', '~~~', '[a]: b', '"'],
  ...[
    "'",
    '](',
    '](b)',
    '<a ',
    '<a b="',
    '</',
    '/>',
    '<!--',
    '-->',
    '<?',
    'http://',
    '@',
    ':',
    '0',
    '\u2028',
  ],
];

/** Something before, something again and again, something behind. */
interface Composition {
  before: string[];
  again: string[];
  behind: string[];
}

/**
 * Looks for Markdown that costs much: composes pieces, and keeps of each change what costs more.
 * @returns the dearest that was found
 */
export function searchForCost(random: () => number, length: number, rounds: number): string {
  let best = { text: '', ms: 0 };
  let current: Composition = { before: [], again: [], behind: [] };
  let currentMs = 0;
  let failures = 0;
  for (let round = 0; round < rounds; round += 1) {
    const next = failures > PATIENCE ? { before: [], again: [], behind: [] } : current;
    if (next !== current) [currentMs, failures] = [0, 0];
    const changed = change(next, random);
    const text = written(changed, length);
    const ms = processorMs(() => renderOn(PLATFORMS[Math.floor(random() * PLATFORMS.length)]!, text));
    if (ms > currentMs) [current, currentMs, failures] = [changed, ms, 0];
    else failures += 1;
    if (ms > best.ms) best = { text, ms };
  }
  return best.text;
}

const PATIENCE = 20;
const MOST_PIECES = 10;

function written({ before, again, behind }: Composition, length: number): string {
  const unit = again.join('') || 'a';
  const end = behind.join('');
  const begin = before.join('') + unit.repeat(Math.ceil(length / unit.length));
  return begin.slice(0, length - end.length) + end;
}

function change({ before, again, behind }: Composition, random: () => number): Composition {
  const changed = { before: [...before], again: [...again], behind: [...behind] };
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const part = pick([changed.before, changed.again, changed.again, changed.again, changed.behind]);
  const at = Math.floor(random() * (part.length + 1));
  const kept = part.length < MOST_PIECES && random() < 0.6 ? 0 : 1;
  part.splice(at, kept, ...(kept === 1 && random() < 0.5 ? [] : [pick(PIECES)]));
  return changed;
}
