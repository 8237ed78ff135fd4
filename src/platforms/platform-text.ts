/** The most characters of a platform's own text that are kept. */
export const MAX_TEXT_CHARS = 200;

/** This many consecutive characters of the content count as an echo; any two texts share fewer by chance. */
const ECHO_CHARS = 12;
/** Control and format characters (newlines, terminal escapes, direction overrides, lone surrogates) and white space. */
const UNPRINTABLE = /[\p{C}\p{Z}]+/gu;

/** What must not be repeated from a platform's answer. */
export interface Unspeakable {
  /** Keys, in every form in which they are sent. Empty ones are ignored. */
  secrets: readonly string[];
  /** The message's body: a text that repeats a piece of it is withheld as a whole. */
  content: string;
}

/** Makes a platform's text fit for logs, job records and terminals: one line, short, without keys or content. */
export function platformText(text: string, unspeakable: Unspeakable): string {
  let line = text.replace(UNPRINTABLE, ' ').trim();
  for (const secret of unspeakable.secrets) {
    if (secret !== '') line = line.replaceAll(secret, '[redacted]');
  }
  if (line.length > MAX_TEXT_CHARS)
    line = `${line.slice(0, MAX_TEXT_CHARS - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
  return echoes(line, unspeakable.content) ? '[withheld: repeats the content]' : line;
}

function echoes(line: string, content: string): boolean {
  const flat = content.replace(UNPRINTABLE, ' ').trim();
  if (flat.length < ECHO_CHARS) return flat.length > 0 && line === flat;
  for (let start = 0; start + ECHO_CHARS <= line.length; start += 1) {
    if (flat.includes(line.slice(start, start + ECHO_CHARS))) return true;
  }
  return false;
}
