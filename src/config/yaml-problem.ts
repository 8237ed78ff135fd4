import type { ErrorCode } from 'yaml';

/** Our texts for parser errors: the parser's own messages quote the source, which may hold secrets. */
const MEANINGS: Partial<Record<ErrorCode, string>> = {
  BAD_ALIAS: 'malformed alias (*name)',
  BAD_DQ_ESCAPE: 'unknown escape (\\) in a double-quoted string',
  BAD_INDENT: 'indentation does not match the surrounding lines',
  BAD_SCALAR_START: 'a value that starts with @ or ` must be quoted',
  BLOCK_AS_IMPLICIT_KEY:
    'key and value where only a key is allowed: two colons in a line, or text that must be quoted',
  BLOCK_IN_FLOW: 'block inside braces or brackets',
  DUPLICATE_KEY: 'duplicate key',
  MISSING_CHAR: 'missing quote, bracket, brace or comma',
  MULTILINE_IMPLICIT_KEY: 'key over several lines, or missing colon',
  MULTIPLE_DOCS: 'more than one document (---)',
  NON_STRING_KEY: 'key is not a string',
  TAB_AS_INDENT: 'tab in the indentation: use spaces',
  TAG_RESOLVE_FAILED: 'unknown tag (!name)',
  UNEXPECTED_TOKEN: 'unexpected token',
};

/** `is not valid YAML: duplicate key (DUPLICATE_KEY)` */
export function yamlProblem(code: ErrorCode): string {
  const meaning = MEANINGS[code];
  return meaning === undefined ? `is not valid YAML (${code})` : `is not valid YAML: ${meaning} (${code})`;
}
