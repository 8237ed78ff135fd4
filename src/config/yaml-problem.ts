import type { ErrorCode } from 'yaml';

/** What an error of the parser means: its own text quotes the source, secrets included. */
const MEANINGS: Partial<Record<ErrorCode, string>> = {
  BAD_ALIAS: 'an alias (*name) that is badly written',
  BAD_DQ_ESCAPE: 'an unknown escape (\\) in a text in double quotes',
  BAD_INDENT: 'the indentation does not fit the lines around it',
  BAD_SCALAR_START: 'a value that begins with @ or ` needs quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a key and a value where only a key can be: two colons in a line, or a text that needs quotes',
  BLOCK_IN_FLOW: 'a block inside braces or brackets',
  DUPLICATE_KEY: 'the key is there twice',
  MISSING_CHAR: 'a quote, bracket, brace or comma is missing',
  MULTILINE_IMPLICIT_KEY: 'a key over several lines, or a colon is missing',
  MULTIPLE_DOCS: 'more than one document (---)',
  NON_STRING_KEY: 'a key that is no text',
  TAB_AS_INDENT: 'a tab in the indentation: use spaces',
  TAG_RESOLVE_FAILED: 'an unknown tag (!name)',
  UNEXPECTED_TOKEN: 'something that does not belong here',
};

/** `is not valid YAML: the key is there twice (DUPLICATE_KEY)` */
export function yamlProblem(code: ErrorCode): string {
  const meaning = MEANINGS[code];
  return meaning === undefined ? `is not valid YAML (${code})` : `is not valid YAML: ${meaning} (${code})`;
}
