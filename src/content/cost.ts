import type { Env, MarkdownIt } from 'markdown-it';
import { ContentError } from './content.ts';

/**
 * What a parse may cost. The parser itself counts: a rule in front of its own is asked once for each line in each block
 * that is open there, and once for each mark in a paragraph. Its time is proportional to these steps and to the length
 * of the text, whatever the construct (measured in `test/content/cost.test.ts`), so a limit on both bounds it.
 */

/** Steps of the parser. A page of 32,000 characters full of links and emphasis takes about 3,000. */
const MAX_STEPS = 10_000;
/** Blocks within blocks, where a list and its item are two; links and brackets within one another; marks likewise. */
export const MAX_NESTED = 24;

/** All that asks whether a line ends the block before it. */
const CHAINS = { alt: ['paragraph', 'reference', 'blockquote', 'list'] };

/** Makes the parser throw ContentError for a text beyond a limit. */
export function limitCost(parser: MarkdownIt): void {
  // Above ours: beyond its own limit the parser leaves text out silently.
  parser.set({ maxNesting: MAX_NESTED + 1 });
  parser.block.ruler.before('code', 'cost', ({ env, level }) => step(env, level), CHAINS);
  parser.inline.ruler.before('newline', 'cost', ({ env, level }) => step(env, level));
}

/** @returns false, so that the parser tries its next rule */
function step(env: Env, level: number): false {
  const steps = Number(env['steps'] ?? 0) + 1;
  env['steps'] = steps;
  if (steps > MAX_STEPS) throw new ContentError('content', `has more than ${MAX_STEPS} lines and marks`);
  if (level >= MAX_NESTED) refuseNesting();
  return false;
}

export function refuseNesting(): never {
  throw new ContentError('content', `is nested more than ${MAX_NESTED} deep`);
}
