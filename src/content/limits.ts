import { ContentError } from './content.ts';

/** Lengths in characters (code points), as the platforms count them. */
export interface LengthLimits {
  min?: number | undefined;
  max: number;
}

/** Throws ContentError that names the field, its length and the limit. */
export function checkLength(field: string, text: string, { min = 0, max }: LengthLimits): void {
  const length = codePoints(text);
  const is = `is ${length} characters long`;
  if (length > max) throw new ContentError(field, `${is}, the platform accepts at most ${max}`);
  if (length < min) throw new ContentError(field, `${is}, the platform requires at least ${min}`);
}

/** How many characters a text has. */
export function codePoints(text: string): number {
  let pairs = 0;
  for (let i = 0; i < text.length; i += 1) if ((text.codePointAt(i) ?? 0) > 0xffff) pairs += 1;
  return text.length - pairs;
}
