/** Pieces of text put together, the same in every dialect that is written in lines. */

/** Marks each line by itself and hugs its words: not every platform's marks reach over a line's end or a space. */
export function wrap(text: string, mark: string): string {
  return text.replace(/\S.*\S|\S/g, (words) => `${mark}${words}${mark}`);
}

export function indent(text: string, first: string, rest: string): string {
  const filled = `${first}${text.replace(/\n(?=[^\n])/g, `\n${rest}`)}`;
  const empty = rest.trimEnd();
  return empty === '' ? filled : filled.replace(/\n(?=\n|$)/g, `\n${empty}`);
}

/** The pieces that say something, one after the other. */
export function stack(pieces: readonly string[], between: string): string {
  return pieces.filter((text) => text.trim() !== '').join(between);
}

/**
 * One line's end, with the white space around it, becomes `between`, and so do several in a row. Cut and put together,
 * since a pattern that begins with white space tries each character of a long run of it again.
 */
export function joinLines(text: string, ends: RegExp, between: string): string {
  const lines = text.split(ends);
  const last = lines.length - 1;
  return lines
    .map((line, index) => (index === 0 ? line : line.trimStart()))
    .map((line, index) => (index === last ? line : line.trimEnd()))
    .filter((line, index) => line !== '' || index === 0 || index === last)
    .join(between);
}
